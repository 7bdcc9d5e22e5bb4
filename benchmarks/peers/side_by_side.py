"""One peer and drift_tools on the same arrays, in one process of the peer's own environment.

`python benchmarks/peers/side_by_side.py PEER --rows N --columns K` prints one JSON object: the shortest of several
alternating repetitions of each case, in seconds, with numpy's sort of the same columns beside it. With `--memory CASE`
it runs that case alone and prints the process's peak memory. It needs numpy and scipy, and the peer.
"""

import argparse
import contextlib
import io
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

Columns = dict[str, Any]
Cases = dict[str, Callable[[], object]]
# A case is not repeated any more when it has run this long.
_LONG_ENOUGH = 20.0  # seconds


def columns(rows: int, count: int, *, seed: int, shift: float) -> Columns:
    """Columns of five families in turn, every other one shifted by some standard deviations."""
    rng = np.random.default_rng(seed)
    families: list[Callable[[], Any]] = [
        lambda: rng.normal(size=rows),
        lambda: rng.lognormal(size=rows),
        lambda: rng.gamma(2.0, size=rows),
        lambda: rng.uniform(size=rows),
        lambda: rng.poisson(4.0, size=rows).astype(np.float64),
    ]
    drawn: Columns = {}
    for index in range(count):
        values = families[index % len(families)]()
        drawn[f"x{index}"] = values + shift * values.std() if index % 2 else values
    return drawn


def floor(before: Columns, after: Columns) -> Cases:
    """What nothing that sorts can beat."""

    def sort(values: Any) -> None:
        np.sort(values)  # and forget, as a measure would

    def sort_each() -> None:
        for values in (*before.values(), *after.values()):
            sort(values)

    pool = ThreadPoolExecutor(2)

    def sort_two_at_a_time() -> None:
        list(pool.map(sort, [*before.values(), *after.values()]))

    return {"sort": sort_each, "sort, 2 threads": sort_two_at_a_time}


def ours(before: Columns, after: Columns) -> Cases:
    comparison = import_module("drift_tools.comparison")  # by name, since each peer is only in its own environment
    compare, prepare_baseline = comparison.compare, comparison.prepare_baseline
    prepared: list[object] = []  # when it is first asked for, so that it takes no memory from the other cases

    def with_baseline_kept() -> object:
        if not prepared:
            prepared.append(prepare_baseline(before))
        return compare(prepared[0], after)

    return {
        "compare": lambda: compare(before, after),
        "compare, 1 thread": lambda: compare(before, after, threads=1),
        "compare, baseline kept": with_baseline_kept,
    }


def scipy(before: Columns, after: Columns) -> Cases:
    stats = import_module("scipy.stats")

    def ks() -> object:
        return [stats.ks_2samp(before[name], after[name]) for name in before]

    def distances() -> object:
        return [stats.wasserstein_distance(before[name], after[name]) for name in before]

    return {"ks_2samp": ks, "ks_2samp + wasserstein_distance": lambda: (ks(), distances())}


def evidently(before: Columns, after: Columns) -> Cases:
    frame = import_module("pandas").DataFrame
    evidently_, presets = import_module("evidently"), import_module("evidently.presets")

    definition = evidently_.DataDefinition(numerical_columns=list(before))
    reference, current = (
        evidently_.Dataset.from_pandas(frame(side), data_definition=definition) for side in (before, after)
    )

    def preset(**options: Any) -> Callable[[], object]:
        return lambda: evidently_.Report([presets.DataDriftPreset(**options)]).run(current, reference).dict()

    return {
        "DataDriftPreset(ks)": preset(method="ks"),
        "DataDriftPreset(psi)": preset(method="psi"),
        "DataDriftPreset()": preset(),
    }


def nannyml(before: Columns, after: Columns) -> Cases:
    drift_calculator = import_module("nannyml").UnivariateDriftCalculator
    frame = import_module("pandas").DataFrame

    reference, current = frame(before), frame(after)

    def method(name: str) -> Callable[[], object]:
        def run() -> object:
            calculator = drift_calculator(column_names=list(before), continuous_methods=[name], chunk_number=1)
            return calculator.fit(reference).calculate(current)

        return run

    return {"kolmogorov_smirnov": method("kolmogorov_smirnov"), "jensen_shannon": method("jensen_shannon")}


