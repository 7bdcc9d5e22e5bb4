"""The watch over the monitors: silence is a number in every hour, and what nobody heard is heard."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.common.event_fields import BadEventError
from functions.monitor_watch.handler import MOST_JOBS, Clients, Schedule, Settings, Watch, parse
from tests.lambda_functions.functions import enter

NOW = datetime(2026, 11, 29, 12, 50, tzinfo=UTC)
SETTINGS = Settings("churn", "Monitoring", "bucket", "responder-state", "metrics-function")
OPEN, CLASSIC = Schedule("dq-open", False), Schedule("dq", True)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


class S3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.read: list[str] = []

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        self.objects[Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.read.append(Key)
        if Key not in self.objects:  # as S3 answers a role that may list but with a prefix
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": "-"}

    def list_objects_v2(self, Bucket: str, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {
            "Contents": [
                {"Key": key, "Size": len(body), "LastModified": NOW}
                for key, body in self.objects.items()
                if key.startswith(Prefix)
            ]
        }


class Aws:
    """SageMaker, CloudWatch and Lambda as far as the watch asks them."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, datetime]] = {}
        self.executions: dict[str, list[dict[str, Any]]] = {}
        self.points: dict[tuple[str, str], list[datetime]] = {}
        self.published: list[tuple[str, str, float]] = []
        self.invoked: list[str] = []
        self.windows: list[tuple[datetime, datetime]] = []
        self.broken: set[str] = set()
        self.asked_from: list[datetime] = []
        self.metrics_a_page, self.metric_status = 500, "Complete"

    def list_processing_jobs(self, **request: Any) -> dict[str, Any]:
        after, before = request["LastModifiedTimeAfter"], request["LastModifiedTimeBefore"]
        self.windows.append((after, before))
        found = [
            {"ProcessingJobName": name, "ProcessingJobStatus": status}
            for name, (status, ended) in self.jobs.items()
            if after < ended <= before
        ]
        at, size = int(request.get("NextToken", "0")), request["MaxResults"]
        rest = {"NextToken": str(at + size)} if at + size < len(found) else {}
        return {"ProcessingJobSummaries": found[at : at + size], **rest}

    def list_monitoring_executions(self, MonitoringScheduleName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if "executions" in self.broken:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "ListMonitoringExecutions")
        return {"MonitoringExecutionSummaries": self.executions.get(MonitoringScheduleName, [])}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        """One page: what is in it of a metric, or why it is not, and which page comes next."""
        queries, start, end = request["MetricDataQueries"], request["StartTime"], request["EndTime"]
        assert 0 < len(queries) <= 500, "CloudWatch refuses another number of queries"
        assert len({query["Id"] for query in queries}) == len(queries)
        if "metrics" in self.broken:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetMetricData")
        at, size = int(request.get("NextToken", "0")), self.metrics_a_page
        if not at:
            self.asked_from.append(start)
        results = []
        for query in queries[at : at + size]:
            stat = query["MetricStat"]
            dimensions = {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}
            assert (stat["Metric"]["Namespace"], dimensions["Endpoint"]) == ("Monitoring", "churn")
            moments = self.points.get((dimensions["MonitoringSchedule"], stat["Metric"]["MetricName"]), [])
            inside = sorted((moment for moment in moments if start <= moment < end), reverse=True)
            values = {"Timestamps": inside, "Values": [1.0] * len(inside)}
            results.append({"Id": query["Id"], "StatusCode": self.metric_status, **values})
        rest = {"NextToken": str(at + size)} if at + size < len(queries) else {}
        return {"MetricDataResults": results, **rest}

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        for datum in MetricData:
            self.published.append((datum["Dimensions"][1]["Value"], datum["MetricName"], datum["Value"]))

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        if "invoke" in self.broken:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
        assert (FunctionName, InvocationType) == ("metrics-function", "Event")
        self.invoked.append(json.loads(Payload)["detail"]["ProcessingJobName"])


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def s3() -> S3:
    return S3()


def look(aws: Aws, s3: S3, *schedules: Schedule, at: datetime = NOW) -> dict[str, Any]:
    return Watch(SETTINGS, Clients(aws, aws, s3, aws), at).look(list(schedules))


