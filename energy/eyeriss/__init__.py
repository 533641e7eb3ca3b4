"""The Eyeriss chip (JSSC 2017): traffic and latency of a given row-stationary mapping."""
