"""Thresholds of quantizers that are defined in single-precision floats.

ONNX' quantized operators scale integer sums by a float. What they compute is monotone, rounding
included, so that a bisection finds for each code the least sum that reaches it: no tie is lost.
"""

import numpy as np

__all__ = ["least_floats", "least_reaching", "requantized", "requantizing_scale"]


def requantizing_scale(input_scale, weight_scale, output_scale):
    """The float32 multiplier of QLinearConv, QLinearMatMul and QGemm: (input x weight) / output."""
    product = np.float32(input_scale) * np.asarray(weight_scale, dtype=np.float32)
    return (product / np.float32(output_scale)).astype(np.float32)


def requantized(sums, scale, zero_point, low, high):
    """clip(round half to even(float32(sum) x scale) + zero_point, low, high), int64."""
    scaled = np.asarray(sums).astype(np.float32) * np.asarray(scale, dtype=np.float32)
    scaled = np.clip(scaled, np.float32(low - zero_point), np.float32(high - zero_point))
    return np.rint(scaled).astype(np.int64) + zero_point


def least_reaching(function, targets, low, high):
    """For each target, the least integer from low to high at which a rising function reaches it.

    Parameters
    ----------
    function : callable
        From int64 [channels, targets] to int64 of that shape.
    targets : ndarray of int64, shape [targets]
    low, high : ndarray of int64, shape [channels]

    Returns
    -------
    ndarray of int64, shape [channels, targets]
        high + 1 where even high does not reach it.
    """
    shape = (len(low), len(targets))
    below = np.broadcast_to(low[:, None] - 1, shape).astype(np.int64)
    reached = np.broadcast_to(high[:, None] + 1, shape).astype(np.int64)
    while (reached - below > 1).any():
        middle = below + (reached - below) // 2
        hit = (function(np.clip(middle, low[:, None], high[:, None])) >= targets)
        hit |= middle > high[:, None]
        hit &= middle >= low[:, None]
        open_ = reached - below > 1
        reached = np.where(open_ & hit, middle, reached)
        below = np.where(open_ & ~hit, middle, below)
    return reached


def least_floats(function, targets):
    """For each target, the least float32 at which a rising function of floats reaches it.

    Infinite where the greatest finite float does not. ``function`` takes float32 arrays.
    """
    top = int(np.float32(np.finfo(np.float32).max).view(np.int32))

    def of_order(order):
        bits = np.where(order < 0, -order, order).astype(np.int32).view(np.float32)
        return np.where(order < 0, -bits, bits).astype(np.float32)

    limits = np.array([-top]), np.array([top])
    order = least_reaching(lambda steps: function(of_order(steps)), targets, *limits)[0]
    return np.where(order > top, np.inf, of_order(np.clip(order, -top, top)).astype(np.float64))
