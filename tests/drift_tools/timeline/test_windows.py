"""Windows over time: cut, compared, and when it began."""

import json
import math
import re
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from drift_tools.comparison import prepare_baseline
from drift_tools.errors import InputError
from drift_tools.tables import as_table, read_csv_text
from drift_tools.timeline import Timeline, compare_windows, split_by_time


def hours(rng: np.random.Generator, count: int, since: int, rows: int = 300) -> list[tuple[str, dict[str, object]]]:
    """Windows in which `x` jumps by 1 σ at `since`, `code` gets a new category an hour later, and `y` stays."""
    return [
        (
            f"{hour:02d}:00",
            {
                "x": rng.normal(hour >= since, size=rows),
                "y": rng.normal(size=rows),
                "code": rng.choice(list("abc"), rows, p=[0.6, 0.25, 0.15] if hour > since else [0.6, 0.4, 0.0]),
            },
        )
        for hour in range(count)
    ]


def baseline(rng: np.random.Generator, rows: int = 2000) -> dict[str, object]:
    return {
        "x": rng.normal(size=rows),
        "y": rng.normal(size=rows),
        "code": rng.choice(list("ab"), rows, p=[0.6, 0.4]),
    }


def test_a_cliff_is_dated_in_every_feature_that_has_one() -> None:
    rng = np.random.default_rng(1)
    timeline = compare_windows(baseline(rng), hours(rng, 12, 7))
    assert timeline.drifted_features == ["x", "code"]
    x, code = timeline.onsets["x"], timeline.onsets["code"]
    assert (x.window, x.pace, x.complete) == ("07:00", "sudden", "07:00")
    assert (code.window, code.pace) == ("08:00", "sudden")
    assert x.earliest <= "07:00" <= x.latest
    assert abs(x.effect_before) < 0.05
    assert x.effect_after > 0.5
    assert [window.comparison.drifted for window in timeline.windows] == [False] * 7 + [True] * 5
    assert timeline.drifted


def test_drift_that_is_over_is_dated_at_both_ends() -> None:
    rng = np.random.default_rng(9)
    windows = [(f"{hour:02d}", {"x": rng.normal(3 * (4 <= hour < 7), size=300)}) for hour in range(12)]
    before = {"x": rng.normal(size=2000)}
    onset = compare_windows(before, windows).onsets["x"]
    assert (onset.window, onset.pace, onset.complete, onset.until) == ("04", "sudden", "04", "06")
    assert onset.effect_after > 5  # of the drifted windows only
    assert str(onset) == "x: began at 04, all at once, until 06"
    assert compare_windows(before, windows[:9]).onsets["x"].until == "06"
    assert compare_windows(before, windows[:8]).onsets["x"].until is None  # one calm window may be chance
    small = [(label, {"x": table["x"][:40]}) for label, table in windows]
    found = compare_windows(before, small)
    assert {window.comparison.features["x"].verdict for window in found.windows[7:]} == {"not enough data"}
    assert found.onsets["x"].until == "06"
    back = [(label, {"y": np.zeros(300)} if 4 <= int(label) < 7 else table) for label, table in windows]
    assert compare_windows(before, back).onsets["x"].until == "06"  # the column was missing
    empty = [(label, {"x": np.empty(0)}) for label in ("07", "08", "09")]
    assert compare_windows(before, [*windows[:7], *empty]).onsets["x"].until is None  # nobody knows


def test_drift_that_is_too_weak_for_every_window_is_not_over() -> None:
    rng = np.random.default_rng(10)
    windows = [(f"{hour:02d}", {"x": rng.normal(0.4 * (hour >= 4), size=90)}) for hour in range(16)]
    found = compare_windows({"x": rng.normal(size=4000)}, windows)
    drifted = [window.comparison.drifted for window in found.windows]
    assert any(drifted)
    assert not all(drifted[4:])
    assert found.onsets["x"].until is None


