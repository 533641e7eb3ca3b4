"""Operand modes: how a processing element multiplies a weight code by an activation code."""

from enum import IntEnum

__all__ = ["MODE_BITS", "Mode"]

MODE_BITS = 3


class Mode(IntEnum):
    """One way to multiply; a layer chooses one at run time among those a build contains.

    ``XNOR``: both sides bipolar. Weight field: bit 0 is the code, bit 1 switches the lane off.
    Activation field: bit 0 is the code; bit 1, where the build has it, marks a padded tap that
    does not count.
    ``SIGN``: bipolar weight (field as in ``XNOR``), unsigned activation.
    ``TERNARY``: two's complement weight -1, 0, +1, unsigned activation. Zero weights can be left
    out of the schedule, lane by lane.
    ``LUT``: DoReFa weight code q of the build's width, level ``2 q - (2**k - 1)``, unsigned
    activation; the product is looked up.
    """

    XNOR = 0
    SIGN = 1
    TERNARY = 2
    LUT = 3
