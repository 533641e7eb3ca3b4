"""Loads and passes are those of the program, one by one."""

from energy.instructions import FIELDS, layer_instructions
from hw.config import CONFIGS
from hw.program import INSTRUCTION_BYTES, Opcode, decode
from model import reference
from sim.compiler import compile_network


def one_by_one(program):
    layer = 0
    for index in range(program.instructions):
        start = program.start_address + index * INSTRUCTION_BYTES
        opcode, fields = decode(program.image[start:start + INSTRUCTION_BYTES].tobytes())
        if opcode in FIELDS:
            yield layer, opcode, {name: fields[name] for name in FIELDS[opcode]}
        layer += opcode is Opcode.MARK


def test_all_loads_and_passes_come_in_order_with_their_layer():
    program = compile_network(reference.load("fashion-twn"), CONFIGS["demo"])
    assert layer_instructions(program) == list(one_by_one(program))
