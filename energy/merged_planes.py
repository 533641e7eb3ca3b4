"""What a program would count on the same mapping if no operand were cut into planes."""

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

from energy.instructions import layer_instructions
from hw.program import Opcode, Target
from sim.banks import Banks

__all__ = ["merged_counts"]

_OF_PASSES = ("mac_words", "mac_lanes", "buffer_reads", "ifmap_transfers", "ifmap_writes",
              "psum_writes", "psum_reads")
_OF_BANKS = ("bank_reads", "bank_writes")
_OF_INPUTS = ("dram_ifmap_beats", "buffer_writes")
_OF_OUTPUTS = ("dram_write_beats",)


def merged_counts(counts, program):
    """The counts of a program whose words hold whole operands.

    Of the passes that pair planes of the activations with planes of the weights one is left, and
    its filters; psums wait in their bank between these only; a pixel comes and leaves as one word.
    Folds, words, lanes and tiles stay, each tile with the loads that it has. Address sequences
    count as control, as they do not grow with the operands. How long that takes is not known:
    cycles are None where anything is merged.

    Parameters
    ----------
    counts : NetworkCounts
        Of one run of the program, without skipping (``energy.unskipped``).
    program : sim.program_image.Program

    Returns
    -------
    NetworkCounts
    """
    loads = _filter_loads(program)
    layers = []
    for index, (layer, compiled) in enumerate(zip(counts.layers, program.layers, strict=True)):
        shares = _Shares.of(compiled, layer.operands, program.config)
        events = {counter: _exact(events * shares.of_counter(counter))
                  for counter, events in layer.events.items()}
        events |= {name: loads[index][name] for name in ("dram_filter_beats", "filter_writes")}
        events["dram_control_beats"] += loads[index]["sequence_beats"]
        layers.append(replace(layer, events=events,
                              cycles=layer.cycles if shares == _Shares() else None))
    whole = all(layer.cycles is not None for layer in layers)
    return replace(counts, layers=tuple(layers), cycles=counts.cycles if whole else None)


@dataclass(frozen=True)
class _Shares:
    """What is left of the events of a layer.

    Parameters
    ----------
    passes, banks, inputs, outputs : Fraction
        Of what each pass does, of psums that wait between passes, of words that are loaded and of
        words that are written.
    """

    passes: Fraction = Fraction(1)
    banks: Fraction = Fraction(1)
    inputs: Fraction = Fraction(1)
    outputs: Fraction = Fraction(1)

    @classmethod
    def of(cls, compiled, operands, config):
        """Of a ``CompiledLayer``."""
        passes = [(one, step.runs) for step in compiled.steps for one in step.order]
        working = [(one, runs) for one, runs in passes if not one.plane.idle]
        every, work, ends = (sum(runs for _, runs in some) for some in (
            passes, working, [entry for entry in passes if entry[0].last]))
        left = sum(runs for one, runs in working if _is_kept(one.plane))
        waits = Fraction(every - work + left - ends, every - ends) if every > ends else Fraction(1)
        planes = {(one.plane.source, one.plane.act) for one, _ in working}
        inputs = {source for source, _ in planes}
        output_planes = -(-operands.output_bits // config.act_bits) if operands.output_bits else 1
        return cls(Fraction(left, work), waits, Fraction(len(inputs), len(planes)),
                   Fraction(1, output_planes))

    def of_counter(self, counter):
        """The share of a counter's events."""
        for counters, share in ((_OF_PASSES, self.passes), (_OF_BANKS, self.banks),
                                (_OF_INPUTS, self.inputs), (_OF_OUTPUTS, self.outputs)):
            if counter in counters:
                return share
        return Fraction(1)


def _is_kept(plane):
    """It is the first of the planes of its input."""
    return plane.act == plane.weight == 0


def _exact(events):
    return int(events) if events.denominator == 1 else float(events)


def _filter_loads(program):
    """For each layer the events of loading the filters of passes that are kept, and their
    sequences' beats on their own; no zero skipped.

    Filters that are in their bank since a pass before are not loaded, as in a program.
    """
    events = {index: Counter() for index in range(len(program.layers))}
    waiting, banks, config = {}, Banks(0), program.config
    passes = enumerate(_passes(program), start=1)
    for layer, opcode, fields in layer_instructions(program):
        if opcode is Opcode.LOAD:
            if fields["target"] == Target.FILTER:
                waiting[fields["bank"]] = layer, fields
            continue
        place, (key, one) = next(passes)
        of_layer, load = waiting.pop(fields["bank"], (None, None))
        if not _is_kept(one.plane):
            continue
        bank, wait = banks.place(key)
        banks.used(bank, place)
        if load is not None and wait is not None:
            words = fields["psums"] * one.fold.row_words(fields["filter_length"])
            events[of_layer] += Counter(
                dram_filter_beats=load["beats"] // load["words"] * words,
                filter_writes=words * config.rows * load["all_columns"],
                sequence_beats=config.sequence_row_groups * words if one.fold.shares > 1 else 0)
    return events


def _passes(program):
    """All passes in order, each behind a key that passes with the same filters share."""
    for index, layer in enumerate(program.layers):
        for number, step in enumerate(layer.steps):
            for run in range(step.runs):
                for one in step.order:
                    yield (index, number, run, one.group, one.fold.first), one
