"""A program's instructions, decoded all at once: an array for each field."""

from amaranth.hdl import Shape
import numpy as np

from hw.program import INSTRUCTION_BYTES, LAYOUTS, OPCODE_BITS, Opcode, ProgramError

__all__ = ["DecodedProgram"]

_WORD_BITS = 64


class DecodedProgram:
    """The fields of all instructions up to ``END``, by opcode.

    Parameters
    ----------
    program : Program

    Raises
    ------
    ProgramError
        If an instruction has no known opcode.
    """

    def __init__(self, program):
        size = program.instructions * INSTRUCTION_BYTES
        raw = program.image[program.start_address:program.start_address + size]
        self._words = raw.view("<u8").reshape(program.instructions, -1)
        self.opcodes = self._field(0, OPCODE_BITS, self._words)
        known = np.isin(self.opcodes, [int(opcode) for opcode in Opcode])
        if not known.all():
            raise ProgramError("opcode must be one of "
                               f"{', '.join(opcode.name for opcode in Opcode)}, "
                               f"not {self.opcodes[~known][0]}")

    def __len__(self):
        return len(self.opcodes)

    def places(self, opcode):
        """Indices of the instructions of one opcode."""
        return np.flatnonzero(self.opcodes == opcode)

    def fields(self, opcode, *names):
        """Arrays, int64, of these fields of the instructions of one opcode."""
        layout, words = LAYOUTS[opcode], self._words[self.places(opcode)]
        arrays = []
        for name in names:
            shape = Shape.cast(layout.members[name])
            values = self._field(layout[name].offset, shape.width, words)
            if shape.signed:
                values -= (values >> (shape.width - 1)) << shape.width
            arrays.append(values)
        return arrays

    def _field(self, offset, width, words):
        """``width`` bits, at most 32, from bit ``offset`` of each row of 64-bit words."""
        word, bit = divmod(offset, _WORD_BITS)
        values = words[:, word] >> np.uint64(bit)
        if bit + width > _WORD_BITS:
            values = values | (words[:, word + 1] << np.uint64(_WORD_BITS - bit))
        return (values & np.uint64((1 << width) - 1)).astype(np.int64)
