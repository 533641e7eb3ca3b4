"""A row-stationary mapping in the seven numbers of Eyeriss, and whether the chip can hold it."""

from dataclasses import dataclass

from model.errors import InputError

__all__ = ["EyerissMapping"]


@dataclass(frozen=True)
class EyerissMapping:
    """The parameters of Table II of the JSSC paper.

    Parameters
    ----------
    m : int
        Ofmap channels whose psums the global buffer holds.
    n : int
        Images of a processing pass.
    e : int
        Ofmap rows of a strip: the width of a PE set.
    p, q : int
        Filters and channels that one PE set works on, interleaved in each element.
    r, t : int
        PE sets side by side that work on different channels, and on different filters.
    """

    m: int
    n: int
    e: int
    p: int
    q: int
    r: int
    t: int

    def __post_init__(self):
        for field, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"mapping parameter {field} must be an integer of at least 1, "
                                 f"not {value!r}")

    @property
    def pass_filters(self):
        """Filters of one pass."""
        return self.p * self.t

    @property
    def pass_channels(self):
        """Channels of one pass."""
        return self.q * self.r

    def strips(self, shape):
        """Ofmap rows of each strip, all but the last of ``e``."""
        whole, rest = divmod(shape.out_height, self.e)
        return (self.e,) * whole + ((rest,) if rest else ())

    def image_groups(self, batch):
        """Images of each group of passes, all but the last of ``n``."""
        whole, rest = divmod(batch, self.n)
        return (self.n,) * whole + ((rest,) if rest else ())

    def filter_passes(self, shape):
        """Passes that bring all filters of a group past one ifmap, ``m`` after ``m``."""
        whole, rest = divmod(shape.group_filters, self.m)
        return whole * -(-self.m // self.pass_filters) - (-rest // self.pass_filters)

    def channel_passes(self, shape):
        """Passes that add up one psum."""
        return -(-shape.group_channels // self.pass_channels)

    def passes(self, shape, batch):
        """Processing passes of a layer."""
        return (len(self.strips(shape)) * len(self.image_groups(batch)) * shape.groups
                * self.filter_passes(shape) * self.channel_passes(shape))

    def active_elements(self, shape):
        """Elements that are not clock gated."""
        return shape.kernel_height * self.e * self.r * self.t

    def ifmap_buffer_bytes(self, shape, chip):
        """Global buffer that the ifmaps of a pass take."""
        return (self.n * self.pass_channels * shape.strip_rows(self.e) * shape.padded_width
                * chip.word_bytes)

    def psum_buffer_bytes(self, shape, chip):
        """Global buffer that the psums of ``m`` ofmap channels take."""
        return self.n * self.m * self.e * shape.out_width * chip.word_bytes

    def check(self, shape, chip):
        """Raises InputError, naming the parameter, if the chip cannot hold the mapping."""
        limits = (
            ("e", self.e, shape.out_height, "ofmap rows"),
            ("q * S", self.q * shape.kernel_width, chip.ifmap_words, "ifmap scratchpad words"),
            ("p * q * S", self.p * self.q * shape.kernel_width, chip.filter_words,
             "filter scratchpad words"),
            ("p", self.p, chip.psum_words, "psum scratchpad words"),
            ("r * t", self.r * self.t, self._sets_that_fit(shape, chip), "PE sets that fit"),
            ("buffer use", self.ifmap_buffer_bytes(shape, chip)
             + self.psum_buffer_bytes(shape, chip), chip.buffer_bytes, "bytes"),
        )
        for what, value, limit, of in limits:
            if value > limit:
                raise InputError(f"layer {shape.name}: {what} must be at most {limit} {of}, "
                                 f"not {value}")

    def _sets_that_fit(self, shape, chip):
        """PE sets of R x e in the array; a set wider than the array is cut into segments that
        stand above each other."""
        stacked = chip.rows // shape.kernel_height
        if self.e <= chip.cols:
            return stacked * (chip.cols // self.e)
        return stacked // -(-self.e // chip.cols)
