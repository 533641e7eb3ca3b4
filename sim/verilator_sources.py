"""What Verilator is given beside the design, so that its model is small and fast."""

import re

__all__ = ["TOP", "kept_whole", "registered_reset"]

TOP = "bitrow_clocked"
"""Name of the module that ``registered_reset`` writes."""

_REPEATED = ("processing_element", "post_column", "row_edge", "row_counters")
"""Modules of which a design has one for each element, column or row."""

_PORT = re.compile(r"^  (input|output) (signed )?(\[\d+:\d+\] )?(\w+) ?;", re.MULTILINE)


def _ports(verilog, module):
    """(direction, width and sign, name) of each port of a module; none where it is not built."""
    body = re.search(rf"^module {module}\(.*?^endmodule", verilog, re.DOTALL | re.MULTILINE)
    if body is None:
        return []
    return [(direction, f"{sign}{width}", name)
            for direction, sign, width, name in _PORT.findall(body.group(0))]


def registered_reset(verilog, design="bitrow"):
    """Verilog of a top around a design, whose reset goes through a register; otherwise the same.

    The reset of an input would be taken as new in every evaluation, and with it all that a reset
    reaches. It takes hold and ends one cycle later here.

    Parameters
    ----------
    verilog : str
        Of the design.
    design : str
        Its top module.

    Returns
    -------
    str
    """
    ports = _ports(verilog, design)
    names = ", ".join(name for _, _, name in ports)
    declared = [f"  {direction} {kind}{name};" for direction, kind, name in ports]
    connected = ", ".join(f".{name}({'held_rst' if name == 'rst' else name})"
                          for _, _, name in ports)
    return "\n".join((f"module {TOP}({names});", *declared, "  reg held_rst = 1'h0;",
                      "  always @(posedge clk) held_rst <= rst;",
                      f"  {design} {design} ({connected});", "endmodule", ""))


def kept_whole(verilog, design="bitrow"):
    """Verilator's configuration by which repeated modules share their code.

    A module is left as it is, and its inputs (but clock and reset) stay variables of their own,
    so that code does not differ by what drives an instance; then equal functions become one.

    Parameters
    ----------
    verilog : str
        Of the design.
    design : str
        Its top module, the prefix of all others.

    Returns
    -------
    str
    """
    lines = ["`verilator_config"]
    for part in _REPEATED:
        module = f"{design}_{part}"
        inputs = [name for direction, _, name in _ports(verilog, module)
                  if direction == "input" and name not in ("clk", "rst")]
        if inputs:
            lines.append(f'no_inline -module "{module}"')
        lines += [f'public_flat_rd -module "{module}" -var "{name}"' for name in inputs]
    return "\n".join(lines) + "\n"