class TestSilence:
    def test_a_new_schedule_has_not_been_silent_and_then_is(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, OPEN)
        look(aws, s3, OPEN, at=NOW + timedelta(hours=3))
        assert aws.published == [("dq-open", "HoursSilent", 0.0), ("dq-open", "HoursSilent", 3.0)]

    @pytest.mark.parametrize("metric", ["ConstraintViolations", "JobFailures", "NoData"])
    def test_whatever_was_heard_last_counts(self, aws: Aws, s3: S3, metric: str) -> None:
        look(aws, s3, OPEN, at=hours_ago(30))
        aws.points = {("dq-open", metric): [hours_ago(20), hours_ago(1.5)], ("other", metric): [NOW]}
        assert look(aws, s3, OPEN)["hours_silent"] == {"dq-open": 1.5}

    def test_model_monitor_says_itself_that_there_was_no_data(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, CLASSIC, at=hours_ago(30))
        reason = "Job inputs had no data"
        aws.executions["dq"] = [
            {"LastModifiedTime": hours_ago(0.2)},
            {"LastModifiedTime": hours_ago(0.4), "FailureReason": reason},
            {"LastModifiedTime": hours_ago(2), "FailureReason": reason},
        ]
        look(aws, s3, CLASSIC)
        assert aws.published[-2:] == [("dq", "NoData", 1.0), ("dq", "HoursSilent", 0.4)]

    def test_a_failure_for_another_reason_is_no_word_of_missing_data(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, CLASSIC, at=hours_ago(30))
        aws.executions["dq"] = [{"LastModifiedTime": hours_ago(0.4), "FailureReason": "AlgorithmError"}]
        assert look(aws, s3, CLASSIC)["hours_silent"] == {"dq": 30.0}

    def test_the_open_engines_schedules_are_not_asked_of_sagemaker(self, aws: Aws, s3: S3) -> None:
        aws.broken.add("executions")
        assert look(aws, s3, OPEN)["hours_silent"] == {"dq-open": 0.0}

    def test_one_that_cannot_be_looked_at_keeps_nobody_from_the_others(self, aws: Aws, s3: S3) -> None:
        aws.broken.add("executions")
        with pytest.raises(RuntimeError, match="1 of 3 looks failed"):
            look(aws, s3, CLASSIC, OPEN)
        assert aws.published == [("dq-open", "HoursSilent", 0.0)]

    def test_what_is_true_for_good_is_read_once_in_an_environment(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, OPEN, at=hours_ago(2))
        clients = Clients(aws, aws, s3, aws)
        for at in (hours_ago(1), NOW):
            result = Watch(SETTINGS, clients, at).look([OPEN])
        assert result["hours_silent"] == {"dq-open": 2.0}
        assert s3.read.count("responder-state/watch/schedules/dq-open.json") == 1 + 1  # the first look found none

    def test_an_environment_asks_for_what_was_heard_since_it_last_heard(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, OPEN, at=hours_ago(300))
        clients = Clients(aws, aws, s3, aws)

        def ask(at: datetime) -> tuple[float, datetime]:
            hours = Watch(SETTINGS, clients, at).look([OPEN])["hours_silent"]["dq-open"]
            return hours, aws.asked_from[-1]

        aws.points = {("dq-open", "NoData"): [hours_ago(50), hours_ago(30)], ("dq-open", "JobFailures"): [hours_ago(5)]}
        assert ask(hours_ago(20)) == (10.0, hours_ago(20 + 8 * 24))
        assert ask(hours_ago(10)) == (20.0, hours_ago(30))
        assert ask(NOW) == (5.0, hours_ago(30))
        assert ask(NOW) == (5.0, hours_ago(5))
        # One that is made again, of before; and one after so long that a week of silence is all there is to see.
        assert ask(hours_ago(10)) == (20.0, hours_ago(10 + 8 * 24))
        assert ask(NOW + timedelta(days=9)) == (516.0, NOW + timedelta(days=1))

    def test_one_question_is_of_all_schedules_and_their_answers_are_their_own(self, aws: Aws, s3: S3) -> None:
        schedules = [Schedule(f"s{number}", False) for number in range(4)]
        look(aws, s3, *schedules, at=hours_ago(30))
        aws.points = {(f"s{number}", "NoData"): [hours_ago(number)] for number in range(1, 4)}
        aws.asked_from.clear()
        aws.metrics_a_page = 5
        found = look(aws, s3, *schedules)["hours_silent"]
        assert (found, len(aws.asked_from)) == ({"s0": 30.0, "s1": 1.0, "s2": 2.0, "s3": 3.0}, 1)

    def test_more_metrics_than_a_question_takes_are_several_questions(self, aws: Aws, s3: S3) -> None:
        schedules = [Schedule(f"s{number}", False) for number in range(170)]
        look(aws, s3, *schedules, at=hours_ago(30))
        aws.points = {("s0", "NoData"): [hours_ago(2)], ("s169", "JobFailures"): [hours_ago(3)]}
        aws.asked_from.clear()
        found = look(aws, s3, *schedules)["hours_silent"]
        assert (found.pop("s0"), found.pop("s169"), set(found.values())) == (2.0, 3.0, {30.0})
        assert len(aws.asked_from) == 2

    def test_one_that_was_silent_for_long_keeps_the_others_where_they_are(self, aws: Aws, s3: S3) -> None:
        silent = Schedule("silent", False)
        look(aws, s3, OPEN, silent, at=hours_ago(300))
        clients = Clients(aws, aws, s3, aws)
        aws.points = {("dq-open", "NoData"): [hours_ago(30), hours_ago(5)], ("silent", "NoData"): [hours_ago(100)]}
        for _ in range(2):
            found = Watch(SETTINGS, clients, NOW).look([OPEN, silent])["hours_silent"]
            assert found == {"dq-open": 5.0, "silent": 100.0}
        assert aws.asked_from[-1] == hours_ago(100)

    @pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
    def test_what_cannot_be_read_is_not_silent(self, aws: Aws, s3: S3, status: str) -> None:
        look(aws, s3, OPEN, CLASSIC, at=hours_ago(300))
        aws.published.clear()
        aws.metric_status = status
        with pytest.raises(RuntimeError, match="2 of 3 looks failed"):
            look(aws, s3, OPEN, CLASSIC)
        aws.broken.add("metrics")
        with pytest.raises(RuntimeError, match="2 of 3 looks failed"):
            look(aws, s3, OPEN, CLASSIC)
        assert aws.published == []

    def test_a_damaged_note_is_written_anew(self, aws: Aws, s3: S3) -> None:
        s3.objects["responder-state/watch/schedules/dq-open.json"] = b"{"
        assert look(aws, s3, OPEN)["hours_silent"] == {"dq-open": 0.0}
        assert json.loads(s3.objects["responder-state/watch/schedules/dq-open.json"]) == {"first_seen": NOW.isoformat()}