def test_a_slope_is_told_from_a_cliff() -> None:
    rng = np.random.default_rng(2)
    windows = [(f"{day:02d}", {"x": rng.normal(np.clip((day - 5) / 10, 0, 1), size=400)}) for day in range(20)]
    onset = compare_windows({"x": rng.normal(size=4000)}, windows).onsets["x"]
    assert onset.pace == "gradual"
    assert "04" <= onset.earliest <= "06" <= onset.latest <= "09"
    assert "13" <= onset.complete <= "17"
    assert "growing until" in str(onset)


def test_a_timeline_without_drift_seldom_alarms() -> None:
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng([3, seed])
        alarms += compare_windows(baseline(rng), hours(rng, 6, 99)).drifted
    assert alarms <= 5  # 6 of 30 at a true 5 % would be less likely than 1 in 300


def test_the_level_of_a_window() -> None:
    rng = np.random.default_rng(4)
    windows = [*hours(rng, 4, 9), ("empty", {"x": np.empty(0), "y": np.empty(0), "code": np.empty(0, dtype=str)})]
    shared = compare_windows(baseline(rng), windows)
    assert (shared.alpha, shared.alpha_per_window) == (0.05, 0.0125)
    assert {window.comparison.alpha for window in shared.windows} == {0.0125}
    monitor = compare_windows(baseline(rng), windows, false_alarms_per_year=1, runs_per_year=8760)
    assert monitor.alpha_per_window == pytest.approx(1 / 8760)
    assert monitor.alpha == pytest.approx(5 / 8760)


def test_a_window_without_rows_and_one_without_the_column() -> None:
    rng = np.random.default_rng(5)
    windows = [(label, {"x": table["x"], "z": table["y"]}) for label, table in hours(rng, 8, 4)]
    windows[2] = ("02:00", {"x": np.empty(0), "z": np.empty(0)})
    windows[6] = ("06:00", {"x": rng.normal(1, size=300)})
    timeline = compare_windows({"x": rng.normal(size=2000), "z": rng.normal(size=2000)}, windows)
    assert timeline.windows[2].comparison.features["x"].verdict == "not enough data"
    assert timeline.onsets["x"].window == "04:00"
    assert timeline.onsets["z"].earliest <= "06:00" <= timeline.onsets["z"].latest
    assert math.isnan(compare_windows({"x": np.zeros(500)}, [("a", {"x": np.ones(500)})]).onsets["x"].effect_before)


def test_a_constant_that_became_another() -> None:
    windows = [(f"{hour}", {"x": np.full(200, float(hour >= 3))}) for hour in range(6)]
    onset = compare_windows({"x": np.zeros(1000)}, windows).onsets["x"]
    assert (onset.window, onset.earliest, onset.latest, onset.pace) == ("3", "3", "3", "sudden")


def test_a_prepared_baseline_gives_the_same() -> None:
    rng = np.random.default_rng(6)
    table, windows = baseline(rng), hours(rng, 6, 3)
    assert compare_windows(prepare_baseline(table), windows).to_dict() == compare_windows(table, windows).to_dict()


