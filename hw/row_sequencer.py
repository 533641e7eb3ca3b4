"""The row sequencer: turns the start of a window into one word operation each cycle."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import load_beat_layout, window_layout
from hw.data_register import data_register
from hw.operation import operation_layout
from hw.store import Store

__all__ = ["RowSequencer", "sequence_layout"]


def sequence_layout(config):
    """A word of the sequence memory: what the operation with the filter word there does.

    A lane's position is an offset among the window's ifmap words, and in its lowest bits a choice
    among the channels in reach. It begins each filter before position 0 and goes on by one more
    than its entry of ``steps``.
    """
    return data.StructLayout({
        "last": 1, "lanes": config.lane_count_bits,
        "steps": data.ArrayLayout(config.index_bits, config.address_count)})


class RowSequencer(wiring.Component):
    """Issues the operations of a window, one a cycle, the first two cycles after its start.

    The next window may start in the cycle after the last operation's turn. Where the build has
    ``lane_addresses``, a sequence memory gives positions and ends of filters for windows with
    ``lane_offsets``; a sequence word takes effect for windows in the cycle after it came.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    windows : In stream
        Starts of windows in which this row takes part.
    load, is_mine : In
        A beat whose lowest bits are a sequence word, and that it is for this row.
    operations : Out stream
    lanes : Out
        Lanes with a weight in the operation that is issued.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "windows": In(stream.Signature(window_layout(config), always_ready=True)),
            "load": In(load_beat_layout(config)), "is_mine": In(1),
            "operations": Out(stream.Signature(operation_layout(config), always_ready=True)),
            "lanes": Out(config.lane_count_bits),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        window = Signal(window_layout(config), reset_less=True)
        started, active = Signal(), Signal()
        index, psum = Signal(8), Signal(8)
        word = Signal(ceil_log2(config.filter_words))
        last_index, last_psum = Signal(8), Signal(8)
        with m.If(self.windows.valid):
            m.d.sync += [window.eq(self.windows.payload),
                         last_index.eq(self.windows.p.filter_length - 1),
                         last_psum.eq(self.windows.p.psums - 1)]
        m.d.sync += started.eq(self.windows.valid)
        word_now, index_now, psum_now = (
            Signal.like(word), Signal.like(index), Signal.like(psum))
        with m.If(~started):
            m.d.comb += [word_now.eq(word), index_now.eq(index), psum_now.eq(psum)]
        positions, last, lanes = self._positions(m, window, index_now, last_index)

        issued = started | active
        m.d.sync += [
            word.eq(word_now + 1), index.eq(Mux(last, 0, index_now + 1)),
            psum.eq(Mux(last, psum_now + 1, psum_now)),
            active.eq(issued & ~(last & (psum_now == last_psum))),
        ]
        op = data_register(m, self.operations.payload, "operation")
        m.d.sync += [
            self.operations.valid.eq(issued), self.lanes.eq(lanes),
            op.mode.eq(window.mode), op.columns.eq(window.columns),
            op.first.eq(index_now == 0), op.last.eq(last),
            op.filter.eq(Cat(word_now, window.bank)),
            op.psum.eq(Cat(psum_now[:len(op.psum) - 1], window.half)),
        ]
        m.d.sync += [op.ifmap[i].eq(position) for i, position in enumerate(positions)]
        return m

    def _positions(self, m, window, index, last_index):
        """Positions in the ring, last and lane count of the operation at hand."""
        config = self._config
        last = Signal()
        lanes = Signal(config.lane_count_bits)
        m.d.comb += last.eq(index == last_index)
        if not config.lane_addresses:
            m.d.comb += lanes.eq(config.lanes)
            return [window.ring_base + index], last, lanes
        m.submodules.sequence = sequence = Store(
            shape=sequence_layout(config), depth=2 * config.filter_words)
        write_port, read_port = sequence.write_port(), sequence.read_port()
        address = Signal(ceil_log2(config.filter_words))
        following = Signal.like(address)
        bank = Signal()
        with m.If(self.windows.valid):
            m.d.comb += bank.eq(self.windows.p.bank)
        with m.Else():
            m.d.comb += [address.eq(following), bank.eq(window.bank)]
        m.d.sync += following.eq(address + 1)
        m.d.comb += [
            write_port.addr.eq(Cat(self.load.address, self.load.bank)),
            write_port.data.eq(self.load.data), write_port.en.eq(self.is_mine),
            read_port.addr.eq(Cat(address, bank)),
        ]
        m.d.comb += lanes.eq(config.lanes)
        with m.If(window.lane_offsets):
            m.d.comb += [last.eq(read_port.data.last), lanes.eq(read_port.data.lanes)]
        choices = ceil_log2(config.reach)
        goes_on, start = Signal(), Signal(config.position_bits)
        m.d.comb += [goes_on.eq(window.lane_offsets & (index != 0)),
                     start.eq(window.ring_base << choices)]
        positions = []
        for lane, step in enumerate(read_port.data.steps):
            before, position = (Signal(config.position_bits, name=f"{name}_{lane}", reset_less=True)
                                for name in ("before", "position"))
            from_here = Mux(goes_on, before, start)
            amount = Mux(window.lane_offsets, step, index << choices)
            m.d.comb += position.eq((Cat(1, from_here) + Cat(goes_on, amount))[1:])
            m.d.sync += before.eq(position)
            positions.append(position)
        return positions, last, lanes
