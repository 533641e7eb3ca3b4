"""The table of Deep Compression adds up."""

import typer
from typer.testing import CliRunner

from benchmarks import deep_compression
from benchmarks.deep_compression import layer_row, main, total_row
from model import reference


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_totals_are_those_of_the_layers():
    for name in reference.compressed_names():
        layers = reference.load_compressed(name).layers
        rows = [cells(layer_row(layer)) for layer in layers]
        last = cells(total_row(layers))
        for column in (1, 7, 8):
            numbers = [int(row[column].replace(",", "")) for row in rows]
            assert abs(sum(numbers) - int(last[column].replace(",", ""))) <= len(rows)
        before, after = (int(last[column].replace(",", "")) for column in (7, 8))
        assert last[11] == f"{before / after:.1f}"
        assert float(last[11]) > 35


def test_the_command_prints_a_table_for_each_network(monkeypatch):
    monkeypatch.setattr(deep_compression, "BUILDS", {
        build: deep_compression.BUILDS[build] for build in ("zeros not left out", "3 bits")})
    app = typer.Typer()
    app.command()(main)
    found = CliRunner().invoke(app, [])
    assert found.exit_code == 0, found.output
    for name in reference.compressed_names():
        assert f"{name}: " in found.output
        assert f"| {name} on demo | cycles |" in found.output
    assert found.output.count("| 3 bits | ") == len(reference.compressed_names())
