"""The feed walk: visits the ifmap words of a pass in the order in which they are fed."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.program import PASS_LAYOUT

__all__ = ["FeedWalk", "fed_word_layout"]


def fed_word_layout(config):
    """A word of the walk: where it lies, who gets it, and whether there is anything there.

    ``inside`` is false for padded taps, ``exists`` for channel words past the last.
    """
    return data.StructLayout({
        "address": 16, "stream": config.STREAM_ID_BITS, "ring": config.offset_bits,
        "inside": 1, "exists": 1})


class FeedWalk(wiring.Component):
    """Nested loops over columns, blocks, rows, groups and words, by addition alone.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    current, start : In
        Goes to the first word of this pass, which was the same in the cycle before and need not
        stay.
    step : In
        Goes on to the next word.
    word, fill, bank : Out
        The word at hand, the code of a padded tap, the bank of stream ids.
    step_ends, pass_ends : Out
        It is the last of its step, of its pass.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "current": In(PASS_LAYOUT), "start": In(1), "step": In(1),
            "word": Out(fed_word_layout(config)), "fill": Out(config.act_bits),
            "bank": Out(1),
            "step_ends": Out(1), "pass_ends": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        current = Signal(PASS_LAYOUT, reset_less=True)
        with m.If(self.start):
            m.d.sync += current.eq(self.current)
        m.d.comb += [self.fill.eq(current.fill), self.bank.eq(current.map_bank)]
        ends = [Signal(name=f"{name}_ends") for name in
                ("word", "group", "row", "block", "column")]
        self._levels(m, ends)
        self._places(m, current, ends)
        self._bounds(m, current, ends)
        return m

    def _levels(self, m, ends):
        """The loops, innermost first: turns left, and whether each is at its last turn."""
        names = ("group_words", "groups", "inner_rows", "outer_rows", "first_columns", "positions")
        at_last, single, following = ([Signal(name=f"{what}_{name}") for name in names]
                                      for what in ("last", "single", "following"))
        for level, name in enumerate(names):
            last, inner = at_last[level], ends[level - 1] if level else 1
            again = self.current["step_columns" if name == "first_columns" else name]
            left = Signal.like(self.current[name], name=f"left_{name}")
            reload, once = Signal.like(again, name=f"reload_{name}"), Signal(name=f"once_{name}")
            m.d.comb += following[level].eq(Mux(last, once, left == 1))
            m.d.sync += single[level].eq(self.current[name] == 1)
            with m.If(self.start):
                m.d.sync += [left.eq(self.current[name] - 1), last.eq(single[level]),
                             reload.eq(again - 1), once.eq(again == 1)]
            with m.Elif(self.step & inner):
                m.d.sync += [left.eq(Mux(last, reload, left - 1)), last.eq(following[level])]
        outer = self._outer(m, at_last[2:5], single[2:5], following[2:5], ends[1])
        for end, parts in zip(ends, ([], at_last[1:2], at_last[1:3], [at_last[1], outer[0]],
                                     [at_last[1], outer[1]]), strict=True):
            m.d.comb += end.eq(Cat(at_last[0], *parts).all())
        with m.If(self.start):
            m.d.sync += self.step_ends.eq(Cat(single[:5]).all())
        with m.Elif(self.step):
            m.d.sync += self.step_ends.eq(
                following[0] & Mux(at_last[0], following[1], at_last[1])
                & Mux(ends[1], outer[2], outer[1]))
        m.d.comb += self.pass_ends.eq(self.step_ends & at_last[5])

    def _outer(self, m, at_last, single, following, group_ends):
        """Whether rows and blocks, and columns as well, are at their last turn, in registers.

        And whether columns will be after the end of a group.
        """
        blocks, columns = Signal(name="blocks_last"), Signal(name="columns_last")
        goes_on = [following[0], Mux(at_last[0], following[1], at_last[1]),
                   Mux(at_last[0] & at_last[1], following[2], at_last[2])]
        columns_next = goes_on[0] & goes_on[1] & goes_on[2]
        with m.If(self.start):
            m.d.sync += [blocks.eq(Cat(single[:2]).all()), columns.eq(Cat(single).all())]
        with m.Elif(self.step & group_ends):
            m.d.sync += [blocks.eq(goes_on[0] & goes_on[1]),
                         columns.eq(columns_next)]
        return blocks, columns, columns_next

    def _places(self, m, current, ends):
        """Buffer address, stream and ring address."""
        base = {name: Signal(16, name=f"{name}_address")
                for name in ("group", "row", "block", "column")}
        address, stream, ring = Signal(16), Signal.like(self.word.stream), Signal.like(
            self.word.ring)
        steps = {"group": current.group_step, "row": current.row_words,
                 "block": current.block_words, "column": current.pixel_words}
        word = Signal.like(current.group_words)
        after_step, step_words = Signal(16), Signal(16)
        m.d.comb += after_step.eq(base["column"] + step_words)
        with m.If(self.start):
            m.d.sync += step_words.eq(self.current.pixel_words + self.current.skip_words)
            m.d.sync += [signal.eq(self.current.feed_address)
                         for signal in (address, *base.values())]
            m.d.sync += [stream.eq(0), ring.eq(self.current.ring_start), word.eq(0)]
        with m.Elif(self.step):
            m.d.sync += [address.eq(address + 1), word.eq(word + 1)]
            with m.If(ends[0]):
                m.d.sync += [stream.eq(stream + 1), word.eq(0)]
            inner = []
            for end, (level, step) in zip(ends, steps.items(), strict=False):
                after = Signal(16, name=f"after_{level}")
                m.d.comb += after.eq(base[level] + step)
                with m.If(end):
                    m.d.sync += [signal.eq(after) for signal in (address, base[level], *inner)]
                inner.append(base[level])
            with m.If(ends[3]):
                m.d.sync += [stream.eq(0), ring.eq(ring + current.group_words)]
            with m.If(ends[4]):
                m.d.sync += [signal.eq(after_step) for signal in (address, *base.values())]
        m.d.comb += [self.word.address.eq(address), self.word.stream.eq(stream),
                     self.word.ring.eq(ring + word)]

    def _bounds(self, m, current, ends):
        """Ifmap coordinates, and which word of the pixel this is."""
        x, column_x, y, block_y = (Signal(signed(14), name=name)
                                   for name in ("x", "column_x", "y", "block_y"))
        pixel_word, skip = Signal(12), Signal(5)
        with m.If(self.start):
            m.d.sync += skip.eq(self.current.skip_columns + self.current.column_step)
            m.d.sync += [x.eq(self.current.x_start), column_x.eq(self.current.x_start),
                         y.eq(self.current.y_start), block_y.eq(self.current.y_start),
                         pixel_word.eq(0)]
        with m.Elif(self.step):
            m.d.sync += pixel_word.eq(pixel_word + 1)
            with m.If(ends[1]):
                m.d.sync += [pixel_word.eq(0), y.eq(y + 1)]
            with m.If(ends[2]):
                next_y = block_y + current.outer_row_step
                m.d.sync += [y.eq(next_y), block_y.eq(next_y), x.eq(x + current.outer_columns)]
            for end, columns in ((ends[3], current.column_step), (ends[4], skip)):
                after = Signal.like(x, name=f"after_x_{len(columns)}")
                m.d.comb += after.eq(column_x + columns)
                with m.If(end):
                    m.d.sync += [x.eq(after), column_x.eq(after), y.eq(current.y_start),
                                 block_y.eq(current.y_start)]
        m.d.comb += [
            self.word.inside.eq((x >= 0) & (x < current.width) & (y >= 0)
                                & (y < current.height)),
            self.word.exists.eq(pixel_word < current.valid_words),
        ]
