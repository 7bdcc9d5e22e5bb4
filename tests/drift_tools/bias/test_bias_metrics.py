"""The bias metrics against AWS's published output, AWS's open-source implementation, and their own definitions."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drift_tools.monitors.bias.counts import confusion_counts
from drift_tools.monitors.bias.measure import BiasData, GroupBias, measure
from drift_tools.monitors.bias.metrics import METRICS, Source, Stage

ORACLE = json.loads((Path(__file__).parent / "oracle.json").read_text())
ROWS = ("facet", "label", "predicted", "stratum", "x0", "x1")
INFINITY = math.inf
# Rows of (facet, label, prediction, group, x0, x1).
T1 = (
    "0,1,1,0,1,10 0,1,1,0,2,20 0,1,0,1,3,30 0,0,1,1,4,40 0,0,0,0,5,50 0,1,1,1,6,60 0,0,0,1,7,70 1,1,1,0,1.4,14 "
    "1,1,0,1,3.3,33 1,0,1,0,4.2,42 1,0,0,1,5.4,54 1,1,0,0,6.3,63"
)
T2 = "0,1,1,0,1,0 0,1,1,1,2,0 0,0,0,0,3,0 0,1,0,1,4,0 1,1,0,0,1.2,0 1,0,0,1,2.2,0 1,1,0,1,3.2,0 1,0,0,0,4.2,0"
T3 = "0,1,1,0,0,1 0,1,1,0,1,0 0,1,0,1,2,1 0,1,1,1,3,0 0,1,1,2,4,1 1,0,1,0,0,0 1,0,0,1,2,0 1,0,0,2,3,1"
T4 = "0,1,1,0,0,0 0,1,1,0,0,0 0,1,1,0,0,0 0,1,1,0,0,0 1,1,1,0,0,0 1,0,0,0,1,0"


def of(text: str) -> GroupBias:
    rows = np.array([[float(cell) for cell in row.split(",")] for row in text.split()])
    data = BiasData(rows[:, 1] == 1, rows[:, 2] == 1, rows[:, 3].astype(np.int64), rows[:, 4:])
    return measure("facet", "1", rows[:, 0] == 1, data)


def values(group: GroupBias) -> dict[str, float | None]:
    return {name: value.value for name, value in group.values.items()}


@pytest.mark.parametrize("table", ORACLE, ids=lambda table: f"{len(table['rows']['group'])} rows")
def test_every_metric_equals_smclarify(table: dict[str, Any]) -> None:
    rows = {key: np.array(value) for key, value in table["rows"].items()}
    data = BiasData(rows["label"] == 1, rows["predicted"] == 1, rows["stratum"], rows["features"].astype(float))
    measured = values(measure("facet", "1", rows["group"] == 1, data))
    assert set(measured) == set(table["values"]) == {metric.name for metric in METRICS}
    for name, expected in table["values"].items():
        assert measured[name] == pytest.approx(float(expected), rel=1e-12, abs=1e-15), name


def test_the_published_analysis_of_the_adult_notebook_to_the_last_digit() -> None:
    # Counts recovered from amazon-sagemaker-examples' executed bias notebook; the values are those that it printed.
    cells = {(0, 1, 1): 86, (0, 0, 1): 36, (0, 1, 0): 57, (0, 0, 0): 277}
    cells |= {(1, 1, 1): 8, (1, 0, 1): 2, (1, 1, 0): 9, (1, 0, 0): 191}
    rows = np.array([key for key, count in cells.items() for _ in range(count)]).T == 1
    measured = values(measure("Sex", "0", rows[0], BiasData(rows[1], rows[2])))
    published = {
        "CI": 0.36936936936936937,
        "DPL": 0.2326441102756892,
        "KL": 0.22434464102537785,
        "JS": 0.04508199943437752,
        "LP": 0.32900845595810163,
        "TVD": 0.2326441102756892,
        "DPPL": 0.2199248120300752,
        "DI": 0.17798594847775176,
        "DCA": -0.5278688524590163,
        "DCR": 0.027874251497005953,
        "RD": 0.1308103661044837,
        "SD": 0.10465328014037645,
        "AD": -0.15156641604010024,
        "DAR": -0.09508196721311479,
        "DRR": 0.12565868263473046,
        "TE": 2.916666666666667,
        "GE": 0.0841186702174704,
    }
    for name, expected in published.items():
        assert measured[name] == pytest.approx(expected, rel=0, abs=1.2e-16), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (T1, {"DPL": -1 / 35, "DI": 0.7, "TE": 1.0, "GE": 0.243801652893, "FT": -0.2, "CDDPL": 0.25}),
        (T2, {"DI": 0.0, "DCA": -INFINITY, "DCR": 0.0, "TE": 0.0, "FT": -0.5, "DAR": 1.0, "KL": 0.130812035941}),
        # One group has only one of the labels: the sum is over both groups' labels, and never too small.
        (T3, {"KL": INFINITY, "JS": math.log(2), "LP": math.sqrt(2), "TVD": 1.0, "KS": 1.0, "TE": -INFINITY}),
        (T4, {"KL": math.log(2), "JS": 0.215761554339, "LP": math.sqrt(0.5), "TVD": 0.5, "CDDL": 0.8, "FT": -0.5}),
    ],
    ids=["T1", "T2", "T3", "T4"],
)
def test_edge_values(text: str, expected: dict[str, float]) -> None:
    measured = values(of(text))
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, abs=5e-12), name


class TestWhereAMetricHasNoValue:
    rows = np.array([True, False, True, False] * 20)

    def errors(self, group: NDArray[Any], data: BiasData) -> dict[str, str]:
        measured = measure("f", "1", group, data)
        return {name: value.error for name, value in measured.values.items() if value.error}

    def test_a_group_without_rows(self) -> None:
        found = self.errors(np.zeros(80, bool), BiasData(self.rows, self.rows))
        assert set(found.values()) == {"the facet's group has no rows"}
        assert len(found) == 21

    def test_a_rest_without_rows(self) -> None:
        assert len(self.errors(np.ones(80, bool), BiasData(self.rows, self.rows))) == 21

    def test_without_a_group_variable_or_features(self) -> None:
        found = self.errors(np.arange(80) < 40, BiasData(self.rows, self.rows))
        assert found == {
            "CDDL": "no group variable is given",
            "CDDPL": "no group variable is given",
            "FT": "not all features are numbers",
        }

    def test_labels_that_are_all_alike(self) -> None:
        data = BiasData(np.ones(80, bool), self.rows, np.zeros(80, np.int64), np.zeros((80, 1)))
        assert self.errors(np.arange(80) < 40, data) == {"CDDL": "all rows are positive"}

    def test_nothing_but_false_negatives_has_no_entropy(self) -> None:
        found = self.errors(np.arange(80) < 40, BiasData(np.ones(80, bool), np.zeros(80, bool)))
        assert found["GE"] == "it is not defined for these rows"

    def test_missing_features(self) -> None:
        features = np.full((80, 1), np.nan)
        found = self.errors(np.arange(80) < 40, BiasData(self.rows, self.rows, None, features))
        assert found["FT"] == "some features are missing or infinite"

    def test_without_predictions_only_labels_are_measured(self) -> None:
        measured = measure("f", "1", np.arange(80) < 40, BiasData(self.rows))
        assert {value.metric.stage for value in measured.values.values()} == {Stage.PRE_TRAINING}


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 3)), min_size=1, max_size=40),
)
def test_a_value_or_a_reason_and_an_interval_around_what_is_judged(rows: list[Any]) -> None:
    group, label, predicted, stratum = (np.array(column) for column in zip(*rows, strict=True))
    measured = measure("f", "1", group, BiasData(label, predicted, stratum.astype(np.int64), stratum[:, None] * 1.0))
    for value in measured.values.values():
        assert (value.value is None) != (value.error is None)
        assert value.value is None or not math.isnan(value.value)
        if value.low is not None:
            assert value.high is not None
            assert value.estimate is not None
            assert value.standard_error is not None
            assert value.low <= value.high
            assert math.isfinite(value.estimate)
            assert math.isfinite(value.standard_error)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_differences_change_their_sign_with_the_sides(rows: list[Any]) -> None:
    group, label, predicted = (np.array(column) for column in zip(*rows, strict=True))
    one, other = (confusion_counts(side, label, predicted) for side in (group, ~group))
    for metric in METRICS:
        if metric.source is Source.CONFUSION and metric.name in {
            "CI",
            "DPL",
            "DPPL",
            "RD",
            "SD",
            "AD",
            "DAR",
            "DRR",
            "TE",
        }:
            assert float(metric.of(one)) == pytest.approx(-float(metric.of(other)), abs=1e-12), metric.name


def test_many_draws_are_measured_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 50, (20, 2, 2, 2)).astype(float)
    for metric in METRICS:
        if metric.source is Source.CONFUSION:
            together = metric.of(counts)
            assert together.tolist() == [float(metric.of(one)) for one in counts], metric.name


def test_intervals_cover_the_truth() -> None:
    """95 % intervals of the differences in 100 samples of 400 rows: of 90 at the least."""
    rng = np.random.default_rng(11)
    shares = np.array([[[0.3, 0.05], [0.08, 0.22]], [[0.15, 0.04], [0.06, 0.10]]])
    truth = {metric.name: float(metric.of(shares)) for metric in METRICS if metric.source is Source.CONFUSION}
    hits = dict.fromkeys(("DPL", "DPPL", "RD", "AD", "DI", "DAR", "SD"), 0)
    for _ in range(100):
        counts = rng.multinomial(400, shares.ravel())
        rows = np.array([(cell >> 2 & 1, cell >> 1 & 1, cell & 1) for cell in np.repeat(np.arange(8), counts)]) == 1
        measured = measure("f", "1", rows[:, 0], BiasData(rows[:, 1], rows[:, 2]))
        for name in hits:
            value = measured.values[name]
            assert value.low is not None
            assert value.high is not None
            hits[name] += value.low <= truth[name] <= value.high
    assert {name: 90 <= hit <= 100 for name, hit in hits.items()} == dict.fromkeys(hits, True), hits
