"""What a command line names: networks, configurations and images."""

from dataclasses import dataclass
import os
from pathlib import Path

import numpy as np

from energy.search.design_space import CONFIG_NUMBERS, config_text
from hw.config import CONFIGS, ConfigError
from model import reference
from model.compression.compressed_file import SUFFIX as COMPRESSED_SUFFIX
from model.compression.compressed_network_file import load_network
from model.datasets import DATASETS, Dataset, bundled, read_arrays, read_folder
from model.errors import InputError
from model.importers import SUFFIXES, import_network
from model.importers.float_onnx import read_float_onnx
from model.network_file import SUFFIX, load

__all__ = ["Calibration", "calibration_for", "data_folder", "float_network", "images_for",
           "named_config", "named_network"]

_SHARED = Path("../shared/data")
_RANDOM_SEED = 1
_DEFAULT_IMAGES = 2000
_DIGITS = 9
"""Of a number of a configuration, at most."""


def named_network(name):
    """A reference network by name, or the network in a file of ours or another format.

    A compressed file's layers are the network's as they are stored, as codes of shared weights.
    """
    if name in (*reference.names(), *reference.compressed_names()):
        return reference.load(name)
    if Path(name).suffix == SUFFIX:
        return load(name)
    if Path(name).suffix == COMPRESSED_SUFFIX:
        return load_network(name).network
    if Path(name).suffix in SUFFIXES or os.sep in name:
        return import_network(name).network
    return reference.load(name)


def named_config(text):
    """A configuration by name, or with some of its whole numbers replaced, as demo,rows=12."""
    name, *changes = text.split(",")
    if name not in CONFIGS:
        raise InputError(f"--config must be one of {', '.join(CONFIGS)}, or one of these with "
                         f"numbers replaced as demo,rows=12, not {text}")
    numbers = {}
    for change in changes:
        field, _, value = change.partition("=")
        if field not in CONFIG_NUMBERS or field in numbers or not value.isascii() \
                or not value.isdigit() or len(value) > _DIGITS:
            raise InputError(f"--config {text}: what follows {name} must be different ones of "
                             f"{', '.join(sorted(CONFIG_NUMBERS))}, each with a whole number as "
                             f"rows=12, not {change}")
        numbers[field] = int(value)
    if not numbers:
        return CONFIGS[name]
    try:
        return CONFIGS[name].with_changes(
            name=config_text(name, numbers), purpose=f"{name} with other numbers", **numbers)
    except ConfigError as error:
        raise InputError(f"--config {text}: {error}") from None


def float_network(name):
    """The ``FloatImported`` of a float network: one that comes along, by name, or an ONNX file."""
    if Path(name).suffix == ".onnx":
        return read_float_onnx(name)
    return read_float_onnx(reference.float_path(name))


def data_folder(option):
    """The folder of full image sets: the option, ``BITROW_DATA``, or ../shared/data; or None."""
    if option is not None:
        return option
    if "BITROW_DATA" in os.environ:
        return Path(os.environ["BITROW_DATA"])
    return _SHARED if _SHARED.is_dir() else None


def images_for(network, count, option):
    """(images, labels or None, where they are from) for a network.

    Full sets where there is a folder, else the images that come along; for networks that belong
    to no set, seeded random codes of their input format.
    """
    dataset = next((name for name in DATASETS if network.name.startswith(f"{name}-")), None)
    if dataset is None:
        generator = np.random.default_rng(_RANDOM_SEED)
        codes = np.array(network.input_format.codes, dtype=np.uint8)
        images = generator.choice(codes, (count, *network.input_shape))
        return images, None, f"random, seed {_RANDOM_SEED}"
    folder = data_folder(option)
    found = read_folder(folder, dataset) if folder is not None else _along(dataset)
    if count > len(found.labels):
        raise InputError(f"--images must be at most {len(found.labels)}, not {count}")
    chosen = found.first(count)
    return chosen.images, chosen.labels, f"{dataset} test set"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Images to quantize by.

    Parameters
    ----------
    images : Dataset
    source : str
        Where they are from.
    test : Dataset or None
        Others, to see what came of it.
    """

    images: Dataset
    source: str
    test: Dataset | None


def calibration_for(name, count, option):
    """The ``Calibration`` of a network of this name; ``count`` None for some default.

    The last so many of its set's training images, with the test set held back; from an .npz file
    the last so many of its images, with the others held back; or the images that come along.
    """
    if option is not None and option.suffix == ".npz":
        found = read_arrays(option)
        last = _last(found, count or min(_DEFAULT_IMAGES, (len(found.labels) + 1) // 2))
        others = found.first(len(found.labels) - len(last.labels))
        return Calibration(last, f"the last of {option}", others if len(others.labels) else None)
    dataset = next((one for one in DATASETS if name.startswith(f"{one}-")), None)
    if dataset is None:
        raise InputError("--data must name an .npz file with images and labels for networks whose "
                         f"name does not begin with {' or '.join(f'{d}-' for d in DATASETS)}")
    folder = data_folder(option)
    if folder is None:
        found = _along(dataset)
        return Calibration(_last(found, count or len(found.labels)), "those that come along", None)
    found = read_folder(folder, dataset, "train")
    return Calibration(_last(found, count or min(_DEFAULT_IMAGES, len(found.labels))),
                       f"the last of {dataset}'s training set", read_folder(folder, dataset))


def _last(dataset, count):
    """The last so many images."""
    if count > len(dataset.labels):
        raise InputError(f"--images must be at most {len(dataset.labels)}, not {count}")
    return Dataset(dataset.name, dataset.images[-count:], dataset.labels[-count:])


def _along(dataset) -> Dataset:
    if dataset != "fashion":
        raise InputError(f"--data must name a folder with the {dataset} test set, which does not "
                         "come along; Fashion-MNIST does")
    return bundled()
