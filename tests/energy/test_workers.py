"""Where evaluations run, and what becomes of them when something ends."""

from concurrent.futures import CancelledError
import os
import signal
import subprocess
import sys

from explorations import TABLE, WORKLOAD, exploration
import pytest

from energy.search.design_space import DesignSpace
from energy.search.evaluation import evaluate
from energy.search.interruption import SearchStopped, signals_held_back, stopped_by_signals
from energy.search.workers import cluster, processes
from hw.config import CONFIGS
from model.errors import InputError

pytest.importorskip("optuna")

WAITING = """
import time
from energy.search.interruption import stopped_by_signals
from energy.search.workers import processes
if __name__ == "__main__":
    try:
        with stopped_by_signals(), processes(2) as executor:
            executor.submit(abs, 1).result()
            executor.submit(time.sleep, 60)
            print("ready", flush=True)
            while True:
                time.sleep(0.1)
    except KeyboardInterrupt:
        print("stopped")
"""


@pytest.fixture(autouse=True)
def signals_of_a_foreground():
    """A test run in the background may have SIGINT ignored, which stays so by design."""
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL,
                signal.SIGHUP: signal.SIG_DFL}
    before = {one: signal.signal(one, handler) for one, handler in defaults.items()}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)



@pytest.fixture(name="waiting")
def fixture_waiting(tmp_path):
    """A process in a group of its own, which waits for evaluations in processes of its own."""
    script = tmp_path / "waiting.py"
    script.write_text(WAITING)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, start_new_session=True,
                          env=os.environ | {"PYTHONPATH": os.getcwd()}) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_a_terminal_sends_to_all_stops_a_run_without_a_word_of_its_workers(waiting, number):
    os.killpg(waiting.pid, number)
    assert waiting.communicate(timeout=30) == ("stopped\n", "")


def test_workers_never_see_what_a_terminal_sends_to_all():
    with processes(1) as executor:
        blocked = executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
    assert {signal.SIGINT, signal.SIGHUP} <= blocked and signal.SIGTERM not in blocked


def test_workers_end_with_a_process_that_was_killed(waiting):
    waiting.kill()
    # Workers have the same output: it ends when the last of them does.
    assert waiting.communicate(timeout=30)[0] == ""


def test_a_lost_process_stops_the_search_in_one_sentence():
    with pytest.raises(SearchStopped, match="a process that evaluates was lost"), \
            processes(1) as executor:
        executor.submit(os._exit, 3).result()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_and_later_ones_do_not(number):
    before = signal.getsignal(number)
    with stopped_by_signals():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(again)
    assert signal.getsignal(number) == before


def test_signals_that_were_held_back_act_at_the_end():
    reached = []
    with stopped_by_signals(), pytest.raises(KeyboardInterrupt), signals_held_back():
        signal.raise_signal(signal.SIGTERM)
        reached.append("end")
    assert reached == ["end"]


def test_processes_and_a_cluster_give_the_same_points(tmp_path):
    distributed = pytest.importorskip("distributed")
    point = {"rows": 6, "cols": 4, "lanes": 16}
    space = DesignSpace(CONFIGS["demo"], {name: (value,) for name, value in point.items()})
    expected = evaluate(WORKLOAD, space.config(point), TABLE)
    (tmp_path / "p").mkdir()
    (tmp_path / "c").mkdir()
    study = exploration(tmp_path / "p", space=space)
    with processes(1) as executor:
        study.run(1, executor, 1)
    assert study.points()[0].evaluation == expected
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                  dashboard_address=None) as local:
        study = exploration(tmp_path / "c", space=space)
        with cluster(local.scheduler_address) as (executor, threads):
            assert threads == 1
            study.run(1, executor, 1)
        with pytest.raises(SearchStopped, match="the Dask cluster at .* was lost"), \
                cluster(local.scheduler_address):
            raise CancelledError
    assert study.points()[0].evaluation == expected


@pytest.mark.parametrize("address", ["nonsense", "foo://x", "tls://127.0.0.1:1", "ucx://x:1",
                                     "tcp://127.0.0.1:1", "tcp://127.0.0.1:99999"])
def test_an_address_without_a_scheduler_is_named(address):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="--scheduler must be the address of a Dask scheduler as "
                                         f"tcp://host:8786, not {address}"), cluster(address):
        pass
