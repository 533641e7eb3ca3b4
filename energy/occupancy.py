"""How much of the array each pass of a program uses."""

from dataclasses import dataclass

from hw.program import INSTRUCTION_BYTES, Opcode, decode

__all__ = ["PassOccupancy", "mean_occupancy", "pass_occupancies"]


@dataclass(frozen=True)
class PassOccupancy:
    """One pass.

    Parameters
    ----------
    layer : str
    elements : int
        Elements that have work.
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
    passes, layers = [], iter(program.layers)
    layer = next(layers)
    for index in range(program.instructions):
        start = program.start_address + index * INSTRUCTION_BYTES
        opcode, fields = decode(program.image[start:start + INSTRUCTION_BYTES].tobytes())
        if opcode is Opcode.PASS:
            elements = fields["rows_enable"].bit_count() * fields["columns"]
            passes.append(PassOccupancy(layer.name, elements, fields["window_cycles"],
                                        fields["positions"]))
        elif opcode is Opcode.MARK:
            layer = next(layers, None)
    return passes


def mean_occupancy(passes, config):
    """Share of the array's elements that have work, weighted by the cycles of the passes."""
    cycles = sum(one.cycles for one in passes)
    return sum(one.elements * one.cycles for one in passes) / (
        cycles * config.rows * config.cols)
