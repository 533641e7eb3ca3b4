"""Random layers and mappings."""

from functools import cache

from hypothesis import strategies as st

from energy.shape import ConvShape


@cache
def taken(outputs, kernel, stride):
    """Ifmap rows, or columns, that windows of consecutive outputs take, one by one."""
    return len({output * stride + tap for output in range(outputs) for tap in range(kernel)})


@st.composite
def conv_shapes(draw, largest=9):
    small = st.integers(1, largest)
    height, width, padding = draw(small), draw(small), draw(st.integers(0, 2))
    groups = draw(st.integers(1, 3))
    return ConvShape(
        name="random", height=height, width=width, padding=padding, groups=groups,
        kernel_height=draw(st.integers(1, height + 2 * padding)),
        kernel_width=draw(st.integers(1, width + 2 * padding)),
        channels=groups * draw(small), filters=groups * draw(small),
        stride=draw(st.integers(1, 4)))
