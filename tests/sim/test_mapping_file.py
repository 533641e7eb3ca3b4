"""Mappings as text: what is loaded is what was saved; what is none is refused in a sentence."""

from dataclasses import replace

import numpy as np
import pytest
from random_layers import random_layer_network
from random_mappings import random_mappings

from hw.config import CONFIGS
from model import reference
from model.errors import InputError
from sim.compiler import compile_network
from sim.mapping_file import load_mappings, mappings_toml, parse_mappings, save_mappings
from sim.network_mapping import NetworkMapping

TINY, DEMO = CONFIGS["tiny"], CONFIGS["demo"]


@pytest.fixture(name="saved", scope="module")
def fixture_saved():
    return NetworkMapping.of(compile_network(reference.load("fashion-twn"), DEMO))


def test_what_is_loaded_is_what_was_saved(tmp_path, saved):
    path = tmp_path / "mapping.toml"
    save_mappings(saved, path)
    loaded = load_mappings(path)
    assert loaded == saved
    assert loaded.where == str(path)
    network = reference.load("fashion-twn")
    assert np.array_equal(compile_network(network, DEMO, loaded).image,
                          compile_network(network, DEMO).image)


def test_random_mappings_come_back_as_they_were():
    for seed in range(30):
        network, _ = random_layer_network(seed, "ternary", TINY)
        mappings = random_mappings(np.random.default_rng(seed), network, TINY)
        assert parse_mappings(mappings_toml(mappings), "text") == mappings, seed


@pytest.mark.parametrize("name", ['a"b', "tab\tand\nline", "ζ [\n    1,\n    2,\n]", "\x7f\\u0041"])
def test_any_layer_name_comes_back(saved, name):
    odd = NetworkMapping("net", "demo", (replace(saved.steps[0], layer=name),))
    assert parse_mappings(mappings_toml(odd), "text") == odd


EDITS = [
    ('format = "bitrow mapping"', 'format = "other"', "format must be bitrow mapping"),
    ("version = 4", "version = 1", "version must be 4, not 1"),
    ("version = 4", "version = true", "version must be 4, not True"),
    ("version = 4\n", "", "version must be given, and is not"),
    ("version = 4", "version = 4\nauthor = 3", "key must be one of format, version"),
    ("version = 4", "version = ", "must be TOML"),
    ("groups = 1\n", "", "layer conv1: groups must be given, and is not"),
    ("groups = 1", "groups = 1\nfolds = 3", "layer conv1: key must be one of name, step"),
    ("groups = 1", "groups = 1.0", "layer conv1: groups must be an integer of at least 1, not 1.0"),
    ("groups = 1", "groups = true", "layer conv1: groups must be an integer"),
    ("step = 1", 'step = "1"', "layer conv1: step must be an integer, not '1'"),
    ("kernel = [5, 1]", "kernel = 5", "layer conv1: kernel must be a list, not 5"),
    ("kernel = [5, 1]", "kernel = [5]", "layer conv1: kernel must be 2 integers"),
    ("[0, 32, 1]", "[0, 32]", "layer conv1: a filter group must be 3 integers"),
    ("[0, 32, 1]", "7", "layer conv1: a filter group must be 3 integers, not 7"),
    ("[0, 32, 1]", "[0, -32, 1]", "layer conv1: a filter group must be an integer of at least 0"),
    ("first_row = 0, ", "", "layer conv1: strips: first_row must be given, and is not"),
    ("rows = 6", "rows = 0", "layer conv1: rows of a strip must be an integer of at least 1"),
    ("strips_inside = false", "strips_inside = 0", "layer conv1: strips_inside must be true or"),
    ('name = "conv1"', 'name = "conv2"', "layer conv2: step 1 must have one mapping"),
    ('name = "conv1"', "name = 4", "layer 1: name must be a text, not 4"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), EDITS)
def test_what_are_no_mappings_is_refused_in_a_sentence(saved, old, new, sentence):
    text = mappings_toml(saved)
    assert old in text
    with pytest.raises(InputError) as refused:
        parse_mappings(text.replace(old, new, 1), "my.toml")
    assert str(refused.value).startswith("my.toml")
    assert sentence in str(refused.value)


@pytest.mark.parametrize("text", ["layer = 3", "[[layer]]\n" * 3, "[" * 5000, "\0", "layer = [1]",
                                  'format = "bitrow mapping"\nversion = 4\nnetwork = ""\n'
                                  'config = ""\nlayer = [1]'])
def test_any_text_is_refused_in_a_sentence(text):
    with pytest.raises(InputError, match="^my.toml"):
        parse_mappings(text, "my.toml")


def test_a_file_that_is_not_there_is_named(tmp_path, saved):
    with pytest.raises(InputError, match="missing.toml must be a readable file of mappings"):
        load_mappings(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is not UTF-8 text"):
        load_mappings(tmp_path / "bytes.toml")
    with pytest.raises(InputError, match="must be a place for a file"):
        save_mappings(saved, tmp_path)
