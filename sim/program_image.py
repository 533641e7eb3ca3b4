"""The program: everything that lies in memory before a run, and where its results will lie."""

from dataclasses import dataclass

import numpy as np

from hw.config import AcceleratorConfig
from hw.counter_record import record_beats
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BYTES, Opcode, encode
from sim.activation_layout import ActivationLayout
from sim.first_layer import FoldedInput

__all__ = ["CompiledLayer", "Program", "ProgramBuilder"]


@dataclass(frozen=True)
class CompiledLayer:
    """What a run leaves in memory for one layer, and what it was asked to do.

    Parameters
    ----------
    name, mode : str
    macs : int
        Multiplications of the layer for one image, padded taps included.
    lane_slots : int
        Multiplications the array would do without skipping: ``macs`` and idle lanes.
    record_address, output_address : int
        Bytes.
    output : ActivationLayout or None
        None where the output is 32-bit scores.
    output_shape : tuple of int
        (height, width, channels), after pooling.
    skipping : bool
        Zero weights are left out of the schedule.
    """

    name: str
    mode: str
    macs: int
    lane_slots: int
    record_address: int
    output_address: int
    output: ActivationLayout | None
    output_shape: tuple[int, int, int]
    skipping: bool

    def read_output(self, memory):
        """The layer's output in memory: codes uint8, or scores int64, [height, width, channels]."""
        if self.output is not None:
            return self.output.unpack(memory[self.output_address:])
        height, width, channels = self.output_shape
        scores = np.frombuffer(memory[self.output_address:].tobytes(), dtype="<i4",
                               count=height * width * channels)
        return scores.reshape(self.output_shape).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Program:
    """A network compiled for one configuration.

    Parameters
    ----------
    network : str
    config : AcceleratorConfig
    image : ndarray of uint8
        Memory from address 0, without an input.
    start_address, instructions : int
        Where the program starts, and how many instructions it has.
    input_address : int
    input : ActivationLayout
    folded_input : FoldedInput or None
    layers : tuple of CompiledLayer
    """

    network: str
    config: AcceleratorConfig
    image: np.ndarray
    start_address: int
    instructions: int
    input_address: int
    input: ActivationLayout
    folded_input: FoldedInput | None
    layers: tuple[CompiledLayer, ...]

    def memory_with(self, codes):
        """Memory with an image's codes, uint8 [height, width, channels], as its input."""
        if self.folded_input is not None:
            codes = self.folded_input.apply(codes)
        memory = self.image.copy()
        packed = self.input.pack(codes)
        memory[self.input_address:self.input_address + packed.size] = packed
        return memory


class ProgramBuilder:
    """Places data in memory and collects instructions.

    Parameters
    ----------
    config : AcceleratorConfig
    """

    def __init__(self, config):
        self.config = config
        self._segments = []
        self._size = 0
        self._code = []
        self.passes = 0
        self.final_passes = 0

    def place(self, data):
        """The address at which these bytes (uint8) will lie."""
        address = self.reserve(data.size)
        self._segments.append((address, data.reshape(-1)))
        return address

    def reserve(self, size):
        """The address of so many zero bytes, a multiple of the beat size."""
        address = self._size
        beat = self.config.BEAT_BYTES
        self._size += -(-size // beat) * beat
        return address

    def load(self, target, data=None, *, address=None, beats=None, **fields):
        """Adds a ``LOAD`` of these bytes, or of ``beats`` beats at ``address``."""
        if data is not None:
            address, beats = self.place(data), data.size // self.config.BEAT_BYTES
        self._code.append(encode(Opcode.LOAD, target=target, address=address, beats=beats,
                                 **fields))

    def array_pass(self, **fields):
        """Adds a ``PASS``."""
        self._code.append(encode(Opcode.PASS, **fields))
        self.passes += 1
        self.final_passes += fields["final"]

    def mark(self):
        """Adds a ``MARK`` and returns the address of its record."""
        address = self.reserve(record_beats(self.config) * self.config.BEAT_BYTES)
        self._code.append(encode(Opcode.MARK, address=address))
        return address

    def finish(self):
        """Adds an ``END``; returns (memory image, start address, instructions)."""
        self._code.append(encode(Opcode.END))
        code = b"".join(self._code)
        block = BLOCK_INSTRUCTIONS * INSTRUCTION_BYTES
        start = self.reserve(-(-len(code) // block) * block)
        image = np.zeros(self._size, dtype=np.uint8)
        for address, data in self._segments:
            image[address:address + data.size] = data
        image[start:start + len(code)] = np.frombuffer(code, dtype=np.uint8)
        return image, start, len(self._code)
