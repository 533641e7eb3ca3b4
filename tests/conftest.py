"""Test folders share their helpers by file name."""

from pathlib import Path
import sys

for folder in ("cocotb", "sim", "energy", "model"):
    sys.path.insert(0, str(Path(__file__).parent / folder))
