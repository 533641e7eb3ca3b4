"""How much of the array each pass of a program uses."""

from dataclasses import dataclass

from energy.instructions import layer_instructions
from hw.program import Opcode

__all__ = ["PassOccupancy", "mean_occupancy", "pass_occupancies"]


@dataclass(frozen=True)
class PassOccupancy:
    """One pass.

    Parameters
    ----------
    layer : str
    elements : int
        Elements that have work, in any of their lanes.
    window_cycles : int
        Least cycles from one window to the next.
    windows : int
        Output positions along the row.
    """

    layer: str
    elements: int
    window_cycles: int
    windows: int

    @property
    def cycles(self):
        """Cycles that the pass takes where nothing holds it up."""
        return self.window_cycles * self.windows


def pass_occupancies(program):
    """The passes of a program in order.

    Parameters
    ----------
    program : sim.program_image.Program

    Returns
    -------
    list of PassOccupancy
    """
    passes = []
    for layer, opcode, fields in layer_instructions(program):
        if opcode is Opcode.PASS:
            elements = fields["rows_enable"].bit_count() * fields["columns"]
            passes.append(PassOccupancy(program.layers[layer].name, elements,
                                        fields["window_cycles"], fields["positions"]))
    return passes


def mean_occupancy(passes, config):
    """Share of the array's elements that have work, weighted by the cycles of the passes.

    Cycles between passes are left out.
    """
    cycles = sum(one.cycles for one in passes)
    return sum(one.elements * one.cycles for one in passes) / (
        cycles * config.rows * config.cols)
