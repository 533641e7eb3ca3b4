"""Image sets: a few hundred images that come along, and full sets from a folder."""

from dataclasses import dataclass
import gzip
from importlib import resources
from pathlib import Path
from zipfile import BadZipFile
import zlib

import numpy as np

from model.errors import InputError

__all__ = ["DATASETS", "Dataset", "bundled", "read_arrays", "read_folder"]

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


def read_arrays(path):
    """A set from a NumPy file: ``images`` uint8 [images, height, width(, channels)], ``labels``.

    Parameters
    ----------
    path : path
        An .npz file.

    Raises
    ------
    InputError
        If it is missing or damaged, or holds something else.
    """
    try:
        if Path(path).stat().st_size > _MAX_BYTES:
            raise InputError(f"{path} must hold at most {_MAX_BYTES} bytes")
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = (_bounded(arrays, name, path) for name in ("images", "labels"))
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path} must be a readable .npz file: {error.strerror or error}"
                         ) from None
    except (ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error,
            NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path} must be a NumPy .npz file with images and labels: "
                         f"{type(error).__name__}") from None
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise InputError(f"{path}: images must be uint8 of three or four dimensions, not "
                         f"{images.dtype} of {images.ndim}")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise InputError(f"{path}: labels must be {len(images)} integers, one for each image, not "
                         f"{labels.dtype} of shape {labels.shape}")
    return Dataset(Path(path).stem, images, labels)


def _bounded(arrays, name, path):
    """An array of a NumPy archive, unless it would unpack to too much."""
    entry = next((entry for entry in arrays.zip.infolist() if entry.filename == f"{name}.npy"),
                 None)
    if entry is not None and entry.file_size > _MAX_BYTES:
        raise InputError(f"{path}: {name} must take at most {_MAX_BYTES} bytes")
    return arrays[name]


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
