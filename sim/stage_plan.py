"""The plan of an output stage: what becomes of a layer's sums, and the parameters for that."""

from dataclasses import dataclass, replace

import numpy as np

from sim.errors import CompileError
from sim.operand import activation_flip
from sim.requantize_words import (
    PARAMETER_WORDS,
    requantize_cycles,
    requantize_words,
    rescale_shift,
    rescale_words,
)

__all__ = ["StagePlan"]


@dataclass(frozen=True, eq=False)
class StagePlan:
    """How the sums of some filters leave.

    Parameters
    ----------
    kind : str
        ``"thresholds"``, ``"requantize"``, ``"copy"`` (sums are codes already), or ``"raw"``.
    words : ndarray of int32, shape [filters, rows x thresholds per cycle]
        What the threshold memory holds for each filter.
    rows : int
        Rows of the threshold memory that a filter takes.
    cycles : int
        Cycles in which the stage takes a sum's parameters; 0 where there are none.
    planes : int
        Planes of a code.
    rescale_cycles : tuple of int
        For each input that is rescaled before it is added, ``cycles`` of that; its parameters take
        one of the ``rows``, before those of the stage.
    """

    kind: str
    words: np.ndarray
    rows: int
    cycles: int
    planes: int
    rescale_cycles: tuple[int, ...] = ()

    @classmethod
    def of(cls, node, bias, bound, config):
        """The plan of a node whose sums leave the array without this bias.

        Parameters
        ----------
        node
            With ``name``, ``thresholds``, ``requantize`` and ``output_format``.
        bias : ndarray of int64, shape [filters]
            What the array's sums lack.
        bound : int
            Greatest magnitude of the array's sums.
        config : AcceleratorConfig

        Raises
        ------
        CompileError
            If the configuration builds no such stage.
        """
        planes = 1
        if node.output_format is not None:
            planes = -(-node.output_format.bits // config.act_bits)
            if node.output_format.bits > config.output_code_bits:
                raise CompileError(f"layer {node.name}: output codes must have at most "
                                   f"{config.output_code_bits} bits on configuration "
                                   f"{config.name}, not {node.output_format.bits}")
        if node.requantize is not None:
            return cls._requantize(node, bias, planes, config)
        if node.thresholds is not None:
            return cls._thresholds(node, bias, bound, planes, config)
        return cls.plain("raw", bias, 1, config)

    @classmethod
    def plain(cls, kind, bias, planes, config):
        """Sums leave with their bias, whole (``"raw"``) or as codes (``"copy"``)."""
        rows = int(bias.any())
        words = np.zeros((len(bias), rows * config.thresholds_per_cycle), dtype=np.int32)
        if rows:
            words[:, 0] = bias
        return cls(kind, words, rows, rows, planes)

    @classmethod
    def _requantize(cls, node, bias, planes, config):
        if not config.requantize_digit:
            raise CompileError(f"layer {node.name}: requantize_digit must be 8 or 16 where sums "
                               f"are requantized, and is 0 on configuration {config.name}")
        words = np.zeros((len(bias), config.thresholds_per_cycle), dtype=np.int32)
        words[:, :PARAMETER_WORDS] = requantize_words(
            node.requantize, bias, activation_flip(node.output_format), config)
        cycles = requantize_cycles(node.requantize.shift, config.requantize_digit)
        return cls("requantize", words, 1, cycles, planes)

    @classmethod
    def _thresholds(cls, node, bias, bound, planes, config):
        """Thresholds less the bias; none farther out than just past all sums."""
        count = node.thresholds.shape[1]
        rows = -(-count // config.thresholds_per_cycle)
        never = (1 << (config.psum_bits - 1)) - 1
        words = np.full((len(bias), rows * config.thresholds_per_cycle), never, dtype=np.int32)
        words[:, :count] = np.clip(node.thresholds - bias[:, None], -bound - 1, bound + 1)
        return cls("thresholds", words, rows, rows, planes)

    def after(self, rescales, biases, config):
        """The plan where inputs are rescaled, each with its bias, before they are added."""
        filters, cycles, words = len(self.words), [], []
        for rescale, bias in zip(rescales, biases, strict=True):
            row = np.zeros((filters, config.thresholds_per_cycle), dtype=np.int32)
            row[:, :PARAMETER_WORDS] = rescale_words(rescale, np.full(filters, bias), config)
            words.append(row)
            cycles.append(requantize_cycles(rescale_shift(rescale, config),
                                            config.requantize_digit))
        return replace(self, words=np.concatenate([*words, self.words], axis=1),
                       rows=self.rows + len(words), rescale_cycles=tuple(cycles))

    def memory_words(self, first, count):
        """Words of some filters in the order in which the threshold memory holds them."""
        words = self.words[first:first + count].reshape(count, self.rows, -1)
        inputs = len(self.rescale_cycles)
        parts = [words[:, index] for index in range(inputs)] + [words[:, inputs:]]
        return np.concatenate([part.reshape(-1) for part in parts]).astype("<i4")

    def rescale_fields(self, source):
        """Fields of a ``PASS`` whose sums are rescaled and added to those of inputs before."""
        return dict(requantize=1, rescale=1, fresh=source == 0,
                    threshold_chunks=self.rescale_cycles[source])

    def part(self, own):
        """The plan of some of the filters, a slice."""
        return replace(self, words=self.words[own])

    def drain_step(self, columns, psums, word_codes):
        """Cycles between the psums of a final pass, so that its stage and the way out keep up.

        A word leaves each column in turn, a plane each cycle; the last of a window may have fewer
        codes.

        Parameters
        ----------
        columns, psums : int
            Active columns, and psums of each window.
        word_codes : int
            Codes of a word on the way out.
        """
        if self.kind == "raw":
            return max(1, columns)
        codes = psums % word_codes or word_codes
        return max(1, self.cycles, -(-columns * self.planes // codes))

    @property
    def fields(self):
        """Fields of a ``PASS``."""
        return dict(raw=self.kind == "raw", copy=self.kind == "copy",
                    requantize=self.kind == "requantize", threshold_chunks=self.cycles,
                    planes=self.planes)
