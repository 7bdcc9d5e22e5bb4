"""The open engine's drift.json in a message: the data's own hours, rows, measures, and which change is the largest."""

import json
from typing import Any

import pytest

from tests.lambda_functions.conftest import RUN, categories, drift, numeric, statistics
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import event, load

functions = load("alarm_responder")
BASELINE = "baseline-data/results/ab12/statistics.json"
BASELINES = json.dumps({"churn-data-quality": f"s3://churn-data/{BASELINE}"})


def drift_json(hours: str = "03/04", **features: dict[str, Any]) -> dict[str, Any]:
    """As the job writes it: a feature's measures, and its verdict in the judgement."""
    start, end = hours.split("/")
    return {
        "version": 1,
        "window": {"start": f"2026-11-23T{start}:00:00Z", "end": f"2026-11-23T{end}:00:00Z", "late_from": None},
        "baseline_rows": 5000,
        "current_rows": 1000,
        "features": {
            name: {"psi": item["psi"], "ks": {"statistic": item.get("ks")}, "p_value_adjusted": item.get("p")}
            for name, item in features.items()
        },
        "records": {"read": 1010, "used": 1000, "rows": 1000},
        "judgement": {
            "by": "baseline windows",
            "says": "Judged by the baseline's 336 windows.",
            "features": {
                name: {
                    "state": item.get("state", "drift"),
                    "moved": item.get("moved", "location"),
                    "effect": item["psi"] - 0.01,
                    "since": item.get("since"),
                }
                for name, item in features.items()
            },
        },
    }


@pytest.fixture
def tell(s3: FakeS3, sns: FakeSns, new_responder: Any) -> Any:
    """The body of the message on the run of 04:00, whose results are given; 03:00 had violations as well."""

    def body(report: Any, *violations: dict[str, str], now: Any = None, baseline: Any = None) -> str:
        s3.put(f"{RUN}/2026/11/23/02/statistics.json", statistics())
        for hour in ("03", "04"):
            s3.put(f"{RUN}/2026/11/23/{hour}/constraint_violations.json", {"violations": list(violations)})
        s3.put(f"{RUN}/2026/11/23/04/statistics.json", now or statistics())
        s3.put(BASELINE, baseline or statistics())
        if report is not None:
            s3.put(f"{RUN}/2026/11/23/04/drift.json", report)
        functions.handler.respond_to_all(event("alarm_violations"), new_responder(BASELINE_STATISTICS=BASELINES))
        return str(sns.published[0]["Message"])

    return body


def test_the_datas_own_hours_and_rows(tell: Any) -> None:
    body = tell(drift_json(AGEP={"psi": 0.16, "ks": 0.1646, "p": 3.3e-28}), drift("AGEP", 0.83))
    assert "Data      2026-11-23 03:00–04:00 UTC, 1000 rows of 1010 records (baseline: 5000)\n" in body
    assert "Since     2026-11-23 02:00 UTC (2 consecutive windows; the one before was clean)\n" in body
    assert "Run       2026-11-23 04:00 UTC\n" in body
    assert "Verdict   Judged by the baseline's 336 windows.\n" in body
    assert "     PSI 0.16, KS 0.1646, p under 1e-12\n" in body
    assert f"  Measures:     s3://churn-data/{RUN}/2026/11/23/04/drift.json\n" in body


def test_since_is_what_the_engine_found_where_that_is_earlier(tell: Any) -> None:
    features: dict[str, Any] = {
        "AGEP": {"psi": 0.16, "since": "2026-11-22T19:00:00Z"},
        "SCHL": {"psi": 0.01, "since": "2026-11-20T00:00:00Z", "state": "growing"},
        "RELP": {"psi": 0.5, "since": "2026-11-21T00:00:00Z"},
    }
    body = tell(drift_json(**features), drift("AGEP", 0.83))
    line = "Since     2026-11-22 19:00 UTC (called from 2026-11-23 02:00 UTC on: 2 consecutive windows; "
    assert line in body


def test_the_largest_change_first_by_effect(tell: Any) -> None:
    """RELP is 8 times its threshold of distance, and the smaller change."""
    body = tell(
        drift_json(RELP={"psi": 0.12}, AGEP={"psi": 0.9}), drift("RELP", 0.8), drift("AGEP", 0.5), drift("AGEP", 0.2)
    )
    assert body.index("  1. AGEP") < body.index("  2. RELP")


