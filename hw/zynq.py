# amaranth: UnusedElaboratable=no
"""Files for a block design of AMD's Vivado: the accelerator beside a Zynq's processing system."""

from pathlib import Path
from string import Template

from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.register_map import ADDRESS_BITS, REGISTERS
from hw.shared_module import component_ports
from hw.verilog import component_verilog

__all__ = ["zynq_files"]

_README = Path(__file__).with_name("zynq.md")
_CORE, _TOP = "bitrow_axi", "bitrow_zynq"


def zynq_files(config, shape, clock_mhz=100):
    """What goes into the project.

    Parameters
    ----------
    config : AcceleratorConfig
    shape : hw.axi.shape.AxiShape
    clock_mhz : int
        What the clock constraint asks for.

    Returns
    -------
    dict of str to str
        File name to contents: the accelerator, a top module with the names and attributes that
        Vivado recognizes, a clock constraint for synthesis out of context, and how to use them.

    Raises
    ------
    VerilogError
        If Yosys fails.
    """
    component = AxiAccelerator(config, shape)
    return {
        f"{_CORE}.v": component_verilog(component, _CORE)[0],
        f"{_TOP}.v": _top(component),
        f"{_TOP}.xdc": f"create_clock -period {1000 / clock_mhz:.3f} [get_ports aclk]\n",
        "README.md": _readme(config, shape, clock_mhz),
    }


def _top(component):
    """Active-low reset, registered; interfaces by name, clock, reset and interrupt by attribute."""
    ports, connections = [], []
    for name, (value, is_input) in component_ports(component).items():
        width = f"[{len(value) - 1}:0] " if len(value) > 1 else ""
        mark = _attribute("interrupt", name, "INTERRUPT") if name == "irq" else ""
        ports.append(f"{mark}  {'input' if is_input else 'output'} wire {width}{name}")
        connections.append(f"    .{name}({name})")
    clock = _attribute("clock", "aclk", "CLK", "ASSOCIATED_BUSIF m_axi:s_axil, "
                       "ASSOCIATED_RESET aresetn")
    reset = _attribute("reset", "aresetn", "RST", "POLARITY ACTIVE_LOW")
    return (
        f"module {_TOP} (\n{clock}  input wire aclk,\n{reset}  input wire aresetn,\n"
        + ",\n".join(ports) + "\n);\n"
        "  reg rst = 1'b1;\n  always @(posedge aclk) rst <= ~aresetn;\n\n"
        f"  {_CORE} core (\n    .clk(aclk),\n    .rst(rst),\n"
        + ",\n".join(connections) + "\n  );\nendmodule\n")


def _attribute(kind, name, role, parameter=None):
    """What Vivado's block designs read: the interface a port belongs to."""
    text = f'  (* X_INTERFACE_INFO = "xilinx.com:signal:{kind}:1.0 {name} {role}" *)\n'
    if parameter is not None:
        text += f'  (* X_INTERFACE_PARAMETER = "{parameter}" *)\n'
    return text


def _readme(config, shape, clock_mhz):
    values = {register.name: f"0x{register.address:02x}" for register in REGISTERS}
    return Template(_README.read_text(encoding="utf-8")).substitute(
        values, name=config.name, rows=config.rows, cols=config.cols, lanes=config.lanes,
        address_bits=shape.address_bits, slave_bytes=1 << ADDRESS_BITS, clock_mhz=clock_mhz)
