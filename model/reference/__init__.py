"""The reference networks: trained, folded to integers, and committed as network files."""

from importlib import resources

from model.errors import InputError
from model.network_file import SUFFIX, from_bytes

__all__ = ["load", "names"]


def names():
    """Names of all reference networks, MNIST first."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    found = [name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX)]
    return sorted(found, key=lambda name: (not name.startswith("mnist"), name))


def load(name):
    """A reference network.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if name not in names():
        raise InputError(f"network must be a file or one of {', '.join(names())}, not {name}")
    return from_bytes((resources.files(__name__) / f"{name}{SUFFIX}").read_bytes())
