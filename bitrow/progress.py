"""Progress on standard error."""

from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["run_progress", "step_progress", "trial_progress"]


@contextmanager
def run_progress(name, images):
    """A callable for ``run_network``'s ``progress``, shown as a bar while the context lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(),
               TextColumn("{task.completed}/{task.total} images"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=images)
        yield lambda line, done: bar.update(task, description=f"{name}: {line}", completed=done)


@contextmanager
def step_progress(name):
    """A callable for a line about each step, shown with the time while the context lasts."""
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda line: bar.update(task, description=f"{name}: {line}")


@contextmanager
def trial_progress(name, trials):
    """A callable for the number of trials that are through, shown while the context lasts."""
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TextColumn("trials"),
               TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=trials)
        yield lambda done: bar.update(task, completed=done)
