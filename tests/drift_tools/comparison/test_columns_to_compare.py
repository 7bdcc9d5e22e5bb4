"""Which columns are compared, and how a comparison is handed on."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from drift_tools import InputError, compare, compare_windows, prepare_baseline
from drift_tools.tables import as_table, read_csv_text

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(2, 1000))


def frame(month: str, first: int, values: Any) -> pd.DataFrame:
    when = pd.date_range(f"2026-{month}-01", periods=1000, freq="min")
    return pd.DataFrame({"id": np.arange(first, first + 1000), "when": when, "x": values})


JANUARY, FEBRUARY = frame("01", 0, X).assign(label=[0, 1] * 500), frame("02", 1000, Y)


def csv(data: pd.DataFrame) -> Any:
    return read_csv_text(data.to_csv(index=False))


@pytest.mark.parametrize(
    "of", [lambda data: data, pa.Table.from_pandas, csv, as_table], ids=["pandas", "pyarrow", "csv", "columns"]
)
def test_labels_of_rows_are_left_out_and_a_label_that_comes_later_is_no_drift(of: Any) -> None:
    comparison = compare(of(JANUARY), of(FEBRUARY))
    assert list(comparison.features) == ["x", "label"]
    assert comparison.drifted_features == []
    assert comparison.features["label"].reason == "not in the current data: a label, by its name, that comes later"
    assert comparison.left_out == {
        "id": "a number of its own in every row, as rows are numbered",
        "when": "times that go on where the baseline's end",
    }
    assert comparison.to_dict()["left_out"] == comparison.left_out


def test_what_is_asked_for_is_compared() -> None:
    assert compare(JANUARY, FEBRUARY, columns=["id", "when"]).drifted_features == ["id", "when"]
    assert compare(JANUARY, FEBRUARY, kinds={"id": "numerical"}).drifted_features == ["id"]
    assert compare(JANUARY, FEBRUARY, thresholds={"when": 0.2}).drifted_features == ["when"]
    assert compare(JANUARY, FEBRUARY, columns=["x", "label"]).features["label"].drifted
    assert list(compare(JANUARY, FEBRUARY, exclude=["label", "x"], columns=["x", "label", "id"]).features) == ["id"]
    assert compare(JANUARY, FEBRUARY, exclude=["x"]).left_out["x"] == "left out as asked"


def test_a_lost_column_is_still_drift() -> None:
    comparison = compare(JANUARY.assign(income=X), FEBRUARY)
    assert comparison.drifted_features == ["income"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (np.arange(1000.0), np.arange(1000.0) + 500),  # overlaps
        (np.arange(1000.0) * 7, np.arange(1000.0) * 7 + 9000),  # not by ones
        (RNG.permutation(1000), RNG.permutation(1000) + 2000),  # in no order, and not by name
        (np.arange(1000) + 0.5, np.arange(1000) + 2000.5),
    ],
)
def test_numbers_that_only_look_a_bit_like_ids_are_features(before: Any, after: Any) -> None:
    assert compare({"amount": before}, {"amount": after}).drifted_features == ["amount"]


@pytest.mark.parametrize("name", ["PassengerId", "customer_id", "ID", "order no", "uuid"])
def test_ids_are_told_by_name_in_any_order(name: str) -> None:
    sides = RNG.permutation(1000), RNG.permutation(1000) + 2000
    comparison = compare({name: sides[0], "x": X}, {name: sides[1], "x": Y})
    assert list(comparison.left_out) == [name]


def test_times_that_overlap_or_lie_before_are_features() -> None:
    late = frame("02", 0, X)[["when"]]
    early = frame("01", 0, X)[["when"]]
    assert compare(late, early).drifted_features == ["when"]
    assert compare(early, early + pd.Timedelta(hours=8)).drifted_features == ["when"]


def test_a_misspelt_name_is_refused() -> None:
    options: list[dict[str, Any]] = [
        {"columns": ["X"]},
        {"exclude": ["X"]},
        {"kinds": {"X": "numerical"}},
        {"thresholds": {"X": 1.0}},
    ]
    for option in options:
        with pytest.raises(InputError, match="there is no column 'X'"):
            compare(JANUARY, FEBRUARY, **option)
    with pytest.raises(InputError, match=r"exclude is the text 'x': give a list of names, such as \['x'\]"):
        compare(JANUARY, FEBRUARY, exclude="x")
    with pytest.raises(InputError, match="did you mean 'label'"):
        compare(JANUARY, FEBRUARY, exclude=["lable"])
    with pytest.raises(InputError, match="columns is empty"):
        compare(JANUARY, FEBRUARY, columns=[])


# --- indexes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of", [lambda data: data, pa.Table.from_pandas, as_table], ids=["pandas", "pyarrow", "columns"]
)
@pytest.mark.parametrize("take", ["sample", "dropna", "sort_values", "query", "concat", "times"])
def test_the_index_of_a_pandas_frame_is_no_feature(take: str, of: Any) -> None:
    data = pd.DataFrame({"x": np.concatenate([X, Y])})
    takes: dict[str, Callable[[], tuple[Any, ...]]] = {
        "sample": lambda: (data.sample(1000, random_state=1), data.iloc[:1000]),
        "dropna": lambda: (data.mask(data.x > 1).dropna(), data.mask(data.x > 1).dropna()),
        "sort_values": lambda: (data.sort_values("x"), data),
        "query": lambda: (data.query("x > 0"), data.query("x > 0")),
        "concat": lambda: (pd.concat([data.iloc[:700], data.iloc[:300]]), data),
        "times": lambda: tuple(
            part.set_index(pd.date_range("2026-01-01", periods=2000, freq="h")[place])
            for part, place in ((data[:1000], slice(0, 1000)), (data[1000:], slice(1000, 2000)))
        ),
    }
    first, second = takes[take]()
    comparison = compare(of(first), of(second))
    assert (list(comparison.features), comparison.drifted, dict(comparison.left_out)) == (["x"], False, {})


def test_a_named_index_is_left_out_unless_it_is_asked_for() -> None:
    sides = [data.set_index("when") for data in (JANUARY, FEBRUARY)]
    comparison = compare(*sides, exclude=["label", "id"])
    assert (list(comparison.features), "when" in comparison.left_out) == (["x"], True)
    assert list(compare(*sides, columns=["when", "x"]).features) == ["x", "when"]
    prepared = prepare_baseline(sides[0])
    assert list(compare(prepared, sides[1], exclude=["label", "id"]).features) == ["x"]


def test_windows_leave_out_alike() -> None:
    windows = [(str(part), FEBRUARY.iloc[part * 250 : (part + 1) * 250]) for part in range(4)]
    timeline = compare_windows(JANUARY, windows, exclude=["label"])
    assert timeline.drifted_features == []
    assert {tuple(window.comparison.features) for window in timeline.windows} == {("x",)}
    overlapping = [("early", JANUARY.iloc[500:]), *windows]
    timeline = compare_windows(JANUARY, overlapping)
    assert {tuple(window.comparison.features) for window in timeline.windows} == {("x", "label")}


# --- handing on ----------------------------------------------------------------------------------------------------


def test_a_comparison_becomes_a_frame() -> None:
    comparison = compare({"x": X, "c": ["a", "b"] * 500}, {"x": X + 1, "c": ["a", "b"] * 500})
    table, data = comparison.to_arrow(), comparison.to_pandas()
    assert table.column("feature").to_pylist() == list(data["feature"]) == ["x", "c"]
    assert table.column("drifted").to_pylist() == [True, False]
    assert table.column("psi").to_pylist() == [feature.psi for feature in comparison.features.values()]
    assert table.column("ks").to_pylist()[1] is None
    assert table.column("chi_squared").to_pylist() == [None, 0.0]
    assert table.column_names == list(data.columns)


def test_a_notebook_shows_a_table_and_no_markup_of_the_data() -> None:
    comparison = compare({"<b>x</b>": X}, {"<b>x</b>": X + 1})
    page = comparison._repr_html_()
    assert "<td>&lt;b&gt;x&lt;/b&gt;</td><td>drift</td>" in page
    assert "<b>" not in page


def test_the_repr_of_many_drifted_features_is_short() -> None:
    before = {f"f{index}": X[:100] for index in range(300)}
    text = repr(compare(before, {name: values + 5 for name, values in before.items()}))
    assert text.endswith("f8, f9 and 290 more>")
    assert len(text) < 150


@pytest.mark.parametrize(
    "of",
    [lambda data: data, csv, pa.Table.from_pandas, lambda data: dict(data.items())],
    ids=["pandas", "csv", "pyarrow", "mapping"],
)
def test_a_prepared_baseline_goes_to_other_processes(of: Any) -> None:
    data = JANUARY.assign(text=["a", None] * 500)
    prepared = pickle.loads(pickle.dumps(prepare_baseline(of(data))))
    assert compare(prepared, data).to_dict() == compare(of(data), data).to_dict()
