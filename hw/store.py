"""A store: block memory whose words are never read in the cycle in which they are written."""

from amaranth.lib import memory

__all__ = ["Store"]


class Store(memory.Memory):
    """A memory for clocked read ports, without logic for collisions.

    What a read gives in the cycle of a write to the same address is undefined; block memories
    of FPGAs have no answer of their own, and synthesis would build one out of a comparator
    and a multiplexer behind every bit. ``no_rw_check`` is the attribute by which Yosys and
    Lattice's tools are told so. Whoever uses a store owes that no such word is used.

    Parameters
    ----------
    shape : ShapeLike
    depth : int
    """

    def __init__(self, *, shape, depth):
        super().__init__(shape=shape, depth=depth, init=[], attrs={"no_rw_check": 1})
