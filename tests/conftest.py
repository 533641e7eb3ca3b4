"""Test folders share their helpers by file name; long tests share a time."""

from datetime import date
import hashlib
from pathlib import Path
import sys
import time

from hypothesis import settings
import pytest

settings.register_profile("bitrow", deadline=None)
settings.load_profile("bitrow")
"""No example is refused for being slow: a busy machine is no failure."""

for folder in ("cocotb", "sim", "energy", "model", "bitrow"):
    sys.path.insert(0, str(Path(__file__).parent / folder))

_began = time.monotonic()


def pytest_addoption(parser):
    """``--long-minutes N``: no long test begins later than N minutes after the start."""
    parser.addoption("--long-minutes", type=float, default=None,
                     help="no long test begins later than this; another part of them each day")


def pytest_collection_modifyitems(config, items):
    """With a limit, long tests come in an order of their own each day."""
    if config.getoption("--long-minutes") is None:
        return
    day = date.today().isoformat()
    items.sort(key=lambda item: hashlib.sha256(f"{day} {item.nodeid}".encode()).digest())


def pytest_runtest_setup(item):
    """Leaves out long tests when their time is up."""
    minutes = item.config.getoption("--long-minutes")
    if (minutes is not None and item.get_closest_marker("long")
            and time.monotonic() - _began > 60 * minutes):
        pytest.skip(f"the {minutes:g} minutes for long tests are over")
