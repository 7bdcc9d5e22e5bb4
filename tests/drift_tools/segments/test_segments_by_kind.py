"""Every kind by segment: what is put into one region is found there and named, and nothing without it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from drift_tools.errors import InputError

from .world import NAMES, REGIONS, Monitor, traffic

FEATURES = NAMES[2:]
BIAS = {
    "headers": [*FEATURES, "label"],
    "label": "label",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
}
SCRIPT = "def measure(table):\n    return {'income': float(table['income'].mean())}\n"


def in_south(frame: pd.DataFrame) -> pd.Series:
    return frame.region == "south"


def richer(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[in_south(frame), "income"] += 25
    return frame


def unfair(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[in_south(frame) & (frame.sex == "F"), "prediction"] = 0
    return frame


def wrong(frame: pd.DataFrame) -> pd.DataFrame:
    chosen = in_south(frame) & (np.arange(len(frame)) % 3 > 0)
    frame.loc[chosen, "label"] = 1 - frame.loc[chosen, "label"]
    return frame


def beyond(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[in_south(frame), "income"] = 500 + frame.income / 1000
    return frame


def data_quality(root: Path) -> tuple[Monitor, dict[str, str]]:
    made = Monitor(root, "DATA_QUALITY")
    made.baseline(traffic(0).drop(columns="label"))
    return made, {
        **made.constraints("constraints.json"),
        "baseline_statistics": str(root / "baseline/statistics.json"),
    }


def model_quality(root: Path) -> tuple[Monitor, dict[str, str]]:
    problem = {"problem_type": "BinaryClassification"}
    made = Monitor(root, "MODEL_QUALITY", **problem).config({"headers": NAMES})
    made.baseline(
        traffic(0),
        ground_truth_attribute="label",
        inference_attribute="prediction",
        probability_attribute="probability",
    )
    return made, {**made.constraints("constraints.json"), "inference_attribute": "0", "probability_attribute": "1"}


def bias(root: Path) -> tuple[Monitor, dict[str, str]]:
    made = Monitor(root, "BIAS").config(BIAS)
    made.baseline(traffic(0).drop(columns="probability"), inference_attribute="prediction")
    return made, {**made.constraints("analysis.json"), "inference_attribute": "0"}


def attribution(root: Path) -> tuple[Monitor, dict[str, str]]:
    made = Monitor(root, "ATTRIBUTION", inference_attribute="1").config({"headers": FEATURES, "methods": {"shap": {}}})
    made.model().baseline(traffic(0)[FEATURES])
    return made, made.constraints("analysis.json")


def custom(root: Path) -> tuple[Monitor, dict[str, str]]:
    limit = {"thresholds": {"income": {"above": 112}}}
    made = Monitor(root, "CUSTOM").config({"columns": NAMES, "monitors": {"money": {"script": SCRIPT, **limit}}})
    traffic(0).to_csv(made.baseline_rows, index=False)
    return made, {}


@pytest.mark.parametrize(
    ("kind", "change", "found"),
    [
        (data_quality, richer, "income"),
        (model_quality, wrong, "Metric "),
        (bias, unfair, "DPPL of sex = F"),
        (attribution, beyond, "The ranking of the features is another one"),
        (custom, richer, "Metric money.income"),
    ],
)
def test_what_is_put_into_one_segment_rings_there_and_nowhere_else(
    kind: Callable[[Path], tuple[Monitor, dict[str, str]]],
    change: Callable[[pd.DataFrame], pd.DataFrame],
    found: str,
    tmp_path: Path,
) -> None:
    monitor, more = kind(tmp_path)
    labelled = kind in (model_quality, bias)
    message = monitor.window(traffic(1), more, labelled=labelled)
    assert monitor.called() == {}
    assert message.startswith("Completed: ")
    judged = monitor.result("drift.json")["segments"]["region"]
    assert {value: one["judged"] for value, one in judged.items()} == {"north": True, "south": True} | (
        {"west": False} if judged.keys() > {"north", "south"} else {}
    )
    message = monitor.window(change(traffic(2)), more, labelled=labelled)
    called = monitor.called()
    assert list(called) == ["region = south"]
    assert f"In region = south ({int(in_south(traffic(2)).sum()):,} rows): " in called["region = south"]
    assert found in called["region = south"]
    assert " Drift in a segment alone: region = south (" in message
    metrics = monitor.metrics()
    assert metrics["region=south"] >= 1
    assert metrics["region=north"] == 0


def test_what_the_whole_window_is_called_for_is_no_finding_of_a_segment(tmp_path: Path) -> None:
    monitor, more = data_quality(tmp_path)
    rows = traffic(2)
    rows["income"] += 25
    message = monitor.window(rows, more)
    assert monitor.called() == {}
    assert "Drift in a segment" not in message
    assert set(monitor.result("drift.json")["segments"]["region"]["north"]["drifted"]) >= {"income"}


def test_a_segment_is_held_against_its_own_baseline(tmp_path: Path) -> None:
    """Where the south's income is another one from the beginning, that is no drift of it."""
    monitor = Monitor(tmp_path, "DATA_QUALITY")
    monitor.baseline(richer(traffic(0)).drop(columns="label"))
    statistics = {"baseline_statistics": str(tmp_path / "baseline/statistics.json")}
    monitor.window(richer(traffic(1)), monitor.constraints("constraints.json") | statistics)
    assert monitor.called() == {}
    monitor.window(traffic(1), monitor.constraints("constraints.json") | statistics)
    assert list(monitor.called()) == ["region = south"]


