"""One line a feature out of statistics.json."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lambda_functions.conftest import categories, numeric, statistics
from tests.lambda_functions.functions import load

functions = load("alarm_responder")
profiles = functions.column_summaries


def test_features_of_both_kinds() -> None:
    document = statistics(
        numeric("AGEP", 41.256789, 17, 94),
        numeric("SCHL", 12.0, 1.0, 24.5, missing=60),
        categories("RELP", own=100, rent=60, other=30, none=9, odd=1),
    )
    assert profiles.summaries(document) == {
        "AGEP": "mean 41.26, std dev 2.5, min 17, max 94",
        "SCHL": "mean 12, std dev 2.5, min 1, max 24.5, missing 30 %",
        "RELP": "'own' 50 %, 'rent' 30 %, 'other' 15 %, 2 more",
    }


def test_quality_metrics() -> None:
    document = {
        "binary_classification_metrics": {
            "confusion_matrix": {"0": {"0": 1}},
            "f1": {"value": 0.812345, "standard_deviation": "NaN"},
            "auc": {"value": "NaN"},
        },
        "regression_metrics": {"mae": {"value": 2}},
    }
    assert functions.quality_lines.metric_lines(document) == {"f1": "0.812345", "mae": "2"}


def test_categories_are_cut_and_cleaned() -> None:
    feature = categories("x", **{"a\nb": 3, "c" * 60: 1})
    assert profiles.summaries(statistics(feature)) == {"x": f"'a␊b' 75 %, '{'c' * 40}…' 25 %"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1e8, "100000000"), (1e12, "1e+12"), (0.00012345, "0.0001234"), (-3.0, "-3"), (float("inf"), "inf")],
)
def test_number(value: float, text: str) -> None:
    assert profiles.number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (1e-6, "under 0.1 %"), (0.99999, "over 99.9 %"), (0.12345, "12.3 %")],
)
def test_percent(share: float, text: str) -> None:
    assert profiles.percent(share) == text


_keys = st.sampled_from(
    [
        "features", "name", "numerical_statistics", "string_statistics", "common", "num_present", "num_missing", "mean",
        "distribution", "categorical", "buckets", "value", "count", "regression_metrics",
    ]
)  # fmt: skip
_json: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a", "NaN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=10,
)


@settings(deadline=None)
@given(_json)
def test_no_document_is_too_strange(document: Any) -> None:
    lines = {**profiles.summaries(document, document), **functions.quality_lines.metric_lines(document)}
    assert all(isinstance(line, str) for line in lines.values())
    changes = functions.feature_changes.feature_changes(document, document)
    assert not any(change.new_categories or change.factor or change.far_out for change in changes.values())
    report = functions.drift_report.drift_report(document)
    assert (report.start, report.rows, report.metric_p_values) == (None, None, {})
