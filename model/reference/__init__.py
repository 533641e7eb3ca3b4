"""The reference networks: trained, folded to integers, and committed as network files; those that
Deep Compression made small in their compressed form; and one in floats, to quantize.
"""

from importlib import resources
from pathlib import Path

from model.compression.compressed_file import SUFFIX as COMPRESSED_SUFFIX
from model.compression.compressed_network_file import network_from_bytes
from model.errors import InputError
from model.network_file import SUFFIX, from_bytes

__all__ = ["compressed_bytes", "compressed_names", "float_names", "float_path", "load",
           "load_compressed", "names"]

_FLOAT_SUFFIX = ".onnx"


def names():
    """Names of the reference networks of the four families, MNIST first."""
    return sorted(_names(SUFFIX), key=lambda name: (not name.startswith("mnist"), name))


def compressed_names():
    """Names of the compressed networks."""
    return _names(COMPRESSED_SUFFIX)


def float_names():
    """Names of all float networks, which ``bitrow quantize`` takes."""
    return _names(_FLOAT_SUFFIX)


def _names(suffix):
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(suffix) for name in files if name.endswith(suffix))


def load(name):
    """A reference network, or the integer network of a compressed one.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if name in compressed_names():
        return load_compressed(name).network
    if name not in names():
        raise InputError("network must be a file or one of "
                         f"{', '.join([*names(), *compressed_names()])}, not {name}")
    return from_bytes(_content(name, SUFFIX))


def load_compressed(name):
    """A ``CompressedNetwork``; raises InputError if there is none of this name."""
    if name not in compressed_names():
        raise InputError(f"compressed network must be one of {', '.join(compressed_names())}, "
                         f"not {name}")
    return network_from_bytes(_content(name, COMPRESSED_SUFFIX))


def compressed_bytes(name):
    """Bytes that a compressed network's file takes."""
    return len(_content(name, COMPRESSED_SUFFIX))


def float_path(name):
    """The ONNX file of a float network; raises InputError if there is none of this name."""
    if name not in float_names():
        raise InputError(f"network must be an .onnx file or one of {', '.join(float_names())}, "
                         f"not {name}")
    return Path(str(resources.files(__name__) / f"{name}{_FLOAT_SUFFIX}"))


def _content(name, suffix):
    return (resources.files(__name__) / f"{name}{suffix}").read_bytes()
