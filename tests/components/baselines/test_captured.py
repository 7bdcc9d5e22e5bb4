"""A baseline of production's own captures: its job reads them itself, and the monitor's runs judge by its windows."""

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pulumi
import pytest
from botocore.validate import ParamValidator

from components.args import ArgumentError
from contract.captured_span import CapturedSpan
from tests.components.aws_models import violations_of_patterns
from tests.components.mocked_runtime import Run
from tests.components.open_stack.open_parts import of_role

SPAN = {"from": "2026-11-01", "to": "2026-11-29"}
CAPTURES = {"captures": {**SPAN, "columns": ["prediction", "probability", "age"]}, "season": "hour_of_day"}
OPERATION = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateProcessingJob")


@pytest.fixture(scope="module")
def captured(run_stack: Callable[..., Run]) -> Run:
    return run_stack(engine="open", baseline=CAPTURES)


def job_of(run: Run) -> dict[str, Any]:
    """The request of the baseline's job."""
    started = json.loads(run.one("aws:lambda/invocation:Invocation", "data-quality-baseline").inputs["input"])
    request: dict[str, Any] = started["request"]
    return request


def run_of(run: Run) -> dict[str, Any]:
    """The request of the monitor's runs."""
    schedule = run.one("aws:scheduler/schedule:Schedule", "data-quality").inputs["target"]["input"]
    request: dict[str, Any] = json.loads(schedule)["plan"]["request"]
    return request


