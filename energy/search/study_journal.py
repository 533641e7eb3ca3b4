"""Optuna studies in a journal: a file that a study can be taken up from again."""

from contextlib import contextmanager
import fcntl
from math import isfinite
from pathlib import Path

from energy.search.interruption import SearchStopped
from model.errors import InputError

__all__ = ["check_figures", "check_seed", "held_journal", "open_journal", "open_study",
           "optuna_package", "reading_journal", "writing_journal"]

_SEEDS = 2 ** 31


def optuna_package():
    """The ``optuna`` package, which only searches need."""
    try:
        import optuna
    except ImportError:
        raise InputError("exploring must find the package optuna, which is not installed: "
                         "pip install 'bitrow[explore]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def check_seed(seed):
    """Raises InputError unless a sampler can begin with it."""
    if not 0 <= seed < _SEEDS:
        raise InputError(f"seed must be from 0 to {_SEEDS - 1}, not {seed}")


@contextmanager
def held_journal(path):
    """Keeps the journal to this process while the context lasts; mends its end first.

    The system lets go of it when the process ends, however it does.

    Parameters
    ----------
    path : Path
        Made where there is none.

    Yields
    ------
    str
        What was mended, a sentence; else empty. A line that was not written to its end is moved
        to the same name with ``.cut`` behind.

    Raises
    ------
    InputError
        If another process holds it, or it is no file.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path} must be the journal of an exploration or a place for one")
    try:
        file = path.open("ab")
    except OSError as error:
        raise _no_journal(path, error) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{path} must not be in use: another run goes on in that "
                             "folder") from None
        try:
            mended = _mend(path)
        except OSError as error:
            raise _no_journal(path, error) from None
        yield mended


def _mend(path):
    """Moves what follows the last whole line to a file beside."""
    content = path.read_bytes()
    whole = _whole(content)
    if whole == len(content):
        return ""
    cut = Path(f"{path}.cut")
    cut.write_bytes(content[whole:])
    with path.open("r+b") as file:
        file.truncate(whole)
    return (f"{path}: the last line was not written to its end; its {len(content) - whole} bytes "
            f"are in {cut}, all before them is used")


def _whole(content):
    """Bytes of whole lines."""
    return content.rfind(b"\n") + 1


def open_journal(path):
    """The storage in a file, which is made where there is none; raises InputError.

    It has no lock of its own: ``held_journal`` keeps others out.
    """
    optuna = optuna_package()
    with reading_journal(path):
        if path.exists() and _whole(path.read_bytes()) != path.stat().st_size:
            raise ValueError(path)
        return optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(path), _NoLock()))


class _NoLock:
    """As the package's locks, which outlive a process that was killed."""

    def acquire(self):
        return True

    def release(self):
        pass


def open_study(path, title, directions):
    """The study of a title in a journal; what was cut off in it has failed.

    Parameters
    ----------
    path : Path
    title : str
    directions : list of str
        ``minimize`` or ``maximize`` for each figure.

    Raises
    ------
    InputError
        If the file is no journal.
    SearchStopped
        If it cannot be written to.
    """
    optuna, storage = optuna_package(), open_journal(path)
    with reading_journal(path), writing_journal(path):
        study = optuna.create_study(storage=storage, study_name=title, directions=directions,
                                    load_if_exists=True)
        if len(study.directions) != len(directions):
            raise ValueError(study.directions)
        for trial in study.get_trials(deepcopy=False):
            if not trial.state.is_finished():
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


@contextmanager
def reading_journal(path):
    """One sentence for whatever a damaged journal leads to while it is read."""
    try:
        yield
    except (InputError, SearchStopped):
        raise
    except Exception as error:
        raise _no_journal(path, error) from None


@contextmanager
def writing_journal(path):
    """One sentence where a journal cannot be written to."""
    try:
        yield
    except OSError as error:
        raise SearchStopped(f"{path} could not be written to: {error.strerror}") from None


def check_figures(*values):
    """Raises ValueError unless what a journal holds as figures are finite numbers."""
    for value in values:
        if not isinstance(value, (int, float)) or not isfinite(value):
            raise ValueError(value)


def _no_journal(path, error):
    return InputError(f"{path} must be the journal of an exploration or a place for one: "
                      f"{getattr(error, 'strerror', None) or type(error).__name__}")
