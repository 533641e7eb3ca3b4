"""What the array holds during each pass: stream ids and sequences, from the loads before it."""

import numpy as np

from hw.program import Opcode, Target

__all__ = ["ArrayContents"]


class ArrayContents:
    """Counts that depend on loaded data, for all passes of a program.

    Parameters
    ----------
    program : Program
    decoded : DecodedProgram
    """

    def __init__(self, program, decoded):
        self._program = program
        self._config = program.config
        self._decoded = decoded
        self._loads = list(zip(*decoded.fields(
            Opcode.LOAD, "target", "bank", "address", "beats", "words"), strict=True))
        self._work = {}
        self._kept = {}

    def _in_force(self, target, bank_field):
        """For each pass, the index of the load of this kind whose bank it uses; -1 for none."""
        loads = self._decoded.places(Opcode.LOAD)
        passes = self._decoded.places(Opcode.PASS)
        banks, = self._decoded.fields(Opcode.PASS, bank_field)
        of_target = np.array([load[0] == target for load in self._loads], dtype=bool)
        bank_of = np.array([load[1] for load in self._loads], dtype=np.int64)
        found = np.full(len(passes), -1)
        for bank in range(2):
            mine = np.flatnonzero(of_target & (bank_of == bank))
            if not len(mine):
                continue
            last = np.searchsorted(loads[mine], passes) - 1
            found = np.where((banks == bank) & (last >= 0), mine[np.maximum(last, 0)], found)
        return found

    def elements(self, streams):
        """Elements that keep words of the first so many streams, for each pass."""
        loads = self._in_force(Target.MAP, "map_bank")
        kept = [self._elements_of(load, int(count)) for load, count in
                zip(loads.tolist(), streams, strict=True)]
        return np.array(kept, np.int64)

    def _elements_of(self, load, streams):
        key = load, streams
        if key not in self._kept:
            ids = self._data(load)[:, :self._config.cols]
            self._kept[key] = int((ids < streams).sum())
        return self._kept[key]

    def _data(self, load):
        """The beats of a load, uint8 [beats, 16]."""
        _, _, address, beats, _ = self._loads[load]
        size = self._config.BEAT_BYTES
        return self._program.image[address:address + beats * size].reshape(-1, size)

    def row_work(self):
        """Operations, and lanes with a weight in them, of one window in one column, each pass."""
        psums, length, rows, offsets = self._decoded.fields(
            Opcode.PASS, "psums", "filter_length", "rows_enable", "lane_offsets")
        active = np.array([int(one).bit_count() for one in rows], np.int64)
        words = active * psums * length
        lanes = words * self._config.lanes
        sequenced = np.flatnonzero(offsets)
        if len(sequenced):
            loads = self._in_force(Target.SEQUENCE, "bank")
            for place in sequenced.tolist():
                words[place], lanes[place] = self._sequence_work(
                    int(loads[place]), int(psums[place]), int(rows[place]))
        return words, lanes

    def _sequence_work(self, load, psums, rows_enable):
        key = self._loads[load][2], psums, rows_enable
        if key not in self._work:
            words, share = self._loads[load][4], self._config.sequence_rows_per_beat
            bits = np.unpackbits(self._data(load), axis=1, bitorder="little")
            bits = bits.reshape(words, -1, self._config.BEAT_BITS // share)
            lane_bits = bits[..., 1:1 + self._config.lane_count_bits].astype(np.int64)
            lanes = (lane_bits << np.arange(lane_bits.shape[-1])).sum(axis=-1)
            ends = bits[..., 0]
            words = lane_total = 0
            for row in range(self._config.rows):
                if rows_enable >> row & 1:
                    used = int(np.flatnonzero(ends[:, row])[psums - 1]) + 1
                    words += used
                    lane_total += int(lanes[:used, row].sum())
            self._work[key] = words, lane_total
        return self._work[key]
