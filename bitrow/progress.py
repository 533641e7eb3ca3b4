"""Progress on standard error."""

from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["run_progress", "search_progress", "step_progress", "trial_progress"]


def _description():
    """What is at hand, as it is: names from files are not markup."""
    return TextColumn("{task.description}", markup=False)


@contextmanager
def run_progress(name, images):
    """A callable for ``run_network``'s ``progress``, shown as a bar while the context lasts."""
    columns = (_description(), BarColumn(),
               TextColumn("{task.completed}/{task.total} images"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=images)
        yield lambda line, done: bar.update(task, description=f"{name}: {line}", completed=done)


@contextmanager
def step_progress(name):
    """A callable for a line about each step, shown with the time while the context lasts."""
    columns = (_description(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda line: bar.update(task, description=f"{name}: {line}")


@contextmanager
def trial_progress(name, trials):
    """A callable for the number of trials that are through, shown while the context lasts.

    A bar on a terminal; elsewhere a line after each tenth.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _tenths(console, name, trials)
        return
    columns = (_description(), BarColumn(), MofNCompleteColumn(), TextColumn("trials"),
               TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=trials)
        yield lambda done: bar.update(task, completed=done)


def _tenths(console, name, trials):
    said = [0]

    def say(done):
        if 10 * done // trials > said[0]:
            said[0] = 10 * done // trials
            console.print(f"{name}: {done} of {trials} trials", markup=False, highlight=False,
                          soft_wrap=True)

    return say


@contextmanager
def search_progress(unit):
    """A callable for (what is tried, how many are done, of how many), shown as a bar."""
    columns = (_description(), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
               TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("costs", total=None)
        yield lambda what, done, count: bar.update(task, description=what, completed=done,
                                                   total=count)
