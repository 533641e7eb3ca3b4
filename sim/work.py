"""The work of one layer, as the array sees it: words, fields and bounds."""

from dataclasses import dataclass

import numpy as np

from hw.mode import Mode
from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.operand import OFF_FIELD, choose_mode, padding_field, weight_fields

__all__ = ["LayerWork"]


@dataclass(frozen=True, eq=False)
class LayerWork:
    """One convolution in words of lanes. A dense layer is one over a single pixel.

    Parameters
    ----------
    name : str
    mode : Mode
    fields : ndarray of uint8, shape [filters, kernel rows, kernel columns, words, lanes]
        Weight fields; lanes without a channel are off.
    stored : ActivationLayout
        The input as it lies in memory.
    height, width, pixel_words, plane_words, planes : int
        The input as the array walks over it.
    stride : tuple of int
        Rows, columns.
    pad_top, pad_left : int
    padding : int
        Code of a padded tap.
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
    mode: Mode
    fields: np.ndarray
    stored: ActivationLayout
    height: int
    width: int
    pixel_words: int
    plane_words: int
    planes: int
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
        mode = choose_mode(layer, config)
        _check_psum_width(layer, config)
        stored = ActivationLayout.of(config, input_shape, layer.input_format.bits)
        fields = _lanes(weight_fields(layer, mode, config), mode, config.lanes)
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
            fields = fields.reshape(filters, 1, 1, plane_words, config.lanes)
            height = width = 1
        output = None
        if layer.thresholds is not None:
            shape = (out_height // layer.pool, out_width // layer.pool, filters)
            output = ActivationLayout.of(config, shape, layer.output_format.bits)
            if output.planes != 1:
                raise CompileError(f"layer {layer.name}: output codes must have at most "
                                   f"{config.act_bits} bits on configuration {config.name}, "
                                   f"not {layer.output_format.bits}")
        return cls(layer.name, mode, fields, stored, height, width, pixel_words, plane_words,
                   stored.planes, tuple(layer.stride), top, left,
                   padding_field(layer, mode, config), out_height, out_width, layer.pool,
                   layer.thresholds, output, macs)

    @property
    def filters(self):
        """Output channels."""
        return self.fields.shape[0]

    @property
    def kernel(self):
        """Kernel rows and columns."""
        return self.fields.shape[1:3]


def _lanes(fields, mode, lanes):
    """Fields [filters, rows, columns, channels] as words [..., words, lanes]."""
    channels = fields.shape[3]
    words = -(-channels // lanes)
    padded = np.pad(fields, ((0, 0), (0, 0), (0, 0), (0, words * lanes - channels)),
                    constant_values=OFF_FIELD[mode])
    return padded.reshape(*fields.shape[:3], words, lanes)


def _check_psum_width(layer, config):
    """No partial sum, in whatever order, may leave ``psum_bits``; nor a threshold above all."""
    weights = np.abs(layer.weight_format.decode(layer.weights).astype(np.int64))
    act = max(abs(layer.input_format.max_level), abs(layer.input_format.min_level))
    bound = int(weights.reshape(len(weights), -1).sum(1).max()) * act
    if bound + 1 >= 1 << (config.psum_bits - 1):
        raise CompileError(f"layer {layer.name}: psum_bits must be at least "
                           f"{(bound + 1).bit_length() + 1} for sums up to {bound}, "
                           f"not {config.psum_bits}")
