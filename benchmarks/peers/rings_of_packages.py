"""What NannyML and Evidently say of the hours of a world, each in its own environment; `benchmarks/rings_peers.py` has
their measures for a year.

`python benchmarks/peers/rings_of_packages.py PEER HOURS.npz` prints one JSON object: by column, a value for each hour.
The file has `names`, `windows`, and the columns of the reference (`ref_NAME`) and of each hour (`w0_NAME`, …).
"""

import json
import sys
import warnings
from importlib import import_module
from typing import Any

import numpy as np

pd: Any = import_module("pandas")


def _frames(path: str) -> tuple[Any, list[Any]]:
    hours = np.load(path, allow_pickle=True)
    names = hours["names"].tolist()

    def frame(prefix: str) -> Any:
        return pd.DataFrame({name: hours[f"{prefix}_{name}"] for name in names})

    return frame("ref"), [frame(f"w{place}") for place in range(int(hours["windows"]))]


def nannyml(reference: Any, windows: list[Any]) -> dict[str, list[float]]:
    """Jensen–Shannon, as it ships."""
    package: Any = import_module("nannyml")
    calculator = package.UnivariateDriftCalculator(
        column_names=list(reference.columns),
        continuous_methods=["jensen_shannon"],
        categorical_methods=["jensen_shannon"],
        chunk_size=len(windows[0]),
    )
    calculator.fit(reference)
    found = calculator.calculate(pd.concat(windows, ignore_index=True)).filter(period="analysis").to_df()
    return {name: found[(name, "jensen_shannon", "value")].tolist() for name in reference.columns}


def evidently(reference: Any, windows: list[Any]) -> dict[str, list[float]]:
    """The method that it chooses for each column."""
    package, metrics = import_module("evidently"), import_module("evidently.metrics")
    texts = [name for name in reference if reference[name].dtype == object]
    numbers = [name for name in reference if name not in texts]
    definition = package.DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    before = package.Dataset.from_pandas(reference, definition)
    found: dict[str, list[float]] = {name: [] for name in reference}
    for window in windows:
        report = package.Report([metrics.ValueDrift(column=name) for name in reference])
        measured = report.run(package.Dataset.from_pandas(window, definition), before).dict()["metrics"]
        for name, metric in zip(reference, measured, strict=True):
            found[name].append(float(metric["value"]))
    return found


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    peer = {"nannyml": nannyml, "evidently": evidently}[sys.argv[1]]
    sys.stdout.write(json.dumps(peer(*_frames(sys.argv[2]))))
