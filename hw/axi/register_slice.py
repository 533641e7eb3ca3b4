"""A register slice: cuts every path of a stream, forwards and back."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisterSlice"]


class RegisterSlice(wiring.Component):
    """Passes a stream on one cycle later, one item a cycle; ``i.ready`` comes out of a register.

    Parameters
    ----------
    layout : ShapeLike

    Members
    -------
    i : In stream
    o : Out stream
    empty : Out
        Nothing is held.
    """

    def __init__(self, layout):
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout)),
                          "empty": Out(1)})

    def elaborate(self, platform):
        m = Module()
        held = Signal()
        spare, passed = (Signal(self.i.payload.shape(), name=name, reset_less=True)
                         for name in ("spare", "passed"))
        m.d.comb += [self.i.ready.eq(~held), self.o.payload.eq(passed),
                     self.empty.eq(~held & ~self.o.valid)]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [self.o.valid.eq(held | self.i.valid), held.eq(0),
                         passed.eq(Mux(held, spare, self.i.payload))]
        with m.Elif(~held):
            m.d.sync += [held.eq(self.i.valid), spare.eq(self.i.payload)]
        return m
