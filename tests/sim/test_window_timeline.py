"""Windows that are passed over: as if they had been gone through one by one."""

import numpy as np

from hw.config import CONFIGS
from hw.feeder import FEED_LATENCY
from hw.post_timing import PostTiming
from sim.window_timeline import WindowTimeline

TINY = CONFIGS["tiny"]


class NaiveWindows:
    """One window after the other, fed word by word."""

    def __init__(self):
        self.ends, self.drained = [0, 0], 0

    def run(self, fields, words, step_words, visit, held_until, not_before):
        first = None
        for _ in range(fields["positions"]):
            visit = max(visit, self.ends[-2])
            for word in range(words):
                visit += 1
                while word == words - 1 and visit < held_until:
                    visit += 1
            words = step_words
            start = max(self.ends[-1] + 1, visit + FEED_LATENCY + 1, not_before)
            first = start if first is None else first
            self.ends.append(max(start + fields["window_cycles"] - 1, self.drained))
            self.drained = self.ends[-1] + fields["drain_cycles"]
        self.drained += PostTiming(TINY).pass_gap
        return first, visit


def test_windows_passed_over_change_nothing():
    for seed in range(100):
        generator = np.random.default_rng(seed)
        windows, naive, visit = WindowTimeline(TINY), NaiveWindows(), 0
        for _ in range(8):
            visit += int(generator.integers(1, 60))
            fields = {key: int(generator.integers(1, 30)) for key in (
                "positions", "window_cycles", "drain_cycles", "drains", "drain_step")}
            first, step, later = (int(generator.integers(1, 30)) for _ in range(3))
            held_until = visit + int(generator.integers(-20, 60))
            arguments = fields | {"final": 0}, first, step, visit, held_until, visit + later
            found = windows.run(*arguments)
            assert found == naive.run(*arguments), seed
            assert windows.end == naive.ends[-1], seed
            visit = found[1]
