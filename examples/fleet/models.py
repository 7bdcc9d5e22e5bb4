"""Models of the fleet: real runs of the monitor job on people's rows, under a role that may do what a stack's may.

The rows are the employment example's: those of 2015 that trained nobody are what is good, later years are later years,
and the last window of some models has the example's faults (ages in months, a code of 2019).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from components.iam import AwsContext
from components.monitors.open_engine.policies import run_policy
from contract.metrics import CONSTRAINT_VIOLATIONS, HOURS_SILENT, JOB_FAILURES, OPEN_DATA_METRICS, stack_namespace
from drift_tools.errors import InputError
from drift_tools.job import Job
from drift_tools.job.program import run
from examples.demo.deploying import environment_variables
from examples.employment.feed import FEATURES, Row, Split, with_faults
from examples.fleet.world import DEV, PROD, STAGING, World
from functions.common.cloudwatch import publish

ROWS: Final = 500
HOUR: Final = timedelta(hours=1)
IMAGE: Final = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"


@dataclass(frozen=True, kw_only=True)
class FleetModel:
    """A model: whose, where, and what each of its days has. `days`: rows and the version that served them."""

    name: str
    account: str
    team: str
    days: Sequence[tuple[Sequence[Row], str]]

    @property
    def schedule(self) -> str:
        return f"{self.name}-data-quality"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run: the window's end, what the job said, and how many violations it wrote."""

    model: FleetModel
    end: datetime
    message: str
    violations: int


def models(people: Split) -> list[FleetModel]:
    """Six models of two teams in three accounts; three get faulty input on their last day, some a new version."""
    # No row twice: rows that are repeated would look like evidence.
    first, second, third = (people.control[part::3][:ROWS] for part in range(3))
    faults = with_faults(people.before_faults[:ROWS])
    in_dev: list[Any] = [
        ("jobs-dev", "jobs", [(first, "jobs/8"), (faults, "jobs/9")]),
        ("benefits-dev", "benefits", [(second, "benefits/3"), (third, "benefits/3")]),
    ]
    in_staging: list[Any] = [("jobs-staging", "jobs", [(second, "jobs/8"), (faults, "jobs/9")])]
    in_prod: list[Any] = [
        ("jobs", "jobs", [(first, "jobs/7"), (second, "jobs/8"), (faults, "jobs/8")]),
        ("benefits", "benefits", [(second, "benefits/3"), (third, "benefits/3")]),
        ("courses", "jobs", [(third, "courses/1"), (first, "courses/2")]),
    ]
    return [
        FleetModel(name=name, account=account, team=team, days=days)
        for account, found in ((DEV, in_dev), (STAGING, in_staging), (PROD, in_prod))
        for name, team, days in found
    ]


