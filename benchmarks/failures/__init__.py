"""What `python -m benchmarks drills` does: faults on the functions' code, a year of runs, and what clients may send."""
