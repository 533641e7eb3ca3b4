# amaranth: UnusedElaboratable=no
"""The AXI side: its numbers, its register map, its ports."""

from pathlib import Path
import re

import pytest

from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.register_file import RegisterFile
from hw.axi.register_map import REGISTERS, Access, Field, Register, register_page
from hw.axi.shape import AxiShape
from hw.config import CONFIGS, ConfigError
from hw.verilog import component_verilog

ROOT = Path(__file__).parent.parent.parent


def test_the_documented_registers_are_those_of_the_hardware():
    page = (ROOT / "docs" / "registers.md").read_text(encoding="utf-8")
    assert page == register_page(), "python -m hw.axi.register_map > docs/registers.md"


def test_no_two_registers_or_fields_meet():
    addresses = [register.address for register in REGISTERS]
    names = [field.name for register in REGISTERS for field in register.fields]
    assert len(set(addresses)) == len(addresses) and len(set(names)) == len(names)
    for register in REGISTERS:
        bits = [bit for field in register.fields
                for bit in range(field.low, field.low + field.width)]
        assert len(set(bits)) == len(bits), register.name


def test_fields_and_registers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="field wide must lie within 32 bits"):
        Field("wide", 30, 3, Access.READ, "")
    for address in (2, 256, -4):
        with pytest.raises(ValueError, match="register odd must have an address"):
            Register("odd", address, ())


def test_each_field_is_a_port_of_the_register_file():
    members = RegisterFile().signature.members
    for register in REGISTERS:
        for field in register.fields:
            assert members[field.name].shape == field.width


@pytest.mark.parametrize(("field", "value"), [
    ("address_bits", 31), ("address_bits", 65), ("id_bits", 0), ("outstanding_reads", 0),
    ("outstanding_writes", 65), ("write_burst_beats", 12), ("write_burst_beats", 512),
    ("gather_cycles", 0), ("outstanding_reads", "8")])
def test_numbers_that_no_bus_has_are_refused(field, value):
    with pytest.raises(ConfigError, match=f"{field} must be"):
        AxiShape(**{field: value})


@pytest.mark.parametrize("address_bits", [32, 64])
def test_ports_have_the_names_and_widths_that_tools_look_for(address_bits):
    component = AxiAccelerator(CONFIGS["tiny"], AxiShape(address_bits=address_bits))
    text, _ = component_verilog(component, "bitrow_axi")
    top = text[text.index("module bitrow_axi("):]
    top = top[:top.index("endmodule")]
    ports = {name: int(high or 0) + 1 for high, name in re.findall(
        r"^  (?:input|output) (?:\[(\d+):0\] )?(\w+);", top, re.M)}
    assert {name for name in ports if "_" not in name} == {"clk", "rst", "irq"}
    assert ports["m_axi_araddr"] == ports["m_axi_awaddr"] == address_bits
    assert ports["m_axi_wdata"] == ports["m_axi_rdata"] == 128
    assert ports["s_axil_wdata"] == ports["s_axil_rdata"] == 32
    assert {"m_axi_arcache", "m_axi_wlast", "m_axi_rid", "s_axil_awprot"} <= set(ports)
