"""The page of a whole fleet: how long it takes, and how large it is, at 1,000 models × 50 features × 90 days.

It makes the tables that so many monitors would have left, put together by day as `result-tables compact` does it, and
then runs the command as people do, in a process of its own.
"""

import argparse
import gzip
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from contract.result_tables import FEATURES, FINDINGS, RUNS, day_prefix
from drift_tools.fleet.fill import COMPACTED
from drift_tools.result_rows import Documents, RunIdentity, lines_of, rows_of

FIRST = date(2026, 1, 1)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the tables, make the page; print what it took. Exit status 1 above 3 MB or 10 s."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fleet", description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--keep", type=Path, help="make the tables here, and take them from here the next time")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        place = options.keep or Path(folder)
        tables, page = place / "result-tables", Path(folder) / "fleet.html"
        if not tables.is_dir():
            began = time.perf_counter()
            make_tables(tables, options.models, options.features, options.days)
            size = sum(path.stat().st_size for path in tables.rglob("*.gz"))
            sys.stdout.write(f"tables made in {time.perf_counter() - began:.0f} s, {size / 1e6:.0f} MB compressed\n")
        until = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=options.days)
        began = time.perf_counter()
        subprocess.run(  # noqa: S603 - this interpreter, this project's command
            [
                *(sys.executable, "-m", "drift_tools", "fleet", str(tables), "--format", "html"),
                *("--output", str(page), "--days", str(options.days), "--until", until.isoformat()),
            ],
            check=True,
        )
        seconds = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = page.stat().st_size
        if options.keep:
            (place / "fleet.html").write_bytes(page.read_bytes())
    sys.stdout.write(
        f"{options.models:,} models x {options.features} features x {options.days} days: page {size / 1e6:.2f} MB in "
        f"{seconds:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:.0f} MiB)\n"
    )
    return int(size > 3e6 or seconds > 10)


def make_tables(tables: Path, models: int, features: int, days: int) -> None:
    """The tables of `models` monitors that ran once a day; a tenth of the models drift, in episodes."""
    draw = random.Random(7)  # noqa: S311 - an example, no secret
    names = [[f"{_WORDS[(model + i) % len(_WORDS)]}_{i}" for i in range(features)] for model in range(models)]
    episodes = {model: draw.randrange(days) for model in range(models) if draw.random() < 0.1}
    steady = [_feature(draw, draw.uniform(0, 0.03)) for _ in range(9973)]
    for day in range(days):
        moment = datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), UTC) + timedelta(hours=6)
        content: dict[str, list[bytes]] = {RUNS.name: [], FEATURES.name: [], FINDINGS.name: []}
        for model in range(models):
            if model % 97 == 0 and day > days - 9:
                continue  # silent since a week
            called = set(draw.sample(range(features), 1 + model % 7)) if day >= episodes.get(model, days) else set()
            documents = _documents(draw, names[model], called, steady)
            for table, lines in _lines(_identity(model, moment, day), documents).items():
                content[table].append(lines)
        for table, lines_of_day in content.items():
            path = tables / day_prefix(table, f"{moment:%Y-%m-%d}") / COMPACTED
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(b"".join(lines_of_day), compresslevel=1, mtime=0))


_WORDS = ("amount", "age", "income", "balance", "visits", "basket", "delay", "score", "clicks", "returns", "tenure")
_CUT = b'"feature":'
_TAILS: dict[tuple[str, int], bytes] = {}


def _lines(identity: RunIdentity, documents: Documents) -> dict[str, bytes]:
    """The very lines that a run writes. Those of features differ in their features only: each is encoded once."""
    features = documents.drift["features"]
    first = {name: features[name] for name in list(features)[:1]}
    rows = rows_of(identity, Documents(drift=dict(documents.drift, features=first), violations=documents.violations))
    rows[RUNS.name][0]["feature_count"] = len(features)
    head = lines_of(rows[FEATURES.name]).split(_CUT)[0] + _CUT
    tails = []
    for name, about in features.items():
        key = name, id(about) if about["verdict"] != "drift" else -1
        if key[1] == -1 or key not in _TAILS:
            whole = lines_of(rows_of(identity, Documents(drift={"features": {name: about}}))[FEATURES.name])
            _TAILS[key] = whole.split(_CUT, 1)[1]
        tails.append(head + _TAILS[key])
    return {
        RUNS.name: lines_of(rows[RUNS.name]),
        FINDINGS.name: lines_of(rows[FINDINGS.name]),
        FEATURES.name: b"".join(tails),
    }


def _identity(model: int, moment: datetime, day: int) -> RunIdentity:
    endpoint = f"{_WORDS[model % len(_WORDS)]}-model-{model:04}"
    return RunIdentity(
        account=f"{111111111111 * (1 + model % 3)}",
        region="eu-west-1",
        team=f"team-{model % 12}",
        endpoint=endpoint,
        schedule=f"{endpoint}-data-quality",
        variant="Primary",
        version=f"{endpoint}/{1 + (day + model) // 40}",
        kind="data-quality",
        window_start=f"{moment - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        window_end=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        results_uri=f"s3://bucket/monitoring-results/{endpoint}/{endpoint}-data-quality/{moment:%Y/%m/%d/%H}",
    )


def _feature(draw: random.Random, psi: float, *, drifted: bool = False) -> dict[str, Any]:
    def about(value: float) -> float:
        return value * draw.uniform(0.7, 1.4)  # measures that follow from each other would be compressed too well

    return {
        "kind": "numerical",
        "psi": psi,
        "ks": {"statistic": about(psi / 4), "p_value": draw.random()},
        "jensen_shannon": about(psi / 3),
        "wasserstein": about(psi / 2),
        "l_infinity": about(psi / 5),
        "p_value_adjusted": draw.random() * (1e-4 if drifted else 1.0),
        "drifted": drifted,
        "verdict": "drift" if drifted else "no drift",
        "reason": "the mean moved by 0.8 standard deviations" if drifted else "no difference is significant",
    }


def _documents(
    draw: random.Random, names: Sequence[str], called: Collection[int], steady: Sequence[dict[str, Any]]
) -> Documents:
    at = draw.randrange(len(steady))
    features = {
        name: _feature(draw, draw.uniform(0.2, 1.5), drifted=True) if i in called else steady[(at + i) % len(steady)]
        for i, name in enumerate(names)
    }
    drifted = [names[i] for i in sorted(called)]
    drift = {
        "engine": "open",
        "current_rows": 5000,
        "features": features,
        "drifted_features": drifted,
        "records": {"read": 5000, "used": 5000, "rows": 5000},
        "judgement": {"by": "own windows", "features": {}},
    }
    says = "Distance: 0.6 exceeds 0.1"
    violations = [
        {"feature_name": name, "constraint_check_type": "baseline_drift_check", "description": says} for name in drifted
    ]
    return Documents(drift=drift, violations=violations)


if __name__ == "__main__":
    sys.exit(main())
