"""Journals: damage is one sentence, a cut end is mended, one run at a time."""

import json
import os
import subprocess
import sys

from explorations import exploration, quick_evaluation, run
import pytest

from energy.search.interruption import SearchStopped
from energy.search.study_journal import held_journal
from model.errors import InputError

pytest.importorskip("optuna")


@pytest.fixture(name="journal")
def fixture_journal(tmp_path, monkeypatch):
    """Of an exploration of three points, in ``tmp_path``."""
    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)
    run(exploration(tmp_path), 3)
    return tmp_path / "explore.journal"


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_that_was_not_written_to_its_end_is_set_aside(journal, cut):
    whole = journal.read_bytes()[:-cut]
    journal.write_bytes(whole)
    with pytest.raises(InputError, match="explore.journal must be the journal"):
        exploration(journal.parent)
    assert journal.read_bytes() == whole
    with held_journal(journal) as mended:
        assert "the last line was not written to its end" in mended
        run(exploration(journal.parent), 5)
    aside = (journal.parent / "explore.journal.cut").read_bytes()
    kept = whole[:len(whole) - len(aside)]
    assert kept.endswith(b"\n") and b"\n" not in aside and journal.read_bytes().startswith(kept)
    assert exploration(journal.parent).done == 5
    with held_journal(journal) as mended:
        assert mended == ""


def test_a_second_run_is_refused_while_a_first_one_holds_the_journal(journal):
    other = ("from pathlib import Path; import sys; from energy.search.study_journal import "
             "held_journal\nwith held_journal(Path(sys.argv[1])): pass")
    with held_journal(journal):
        result = subprocess.run([sys.executable, "-c", other, str(journal)], text=True,
                                capture_output=True, check=False)
    assert result.returncode == 1
    assert "explore.journal must not be in use: another run goes on" in result.stderr
    with held_journal(journal):
        pass


def test_a_lock_that_a_killed_run_left_behind_locks_nothing(journal):
    os.symlink("nowhere", f"{journal}.lock")
    run(exploration(journal.parent), 4)
    assert exploration(journal.parent).done == 4


def changed(line, changes):
    record = json.loads(line)
    found = {key: change(record[key]) for key, change in changes.items() if record.get(key)}
    return json.dumps(record | found)


@pytest.mark.parametrize("changes", [
    {"values": lambda values: values[:2]}, {"values": lambda values: ["x", *values[1:]]},
    {"values": lambda values: [float("nan"), *values[1:]]}, {"op_code": lambda code: 99},
    {"user_attr": lambda attr: dict.fromkeys(attr, 5)}, {"param_name": lambda name: "other"},
    {"directions": lambda given: given[:2]}, {"state": lambda state: "x"}])
def test_a_damaged_record_is_one_sentence(journal, changes):
    lines = [changed(line, changes) for line in journal.read_text().splitlines()]
    journal.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="explore.journal must be the journal of an exploration"):
        exploration(journal.parent)


@pytest.mark.parametrize("text", [
    "not a journal\n", "5\n", "{}\n", "[" * 100_000 + "\n", "\0" * 20 + "\n",
    '{"op_code":99,"worker_id":"x"}\n'])
def test_a_file_that_is_no_journal_is_named(tmp_path, text):
    (tmp_path / "explore.journal").write_text(text)
    with pytest.raises(InputError, match="explore.journal must be the journal of an exploration"):
        exploration(tmp_path)


def test_a_trial_that_was_cut_off_while_it_was_written_down_is_not_a_refusal(journal):
    lines = journal.read_text().splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if '"values":[' in line)
    journal.write_text("".join(lines[:last]))
    before = exploration(journal.parent).points()
    assert all(found.evaluation or found.reason for found in before) and len(before) < 3


def test_a_full_disk_stops_a_run_and_keeps_what_was_found(journal, monkeypatch):
    import optuna

    def full(*arguments):
        raise OSError(28, "No space left on device")

    study = exploration(journal.parent)
    monkeypatch.setattr(optuna.storages.journal.JournalFileBackend, "append_logs", full)
    with pytest.raises(SearchStopped, match="could not be written to: No space left on device"):
        run(study, 8)
    assert len(study.points()) == 3
