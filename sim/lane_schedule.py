"""The lane schedule: which lane multiplies which weight in which word, without the zeros."""

from dataclasses import dataclass

import numpy as np

__all__ = ["LaneSchedule", "least_words", "schedule_lanes"]

@dataclass(frozen=True, eq=False)
class LaneSchedule:
    """The words of some filters; each index counts weights, or steps over zeros, one by one.

    Parameters
    ----------
    words : ndarray of int64, shape [filters]
        Words that each filter takes.
    filters, places, lanes : ndarrays of int64, shape [entries]
        Filter, word within it, and lane of each entry.
    offsets, channels : ndarrays of int64, shape [entries]
        The weight that the lane takes there; channel -1 where it only steps.
    steps : ndarray of int64, shape [entries]
        Positions passed over since the lane's entry before; a position is an offset of one of
        the lanes in reach.
    """

    words: np.ndarray
    filters: np.ndarray
    places: np.ndarray
    lanes: np.ndarray
    offsets: np.ndarray
    channels: np.ndarray
    steps: np.ndarray


def least_words(counts, reach):
    """The fewest words for so many weights in each channel, int64 [filters].

    A lane takes weights of its own channel and the ``reach - 1`` next ones, round the ring. What
    ``n`` channels side by side hold is done by at most ``n + reach - 1`` lanes; the fullest
    stretch says how many words it takes (Hall's theorem, for arcs of a ring).

    Parameters
    ----------
    counts : ndarray of int64, shape [filters, lanes]
    reach : int
    """
    lanes = counts.shape[1]
    words = np.maximum(-(-counts.sum(axis=1) // lanes), 1)
    sums = np.cumsum(np.concatenate([np.zeros_like(counts[:, :1]), counts, counts], axis=1), axis=1)
    for stretch in range(1, lanes):
        fullest = (sums[:, stretch:stretch + lanes] - sums[:, :lanes]).max(axis=1)
        words = np.maximum(words, -(-fullest // min(lanes, stretch + reach - 1)))
    return words


def schedule_lanes(given, reach, step_limit):
    """A schedule of all weights of some filters.

    Each channel's weights go in order of their offsets, the first ones to the farthest lane that
    takes any. A lane's weights go in order of their positions, ``offset * reach + (channel -
    lane)``; where the next is more than ``step_limit`` positions on, the lane steps over zeros.

    Parameters
    ----------
    given : ndarray of bool, shape [filters, offsets, lanes]
        Where the weights are.
    reach, step_limit : int

    Returns
    -------
    LaneSchedule
    """
    lanes = given.shape[2]
    filters, channels, offsets = np.nonzero(given.transpose(0, 2, 1))
    shares = _share(given.sum(axis=1), reach)
    rank = (given.cumsum(axis=1) - 1)[filters, offsets, channels]
    ends = shares[..., ::-1].cumsum(axis=-1)[filters, channels]
    distance = reach - 1 - (rank[:, None] >= ends).sum(axis=1)
    lane, position = (channels - distance) % lanes, offsets * reach + distance
    order = np.lexsort((position, lane, filters))
    filters, lane, position, offsets, channels = (
        array[order] for array in (filters, lane, position, offsets, channels))
    key = filters * lanes + lane
    starts = np.ones(len(key), dtype=bool)
    starts[1:] = key[1:] != key[:-1]
    before = np.where(starts, -1, np.concatenate([[-1], position[:-1]])[:len(key)])
    gap = position - before - 1
    stepping = gap // step_limit
    taken = np.cumsum(stepping + 1)
    first = np.flatnonzero(starts)
    base = np.repeat((taken - stepping - 1)[first], np.diff(np.append(first, len(key))))
    place = taken - base - 1
    words = np.ones(len(given), dtype=np.int64)
    np.maximum.at(words, filters, place + 1)
    extra = np.repeat(np.arange(len(key)), stepping)
    back = np.concatenate([np.arange(count, 0, -1) for count in stepping[stepping > 0]]
                          or [np.zeros(0, dtype=np.int64)])
    nothing = np.zeros_like(extra)
    return LaneSchedule(
        words, *(np.concatenate(pair) for pair in (
            (filters, filters[extra]), (place, place[extra] - back), (lane, lane[extra]),
            (offsets, nothing), (channels, nothing - 1),
            (gap - stepping * step_limit, nothing + step_limit - 1))))


def _share(counts, reach):
    """How many weights of each channel go to the lane so far below it, [filters, lanes, reach].

    The first channels may also be served from the other end of the ring: that much of them is set
    aside for it, less in each round, until what was set aside is what is taken there. With
    ``least_words`` there is such a share.
    """
    words = least_words(counts, reach)
    aside = np.where(np.arange(counts.shape[1]) < reach - 1, counts, 0)
    while True:
        shares, waiting = _go_round(counts - aside, aside, words, reach)
        if not waiting.any():
            return shares
        aside = aside - waiting


def _go_round(left, waiting, words, reach):
    """Shares, and what still waits, after one round.

    Lanes in order take the weights that only they are left to take, then those of the next
    channels, at most ``words``; beyond the last channel those that wait for it.
    """
    filters, lanes = left.shape
    waiting = waiting.copy()
    shares = np.zeros((filters, lanes, reach), dtype=np.int64)
    for lane in range(lanes):
        room = words.copy()
        for distance in range(reach):
            channel = (lane + distance) % lanes
            source = waiting if lane + distance >= lanes else left
            taken = np.minimum(room, source[:, channel])
            source[:, channel] -= taken
            room -= taken
            shares[:, channel, distance] += taken
    return shares, waiting
