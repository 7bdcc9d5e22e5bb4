"""alibi-detect's online detectors on one normal feature, at one false alarm in 1,000 records: their delays.

Runs in an environment of its own: `python stream_alibi.py --runs N` prints one JSON object. A detector takes its rate
of false alarms (`ert`) and simulates its own thresholds; the time for that is why the rate is no lower.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")
# By name, because type checkers need not have it.
detectors = import_module("alibi_detect.cd")
RECORDS_PER_ALARM = 1_000
REFERENCE = 500
NULL_RECORDS = 100_000
WARM_UP = 200
LONGEST = 5_000
SHIFTS = (0.25, 0.5, 1.0)
WINDOW = 50
SIMULATED = 10 * RECORDS_PER_ALARM  # the fewest that it takes for its quantile
Make = Callable[["np.ndarray[Any, Any]"], Any]
MADE: dict[str, Make] = {
    "CVM": lambda reference: detectors.CVMDriftOnline(
        reference, ert=RECORDS_PER_ALARM, window_sizes=[WINDOW], n_bootstraps=SIMULATED, verbose=False
    ),
    "LSDD": lambda reference: detectors.LSDDDriftOnline(
        reference[:, None], ert=RECORDS_PER_ALARM, window_size=WINDOW, n_bootstraps=SIMULATED, verbose=False
    ),
    "MMD": lambda reference: detectors.MMDDriftOnline(
        reference[:, None], ert=RECORDS_PER_ALARM, window_size=WINDOW, n_bootstraps=SIMULATED, verbose=False
    ),
}


def rings(detector: Any, value: float) -> bool:
    return bool(detector.predict(np.array([value], np.float32))["data"]["is_drift"])


def measured(make: Make, runs: int, seconds: float) -> dict[str, Any]:
    """Its false alarms over records that do not change, and its delays; at most so many seconds for the first."""
    rng = np.random.default_rng(0)
    detector = make(rng.normal(size=REFERENCE).astype(np.float32))
    rang, seen, began = 0, 0, time.monotonic()
    while seen < NULL_RECORDS and time.monotonic() < began + seconds:
        seen += 1
        if rings(detector, rng.normal()):
            rang += 1
            detector.reset_state()
    delays = {}
    for shift in SHIFTS:
        found = []
        for _ in range(runs):
            detector.reset_state()
            for _ in range(WARM_UP):
                if rings(detector, rng.normal()):
                    detector.reset_state()
            found.append(next((at for at in range(1, LONGEST + 1) if rings(detector, rng.normal(shift))), float("inf")))
        finite = [value for value in found if np.isfinite(value)] or [float("nan")]
        delays[str(shift)] = [
            float(np.median(finite)),
            float(np.quantile(finite, 0.99)),
            1 - float(np.isfinite(found).mean()),
        ]
    return {
        "setting": f"window {WINDOW}, reference {REFERENCE}",
        "runs": runs,
        "false_alarms_per_million": rang / seen * 1e6,
        "delays": delays,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    # The other two ask for TensorFlow, and simulate their thresholds for longer than anybody waits.
    parser.add_argument("--detectors", nargs="*", default=["CVM"], choices=list(MADE))
    parser.add_argument("--seconds", type=float, default=60.0, help="for false alarms, of each detector")
    options = parser.parse_args()
    found = {name: measured(MADE[name], options.runs, options.seconds) for name in options.detectors}
    document = {"detectors": found, "null_records": NULL_RECORDS, "records_per_alarm": RECORDS_PER_ALARM}
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