class TestMissedJobs:
    def test_a_job_that_nobody_heard_of_is_looked_at_once(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, at=hours_ago(4))
        aws.jobs = {
            "heard": ("Completed", hours_ago(3)),
            "missed": ("Completed", hours_ago(2)),
            "failed": ("Failed", hours_ago(2)),
            "running": ("InProgress", hours_ago(1)),
        }
        s3.objects["responder-state/heard-jobs/heard.json"] = b"{}"
        assert look(aws, s3)["told"] == ["missed", "failed"]
        assert look(aws, s3, at=NOW + timedelta(hours=1))["told"] == []
        assert aws.invoked == ["missed", "failed"]

    def test_what_has_just_ended_is_left_to_its_event(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, at=hours_ago(4))
        aws.jobs = {"fresh": ("Completed", NOW - timedelta(minutes=2))}
        assert look(aws, s3)["told"] == []
        assert look(aws, s3, at=NOW + timedelta(hours=1))["told"] == ["fresh"]

    def test_jobs_of_before_this_stack_are_not_looked_at(self, aws: Aws, s3: S3) -> None:
        aws.jobs = {"old": ("Completed", hours_ago(20))}
        assert look(aws, s3)["told"] == []

    def test_a_look_that_died_is_made_again(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, at=hours_ago(4))
        aws.jobs = {"missed": ("Completed", hours_ago(2))}
        aws.broken.add("invoke")
        with pytest.raises(RuntimeError, match="1 of 2 looks failed"):
            look(aws, s3, OPEN)
        assert ("dq-open", "HoursSilent", 0.0) in aws.published
        aws.broken.remove("invoke")
        assert look(aws, s3)["told"] == ["missed"]

    def test_after_a_month_of_silence_a_week_is_looked_at(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, at=hours_ago(24 * 30))
        look(aws, s3)
        assert aws.windows[-1][0] == NOW - timedelta(days=7)

    def test_a_storm_of_jobs_is_bounded(self, aws: Aws, s3: S3) -> None:
        look(aws, s3, at=hours_ago(4))
        aws.jobs = {f"job-{number}": ("Completed", hours_ago(2)) for number in range(MOST_JOBS + 50)}
        assert len(look(aws, s3)["told"]) == MOST_JOBS


AT = {"scheduled_time": "2026-11-29T12:50:00Z"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({}, "has no scheduled_time"),
        ({"scheduled_time": "noon"}, "'noon' is no ISO 8601 time"),
        (AT, "schedules must be an object"),
        (AT | {"schedules": {"dq": "both"}}, "schedules.dq is 'both'"),
        (AT | {"schedules": {"dq": 1}}, "non-empty string"),
        ([], "the event must be an object"),
    ],
)
def test_unusable_events(event: Any, words: str) -> None:
    with pytest.raises(BadEventError, match=words):
        parse(event)


def test_the_event_names_schedules_and_engines() -> None:
    assert parse(AT | {"schedules": {"dq": "model-monitor", "dq-open": "open"}}) == (NOW, [CLASSIC, OPEN])


def test_the_handler_itself_ends_well(aws: Aws, s3: S3) -> None:
    environment = {
        "ENDPOINT_NAME": SETTINGS.endpoint,
        "METRIC_NAMESPACE": SETTINGS.namespace,
        "BUCKET_NAME": SETTINGS.bucket,
        "STATE_PREFIX": SETTINGS.state_prefix,
        "METRICS_FUNCTION_NAME": SETTINGS.metrics_function,
    }
    event = {"scheduled_time": NOW.isoformat(), "schedules": {"dq-open": "open", "dq": "model-monitor"}}
    clients = {"sagemaker": aws, "cloudwatch": aws, "s3": s3, "lambda": aws}
    answer, log = enter("monitor_watch", event, clients, environment)
    assert answer["hours_silent"] == log[-1]["hours_silent"] == {"dq-open": 0.0, "dq": 0.0}
