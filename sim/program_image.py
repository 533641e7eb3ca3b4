"""The program: everything that lies in memory before a run, and where its results will lie."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from hw.config import AcceleratorConfig
from hw.counter_record import record_beats
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BYTES, Opcode, Target, encode
from model.formats import Format
from sim.activation_layout import ActivationLayout
from sim.folded_input import FoldedInput
from sim.mapping import LayerMapping
from sim.pass_order import ArrayPass
from sim.score_layout import ScoreLayout

__all__ = ["CompiledLayer", "CompiledStep", "Program", "ProgramBuilder"]

_COUNTS = 1 << 16
"""The hardware counts passes, outputs and loads modulo this."""

_LONG_OVER = 64
"""What lies so many passes, or loads, back is over for certain; waits must not lag behind by half
of all."""


@dataclass(frozen=True)
class CompiledStep:
    """One convolution of a layer, and how the array runs it.

    Parameters
    ----------
    mapping : LayerMapping
    order : tuple of ArrayPass
        The passes of each run.
    runs : int
        Times that they run: for each part of the channels, and there for each image, or for each
        few images that are the pixels of a map.
    """

    mapping: LayerMapping
    order: tuple[ArrayPass, ...]
    runs: int

    @property
    def passes(self):
        """Passes of all runs."""
        return self.runs * len(self.order)


@dataclass(frozen=True)
class CompiledLayer:
    """What a run leaves in memory for one layer, and what it was asked to do.

    Parameters
    ----------
    name, mode : str
    macs : int
        Multiplications of the layer for all images, padded taps included.
    lane_slots : int
        Multiplications the array would do without skipping: ``macs`` and idle lanes.
    products : int
        Multiplications of lanes that ``macs`` come to at least: one for each bit plane of weights
        and activations, without the zeros that are skipped and the sums that no pooling takes.
    record_address, output_address : int
        Bytes.
    output : ActivationLayout or ScoreLayout
    output_format : Format or None
        None where the output is sums.
    steps : tuple of CompiledStep
        One, or those of a max pooling in steps.
    """

    name: str
    mode: str
    macs: int
    lane_slots: int
    products: int
    record_address: int
    output_address: int
    output: ActivationLayout | ScoreLayout
    output_format: Format | None
    steps: tuple[CompiledStep, ...]

    @property
    def skipping(self):
        """Zero weights are left out of the schedule."""
        return any(step.mapping.skipping for step in self.steps)

    def read_output(self, memory):
        """The layer's outputs: codes uint8, or scores int64, [images, height, width, channels]."""
        return self.output.unpack(memory[self.output_address:])


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

    Members
    -------
    images : int
        How many it takes in one run.
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

    @property
    def images(self):
        return self.input.images

    def memory_with(self, codes):
        """Memory with images' codes, uint8 [images, height, width, channels], as its input."""
        if self.folded_input is not None:
            codes = np.stack([self.folded_input.apply(image) for image in codes])
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
        self._places = {}
        self._size = 0
        self._code = []
        self.passes = 0
        self.final_passes = 0
        self.layer_outputs = 0
        self.ring = 0
        self._loads = self._feed_loads = 0

    def place(self, data):
        """The address at which these bytes (uint8) will lie; where they already do, if so."""
        key = data.size, sha256(data).digest()
        if key not in self._places:
            self._places[key] = self.reserve(data.size)
            self._segments.append((self._places[key], data.reshape(-1)))
        return self._places[key]

    def reserve(self, size):
        """The address of so many zero bytes, a multiple of the beat size."""
        address = self._size
        beat = self.config.BEAT_BYTES
        self._size += -(-size // beat) * beat
        return address

    def load(self, target, data=None, *, address=None, beats=None, wait_passes=0, wait_outputs=0,
             **fields):
        """Adds a ``LOAD`` of these bytes, or of ``beats`` beats at ``address``.

        It waits for so many passes and outputs of the program so far.
        """
        if data is not None:
            address, beats = self.place(data), data.size // self.config.BEAT_BYTES
        self._code.append(encode(
            Opcode.LOAD, target=target, address=address, beats=beats,
            wait_passes=max(wait_passes, self.passes - _LONG_OVER) % _COUNTS,
            wait_outputs=max(wait_outputs, self.final_passes - _LONG_OVER) % _COUNTS, **fields))
        self._loads += 1
        if target in (Target.BUFFER, Target.MAP):
            self._feed_loads = self._loads

    def array_pass(self, **fields):
        """Adds a ``PASS`` whose windows wait for all loads so far.

        Its feeding waits for activations and stream ids alone.
        """
        self._code.append(encode(
            Opcode.PASS, feed_loads=max(self._feed_loads, self._loads - _LONG_OVER) % _COUNTS,
            window_loads=self._loads % _COUNTS, **fields))
        self.passes += 1
        self.final_passes += fields["final"]

    def turn_ring(self, words):
        """So many words go into the ifmap rings."""
        self.ring = (self.ring + words) % self.config.ifmap_words

    def mark(self):
        """Adds a ``MARK`` and returns the address of its record."""
        address = self.reserve(record_beats(self.config) * self.config.BEAT_BYTES)
        self._code.append(encode(Opcode.MARK, address=address))
        return address

    def end_outputs(self):
        """What follows may read all outputs so far: its loads wait for them."""
        self.layer_outputs = self.final_passes

    def finish(self):
        """Adds an ``END``; returns (memory image, start address, instructions)."""
        self._code.append(encode(Opcode.END))
        block = BLOCK_INSTRUCTIONS * INSTRUCTION_BYTES
        more = encode(Opcode.END, more=1)[0] ^ encode(Opcode.END)[0]
        last = (len(self._code) - 1) // BLOCK_INSTRUCTIONS * BLOCK_INSTRUCTIONS
        code = bytearray(b"".join(self._code))
        for first in range(0, last, BLOCK_INSTRUCTIONS):
            code[first * INSTRUCTION_BYTES] |= more
        start = self.reserve(-(-len(code) // block) * block)
        image = np.zeros(self._size, dtype=np.uint8)
        for address, data in self._segments:
            image[address:address + data.size] = data
        image[start:start + len(code)] = np.frombuffer(code, dtype=np.uint8)
        return image, start, len(self._code)
