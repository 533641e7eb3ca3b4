"""Processing latency of a mapping: DRAM traffic hidden, everything on the chip counted."""

from dataclasses import dataclass

from energy.eyeriss.chip import EYERISS

__all__ = ["PassCycles", "pass_cycles", "processing_cycles", "processing_seconds"]


@dataclass(frozen=True)
class PassCycles:
    """What the cycles of one processing pass go to.

    Parameters
    ----------
    mac_cycles : int
        Products of one element; one each cycle, zeros gated but not skipped.
    psum_cycles : int
        Psums of the array over the network into it; as many leave over the other one.
    ifmap_cycles : int
        Ifmap values over their network.
    chain_cycles : int
        Until the top element of a column has its first psum: each element starts a psum from the
        one below, so it starts its first window when the element below ends its own.
    filter_cycles : int
        Loading of filters that is not hidden behind elements further up finishing the pass before.
    """

    mac_cycles: int
    psum_cycles: int
    ifmap_cycles: int
    chain_cycles: int
    filter_cycles: int

    @property
    def stream_cycles(self):
        """The slowest of what runs side by side."""
        return max(self.mac_cycles, self.psum_cycles, self.ifmap_cycles)

    @property
    def bound_by(self):
        """Which of these is the slowest: MACs, psums or ifmaps."""
        return max((self.mac_cycles, "MACs"), (self.psum_cycles, "psums"),
                   (self.ifmap_cycles, "ifmaps"), key=lambda one: one[0])[1]

    @property
    def total_cycles(self):
        """From the start of a pass to the start of the next."""
        return self.stream_cycles + self.chain_cycles + self.filter_cycles


def _exposed_filter_cycles(elements, load_cycles, skew_cycles):
    """How much later than the end of a pass the next can start, for its filters.

    Elements of a column end the pass one skew after the other, bottom first; each has one filter
    scratchpad, loaded as soon as its element is done, one after the other over one network; an
    element needs its filters a skew after the one below.
    """
    loaded, start = -(elements - 1) * skew_cycles, 0
    for element in range(elements):
        done = (element - elements + 1) * skew_cycles
        loaded = max(loaded, done) + load_cycles
        start = max(start, loaded - element * skew_cycles)
    return start


def pass_cycles(shape, mapping, columns, images, chip=EYERISS):
    """Cycles of one pass over a strip.

    Parameters
    ----------
    shape : ConvShape
    mapping : EyerissMapping
        Its p, q, r and t are fixed for a layer, so a last pass with fewer filters or channels
        takes as long.
    columns : int
        Ofmap rows of the strip.
    images : int
        Images of the pass.
    chip : EyerissChip
    """
    windows = images * shape.out_width
    taps = mapping.q * shape.kernel_width
    elements = shape.kernel_height * mapping.r
    skew = mapping.p * (taps - 1) + chip.hop_cycles
    load = mapping.t * -(-mapping.p * taps // chip.filter_bus_words)
    ifmap_words = (images * mapping.pass_channels * shape.strip_rows(columns)
                   * shape.padded_width)
    return PassCycles(
        mac_cycles=windows * mapping.p * taps,
        psum_cycles=windows * mapping.t * columns * -(-mapping.p // chip.psum_bus_words),
        ifmap_cycles=-(-ifmap_words // chip.ifmap_bus_words),
        chain_cycles=(elements - 1) * skew,
        filter_cycles=_exposed_filter_cycles(elements, load, skew))


def processing_cycles(shape, mapping, batch, chip=EYERISS):
    """Cycles of a layer's passes for a batch."""
    repeats = shape.groups * mapping.filter_passes(shape) * mapping.channel_passes(shape)
    return repeats * sum(pass_cycles(shape, mapping, columns, images, chip).total_cycles
                         for columns in mapping.strips(shape)
                         for images in mapping.image_groups(batch))


def processing_seconds(shape, mapping, batch, chip=EYERISS):
    """Processing latency in seconds, as in Table V of the JSSC paper."""
    return processing_cycles(shape, mapping, batch, chip) / chip.clock_hz
