"""Optuna studies in a journal: a file that a study can be taken up from again."""

from model.errors import InputError

__all__ = ["open_journal", "open_study", "optuna_package"]


def optuna_package():
    """The ``optuna`` package, which only searches need."""
    try:
        import optuna
    except ImportError:
        raise InputError("exploring must find the package optuna, which is not installed: "
                         "pip install 'bitrow[explore]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def open_journal(path):
    """The storage in a file, which is made where there is none; raises InputError."""
    optuna = optuna_package()
    try:
        return optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(path)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_journal(path, error) from None


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
    """
    optuna, storage = optuna_package(), open_journal(path)
    try:
        study = optuna.create_study(storage=storage, study_name=title, directions=directions,
                                    load_if_exists=True)
        for trial in study.get_trials(deepcopy=False):
            if not trial.state.is_finished():
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_journal(path, error) from None
    return study


def _no_journal(path, error):
    return InputError(f"{path} must be the journal of an exploration or a place for one: "
                      f"{type(error).__name__}")