def test_the_json_object() -> None:
    rng = np.random.default_rng(7)
    timeline = compare_windows(baseline(rng), hours(rng, 4, 0))
    document = json.loads(json.dumps(timeline.to_dict(), allow_nan=False))
    assert list(document) == [
        "alpha",
        "alpha_per_window",
        "confidence",
        "drifted",
        "drifted_features",
        "windows",
        "onsets",
        "growing",
    ]
    assert document["windows"][0]["label"] == "00:00"
    assert document["windows"][0]["drifted_features"] == ["x"]
    assert document["onsets"]["x"] == {
        "window": "00:00",
        "earliest": "00:00",
        "latest": "00:00",
        "pace": "sudden",
        "shape": "cliff",
        "complete": "00:00",
        "effect_before": None,
        "effect_after": timeline.onsets["x"].effect_after,
        "until": None,
        "moves": [],
        "earlier": [],
    }
    assert repr(timeline).startswith("<Timeline: 4 windows; x: began at 00:00, all at once; code: began at 01:00")
    assert repr(Timeline((), {}, 0.05, 0.05)) == "<Timeline: 0 windows; no drift>"


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ([], "there are no windows"),
        ([("a", {"x": [1.0]}), ("a", {"x": [1.0]})], "two windows are called 'a'"),
        ([("a", 3)], "window 'a' is a int"),
    ],
)
def test_what_is_no_sequence_of_windows_is_refused(windows: list[tuple[str, object]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_windows({"x": np.arange(100.0)}, windows)


TIMES = ["2026-03-01T10:10:00Z", "2026-03-01T12:59:59", "2026-03-01T13:30:00+01:00", "2026-03-02T00:00:00Z"]
SECONDS = [1772359800, 1772369999, 1772368200, 1772409600]


@pytest.mark.parametrize(
    "times",
    [
        TIMES,
        np.array(SECONDS),
        np.array(SECONDS) * 1000,
        np.array(SECONDS) * 10**9,
        np.array(SECONDS, dtype="datetime64[s]"),
        pa.array(SECONDS, type=pa.timestamp("s", tz="UTC")),
    ],
    ids=["texts", "seconds", "milliseconds", "nanoseconds", "numpy", "arrow"],
)
def test_times_of_every_kind(times: object) -> None:
    data: object = {"at": times, "x": [1.0, 2.0, 3.0, 4.0]}
    if isinstance(times, pa.Array):
        data = pa.table({"at": times, "x": [1.0, 2.0, 3.0, 4.0]})
    windows = split_by_time(data, "at", "1h")
    filled = {label: part.columns["x"].as_numbers()[0].tolist() for label, part in windows if part.rows}
    assert filled == {"2026-03-01T10:00Z": [1.0], "2026-03-01T12:00Z": [2.0, 3.0], "2026-03-02": [4.0]}
    assert len(windows) == 15
    assert windows[0][1].names == ["x"]


@pytest.mark.parametrize(
    ("width", "labels"),
    [
        ("1d", ["2026-03-01", "2026-03-02"]),
        (timedelta(days=1), ["2026-03-01", "2026-03-02"]),
        (86400, ["2026-03-01", "2026-03-02"]),
        ("1w", ["2026-02-23", "2026-03-02"]),
        ("12h", ["2026-03-01", "2026-03-01T12:00Z", "2026-03-02"]),
        ("720m", ["2026-03-01", "2026-03-01T12:00Z", "2026-03-02"]),
        ("720min", ["2026-03-01", "2026-03-01T12:00Z", "2026-03-02"]),
    ],
)
def test_widths(width: str | timedelta | float, labels: list[str]) -> None:
    assert [label for label, _ in split_by_time({"at": TIMES, "x": [1, 2, 3, 4]}, "at", width)] == labels


def test_texts_stay_as_they_were_written() -> None:
    table = read_csv_text("at,code,x\n2026-03-01,03,1.50\n2026-03-02,3,\n")
    windows = split_by_time(table, "at", "1d")
    assert [part.columns["code"].as_texts().tolist() for _, part in windows] == [["03"], ["3"]]
    assert np.isnan(windows[1][1].columns["x"].as_numbers()[0]).all()


def test_windows_put_together_are_the_table() -> None:
    rng = np.random.default_rng(8)
    table = as_table({"at": rng.uniform(1.77e9, 1.77e9 + 1e6, 500), "x": rng.normal(size=500)})
    windows = split_by_time(table, "at", "6h")
    assert sum(part.rows for _, part in windows) == 500
    values = np.concatenate([part.columns["x"].as_numbers()[0] for _, part in windows])
    assert np.array_equal(np.sort(values), np.sort(table.columns["x"].as_numbers()[0]))


@pytest.mark.parametrize(
    ("data", "width", "message"),
    [
        ({"x": [1.0]}, "1h", "there is no column 'at': the table has 'x'"),
        ({"at": ["2026-03-01", "soon"]}, "1h", "column 'at', row 2: 'soon' is no time"),
        ({"at": ["2026-03-01", None]}, "1h", r"column 'at', row 2: no time there \(1 such row\)"),
        ({"at": [1e9, np.inf, np.nan]}, "1h", r"column 'at', row 2: no time there \(2 such rows\)"),
        ({"at": [1e8, 1e9]}, "1h", "spans 250,001 windows: at most 10,000"),
        ({"at": [1e9]}, "1 fortnight", "the width '1 fortnight' is none"),
        ({"at": [1e9]}, 0.5, "the width is 0.5: give at least one second"),
        ({"at": [1e9]}, 1e300, "the width is 1e[+]300: give at most 36525d"),
        ({"at": np.empty(0)}, "1h", "has no rows to split"),
        ({f"x{number}": [1.0] for number in range(12)}, "1h", r"'x9' and 2 more; name one \(--time-column\)"),
    ],
)
def test_what_cannot_be_split_is_refused(data: dict[str, object], width: str | float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_by_time(data, "at", width)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([20260301001200], "20260301001200 looks like YYYYMMDDhhmmss: write ISO 8601, such as 2026-03-01T00:12:00Z"),
        (
            [202603010012, 202603010112],
            "202603010012 looks like YYYYMMDDhhmm: write ISO 8601, such as 2026-03-01T00:12:00Z",
        ),
        ([20260301], "20260301 looks like YYYYMMDD: write ISO 8601, such as 2026-03-01"),
        ([20260231], "20260231 is no time of the years 1971 to 2199: "),
        (
            [41, 30],
            "41 is no time of the years 1971 to 2199: name a column of times (--time-column), or write ISO 8601",
        ),
        ([-90000000000], "-90000000000 is no time of the years 1971 to 2199: "),
        ([1e40], "1e+40 is no time of the years 1971 to 2199: "),
        ([-1.7e308, 1.7e308], "-1.7e+308 is no time of the years 1971 to 2199: "),
        ([8e18], "8e+18 is no time of the years 1971 to 2199: "),
        (["0001-01-01"], "0001-01-01 is not in the years 1000 to 8999: fix it or leave the row out"),
        (["9999-12-31T23:59:59-05:00"], "9999-12-31T23:59:59-05:00 is not in the years 1000 to 8999: "),
        (np.array(["-0500-01-01"], dtype="datetime64[s]"), "the time is not in the years 1000 to 8999: "),
    ],
)
def test_numbers_that_are_no_times_are_refused_in_one_line(times: object, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=re.escape(f"column 'at', row 1: {message}")) as caught:
            split_by_time({"at": times, "x": np.zeros(len(times))}, "at", "1h")  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_number_that_is_far_out_leaves_the_others_their_unit() -> None:
    with pytest.raises(InputError, match=r"column 'at', row 3: 1e\+300 is no time"):
        split_by_time({"at": [1772359800.0, 1772369999.0, 1e300]}, "at", "1h")


def test_the_number_is_told_as_it_was_written() -> None:
    with pytest.raises(InputError, match="column 'at', row 1: 0041 is no time"):
        split_by_time(read_csv_text("at,x\n0041,1\n"), "at", "1h")


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_every_plausible_year_is_told_in_every_unit(unit: int) -> None:
    for year in (1971, 1976, 2026, 2199):
        seconds = int(datetime(year, 6, 2, tzinfo=UTC).timestamp())
        ((label, _),) = split_by_time({"at": np.array([seconds * unit]), "x": [1.0]}, "at", "1d")
        assert label == f"{year}-06-02"


def test_what_says_that_it_is_a_time_may_be_long_ago() -> None:
    for times in (["1066-10-14"], np.array(["1066-10-14"], dtype="datetime64[D]")):
        assert [label for label, _ in split_by_time({"at": times, "x": [1.0]}, "at", "1d")] == ["1066-10-14"]


def test_the_words_of_the_version_before_are_deprecated() -> None:
    onset = compare_windows(baseline(np.random.default_rng(7)), hours(np.random.default_rng(7), 4, 0)).onsets["x"]
    with pytest.warns(DeprecationWarning, match=r"use Onset\.pace"):
        assert (onset.shape, onset.pace) == ("cliff", "sudden")
