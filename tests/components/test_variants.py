"""Several variants of an endpoint that exists already: all are looked at, and each may be a segment."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.args import ArgumentError, StackSettings
from tests.components.conftest import MakeArgs
from tests.components.mocked_runtime import Run
from tests.components.open_stack.open_parts import plan

EXISTING = {"name": "fraud", "capture_uri": "s3://captures/endpoints"}
OTHERS = {"existing": {**EXISTING, "other_variants": ["Canary", "shadow"]}}


def test_every_variant_s_captures_are_looked_at(run_stack: Callable[..., Run]) -> None:
    run = run_stack(engine="open", endpoint=OTHERS, data_quality={"segments": ["variant", "target_model", "age"]})
    found = plan(run, "data-quality")
    assert found["variants"] == ["AllTraffic", "Canary", "shadow"]
    environment = found["request"]["Environment"]
    assert (environment["segment_origins"], environment["segments"]) == ("variant,target_model", "age")
    # A baseline's file is cut by columns alone.
    start = [item for item in run.resources if item.type == "aws:lambda/invocation:Invocation"]
    requests = [json.loads(item.inputs["input"])["request"] for item in start if "request" in item.inputs["input"]]
    assert requests
    assert not [request for request in requests if "segment_origins" in request["Environment"]]


def test_one_variant_needs_no_word_of_others(run_stack: Callable[..., Run]) -> None:
    run = run_stack(engine="open", endpoint={"existing": EXISTING})
    found = plan(run, "data-quality")
    assert found["variants"] == ["AllTraffic"]
    assert "segment_origins" not in found["request"]["Environment"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoint": OTHERS, "engine": "both"}, "endpoint.existing.other_variants is given and engine is both"),
        (
            {"endpoint": {"existing": EXISTING}, "data_quality": {"segments": ["variant"]}},
            "data_quality.segments names variant, and one variant is watched: name the others in",
        ),
        (
            {"endpoint": {"existing": {**EXISTING, "other_variants": ["a b"]}}},
            "endpoint.existing.other_variants is ['a b']: must be a list of at most 9 names of variants",
        ),
        (
            {"endpoint": {"existing": {**EXISTING, "other_variants": ["AllTraffic"]}}},
            "endpoint.existing.other_variants is ['AllTraffic']: must be a list of at most 9 names of variants",
        ),
        (
            {"engine": "model-monitor", "data_quality": {"segments": ["target_model"]}},
            "data_quality.segments is given and engine is model-monitor",
        ),
    ],
)
def test_refusals(make_args: MakeArgs, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        StackSettings.from_args("churn", make_args(**{"engine": "open", **changes}))
    assert words in str(refused.value)


def test_what_cannot_be_watched_is_said_in_one_line(
    run_stack: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_, **__: said.append(text))
    run_stack(engine="open", endpoint=OTHERS)
    [line] = [text for text in said if "captures" in text]
    assert "\n" not in line
    for word in ("AllTraffic, Canary, shadow", "multi-model", "inference components", "asynchronous", "serverless"):
        assert word in line
