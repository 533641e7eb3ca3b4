"""Dataflows of spatial architectures: accesses of each storage level, from one model of reuse."""
