"""What to do first, by the shape of the finding; and the metrics of a model's quality."""

from typing import Any

import pytest

from tests.lambda_functions.conftest import categories, drift, numeric, statistics
from tests.lambda_functions.functions import common, load

functions = load("alarm_responder")
LASTS = "If the change is meant to last: make a new baseline, or widen the threshold in its constraints.json."


def entry(check: str, name: str = "AGEP") -> dict[str, str]:
    return {"feature_name": name, "constraint_check_type": check, "description": "Value: 0.5 does not meet"}


def quality(name: str, value: float, limit: float, kind: str = "LessThanThreshold") -> dict[str, str]:
    description = f"Metric {name} with {value} was {kind} {limit}"
    return {"metric_name": name, "constraint_check_type": kind, "description": description}


def steps(entries: list[dict[str, str]], before: Any = None, now: Any = None, report: Any = None) -> list[str]:
    parsed = common("violations").parse_violations({"violations": entries})
    told = functions.drift_report.drift_report(report or {})
    groups = functions.violation_lines.by_subject(parsed, told)
    found = functions.feature_changes.feature_changes(before or statistics(), now or statistics())
    *first, last = functions.first_steps.first_steps(groups, told, found)
    assert last == LASTS
    return list(first)


def scaled(mean: float, deviation: float, high: float) -> dict[str, Any]:
    feature = numeric("AGEP", mean, 0, high)
    feature["numerical_statistics"]["std_dev"] = deviation
    return statistics(feature)


@pytest.mark.parametrize(
    ("mean", "deviation", "high", "step"),
    [
        (480, 120, 1200, "AGEP (all values 12 times the baseline's): look for a changed unit or scale"),
        (0.04, 0.01, 0.1, "AGEP (all values 1/1000 times the baseline's): look for a changed unit or scale"),
        (187, 210, 1200, "AGEP (up to 12 times the baseline's largest): some rows are far out of the range"),
        (62, 10, 100, "AGEP: moved within its range, as when the population changes"),
        (48, 12, 120, "AGEP: moved within its range, as when the population changes"),
    ],
)
def test_a_unit_is_told_from_a_shift(mean: float, deviation: float, high: float, step: str) -> None:
    (first,) = steps([drift("AGEP", 0.9)], scaled(40, 10, 100), scaled(mean, deviation, high))
    assert first.startswith(step)


@pytest.mark.parametrize(
    ("missing", "step"),
    [
        (50, "AGEP (25 % of rows have none): more missing values. Look for a join or a source that fails."),
        (
            200,
            "AGEP (no row has a value): the feed is gone. Look for a source that stopped or a field that was renamed.",
        ),
    ],
)
def test_a_missing_feed(missing: int, step: str) -> None:
    now = statistics(numeric("AGEP", 40, 0, 100, missing=missing))
    assert steps([entry("completeness_check")], statistics(numeric("AGEP", 40, 0, 100)), now) == [step]


def test_a_new_code_is_named() -> None:
    before, now = statistics(categories("RELP", a=10, b=5)), statistics(categories("RELP", a=10, b=5, RELP_20=3))
    assert steps([drift("RELP", 0.3)], before, now) == [
        "RELP ('RELP_20'): codes that the model has never seen. Look for a changed code list upstream."
    ]


def test_many_that_moved_together_are_a_population() -> None:
    (first,) = steps([drift(f"f{n}", 0.5 - n / 100) for n in range(5)])
    assert first.startswith("f0, f1, f2 and 2 more: many moved together, which mostly is another population.")


def test_causes_in_the_order_of_their_largest_change() -> None:
    report = {
        "features": {"A": {}, "B": {}, "C": {}},
        "judgement": {
            "features": {
                "A": {"moved": "location", "effect": 0.2, "standard_deviations_a_day": 0.02},
                "B": {"moved": "other types", "effect": 0.9},
                "C": {"moved": "new categories", "effect": 0.5},
            }
        },
    }
    assert [step.split(". ")[0].rstrip(".") for step in steps([drift(name, 0.5) for name in "ABC"], report=report)] == [
        "B: values of another type",
        "C: codes that the model has never seen",
        "A (+0.02 standard deviations a day): it goes on moving",
    ]


def test_columns_first_and_quality_by_its_own() -> None:
    assert steps([drift("A", 0.9), entry("missing_column_check")])[0].startswith("The columns changed")
    first, second = steps([quality("f1", 0.5, 0.8)])
    assert first.startswith("The model's quality fell: make sure that the labels are complete and right")
    assert second.startswith("If the labels stand: retrain")


def test_the_same_counts_are_told_once() -> None:
    parsed = common("violations").parse_violations(
        {
            "violations": [
                quality("false_negative_rate", 0.1304, 0.13, "GreaterThanThreshold"),
                quality("true_positive_rate", 0.8696, 0.87),
                quality("recall", 0.8696, 0.87),
                quality("f1", 0.7, 0.8),
            ]
        }
    )
    assert [item.subject for item in functions.quality_lines.told_once(parsed)] == ["recall", "f1"]
    assert [item.subject for item in functions.quality_lines.told_once(parsed[:2])] == ["true_positive_rate"]


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        (0.5, 0.8, ("0.5", "0.8")),
        (0.86956, 0.86962, ("0.86956", "0.86962")),
        (0.1 + 0.2, 0.3, ("0.30000000000000004", "0.29999999999999999")),
        (1.0, 1.0, ("1", "1")),
    ],
)
def test_digits_that_tell_two_values_apart(first: float, second: float, texts: tuple[str, str]) -> None:
    assert functions.quality_lines.apart(first, second) == texts


def test_a_metric_has_the_interval_of_its_counts() -> None:
    """Wilson's interval of 9 in 10 as Agresti and Coull print it: 0.596 to 0.982."""
    metrics = {
        "confusion_matrix": {"0": {"0": 70, "1": 20}, "1": {"0": 1, "1": 9}},
        "recall": {"value": 0.9, "standard_deviation": 0.05},
        "accuracy": {"value": 0.79, "standard_deviation": "NaN"},
        "auc": {"value": 0.8123456, "standard_deviation": 0.01},
    }
    lines = functions.quality_lines.metric_lines({"binary_classification_metrics": metrics})
    assert lines == {
        "recall": "0.9 (95 %: 0.596–0.982, 10 rows)",
        "accuracy": "0.79 (95 %: 0.700–0.858, 100 rows)",
        "auc": "0.812346",
    }


def test_wilson_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    for hits, rows in [(0, 1), (1, 1), (3, 10), (869, 1000)]:
        expected = stats.binomtest(hits, rows).proportion_ci(method="wilson")
        assert functions.quality_lines.wilson(hits, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)
