"""The run of a batch: started by its transform job's end, once, with results that are no other batch's."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.lambda_functions.fakes import FakeS3, FakeSageMaker
from tests.lambda_functions.functions import load
from tests.lambda_functions.start_monitor.deliveries import REQUEST

batch = load("start_monitor").batch
PLACE = "s3://churn-data"
PLAN = batch.BatchPlan(
    endpoint="churn",
    schedule="churn-batch",
    output_uri=f"{PLACE}/scores",
    results_uri=f"{PLACE}/monitoring-results",
    state_uri=f"{PLACE}/monitor-state",
    job_stem="churn",
    request=REQUEST,
    output_columns=2,
    has_header=False,
)


class Transforms(FakeSageMaker):
    """Transform jobs that have ended, by the minute and second of the hour 04."""

    ended: dict[str, tuple[int, int]]

    def describe_transform_job(self, **request: Any) -> dict[str, Any]:
        name = request["TransformJobName"]
        minute, second = self.ended[name]
        return {
            "TransformJobStatus": "Completed",
            "TransformOutput": {"S3OutputPath": f"{PLACE}/scores/{name}"},
            "TransformInput": {
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{PLACE}/to-score/{name}"}},
            },
            "CreationTime": datetime(2026, 11, 23, 4, 0, tzinfo=UTC),
            "TransformEndTime": datetime(2026, 11, 23, 4, minute, second, tzinfo=UTC),
        }


def started(s3: FakeS3, ended: dict[str, tuple[int, int]]) -> Transforms:
    """Two deliveries of the end of each job."""
    sagemaker = Transforms()
    sagemaker.ended = ended
    for name in [*ended, *ended]:
        s3.put(f"to-score/{name}/rows.csv", b"1,2\n")
        s3.put(f"scores/{name}/rows.csv.out", b"1,0.9\n")
        batch.start({"detail": {"TransformJobName": name}}, PLAN, s3=s3, sagemaker=sagemaker)
    return sagemaker


def results(job: dict[str, Any]) -> str:
    uri: str = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    return uri.removeprefix(f"{PLACE}/monitoring-results/churn/churn-batch/")


def test_two_batches_of_one_hour_have_a_run_and_a_place_each(s3: FakeS3) -> None:
    jobs = started(s3, {"nightly": (5, 30), "again": (40, 1)}).jobs.values()
    assert sorted(map(results, jobs)) == ["2026/11/23/04/0530-nightly", "2026/11/23/04/4001-again"]
    assert {job["Environment"]["metric_time"] for job in jobs} == {"2026-11-23T04:00:00Z"}


def test_the_responder_finds_both_the_later_one_first(s3: FakeS3) -> None:
    for job in started(s3, {"nightly": (5, 30), "again": (40, 1)}).jobs.values():
        folder = f"monitoring-results/churn/churn-batch/{results(job)}"
        s3.put(f"{folder}/drift.json", {})
        if "nightly" in folder:
            s3.put(f"{folder}/constraint_violations.json", {})
    history = load("alarm_responder").run_history
    alarm = datetime(2026, 11, 23, 4, 50, tzinfo=UTC)
    place = "monitoring-results/churn/churn-batch/"
    runs = history.list_runs(s3, "churn-data", place, until=alarm, lookback=timedelta(hours=48))
    assert [run.key("drift.json") for run in runs] == [
        f"{place}2026/11/23/04/4001-again/drift.json",
        f"{place}2026/11/23/04/0530-nightly/drift.json",
    ]
    streak = history.streak(runs)
    assert (streak.since, streak.runs) == (datetime(2026, 11, 23, 4, tzinfo=UTC), 1)


def columns_of(s3: FakeS3, **more: Any) -> Any:
    """What the run is told of the rows of a job."""

    class One(Transforms):
        def describe_transform_job(self, **request: Any) -> dict[str, Any]:
            described = super().describe_transform_job(**request)
            described["TransformInput"] |= more.get("input", {})
            described["TransformOutput"] |= more.get("output", {})
            found: dict[str, Any] = described | more.get("job", {})
            return found

    sagemaker = One()
    sagemaker.ended = {"nightly": (5, 30)}
    s3.put("to-score/nightly/rows.csv", b"1,2\n")
    s3.put("scores/nightly/rows.csv.out", b"1,0.9\n")
    batch.start({"detail": {"TransformJobName": "nightly"}}, PLAN, s3=s3, sagemaker=sagemaker)
    [job] = sagemaker.jobs.values()
    return json.loads(job["Environment"]["batch_columns"]), json.loads(job["Environment"]["dataset_format"])


def test_the_run_is_told_of_filters_and_formats(s3: FakeS3) -> None:
    plain = {"position": "START", "number": 2, "ids": False}
    assert columns_of(s3) == (plain, {"csv": {"header": False}})
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$"}
    capture = {"DestinationS3Uri": "s3://capture", "GenerateInferenceId": True}
    assert columns_of(s3, job={"DataProcessing": processing, "DataCaptureConfig": capture})[0] == {
        "position": "END",
        "number": 2,
        "ids": True,
        "input_filter": "$[1:]",
    }
    assert columns_of(s3, output={"Accept": "application/json"}) == (
        plain | {"input_format": "csv"},
        {"json": {"line": True}},
    )
    assert columns_of(s3, input={"ContentType": "application/jsonlines"}) == (plain, {"json": {"line": True}})
