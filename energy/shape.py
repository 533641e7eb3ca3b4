"""The shape of one convolution or dense layer, as access counts need it."""

from dataclasses import dataclass, replace
from functools import cached_property

from model.errors import InputError

__all__ = ["ConvShape"]


@dataclass(frozen=True, kw_only=True)
class ConvShape:
    """A convolution over ``groups`` independent groups; a dense layer has a kernel as large as its
    input.

    Parameters
    ----------
    name : str
        For reports and errors.
    height, width : int
        Rows and columns of an ifmap, without padding.
    kernel_height, kernel_width : int
        R and S.
    channels, filters : int
        Of all groups together; multiples of ``groups``.
    stride : int
        From one output position to the next, both ways.
    padding : int
        Rows and columns of zeros added at each side.
    groups : int
        Parts of the channels that see only their own filters.

    Raises
    ------
    InputError
        If a number is out of range or the kernel does not fit the padded ifmap.
    """

    name: str
    height: int
    width: int
    kernel_height: int
    kernel_width: int
    channels: int
    filters: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def __post_init__(self):
        for field in ("height", "width", "kernel_height", "kernel_width", "channels", "filters",
                      "stride", "groups"):
            self._check(field, 1)
        self._check("padding", 0)
        for field in ("channels", "filters"):
            if getattr(self, field) % self.groups:
                raise InputError(f"layer {self.name}: {field} must be a multiple of the "
                                 f"{self.groups} groups, not {getattr(self, field)}")
        if self.kernel_height > self.padded_height or self.kernel_width > self.padded_width:
            raise InputError(f"layer {self.name}: kernel must be at most the padded ifmap of "
                             f"{self.padded_height} x {self.padded_width}, not "
                             f"{self.kernel_height} x {self.kernel_width}")

    def _check(self, field, low):
        value = getattr(self, field)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise InputError(f"layer {self.name}: {field} must be an integer of at least {low}, "
                             f"not {value!r}")

    @property
    def padded_height(self):
        """H: ifmap rows with padding."""
        return self.height + 2 * self.padding

    @property
    def padded_width(self):
        """W: ifmap columns with padding."""
        return self.width + 2 * self.padding

    @cached_property
    def out_height(self):
        """E: ofmap rows."""
        return (self.padded_height - self.kernel_height) // self.stride + 1

    @cached_property
    def out_width(self):
        """F: ofmap columns."""
        return (self.padded_width - self.kernel_width) // self.stride + 1

    @property
    def group_channels(self):
        """C: channels that one filter sees."""
        return self.channels // self.groups

    @property
    def group_filters(self):
        """M: filters that see one channel."""
        return self.filters // self.groups

    @property
    def weights(self):
        """Weights of all filters, without biases."""
        return self.filters * self.group_channels * self.kernel_height * self.kernel_width

    @property
    def padded_inputs(self):
        """Ifmap values of one image, padding included."""
        return self.channels * self.padded_height * self.padded_width

    def rows_taken(self, outputs):
        """Ifmap rows that windows of so many consecutive ofmap rows take: none between windows,
        where the stride is above R, and none behind the last. An integer or an array."""
        return (outputs - 1) * min(self.stride, self.kernel_height) + self.kernel_height

    def columns_taken(self, outputs):
        """As ``rows_taken``, of columns."""
        return (outputs - 1) * min(self.stride, self.kernel_width) + self.kernel_width

    @property
    def inputs_taken(self):
        """Ifmap values of one image that some window takes, padding included."""
        return (self.channels * self.rows_taken(self.out_height)
                * self.columns_taken(self.out_width))

    @property
    def outputs(self):
        """Ofmap values of one image."""
        return self.filters * self.out_height * self.out_width

    @property
    def macs(self):
        """Multiply-accumulates of one image, those with padding included."""
        return (self.outputs * self.group_channels * self.kernel_height * self.kernel_width)

    @property
    def writings(self):
        """Layers that compute the same: this one, and where its kernel covers the ifmap also the
        one with a kernel of 1 x 1 over as many channels as the kernel has places in all.
        """
        kernel = self.kernel_height, self.kernel_width
        if kernel == (1, 1) or kernel != (self.padded_height, self.padded_width):
            return (self,)
        places = self.kernel_height * self.kernel_width
        return self, replace(self, height=1, width=1, kernel_height=1, kernel_width=1,
                             channels=places * self.channels, stride=1, padding=0)

    def strip_rows(self, columns):
        """Ifmap rows from the first to the last that so many consecutive ofmap rows need; those
        between them that no window takes are among them."""
        return (columns - 1) * self.stride + self.kernel_height
