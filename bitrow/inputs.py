"""What a command line names: networks, configurations and images."""

import os
from pathlib import Path

import numpy as np

from hw.config import CONFIGS
from model import reference
from model.compression.compressed_file import SUFFIX as COMPRESSED_SUFFIX
from model.compression.compressed_network_file import load_network
from model.datasets import DATASETS, Dataset, bundled, read_folder
from model.errors import InputError
from model.importers import SUFFIXES, import_network
from model.network_file import SUFFIX, load

__all__ = ["data_folder", "images_for", "named_config", "named_network"]

_SHARED = Path("../shared/data")
_RANDOM_SEED = 1


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


def named_config(name):
    """A configuration by name."""
    if name not in CONFIGS:
        raise InputError(f"--config must be one of {', '.join(CONFIGS)}, not {name}")
    return CONFIGS[name]


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


def _along(dataset) -> Dataset:
    if dataset != "fashion":
        raise InputError(f"--data must name a folder with the {dataset} test set, which does not "
                         "come along; Fashion-MNIST does")
    return bundled()
