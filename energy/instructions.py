"""The loads and passes of a program, with the layer that each belongs to."""

from hw.program import INSTRUCTION_BYTES, Opcode, decode

__all__ = ["layer_instructions"]


def layer_instructions(program):
    """Yields (index of the layer, opcode, fields) of each ``LOAD`` and ``PASS``, in order.

    Parameters
    ----------
    program : sim.program_image.Program
    """
    layer = 0
    for index in range(program.instructions):
        start = program.start_address + index * INSTRUCTION_BYTES
        opcode, fields = decode(program.image[start:start + INSTRUCTION_BYTES].tobytes())
        if opcode in (Opcode.LOAD, Opcode.PASS):
            yield layer, opcode, fields
        elif opcode is Opcode.MARK:
            layer += 1