def test_the_job_reads_captures_and_what_was_said_of_the_windows(captured: Run) -> None:
    request = job_of(captured)
    report = ParamValidator().validate(request, OPERATION.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert violations_of_patterns(request, OPERATION.input_shape) == []
    environment = request["Environment"]
    captures = environment["captures_uri"]
    assert captures.startswith("s3://")
    assert captures.split("/")[3] == "captured-data"
    assert captures.endswith("/Primary")
    assert environment["windows_uri"] == run_of(captured)["Environment"]["windows_uri"]
    assert (environment["baseline_window_hours"], environment["season"]) == ("1", "hour_of_day")


def test_the_span_is_a_file_under_its_own_hash(run_stack: Callable[..., Run]) -> None:
    """The columns of a wide payload would not fit into a variable; other spans are other baselines."""
    wide = [f"column_{place}" for place in range(500)]
    run = run_stack(engine="open", baseline={"captures": {**SPAN, "columns": wide}})
    stored = run.one("aws:s3/bucketObjectv2:BucketObjectv2", "data-quality-baseline-data").inputs
    assert stored["key"].startswith("baseline-data/data-quality/")
    assert stored["key"].endswith("/captures.json")
    span = CapturedSpan.of(json.loads(stored["source"].text))
    assert (span.to_json(), span.columns) == (stored["source"].text, tuple(wide))
    assert f"{span.start:%Y-%m-%dT%H:%M%z} {span.end:%d}" == "2026-11-01T00:00+0000 29"
    other = run_stack(engine="open", baseline={"captures": {**SPAN, "to": "2026-11-28"}})
    assert job_of(other)["ProcessingJobName"] != job_of(run)["ProcessingJobName"]
    assert run_of(other)["Environment"]["baseline_windows_uri"] != run_of(run)["Environment"]["baseline_windows_uri"]


def test_the_runs_judge_by_its_windows_and_read_no_rows_of_it(captured: Run) -> None:
    request = run_of(captured)
    assert request["Environment"]["season"] == "hour_of_day"
    assert "/baseline-data/results/" in request["Environment"]["baseline_windows_uri"]
    assert "baseline_dataset" not in request["Environment"]
    assert {item["InputName"] for item in request["ProcessingInputs"]} == {
        "code",
        "baseline_constraints",
        "baseline_statistics",
    }


def test_the_role_may_read_what_the_job_reads_and_nothing_more(captured: Run, run_variant: Callable[..., Run]) -> None:
    """Captures, marks and verdicts lie where each run reads them anyway: the role's rights are the same without."""
    with_captures, without = (of_role(run, "open-monitor-role") for run in (captured, run_variant("open")))
    assert with_captures == without
    places = {resource.partition("/")[2] for resource in with_captures["ReadObjects"]["Resource"]}
    assert {"captured-data/*", "monitor-windows/*", "baseline-data/*"} <= places


def test_captures_of_an_endpoint_that_exists(run_stack: Callable[..., Run]) -> None:
    existing = {"name": "fraud", "capture_uri": "s3://captures/fraud/", "variant_name": "blue"}
    run = run_stack(engine="open", endpoint={"existing": existing}, baseline=CAPTURES)
    assert job_of(run)["Environment"]["captures_uri"] == "s3://captures/fraud/fraud/blue"


def test_records_go_through_the_monitors_own_preprocessor(captured: Run, run_stack: Callable[..., Run]) -> None:
    script = pulumi.StringAsset("def preprocess_handler(inference_record):\n    return {}\n")
    run = run_stack(engine="open", baseline=CAPTURES, data_quality={"record_preprocessor": script})
    request = job_of(run)
    assert request["Environment"]["record_preprocessor_script"].endswith("/record_preprocessor.py")
    assert "record_preprocessor_script_input" in {item["InputName"] for item in request["ProcessingInputs"]}
    assert request["ProcessingJobName"] != job_of(captured)["ProcessingJobName"]


@pytest.mark.parametrize(
    ("captures", "more", "message"),
    [
        ({"from": "2026-11-01"}, {}, "baseline.captures.to is None: give a day such as 2026-11-01"),
        ({**SPAN, "from": "last week"}, {}, "baseline.captures.from is 'last week': give a day such as"),
        ({**SPAN, "from": "2026-11-01T08:00"}, {}, "has no time zone: add Z for UTC"),
        (
            {"from": "2026-11-29", "to": "2026-11-01"},
            {},
            "captures.to is '2026-11-01': must be at least a day",
        ),
        ({**SPAN, "until": "2026-11-29"}, {}, "baseline.captures.until is not an argument"),
        ({**SPAN, "columns": "age"}, {}, "baseline.captures.columns is 'age': must be a list of names"),
        ({**SPAN, "columns": ["age", "age"]}, {}, "names one of them twice; name each once"),
        (SPAN, {"engine": "model-monitor"}, "baseline.captures is given and engine is model-monitor: AWS's analyzer"),
        (SPAN, {"engine": "both"}, "baseline.captures is given and engine is both"),
        (SPAN, {"data_quality": {"segments": ["age"]}}, "data_quality.segments is given with baseline.captures"),
        (
            {**SPAN, "to": "2026-11-15"},
            {"data_quality": {"schedule_expression": "cron(0 0 ? * * *)"}},
            "baseline.captures has 336 hours, and the monitor's windows have 24: give at least 576 hours, 24 windows",
        ),
    ],
)
def test_what_cannot_work_is_refused(
    run_stack: Callable[..., Run], captures: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        run_stack(**{"engine": "open", "baseline": {"captures": captures}, **more})


@pytest.mark.parametrize("other", ["data", "time_column", "thresholds", "retraining"])
def test_what_does_not_go_with_it_is_refused(run_stack: Callable[..., Run], other: str) -> None:
    more: dict[str, Any] = {"baseline": CAPTURES}
    if other == "data":
        more = {"baseline": {**CAPTURES, "data": pulumi.StringAsset("a\n1\n")}}
    elif other == "time_column":
        more = {"baseline": {**CAPTURES, "time_column": "at"}}
    elif other == "thresholds":
        more["data_quality"] = {"thresholds": {"comparison_threshold": 0.2}}
    else:
        more["retraining"] = {}
    with pytest.raises(ArgumentError, match=r"baseline|retraining"):
        run_stack(engine="open", **more)
