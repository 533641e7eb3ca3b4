"""Where evaluations run: processes of this machine, or a Dask cluster."""

from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from model.errors import InputError

__all__ = ["cluster", "processes"]

_CONNECT_SECONDS = 10


@contextmanager
def processes(count):
    """An executor of so many processes, while the context lasts."""
    executor = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def cluster(address):
    """(executor, threads) of the Dask cluster whose scheduler has this address.

    Raises
    ------
    InputError
        If the package is missing, nothing answers, or there are no workers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler must find the package distributed, which is not installed: "
                         "pip install 'bitrow[explore]'") from None
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--scheduler must be the address of a Dask scheduler, not {address}: "
                         f"{type(error).__name__}") from None
    try:
        threads = sum(client.nthreads().values())
        if threads == 0:
            raise InputError(f"--scheduler must have workers, and {address} has none")
        with client.get_executor() as executor:
            yield executor, threads
    finally:
        client.close()
