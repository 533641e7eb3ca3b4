"""The cycle simulator: cycles and event counts of a program, without its RTL."""

from collections import Counter
from dataclasses import dataclass

from hw.counter_record import COUNTER_NAMES
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BEATS, INSTRUCTION_BYTES, Opcode, decode
from sim.event_counts import FilterContents, load_counts, pass_counts, step_words
from sim.raw_run import MemoryModel
from sim.timeline import Timeline

__all__ = ["Prediction", "predict"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a run will count.

    Parameters
    ----------
    cycles : int
        Of the whole run.
    records : tuple of dict
        For each layer its counter record: totals since the start, by ``COUNTER_NAMES``.
    """

    cycles: int
    records: tuple[dict[str, int], ...]

    @property
    def layers(self):
        """Each layer's own counts: record less the record before."""
        before = dict.fromkeys(COUNTER_NAMES, 0)
        layers = []
        for record in self.records:
            layers.append({name: record[name] - before[name] for name in COUNTER_NAMES})
            before = record
        return tuple(layers)


def predict(program, memory_model=MemoryModel()):
    """Predicts the run of a program, exactly.

    Parameters
    ----------
    program : Program
    memory_model : MemoryModel

    Returns
    -------
    Prediction
    """
    config = program.config
    timeline = Timeline(config, memory_model)
    contents = FilterContents(config)
    totals = Counter()
    records = []
    block_beats = BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS
    for index in range(program.instructions):
        if index % BLOCK_INSTRUCTIONS == 0:
            timeline.fetch(block_beats)
            totals["dram_read_beats"] += block_beats
        opcode, fields = decode(_instruction(program, index))
        if opcode is Opcode.LOAD:
            data = program.image[fields["address"]:][:fields["beats"] * config.BEAT_BYTES]
            contents.load(fields, data.reshape(-1, config.BEAT_BYTES))
            timeline.load(fields["beats"], fields["wait_passes"], fields["wait_outputs"])
            totals += load_counts(fields, config)
        elif opcode is Opcode.PASS:
            timeline.array_pass(step_words(fields), fields)
            totals += pass_counts(fields, contents, config)
        elif opcode is Opcode.MARK:
            totals["cycles"] = timeline.mark()
            records.append({name: totals[name] for name in COUNTER_NAMES})
        else:
            break
    return Prediction(timeline.end(), tuple(records))


def _instruction(program, index):
    start = program.start_address + index * INSTRUCTION_BYTES
    return program.image[start:start + INSTRUCTION_BYTES].tobytes()
