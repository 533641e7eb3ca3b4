"""Plots: each answers a question, reads in print and without colour, has units on its axes."""