def _captured(rows: Sequence[Row], moment: datetime) -> str:
    lines = []
    for number, row in enumerate(rows):
        request = {"observedContentType": "text/csv", "mode": "INPUT", "data": row.payload, "encoding": "CSV"}
        answer = {"observedContentType": "text/csv", "mode": "OUTPUT", "data": str(row.employed), "encoding": "CSV"}
        meta = {"eventId": f"{row.key}-{number}", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        record = {"captureData": {"endpointInput": request, "endpointOutput": answer}, "eventMetadata": meta}
        lines.append(json.dumps({**record, "eventVersion": "0"}))
    return "\n".join(lines) + "\n"


def make_baseline(people: Split, folder: Path) -> Path:
    """The baseline job on the good rows; returns the folder with its rows, statistics and constraints."""
    data = folder / "baseline.csv"
    rows = [f"{row.employed},{row.payload}" for row in people.baseline]
    data.write_text("\n".join([",".join(("prediction", *FEATURES)), *rows]) + "\n")
    variables_of_job = {
        "dataset_format": '{"csv":{"header":true,"output_columns_position":"START"}}',
        "dataset_source": str(folder),
        "output_path": str(folder / "results"),
    }
    run(Job(folder / "ml", variables_of_job))
    return folder


class Monitors:
    """Runs the monitors of the models of a world, each under its account's job role."""

    def __init__(self, world: World, baseline: Path, folder: Path) -> None:
        self._world, self._baseline, self._folder = world, baseline, folder
        self._roles: dict[str, str] = {}

    def job_role(self, account: str) -> str:
        """A role with the very policy of a stack's job that leaves its lines in the account's tables."""
        if account not in self._roles:
            region = self._world.cloud.region
            context = AwsContext(partition="aws", region=region, account_id=account)
            policy = run_policy(context, bucket=f"models-of-{account}", image_uri=IMAGE, result_tables="account")
            trust = {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
            }
            iam = self._world.accounts[account].client("iam")
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            self._roles[account] = iam.create_role(RoleName="models-job", AssumeRolePolicyDocument=document)["Role"][
                "Arn"
            ]
            iam.put_role_policy(RoleName="models-job", PolicyName="job", PolicyDocument=json.dumps(policy))
            self._world.accounts[account].client("s3").create_bucket(Bucket=f"models-of-{account}")
        return self._roles[account]

    def run_all(self, found: Sequence[FleetModel], until: datetime) -> list[Ran]:
        """Every day of every model, the last one ending at `until`."""
        return [
            self._run(model, rows, version, until - timedelta(days=len(model.days) - 1 - day))
            for model in found
            for day, (rows, version) in enumerate(model.days)
        ]

    def _run(self, model: FleetModel, rows: Sequence[Row], version: str, end: datetime) -> Ran:
        account, region = self._world.accounts[model.account], self._world.cloud.region
        keys = account.client("sts").assume_role(RoleArn=self.job_role(model.account), RoleSessionName=model.name)
        folder = self._folder / f"{model.name}-{end:%Y%m%d}"
        captured = folder / "processing" / "input" / "endpoint" / model.name / "Primary" / f"{end - HOUR:%Y/%m/%d/%H}"
        captured.mkdir(parents=True)
        (captured / "rows.jsonl").write_text(_captured(rows, end - HOUR / 2))
        output = folder / "processing" / "output"
        job = Job(
            folder,
            {
                "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
                "dataset_source": "/opt/ml/processing/input/endpoint",
                "output_path": "/opt/ml/processing/output",
                "start_time": f"{end - HOUR:%Y-%m-%dT%H:%M:%SZ}",
                "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                "sagemaker_endpoint_name": model.name,
                "sagemaker_monitoring_schedule_name": model.schedule,
                "baseline_constraints": str(self._baseline / "results" / "constraints.json"),
                "baseline_statistics": str(self._baseline / "results" / "statistics.json"),
                "baseline_dataset": str(self._baseline / "baseline.csv"),
                "publish_cloudwatch_metrics": "Enabled",
                "feature_metrics": "findings",
                "metric_namespace": OPEN_DATA_METRICS,
                "false_alarms_per_year": "1",
                "runs_per_year": "365",
                "result_tables_uri": f"s3://{self._world.bucket(model.account)}/result-tables",
                "account_id": model.account,
                "model_variant": "Primary",
                "model_version": version,
                "team": model.team,
                "AWS_DEFAULT_REGION": region,
            },
        )
        found = {
            "AWS_ENDPOINT_URL": self._world.cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": keys["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["Credentials"]["SessionToken"],
        }
        with environment_variables(found):
            message = run(job)
        if "lack this run" in message or "were not published" in message:
            raise InputError(f"{model.name}: {message}")
        path = output / "constraint_violations.json"
        violations = len(json.loads(path.read_bytes())["violations"]) if path.is_file() else 0
        return Ran(model=model, end=end, message=message, violations=violations)

    def tell(self, ran: Sequence[Ran]) -> None:
        """What the stacks' functions publish of each model's last run: its violations, and its hours of silence."""
        for last in {one.model.name: one for one in ran}.values():
            model = last.model
            metrics = {CONSTRAINT_VIOLATIONS: float(last.violations), JOB_FAILURES: 0.0, HOURS_SILENT: 0.0}
            cloudwatch = self._world.accounts[model.account].client("cloudwatch")
            publish(cloudwatch, stack_namespace(model.name), model.name, model.schedule, metrics)


def last_hour() -> datetime:
    """The last full hour."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def alarm_on(world: World, model: FleetModel) -> dict[str, Any]:
    """An alarm on a model's violations, as its stack makes it; its team is told on the team's own topic."""
    account = world.accounts[model.account]
    topic = account.client("sns").create_topic(Name=f"{model.team}-alarms")["TopicArn"]
    name = f"{model.name}-violations"
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace=stack_namespace(model.name),
        MetricName=CONSTRAINT_VIOLATIONS,
        Dimensions=[{"Name": "Endpoint", "Value": model.name}, {"Name": "MonitoringSchedule", "Value": model.schedule}],
        Statistic="Maximum",
        Period=3600,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Threshold=1.0,
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    return {"name": name, "topic_arn": topic}
