"""Image sets: a few hundred images that come along, and full sets from a folder."""

from dataclasses import dataclass
import gzip
from importlib import resources
from pathlib import Path

import numpy as np

from model.errors import InputError

__all__ = ["DATASETS", "Dataset", "bundled", "read_folder"]

_FOLDERS = {"mnist": "mnist", "fashion": "fashion_mnist"}
DATASETS = tuple(_FOLDERS)
"""Names of the image sets."""

_MAX_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their classes.

    Parameters
    ----------
    name : str
    images : ndarray of uint8, shape [images, height, width, channels]
    labels : ndarray of uint8, shape [images]
    """

    name: str
    images: np.ndarray
    labels: np.ndarray

    def first(self, count):
        """The first so many."""
        return Dataset(self.name, self.images[:count], self.labels[:count])


def bundled():
    """The first 300 test images of Fashion-MNIST (MIT licence; see the folder's NOTICE)."""
    folder = resources.files("model") / "data"
    images, labels = (folder / f"fashion-300-{name}-ubyte.gz"
                      for name in ("images-idx3", "labels-idx1"))
    return Dataset("fashion", _images(_unzip(images), images), _labels(_unzip(labels), labels))


def read_folder(folder, name, part="t10k"):
    """A set from the IDX files of its authors, in ``folder`` or in the set's folder below it.

    Parameters
    ----------
    folder : path
    name : str
        One of ``DATASETS``.
    part : str
        ``t10k`` or ``train``.

    Raises
    ------
    InputError
        If files are missing or damaged; the file is named.
    """
    if name not in _FOLDERS:
        raise InputError(f"image set must be one of {', '.join(DATASETS)}, not {name}")
    parts = {}
    for what, dimensions in (("images", 3), ("labels", 1)):
        file_name = f"{part}-{what}-idx{dimensions}-ubyte"
        places = [base / f"{file_name}{suffix}" for suffix in (".gz", "")
                  for base in (Path(folder) / _FOLDERS[name], Path(folder))]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise InputError(f"{folder} must hold {_FOLDERS[name]}/{file_name}.gz, and does not")
        content = _unzip(found) if found.suffix == ".gz" else found.read_bytes()
        parts[what] = (_images if what == "images" else _labels)(content, found)
    if len(parts["images"]) != len(parts["labels"]):
        raise InputError(f"{folder}: images and labels must be equally many, not "
                         f"{len(parts['images'])} and {len(parts['labels'])}")
    return Dataset(name, parts["images"], parts["labels"])


def _unzip(place):
    try:
        with place.open("rb") as file, gzip.open(file) as unzipped:
            content = unzipped.read(_MAX_BYTES + 1)
    except (OSError, EOFError) as error:
        raise InputError(f"{place} must be a whole gzip file: {error}") from None
    if len(content) > _MAX_BYTES:
        raise InputError(f"{place} must hold at most {_MAX_BYTES} bytes")
    return content


def _images(content, place):
    return _idx(content, 3, place)[..., None]


def _labels(content, place):
    return _idx(content, 1, place)


def _idx(content, dimensions, place):
    """An IDX array of unsigned bytes (yann.lecun.com/exdb/mnist, "the IDX file format")."""
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes([0, 0, 8, dimensions]):
        raise InputError(f"{place} must be an IDX file of bytes in {dimensions} dimensions")
    shape = [int.from_bytes(content[4 + 4 * i:8 + 4 * i], "big") for i in range(dimensions)]
    size = 1
    for length in shape:
        size *= length
    if size != len(content) - start:
        raise InputError(f"{place} must hold {size} bytes of data, not {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
