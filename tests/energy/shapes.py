"""Random layers and mappings."""

from hypothesis import strategies as st

from energy.shape import ConvShape


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
