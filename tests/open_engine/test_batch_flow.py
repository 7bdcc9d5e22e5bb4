"""Three batches of a stack on the embedded AWS: one like the baseline, one shifted, one of whose end nobody hears. Each
transform job really runs the model; its end starts the run, and the clock that of the last.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.waiting import wait_until
from tests.open_engine.batches import BUCKET, ROWS, scoring_model, team_bucket, transform
from tests.open_engine.conftest import Books, lived
from tests.open_engine.watched import Told, Watched, at


@dataclass
class Batches:
    """What was seen, by batch."""

    transforms: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    drift: dict[str, dict[str, Any]] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    violations: dict[str, float | None] = field(default_factory=dict)
    runs: float = 0.0
    told: list[Told] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)


def score(stack: Watched, name: str, requests: Any, hour: int, *, is_told: bool = True, **more: Any) -> dict[str, Any]:
    """Lay a batch down, run its transform job, and wait until nothing is left to do; `is_told`: of the job's end."""
    stack.go_to(at(hour, 5))
    job = transform(stack, BUCKET, name, requests, **more)
    if not is_told:  # until the clock has looked
        stack.go_to(at(hour, 46))
    names: Any = stack.outputs["schedule_names"]
    moment = at(hour)
    wait_until(
        f"what the run over {name} found",
        lambda: True if stack.metric("ConstraintViolations", names["batch"], moment) is not None else None,
        seconds=60,
    )
    return job


@pytest.fixture(scope="module")
def batches() -> Batches:
    overrides = {
        "engine": "open",
        "monitoring": {
            "batch": {"output_uri": f"s3://{BUCKET}/out", "input_uri": f"s3://{BUCKET}/in", "output_columns": 2},
        },
    }
    seen = Batches()
    with (
        lived(overrides, start=at(4), grace=timedelta(minutes=5)) as (stack, books),
        team_bucket(stack, BUCKET),
        scoring_model(stack),
    ):
        stack.wait_for_baseline()
        s3, sagemaker = stack.cloud.client("s3"), stack.cloud.client("sagemaker")
        names: Any = stack.outputs["schedule_names"]
        given: dict[str, tuple[Any, dict[str, Any]]] = {
            "like-the-baseline": (baseline_requests(ROWS, seed=7), {"DataProcessing": {"JoinSource": "Input"}}),
            "shifted": (anomalous_requests(ROWS, seed=8), {}),
            "of-which-nobody-was-told": (baseline_requests(ROWS, seed=9), {"is_told": False}),
        }
        for hour, (name, (requests, more)) in enumerate(given.items(), start=4):
            if not more.get("is_told", True):
                rule = stack.made("aws:cloudwatch/eventRule:EventRule", "-batch-ended")
                stack.cloud.client("events").disable_rule(Name=rule)
            seen.transforms[name] = score(stack, name, requests, hour, **more)
            seen.outputs[name] = s3.get_object(Bucket=BUCKET, Key=f"out/{name}/rows.csv.out")["Body"].read().decode()
            end = at(hour)
            found = stack.results(names["batch"], end)
            seen.drift[name] = {key.rpartition("/")[2]: document for key, document in found.items()}
            seen.folders[name] = {key.rpartition("/")[0] for key in found}
            seen.violations[name] = stack.metric("ConstraintViolations", names["batch"], end)
        jobs = sagemaker.list_processing_jobs(NameContains="-bt-")["ProcessingJobSummaries"]
        seen.jobs = {
            job["ProcessingJobName"]: sagemaker.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
            for job in jobs
        }
        stack.go_to(at(7, 30))
        wait_until("the message", lambda: stack.told_of("violations") or None, seconds=60)
        seen.told = stack.told_of("violations")
    seen.books = books
    return seen


def test_the_model_answered_every_row(batches: Batches) -> None:
    assert {job["TransformJobStatus"] for job in batches.transforms.values()} == {"Completed"}
    joined = batches.outputs["like-the-baseline"].splitlines()
    alone = batches.outputs["shifted"].splitlines()
    assert (len(joined), len(alone)) == (ROWS, ROWS)
    assert joined[0].count(",") - alone[0].count(",") == 3  # its three inputs are in front


def test_each_batch_has_one_run_though_its_end_is_told_twice_or_never(batches: Batches) -> None:
    assert len(batches.jobs) == 3
    assert {job["ProcessingJobStatus"] for job in batches.jobs.values()} == {"Completed"}


def test_each_batch_has_a_folder_of_its_own_below_its_hour(batches: Batches) -> None:
    for name, folders in batches.folders.items():
        [folder] = folders
        assert folder == f"{batches.transforms[name]['TransformEndTime']:%M%S}-{name}"


def test_a_batch_like_the_baseline_violates_nothing(batches: Batches) -> None:
    assert "constraint_violations.json" not in batches.drift["like-the-baseline"]
    assert batches.violations["like-the-baseline"] == 0.0
    assert batches.drift["like-the-baseline"]["drift.json"]["current_rows"] == ROWS


def test_the_clock_finds_a_batch_of_which_nobody_was_told(batches: Batches) -> None:
    assert batches.drift["of-which-nobody-was-told"]["drift.json"]["batch"] == "of-which-nobody-was-told"
    assert batches.violations["of-which-nobody-was-told"] == 0.0


def test_a_shifted_batch_is_found_and_told(batches: Batches) -> None:
    document = batches.drift["shifted"]["constraint_violations.json"]
    assert {"feature_1", "feature_2", "feature_3"} <= {item["feature_name"] for item in document["violations"]}
    assert batches.violations["shifted"] == len(document["violations"])
    assert batches.drift["shifted"]["drift.json"]["current_rows"] == ROWS
    assert [told for told in batches.told if "batch" in told.body]


def test_nothing_was_refused_and_nothing_is_left(batches: Batches) -> None:
    [books] = batches.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}
