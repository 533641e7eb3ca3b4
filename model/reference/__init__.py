"""The reference networks: trained, folded to integers, and committed as network files; and one
in floats, to quantize.
"""

from importlib import resources
from pathlib import Path

from model.errors import InputError
from model.network_file import SUFFIX, from_bytes

__all__ = ["float_names", "float_path", "load", "names"]

_FLOAT_SUFFIX = ".onnx"


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


def float_names():
    """Names of all float networks, which ``bitrow quantize`` takes."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(_FLOAT_SUFFIX) for name in files
                  if name.endswith(_FLOAT_SUFFIX))


def float_path(name):
    """The ONNX file of a float network; raises InputError if there is none of this name."""
    if name not in float_names():
        raise InputError(f"network must be an .onnx file or one of {', '.join(float_names())}, "
                         f"not {name}")
    return Path(str(resources.files(__name__) / f"{name}{_FLOAT_SUFFIX}"))
