"""Thresholds or requantization: which output stage gives a quantizer's codes, and exactly."""

from dataclasses import dataclass

import numpy as np

from model.importers.drafts import AdditionDraft, PoolDraft
from model.importers.float_steps import least_reaching, requantized, requantizing_scale
from model.importers.requantize_fit import fit_requantization, nearest_requantization
from model.importers.tensors import Clip, Line
from model.output_stage import integer_range

__all__ = ["FloatQuantizer", "choose_stage", "clipped_limits", "quantized_levels",
           "scaled_thresholds"]

_MOST_THRESHOLDS = 15
_SUM_LIMIT = 1 << 31
_MOST_WRONG = 1 << 16


@dataclass(frozen=True)
class FloatQuantizer:
    """ONNX' QuantizeLinear: clip(round half to even(x / scale) + zero_point, low, high).

    Parameters
    ----------
    scale : numpy.float32
    zero_point, low, high : int
    """

    scale: np.float32
    zero_point: int
    low: int
    high: int

    def quantized(self, values):
        """Quantized integers, int64, of float32 values, in float32 arithmetic."""
        with np.errstate(over="ignore"):
            scaled = np.asarray(values, dtype=np.float32) / self.scale
        limits = np.float32(self.low - self.zero_point), np.float32(self.high - self.zero_point)
        return np.rint(np.clip(scaled, *limits)).astype(np.int64) + self.zero_point


def scaled_thresholds(value, staircase, quantizer):
    """The least sums for each code where the source scales integer sums by one float.

    Parameters
    ----------
    value : Pending
        With ``scaling``.
    staircase : Staircase
    quantizer : FloatQuantizer

    Returns
    -------
    ndarray of int64, shape [filters, codes - 1]
        Without the bias of ``scaling``.
    """
    lows, highs = value.draft.sum_ranges()
    bias = np.broadcast_to(value.scaling.bias, lows.shape)
    output_scale = quantizer.scale * np.float32(value.scaling.divisor)
    scale = requantizing_scale(value.scaling.input_scale, value.scaling.weight_scale,
                               output_scale)
    scale = np.broadcast_to(scale, lows.shape)[:, None]
    low, high = clipped_limits(value, quantizer)

    def code(sums):
        return requantized(sums + bias[:, None], scale, quantizer.zero_point, low, high)

    if isinstance(value.draft, PoolDraft) and value.draft.kernel == (1, 1):
        factor = value.scaling.input_scale

        def code(sums):
            return np.clip(quantizer.quantized(sums.astype(np.float32) * factor), low, high)

    return least_reaching(code, quantized_levels(staircase, quantizer), lows, highs)


def quantized_levels(staircase, quantizer):
    """The quantized integers that a staircase's levels but the least stand for."""
    origin = quantizer.zero_point + int(staircase.offset / staircase.scale)
    return np.array(staircase.format.levels[1:], dtype=np.int64) + origin


def clipped_limits(value, quantizer):
    """(least, greatest) quantized integer of a value that was clipped on its way."""
    low, high = quantizer.low, quantizer.high
    for step in value.steps:
        if isinstance(step, Clip):
            if step.low != float("-inf"):
                low = max(low, min(int(quantizer.quantized(np.float32(step.low))), high))
            if step.high != float("inf"):
                high = min(high, max(int(quantizer.quantized(np.float32(step.high))), low))
    return low, high


def choose_stage(value, draft, thresholds, missed, staircase, nearest=False):
    """The fields of a node's output stage, bias, thresholds, requantize; and sums that differ.

    ``thresholds`` are the least sums that reach each code, ``missed`` the greatest that do not,
    both int64 [filters, codes - 1].

    Up to 15 thresholds stay thresholds. More become a requantization if one gives the same code
    for every sum that can be. Where none does they stay thresholds, or, where ``nearest``, become
    the requantization with the scales' own ratio if at most one sum in 2^16 then gets the code
    next to its own; these are counted, over all filters.
    """
    plain = {"thresholds": thresholds}, 0
    line = value.steps[0]
    limits = integer_range(staircase.format)
    if (thresholds.shape[1] <= _MOST_THRESHOLDS or limits is None or staircase.offset != 0
            or not isinstance(line, Line)):
        return plain
    biases, ratios = _biases_and_ratios(value, line, staircase.scale, len(thresholds))
    if isinstance(draft, AdditionDraft):
        ratios = [draft.unit / staircase.scale] * len(ratios)
    lows, highs = draft.sum_ranges()
    if biases is None or (lows + biases).min() < -_SUM_LIMIT or (
            highs + biases).max() >= _SUM_LIMIT:
        return plain
    always = (thresholds <= lows[:, None]).sum(axis=1).min()
    ever = (thresholds <= highs[:, None]).sum(axis=1).max()
    kept = int(limits[0] + always), int(limits[0] + ever)
    zero = limits[0] - staircase.format.min_level
    fitted, differing = fit_requantization(
        thresholds, missed, ratios, lows=lows, highs=highs, biases=biases, zero_point=zero,
        first=limits[0], limits=kept), 0
    if fitted is None and nearest:
        fitted = nearest_requantization(ratios, zero_point=zero, limits=kept)
        targets = np.arange(limits[0] + 1, limits[1] + 1)
        reached = least_reaching(lambda sums: fitted.apply((sums + biases[:, None]).T).T, targets,
                                 lows, highs)
        differing = int(np.abs(reached - thresholds).sum())
        if differing * _MOST_WRONG > int((highs - lows + 1).sum()):
            return plain
    if fitted is None:
        return plain
    return {"requantize": fitted, **({"bias": biases} if biases.any() else {})}, differing


def _biases_and_ratios(value, line, scale, channels):
    """Integer biases, int64 [channels], and multipliers of the sums of a line, per filter."""
    if value.scaling is not None:
        biases = np.broadcast_to(value.scaling.bias, (channels,)).astype(np.int64)
    else:
        pairs = [(abs(line.slope[c if len(line.slope) > 1 else 0]),
                  line.intercept[c if len(line.intercept) > 1 else 0]) for c in range(channels)]
        if not all(slope for slope, _ in pairs):
            return None, None
        wanted = [round(intercept / slope) for slope, intercept in pairs]
        if max(map(abs, wanted)) >= _SUM_LIMIT:
            return None, None
        biases = np.array(wanted, dtype=np.int64)
    slopes = line.slope * channels if len(line.slope) == 1 else line.slope
    return biases, [abs(slope) / scale for slope in slopes]
