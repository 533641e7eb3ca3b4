"""A small exploration, with figures that take no time."""

from concurrent.futures import ThreadPoolExecutor

from energy.cost_table_file import load_table
from energy.search.design_space import DesignSpace
from energy.search.evaluation import Evaluation
from energy.search.exploration import Exploration
from energy.search.workload import network_workload
from hw.config import CONFIGS
from model import reference

NETWORK = reference.load("fashion-bnn")
TABLE = load_table("45nm")
SPACE = DesignSpace(CONFIGS["demo"], {"rows": (3, 6), "cols": (4, 7), "lanes": (16, 24)})
WORKLOAD = network_workload(NETWORK)


def exploration(folder, sampler="random", space=SPACE, workload=WORKLOAD, seed=0):
    return Exploration(workload, space, TABLE, folder / "explore.journal", sampler, seed)


def run(study, trials, **options):
    with ThreadPoolExecutor(1) as executor:
        study.run(trials, executor, 1, **options)


def quick_evaluation(workload, config, table):
    """In place of ``energy.search.evaluation.evaluate``."""
    return Evaluation(1.0 * config.rows * config.lanes, 1000 // config.cols, 1.0)