def test_segments_keep_windows_of_their_own(tmp_path: Path) -> None:
    monitor, more = data_quality(tmp_path)
    times = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T01:00:00Z"}
    monitor.window(traffic(1), {**more, **times, "windows_uri": str(tmp_path / "windows")})
    assert len(list((tmp_path / "windows").glob("*.json"))) == 1
    assert len(list((tmp_path / "windows/segments").glob("*/*.json"))) == 2
    segments = monitor.result("drift.json")["segments"]["region"]
    assert {one.get("by") for one in segments.values()} == {"learning", None}


def test_a_baseline_with_times_has_windows_of_its_segments(tmp_path: Path) -> None:
    monitor = Monitor(tmp_path, "DATA_QUALITY", baseline_time_column="at", baseline_window_hours="1")
    rows = pd.concat(
        [traffic(hour, 600).assign(at=f"2026-01-{1 + hour // 24:02d}T{hour % 24:02d}:10:00Z") for hour in range(30)]
    )
    monitor.baseline(rows.drop(columns="label"))
    assert (tmp_path / "baseline/windows.npz").is_file()
    assert len(list((tmp_path / "baseline/segments").glob("*/windows.npz"))) >= 2
    times = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T01:00:00Z"}
    statistics = {"baseline_statistics": str(tmp_path / "baseline/statistics.json")}
    places = {"windows_uri": str(tmp_path / "windows"), "baseline_windows_uri": str(tmp_path / "baseline")}
    del monitor.variables["baseline_time_column"]
    monitor.window(richer(traffic(99, 600)), monitor.constraints("constraints.json") | statistics | times | places)
    assert monitor.result("drift.json")["segments"]["region"]["south"]["by"] == "baseline windows"
    assert list(monitor.called()) == ["region = south"]


def test_a_column_that_the_baseline_lacks_is_refused(tmp_path: Path) -> None:
    monitor = Monitor(tmp_path, "BIAS", segments="country").config(BIAS)
    with pytest.raises(InputError, match="segments names 'country', and the baseline has the columns region, sex"):
        monitor.baseline(traffic(0).drop(columns="probability"), inference_attribute="prediction")


def test_every_region_is_one_of_them() -> None:
    assert set(traffic(0).region) == set(REGIONS)