def alibi_detect(before: Columns, after: Columns) -> Cases:
    detector = import_module("alibi_detect.cd").KSDrift

    reference, current = (np.column_stack(list(side.values())) for side in (before, after))
    return {"KSDrift(fdr)": lambda: detector(reference, p_val=0.05, correction="fdr").predict(current)}


def frouros(before: Columns, after: Columns) -> Cases:
    detectors = import_module("frouros.detectors.data_drift")

    def method(kind: Any) -> Callable[[], object]:
        def run() -> object:
            results = []
            for name, values in before.items():
                detector = kind()
                detector.fit(X=values)
                results.append(detector.compare(X=after[name]))
            return results

        return run

    return {
        "KSTest": method(detectors.KSTest),
        "PSI (10 bins of equal width)": method(detectors.PSI),
        "EMD": method(detectors.EMD),
    }


def deepchecks(before: Columns, after: Columns) -> Cases:
    frame = import_module("pandas").DataFrame
    dataset = import_module("deepchecks.tabular").Dataset
    feature_drift = import_module("deepchecks.tabular.checks").FeatureDrift

    reference, current = (dataset(frame(side), cat_features=[]) for side in (before, after))
    rows = max(len(reference), len(current))

    def method(name: str) -> Callable[[], object]:
        check = feature_drift(numerical_drift_method=name, n_samples=rows)
        return lambda: check.run(reference, current, with_display=False).value

    return {"FeatureDrift(KS)": method("KS"), "FeatureDrift(EMD)": method("EMD")}


def whylogs(before: Columns, after: Columns) -> Cases:
    frame = import_module("pandas").DataFrame
    log = import_module("whylogs").log
    scores = import_module("whylogs.viz.drift.column_drift_algorithms").calculate_drift_scores

    reference, current = frame(before), frame(after)

    def run() -> object:
        views = [log(pandas=side).profile().view() for side in (current, reference)]
        return scores(target_view=views[0], reference_view=views[1], with_thresholds=True)

    return {"log + drift scores (sketches)": run}


def nothing_else(_before: Columns, _after: Columns) -> Cases:
    return {}


PEERS: dict[str, tuple[str | None, Callable[[Columns, Columns], Cases]]] = {
    # by name: its distribution, where it is not ourselves, and its cases
    "drift_tools": (None, nothing_else),
    "scipy": ("scipy", scipy),
    "evidently": ("evidently", evidently),
    "nannyml": ("nannyml", nannyml),
    "alibi-detect": ("alibi-detect", alibi_detect),
    "frouros": ("frouros", frouros),
    "deepchecks": ("deepchecks", deepchecks),
    "whylogs": ("whylogs", whylogs),
}


def shortest(cases: Cases, repetitions: int) -> dict[str, float]:
    """The shortest run of each case in seconds, the repetitions of all cases taking turns."""
    best: dict[str, float] = {}
    spent = dict.fromkeys(cases, 0.0)
    for _ in range(repetitions):
        for name, run in cases.items():
            if spent[name] > _LONG_ENOUGH:
                continue
            start = time.perf_counter()
            run()
            seconds = time.perf_counter() - start
            spent[name] += seconds
            best[name] = min(best.get(name, seconds), seconds)
    return best


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--current-rows", type=int)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--memory", metavar="CASE", help="run this case alone, once, and say what it took")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    current_rows = options.current_rows or options.rows
    with contextlib.redirect_stdout(io.StringIO()):
        result = _measure(options, current_rows)
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def _measure(options: argparse.Namespace, current_rows: int) -> dict[str, Any]:
    distribution, make = PEERS[options.peer]
    small = columns(2000, 2, seed=3, shift=0.0), columns(2000, 2, seed=4, shift=0.1)
    for run in (ours(*small) | make(*small)).values():
        run()  # imports, caches and compiled code are there before the clock starts
    before = columns(options.rows, options.columns, seed=1, shift=0.0)
    after = columns(current_rows, options.columns, seed=2, shift=0.1)
    bytes_of_input = sum(values.nbytes for values in (*before.values(), *after.values()))
    result: dict[str, Any] = {"numpy": np.__version__, "input_bytes": bytes_of_input}
    if distribution is not None:
        try:
            result["version"] = version(distribution)
        except PackageNotFoundError:
            result["version"] = "unknown"
    if options.memory is not None:
        (ours(before, after) if options.memory.startswith("compare") else make(before, after))[options.memory]()
        result["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # kibibytes on Linux
        return result
    cases = floor(before, after) | ours(before, after) | make(before, after)
    result["seconds"] = shortest(cases, options.repetitions)
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
