"""Operand modes: how a processing element multiplies a weight code by an activation code."""

from enum import IntEnum

__all__ = ["MODE_BITS", "Mode"]

MODE_BITS = 3


class Mode(IntEnum):
    """One way to multiply; each pass chooses one among those a build contains.

    ``XNOR``: both sides bipolar. Weight field: bit 0 is the code, bit 1 switches the lane off.
    Activation field: bit 0 is the code; bit 1, where the build has it, marks a padded tap that
    does not count.
    ``SIGN``: bipolar weight (field as in ``XNOR``), unsigned activation.
    ``TERNARY``: two's complement weight -1, 0, +1, unsigned activation.
    ``LUT``: DoReFa weight code q of the build's width, level ``2 q - (2**k - 1)``, unsigned
    activation; the product is looked up.
    ``SHIFT``: two's complement weight -2 to +2 in three bits, unsigned activation.
    ``INT_S``: two's complement weight of the build's width, unsigned activation.
    ``INT_U``: unsigned weight of the build's width, unsigned activation.

    Wider integers are sums of ``INT_S`` and ``INT_U`` products over several passes. In all modes
    but ``XNOR``, ``SIGN`` and ``LUT``, zero weights can be left out of the schedule, lane by lane.
    """

    XNOR = 0
    SIGN = 1
    TERNARY = 2
    LUT = 3
    SHIFT = 4
    INT_S = 5
    INT_U = 6
