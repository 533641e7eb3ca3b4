"""The face of bitrow: everything a notebook or a script needs, by one import."""

from energy.cost_table_file import load_table
from energy.network_counts import predicted_counts, rtl_counts
from energy.network_energy import network_energy
from energy.savings import compare
from hw.config import CONFIGS, AcceleratorConfig
from hw.mode import Mode
from hw.verilog import accelerator_verilog
from model import golden, reference
from model.compression.compressed_network_file import load_network as load_compressed
from model.compression.compressed_network_file import save_network as save_compressed
from model.network import Layer, Network
from model.network_file import load as load_network
from model.network_file import save as save_network
from sim.compiler import compile_network
from sim.mapping_file import load_mappings, save_mappings
from sim.network_mapping import NetworkMapping
from sim.predict import predict
from sim.raw_run import MemoryModel
from sim.run import run_network

__all__ = ["CONFIGS", "AcceleratorConfig", "Layer", "MemoryModel", "Mode", "Network",
           "NetworkMapping", "accelerator_verilog", "compare", "compile_network", "golden",
           "load_compressed", "load_mappings", "load_network", "load_table", "network_energy",
           "predict", "predicted_counts", "reference", "rtl_counts", "run_network",
           "save_compressed", "save_mappings", "save_network"]
