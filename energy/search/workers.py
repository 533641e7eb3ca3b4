"""Where evaluations run: processes of this machine, or a Dask cluster."""

from asyncio import CancelledError as AsyncCancelled
from concurrent.futures import BrokenExecutor, CancelledError, ProcessPoolExecutor
from contextlib import contextmanager
import logging
import multiprocessing
from multiprocessing import resource_tracker
import os
import socket
import threading

from energy.search.interruption import SearchStopped, signals_held_back
from model.errors import InputError

__all__ = ["cluster", "processes"]

_CONNECT_SECONDS = 10
_SCHEMES = ("tcp", "inproc")


@contextmanager
def processes(count):
    """An executor of so many processes, while the context lasts.

    They end with this process, whatever ends it, and at once where the context ends by an
    exception; what a terminal sends to all does not reach them.

    Raises
    ------
    SearchStopped
        If one of them is lost.
    """
    with signals_held_back():
        resource_tracker.ensure_running()
    before = set(multiprocessing.active_children())
    executor = _Processes(count, mp_context=multiprocessing.get_context("spawn"),
                          initializer=_end_with_parent)
    try:
        yield executor
    except BaseException as error:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        if isinstance(error, BrokenExecutor):
            raise SearchStopped("a process that evaluates was lost: too little memory, or ended "
                                "from outside") from None
        raise
    finally:
        executor.shutdown(cancel_futures=True)


class _Processes(ProcessPoolExecutor):
    """Starts processes that a terminal's signals do not reach."""

    def submit(self, function, /, *arguments, **options):
        with signals_held_back():
            return super().submit(function, *arguments, **options)


def _end_with_parent():
    """Ends this process when the one that started it is gone."""
    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def cluster(address):
    """(executor, threads) of the Dask cluster whose scheduler has this address.

    Raises
    ------
    InputError
        If the package is missing, nothing answers, or there are no workers.
    SearchStopped
        If the scheduler or workers are lost.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise InputError("--scheduler must find the package distributed, which is not installed: "
                         "pip install 'bitrow[explore]'") from None
    # Its tracebacks are about what is said here in a sentence.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    client = _client(Client, address)
    try:
        threads = sum(client.nthreads().values())
        if threads == 0:
            raise InputError(f"--scheduler must have workers, and {address} has none")
        executor = client.get_executor()
        try:
            yield executor, threads
        finally:
            executor.shutdown(wait=False)
    except (CancelledError, AsyncCancelled, KilledWorker, OSError) as error:
        raise SearchStopped(f"the Dask cluster at {address} was lost: "
                            f"{type(error).__name__}") from None
    finally:
        client.close()


def _client(kind, address):
    """A Dask client; an address that nothing listens at is refused before one is made."""
    try:
        _check_address(address)
        return kind(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, OverflowError, TypeError) as error:
        raise InputError("--scheduler must be the address of a Dask scheduler as "
                         f"tcp://host:8786, not {address}: {type(error).__name__}") from None


def _check_address(address):
    scheme, between, place = address.rpartition("://")
    if between and scheme not in _SCHEMES:
        raise ValueError(address)
    if scheme != "inproc":
        host, _, port = place.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
