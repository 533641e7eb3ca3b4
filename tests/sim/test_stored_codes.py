"""What stands in for LZ4 and zlib in waveforms: other readers get back what was written."""

from pathlib import Path
import subprocess
import zlib

import pytest

import sim.verilator_build

STORED = Path(sim.verilator_build.__file__).with_name("stored")
SIZES = (0, 1, 14, 15, 16, 269, 270, 271, 525, 65534, 65535, 65536, 131070, 200000)
PROGRAM = """
#include <cstdio>
#include <cstdlib>
#include <string>
#include "lz4.h"
#include "zlib.h"

int main(int, char** words) {
    std::string source(std::atoi(words[2]), 0);
    if (std::fread(source.data(), 1, source.size(), stdin) != source.size()) return 1;
    const bool lz4 = std::string(words[1]) == "lz4";
    uLongf size = lz4 ? LZ4_compressBound(source.size()) : compressBound(source.size());
    std::string target(size, 0);
    if (lz4) {
        size = LZ4_compress_default(source.data(), target.data(), source.size(), size);
    } else if (compress2(reinterpret_cast<Bytef*>(target.data()), &size,
                         reinterpret_cast<const Bytef*>(source.data()), source.size(), 6) != Z_OK) {
        return 1;
    }
    return std::fwrite(target.data(), 1, size, stdout) != size;
}
"""


@pytest.fixture(name="program", scope="module")
def fixture_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    (folder / "codes.cpp").write_text(PROGRAM)
    subprocess.run(["g++", "-std=c++20", "-Wall", "-Werror",
                    f"-I{STORED}", "codes.cpp", "-o", "codes"], cwd=folder, check=True)
    return folder / "codes"


def coded(program, name, content):
    return subprocess.run([program, name, str(len(content))], input=content, check=True,
                          capture_output=True).stdout


def content_of(size):
    return bytes(place * 37 % 251 for place in range(size))


def lz4_literals(block):
    """The literals of a block of one sequence, by the LZ4 block format."""
    assert block[0] & 15 == 0
    length, place = block[0] >> 4, 1
    if length == 15:
        while True:
            length, place = length + block[place], place + 1
            if block[place - 1] < 255:
                break
    assert len(block) - place == length
    return block[place:]


@pytest.mark.parametrize("size", SIZES)
def test_zlib_reads_what_stands_for_zlib(program, size):
    assert zlib.decompress(coded(program, "zlib", content_of(size))) == content_of(size)


@pytest.mark.parametrize("size", SIZES)
def test_blocks_that_stand_for_lz4_hold_their_literals(program, size):
    assert lz4_literals(coded(program, "lz4", content_of(size))) == content_of(size)
