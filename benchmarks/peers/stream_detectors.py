"""river's drift detectors on one normal feature: settings with an equal rate of false alarms, and delays at those.

Runs in river's own environment: `python stream_detectors.py --runs N` prints one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

# By name, because type checkers need not have it.
drift = import_module("river.drift")
NULL_RECORDS = 1_000_000
RECORDS_PER_ALARM = 50_000
WARM_UP = {"KSWIN": 400}  # more than its window; it is a hundred times slower than the others, which have 2,000
LONGEST = 10_000
SHIFTS = (0.25, 0.5, 1.0)
Make = Callable[[], Any]
# From the most to the least sensitive; the first that rings no more often than it may is taken.
SETTINGS: dict[str, list[tuple[str, Make]]] = {
    "ADWIN": [(f"delta {d:g}", partial(drift.ADWIN, delta=d)) for d in (0.2, 0.1, 0.05, 0.02, 0.01, 2e-3, 1e-4)],
    "Page-Hinkley": [
        (f"threshold {t}, delta 0.1", partial(drift.PageHinkley, threshold=t, delta=0.1, alpha=1.0))
        for t in (10, 20, 30, 40, 50, 65, 80, 100)
    ],
    "KSWIN": [
        (f"alpha {a:g}, window 300", partial(drift.KSWIN, alpha=a, window_size=300, stat_size=100, seed=1))
        for a in (1e-4, 3e-5, 1e-5, 1e-6, 1e-7)
    ],
}


def false_alarms(make: Make, values: "np.ndarray[Any, Any]") -> int:
    """How often it rings over records that do not change; begun anew after each."""
    detector, rang = make(), 0
    allowed = len(values) / RECORDS_PER_ALARM
    for value in values.tolist():
        detector.update(value)
        if detector.drift_detected:
            rang += 1
            detector = make()
            if rang > 2 * allowed:
                break
    return rang


def delay(make: Make, shift: float, warm_up: int, rng: "np.random.Generator") -> float:
    """Records from the change to the alarm; an alarm before it is none of it."""
    detector = make()
    for value in rng.normal(size=warm_up).tolist():
        detector.update(value)
        if detector.drift_detected:
            detector = make()
    for at, value in enumerate(rng.normal(shift, 1, LONGEST).tolist(), start=1):
        detector.update(value)
        if detector.drift_detected:
            return float(at)
    return float("inf")


def _calm_enough(settings: list[tuple[str, Make]], null: "np.ndarray[Any, Any]") -> tuple[str, Make, int]:
    """The first setting that rings no more often than it may over records that do not change, and how often it rang."""
    rang = 0
    for setting, make in settings:
        rang = false_alarms(make, null)
        if rang <= len(null) / RECORDS_PER_ALARM:
            return setting, make, rang
    return *settings[-1], rang


def measured(name: str, settings: list[tuple[str, Make]], runs: int) -> dict[str, Any]:
    records = NULL_RECORDS // (10 if name == "KSWIN" else 1)
    null = np.random.default_rng(0).normal(size=records)
    setting, make, rang = _calm_enough(settings, null)
    rng = np.random.default_rng(1)
    runs = runs // 10 if name == "KSWIN" else runs
    delays = {}
    for shift in SHIFTS:
        found = [delay(make, shift, WARM_UP.get(name, 2000), rng) for _ in range(runs)]
        finite = [value for value in found if np.isfinite(value)] or [float("nan")]
        delays[str(shift)] = [
            float(np.median(finite)),
            float(np.quantile(finite, 0.99)),
            1 - float(np.isfinite(found).mean()),
        ]
    return {"setting": setting, "runs": runs, "false_alarms_per_million": rang / records * 1e6, "delays": delays}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    found = {name: measured(name, settings, runs) for name, settings in SETTINGS.items()}
    document = {"detectors": found, "null_records": NULL_RECORDS, "records_per_alarm": RECORDS_PER_ALARM}
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
