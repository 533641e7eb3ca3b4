"""The windows of one pass: when each is fed, begins and ends."""

__all__ = ["run_windows"]

_PERIODS = (1, 2)
"""After how many windows the pattern may repeat: two steps are under way at once."""


def run_windows(*, visit, end, drained_from, step_free, first_words, step_words, positions,
                window_cycles, drain_cycles, not_before, feed_latency):
    """Runs the recurrences of feeder and window engine over the windows of a pass.

    They only add constants and take maxima, so once all their cycles have moved on by the same
    number, over one or two windows, they go on so; whole spans of windows are then passed over.

    Parameters
    ----------
    visit, end, drained_from : int
        Cycles in which the pass is taken by the feeder, in which the window before ended, and from
        which a window may end because psums are drained.
    step_free : (int, int)
        Ends of the last two windows: the next two steps may be fed after them.
    first_words, step_words, positions, window_cycles, drain_cycles : int
        As ``Timeline.array_pass`` says.
    not_before : int
        First cycle in which a window may start.
    feed_latency : int
        Cycles from the visit of a word to the word on the network.

    Returns
    -------
    first, visit, end, drained_from, step_free
        The cycle in which the first window begins; the others after the last window.
    """
    before_last, last = step_free
    words, left, first = first_words, positions, None
    history = []
    while left:
        visit = max(visit + 1, before_last + 1) + words - 1
        words = step_words
        start = max(end + 1, visit + feed_latency + 1, not_before)
        first = start if first is None else first
        end = max(start + window_cycles - 1, drained_from)
        drained_from = end + drain_cycles
        before_last, last = last, end
        left -= 1
        state = (visit, end, drained_from, before_last, last)
        for period in _PERIODS:
            if left < 2 * period or len(history) < period:
                continue
            moved = {now - then for now, then in zip(state, history[-period], strict=True)}
            if len(moved) == 1:
                shift = moved.pop() * (left // period)
                visit, end, drained_from, before_last, last = (one + shift for one in state)
                left %= period
                history.clear()
                break
        else:
            history.append(state)
    return first, visit, end, drained_from, (before_last, last)
