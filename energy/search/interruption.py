"""What stops a search: signals, and failures of what it runs on."""

from contextlib import contextmanager
import signal
import threading

__all__ = ["SearchStopped", "signals_held_back", "stopped_by_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OF_TERMINALS = (signal.SIGINT, signal.SIGHUP)
"""Go to all processes that a terminal started."""


class SearchStopped(RuntimeError):
    """A search that could not go on; what it found so far stays in its journal."""


@contextmanager
def stopped_by_signals():
    """The first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt; later ones are ignored.

    Signals that were ignored before stay so, as under ``nohup``. Only the main thread takes
    signals; in others nothing changes.
    """
    def stop(number, frame):
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = _handlers()
    try:
        for one in before:
            signal.signal(one, stop)
        yield
    finally:
        _set(before)


@contextmanager
def signals_held_back():
    """Signals that come act when the context ends, none in between.

    Processes that are started meanwhile never get what a terminal sends to all.
    """
    came = []
    before = _handlers()
    for one in before:
        signal.signal(one, lambda number, frame: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _set(before)
        for one in came[:1]:
            signal.raise_signal(one)


def _handlers():
    """Handler by signal, of those that can be replaced here and are not ignored."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {one: signal.getsignal(one) for one in _SIGNALS}
    return {one: handler for one, handler in found.items()
            if handler not in (None, signal.SIG_IGN)}


def _set(handlers):
    for one, handler in handlers.items():
        signal.signal(one, handler)
