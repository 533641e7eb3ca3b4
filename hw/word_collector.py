"""The word collector: brings the words of all columns into one row, without a wire across."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.column_span import COLUMN_BITS
from hw.data_register import data_register

__all__ = ["WordCollector"]


class WordCollector(wiring.Component):
    """One column's part. A token goes right at half the speed of words, and lets each column go.

    Columns finish a word one cycle after their neighbour on the left. A token that starts in the
    first active column when its word is full is two cycles per column later at the others, and
    there puts the word on the row, which moves right a column a cycle; so words leave on the right
    in the order of columns, one each cycle. Tokens must be at least as many cycles apart as columns
    are active.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    word : In
        This column's word, steady until the token has come.
    token_i, token_o : streams
        Columns that have yet to let go, this one included.
    row_i, row_o : streams
        Words on their way.
    """

    def __init__(self, config):
        self._config = config
        tokens = stream.Signature(COLUMN_BITS, always_ready=True)
        words = stream.Signature(config.output_bits, always_ready=True)
        super().__init__({
            "word": In(config.output_bits), "token_i": In(tokens), "token_o": Out(tokens),
            "row_i": In(words), "row_o": Out(words),
        })

    def elaborate(self, platform):
        m = Module()
        halfway, halfway_valid = Signal(COLUMN_BITS), Signal()
        word = data_register(m, self.row_o.payload, "word_here")
        m.d.sync += [
            halfway.eq(self.token_i.payload - 1),
            halfway_valid.eq(self.token_i.valid & (self.token_i.payload != 1)),
            self.token_o.payload.eq(halfway), self.token_o.valid.eq(halfway_valid),
            self.row_o.valid.eq(self.row_i.valid | self.token_i.valid),
            word.eq(self.row_i.payload),
        ]
        with m.If(self.token_i.valid):
            m.d.sync += word.eq(self.word)
        return m
