"""Where a search runs, processes of this machine or a Dask cluster, and how it is stopped."""

from contextlib import contextmanager

from energy.search.interruption import SearchStopped
from energy.search.workers import cluster, processes

__all__ = ["chosen_executor", "stopped_by"]

_GOES_ON = "the same command goes on from here"


@contextmanager
def chosen_executor(workers, scheduler):
    """(executor, evaluations under way at a time)."""
    if scheduler is None:
        with processes(workers) as executor:
            yield executor, workers
    else:
        with cluster(scheduler) as (executor, threads):
            yield executor, 2 * threads


def stopped_by(error):
    """The sentence for what stopped a search: KeyboardInterrupt or ``SearchStopped``."""
    if isinstance(error, SearchStopped):
        return f"stopped: {error}; {_GOES_ON}"
    return f"stopped; {_GOES_ON}"
