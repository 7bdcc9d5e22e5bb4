"""The run of a batch: started by its transform job's end, once, with results that are no other batch's."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.lambda_functions.fakes import FakeS3, FakeSageMaker
from tests.lambda_functions.functions import load
from tests.lambda_functions.test_start_monitor import REQUEST

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
