"""The work of one layer, as the array sees it: words, fields and bounds."""

from dataclasses import dataclass

import numpy as np

from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.operand import Operands, Plane

__all__ = ["LayerWork"]


@dataclass(frozen=True, eq=False)
class LayerWork:
    """One convolution in words of lanes. A dense layer is one over a single pixel.

    Parameters
    ----------
    name : str
    mode_name : str
        What the multipliers do.
    fields : ndarray of uint8
        Weight fields [weight planes, filters, kernel rows, kernel columns, words, lanes]; lanes
        without a channel are off.
    off_field : int
        Field of such a lane.
    has_zeros : bool
        Fields equal to ``off_field`` can be left out of the schedule.
    planes : tuple of Plane
        What is multiplied by what, in the order of passes.
    stored : ActivationLayout
        The input as it lies in memory.
    height, width, pixel_words, plane_words : int
        The input as the array walks over it.
    stride : tuple of int
        Rows, columns.
    pad_top, pad_left : int
    padding : int
        What is fed for a padded tap, before it is cut into planes.
    out_height, out_width : int
        Before pooling.
    pool : int
    thresholds : ndarray of int64 or None
    output : ActivationLayout or None
        Codes after pooling; none where scores leave as integers.
    macs : int
        Multiplications of the layer, padded taps included.
    """

    name: str
    mode_name: str
    fields: np.ndarray
    off_field: int
    has_zeros: bool
    planes: tuple[Plane, ...]
    stored: ActivationLayout
    height: int
    width: int
    pixel_words: int
    plane_words: int
    stride: tuple[int, int]
    pad_top: int
    pad_left: int
    padding: int
    out_height: int
    out_width: int
    pool: int
    thresholds: np.ndarray | None
    output: ActivationLayout | None
    macs: int

    @classmethod
    def of(cls, layer, input_shape, config):
        """The work of a layer on an input of (height, width, channels).

        Raises
        ------
        CompileError
            If the configuration cannot run the layer.
        """
        operands = Operands.of(layer, config)
        bound = _check_psum_width(layer, config)
        stored = ActivationLayout.of(config, input_shape, layer.input_format)
        fields = _lanes(operands.fields, operands.off_field, config.lanes)
        height, width, _ = input_shape
        filters, kernel_height, kernel_width, _ = layer.weights.shape
        top, left, bottom, right = layer.padding
        out_height = (height + top + bottom - kernel_height) // layer.stride[0] + 1
        out_width = (width + left + right - kernel_width) // layer.stride[1] + 1
        macs = layer.weights.size * out_height * out_width
        plane_words, pixel_words = stored.plane_words, stored.pixel_words
        if out_height == out_width == 1 and not any(layer.padding) and stored.planes == 1 \
                and (kernel_height, kernel_width) == (height, width):
            plane_words = pixel_words = stored.words
            fields = fields.reshape(-1, filters, 1, 1, plane_words, config.lanes)
            height = width = 1
        output = None
        if layer.thresholds is not None:
            shape = (out_height // layer.pool, out_width // layer.pool, filters)
            output = ActivationLayout.of(config, shape, layer.output_format)
            if output.planes != 1:
                raise CompileError(f"layer {layer.name}: output codes must have at most "
                                   f"{config.act_bits} bits on configuration {config.name}, "
                                   f"not {layer.output_format.bits}")
        return cls(layer.name, operands.name, fields, operands.off_field, operands.has_zeros,
                   operands.planes, stored, height, width, pixel_words, plane_words,
                   tuple(layer.stride), top, left, operands.padding, out_height, out_width,
                   layer.pool, _thresholds(layer, operands.zero_point, bound), output, macs)

    @property
    def filters(self):
        """Output channels."""
        return self.fields.shape[1]

    @property
    def kernel(self):
        """Kernel rows and columns."""
        return self.fields.shape[2:4]


def _lanes(fields, off_field, lanes):
    """Fields [..., channels] as words [..., words, lanes]."""
    channels = fields.shape[-1]
    words = -(-channels // lanes)
    spare = [(0, 0)] * (fields.ndim - 1) + [(0, words * lanes - channels)]
    padded = np.pad(fields, spare, constant_values=off_field)
    return padded.reshape(*fields.shape[:-1], words, lanes)


def _thresholds(layer, zero_point, bound):
    """Thresholds of the sums that the array makes; none farther out than just past all sums.

    The array multiplies activations that are ``zero_point`` above their levels, so its sums are
    above the layer's by that many times a filter's weights.
    """
    if layer.thresholds is None:
        if zero_point:
            raise CompileError(f"layer {layer.name}: input format must be one without zero point "
                               f"where sums are the output, not {layer.input_format.name}")
        return None
    weights = layer.weight_format.decode(layer.weights).reshape(layer.filters, -1)
    excess = zero_point * weights.sum(axis=1)
    return np.clip(layer.thresholds + excess[:, None], -bound - 1, bound + 1)


def _check_psum_width(layer, config):
    """The greatest magnitude of a sum, which must fit ``psum_bits``, as must the number past it.

    Partial sums may leave ``psum_bits``: they only add and double, modulo ``2**psum_bits``.
    """
    weights = layer.weight_format.decode(layer.weights).reshape(layer.filters, -1)
    act = 1 if layer.input_format.name == "bipolar" else (1 << layer.input_format.bits) - 1
    bound = act * int(np.abs(weights).sum(axis=1).max())
    if bound + 1 >= 1 << (config.psum_bits - 1):
        raise CompileError(f"layer {layer.name}: psum_bits must be at least "
                           f"{(bound + 1).bit_length() + 1} for sums up to {bound}, "
                           f"not {config.psum_bits}")
    return bound