def test_without_the_engines_file_the_hour_in_which_the_window_ended(tell: Any) -> None:
    body = tell(None, drift("AGEP", 0.83))
    assert "Data      up to 2026-11-23 04:00 UTC, 200 rows\n" in body
    assert "Measures:" not in body


@pytest.mark.parametrize(
    "document", [[], {"window": 3, "features": [1], "judgement": {"features": {"AGEP": 7}}}, {"features": {"AGEP": []}}]
)
def test_a_file_of_another_shape_costs_nothing(tell: Any, document: Any) -> None:
    body = tell(document, drift("AGEP", 0.83))
    assert "Data      up to 2026-11-23 04:00 UTC, 200 rows\n" in body
    assert "distribution drifted: distance 0.83" in body


def test_a_file_that_is_no_json_is_said(tell: Any) -> None:
    body = tell(b"{", drift("AGEP", 0.83))
    assert f"The measures are not shown: s3://churn-data/{RUN}/2026/11/23/04/drift.json is no valid JSON" in body


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-11-23T03:00:00Z", "2026-11-23T04:00:00Z", "2026-11-23 03:00–04:00 UTC"),
        ("2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z", "2026-11-22 23:00–24:00 UTC"),
        ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-22 00:00–24:00 UTC"),
        ("2026-11-22T06:00:00Z", "2026-11-23T06:00:00Z", "2026-11-22 06:00 – 2026-11-23 06:00 UTC"),
    ],
)
def test_a_span(start: str, end: str, text: str) -> None:
    moment = functions.drift_report.moment
    assert functions.window_lines.span_text(moment(start), moment(end)) == text


def test_a_new_category_is_named_before_frequent_old_ones(tell: Any) -> None:
    old = {"RELP_0": 264, "RELP_2": 213, "RELP_1": 156, "RELP_3": 12, **{f"RELP_{n}": 15 for n in range(4, 18)}}
    before, now = statistics(categories("RELP", **old)), statistics(categories("RELP", **old, RELP_20=145))
    unknown = {
        "feature_name": "RELP",
        "constraint_check_type": "categorical_values_check",
        "description": "Value: 0.855 does not meet the constraint requirement!",
    }
    body = tell(None, unknown, now=now, baseline=before)
    line = "     now:      new: 'RELP_20' 14.5 %, 'RELP_0' 26.4 %, 'RELP_2' 21.3 %, 'RELP_1' 15.6 %, 15 more\n"
    assert line in body


def test_a_category_that_has_gone_is_named_if_it_was_not_rare() -> None:
    before, now = statistics(categories("X", a=700, b=290, c=10)), statistics(categories("X", a=1000))
    assert functions.column_summaries.summaries(now, before) == {"X": "'a' 100 %, gone: 'b'"}


def test_no_category_is_new_to_a_baseline_that_does_not_list_all() -> None:
    before = statistics(categories("X", a=700, b=290))
    before["features"][0]["string_statistics"]["distinct_count"] = 40.0
    now = statistics(categories("X", a=1, z=1))
    assert functions.column_summaries.summaries(now, before) == {"X": "'a' 50 %, 'z' 50 %"}


def test_no_category_is_new_to_a_column_of_numbers() -> None:
    now = statistics(categories("X", a=1))
    assert functions.column_summaries.summaries(now, statistics(numeric("X", 1, 0, 2))) == {"X": "'a' 100 %"}


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("2026-11-23T03:20:00+00:00", "Seen      by ann at 2026-11-23T03:20:00+00:00: new form\n"),
        ("2026-11-23T02:59:00+00:00", None),  # before the episode: it was about another one
        ("yesterday", None),
    ],
)
def test_who_has_seen_the_episode_is_shown(s3: FakeS3, tell: Any, at: str, line: str | None) -> None:
    key = "responder-state/acknowledged/churn-endpoint/churn-data-quality.json"
    s3.put(key, {"by": "ann", "at": at, "note": "new form"})
    body = tell(None, drift("AGEP", 0.83))
    assert ("Seen  " in body) == (line is not None)
    assert line is None or line in body


def test_an_acknowledgement_of_another_shape_is_said(s3: FakeS3, tell: Any) -> None:
    s3.put("responder-state/acknowledged/churn-endpoint/churn-data-quality.json", [1])
    assert "Whether somebody has seen this could not be looked up: no JSON object." in tell(None, drift("AGEP", 0.83))
