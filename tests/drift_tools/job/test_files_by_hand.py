"""Small files that people write, or change, by hand: what nothing reads, and what means nothing, is refused."""

from typing import Any

import pytest

from contract.acknowledgement import Acknowledgement
from contract.bad_windows import BadWindows
from contract.captured_span import CapturedSpan
from contract.new_normal import NewNormal
from drift_tools.errors import InputError
from drift_tools.monitors.attribution.explain import read_attribution
from drift_tools.monitors.bias.analysis import read_references

AT = "2026-11-30T08:00:00Z"
FILES: dict[Any, dict[str, Any]] = {
    BadWindows: {"start": "2026-11-29T00:00Z", "end": "2026-11-30T00:00Z", "by": "ann", "at": AT, "note": ""},
    NewNormal: {"since": "2026-11-29T00:00Z", "by": "ann", "at": AT, "note": "a price list"},
    Acknowledgement: {"by": "ann", "at": AT, "note": ""},
    CapturedSpan: {"from": "2026-11-01", "to": "2026-11-15", "columns": ["a"]},
}


@pytest.mark.parametrize("kind", FILES)
def test_as_it_is_kept(kind: Any) -> None:
    kind.of(FILES[kind])
    kind.of({**FILES[kind], "_why": {"ticket": 4711}})


@pytest.mark.parametrize(
    ("kind", "more", "says"),
    [
        (
            BadWindows,
            {"until": AT},
            f"it has 'until' ('{AT}'), which nothing reads: there are start, end, by, at, note",
        ),
        (BadWindows, {"strat": AT}, f"it has 'strat' ('{AT}'), which nothing reads: write start"),
        (BadWindows, {"start": None}, "start is None: give a text"),
        (BadWindows, {"end": "2026-11-28T00:00Z"}, "give one that ends later"),
        (BadWindows, {"end": "2026-12-01"}, "2026-12-01 has no time zone: add Z for UTC"),
        (BadWindows, {"by": ""}, "by is '': give a text"),
        (NewNormal, {"form": AT}, "it has 'form'"),
        (NewNormal, {"since": 1_764_000_000}, "since is 1764000000: give a text"),
        (NewNormal, {"since": "yesterday"}, "Invalid isoformat string: 'yesterday'"),
        (Acknowledgement, {"at": ""}, "at is '': give a text"),
        (Acknowledgement, {"at": "now"}, "Invalid isoformat string: 'now'"),
        (Acknowledgement, {"at": "2026-11-30T08:00:00"}, "2026-11-30T08:00:00 has no time zone: add Z for UTC"),
        (Acknowledgement, {"schedule": "x"}, "it has 'schedule' ('x'), which nothing reads: there are by, at, note"),
        (CapturedSpan, {"colums": ["a"]}, "it has 'colums' (['a']), which nothing reads: write columns"),
        (CapturedSpan, {"to": "2026-10-01"}, "give a span that ends later"),
        (CapturedSpan, {"columns": "a,b"}, "a list of columns"),
    ],
)
def test_what_means_nothing(kind: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:
        kind.of({**FILES[kind], **more})
    assert says in str(caught.value)


@pytest.mark.parametrize("value", ["NaN", True, "much", [0.1]])
def test_a_bias_baseline_whose_value_is_no_number(value: Any) -> None:
    """Against NaN nothing would ever be found."""
    metrics = [{"name": "DPL", "value": value}]
    facets = {"region": [{"value_or_threshold": "north", "metrics": metrics}]}
    with pytest.raises(InputError, match=r"^analysis\.json: the value of DPL is .*, which is no number$"):
        read_references({"pre_training_bias_metrics": {"facets": facets}}, "analysis.json")


@pytest.mark.parametrize("value", ["NaN", float("nan"), float("inf")])
def test_an_attribution_baseline_whose_importance_is_no_number(value: Any) -> None:
    label = {"global_shap_values": {"age": 0.5, "income": value}, "expected_value": 0.1}
    with pytest.raises(InputError, match=r"^analysis\.json: global_shap_values has (nan|inf) for income"):
        read_attribution({"explanations": {"kernel_shap": {"label0": label}}}, "analysis.json")
