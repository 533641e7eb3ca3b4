"""Where a search runs: processes of this machine, or a Dask cluster."""

from contextlib import contextmanager

from energy.search.workers import cluster, processes

__all__ = ["chosen_executor"]


@contextmanager
def chosen_executor(workers, scheduler):
    """(executor, evaluations under way at a time)."""
    if scheduler is None:
        with processes(workers) as executor:
            yield executor, workers
    else:
        with cluster(scheduler) as (executor, threads):
            yield executor, 2 * threads
