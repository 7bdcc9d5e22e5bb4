"""Four retrainings of the employment model: refused, expired, rolled back, approved; and what Pulumi says then."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

import local_aws
from deployment.errors import AutomationError
from drift_tools.endpoint import Request, approve, send
from drift_tools.errors import InputError
from drift_tools.retraining.evaluation import primary
from examples.demo.console import Steps
from examples.demo.deploying import environment_variables
from examples.demo.mailbox import Mailbox
from examples.demo.waiting import DemoError, wait_until
from examples.demo_retraining.data import FAULTY_OF_2017, batches, training_source, upload_labels, years
from examples.demo_retraining.deploying import Again, deployed
from examples.demo_retraining.machine import Ended, Machine
from examples.demo_retraining.page import page
from examples.employment.feed import Row, faulty, with_faults
from examples.employment.train import train
from local_aws.apply import ApplyError, inventory

PROJECT = Path(__file__).resolve().parents[2]
OUTPUT = PROJECT / "build" / "demo-retraining"
HOUR = timedelta(hours=1)
AFTER_THE_HOUR = timedelta(minutes=5)
AFTER_THE_GRACE = timedelta(minutes=30)
APPROVAL_HOURS = 3
CANARY_REQUESTS = 40
STEPS = 17


@dataclass
class Story:
    """What is known in the end."""

    runs: dict[str, Ended] = field(default_factory=dict)
    unchanged: dict[str, bool] = field(default_factory=dict)
    guard: str = ""
    trigger: str = ""
    deployed: bool = False
    up_after: int | None = None
    alarm_to_deployed: float = 0.0  # seconds of the embedded AWS's clock, on which everything waits
    compared_with: str = ""
    messages: list[tuple[str, str]] = field(default_factory=list)


def overrides(trained: Path) -> dict[str, Any]:
    """The stack's settings, as somebody would write them in Pulumi.dev.yaml."""

    def inside(path: Path) -> str:
        return str(path.relative_to(PROJECT))

    return {
        "engine": "open",
        "model_artifact": inside(trained / "artifact"),
        "baseline_data": inside(trained / "baseline.csv"),
        "baseline_quality_data": inside(trained / "baseline_quality.csv"),
        "monitoring": {
            # Every run is a job, whose request says what it compares with.
            "open_engine": {"small_windows": {"max_megabytes": 0}},
            "retraining": {
                "training": {
                    "source": inside(training_source(PROJECT / "build" / "employment" / "training")),
                    "hyperparameters": {"n_estimators": "60", "max_depth": "3", "unknown_categories": "ignore"},
                },
                "data": {"holdout_hours": 1},
                "comparison": {"segment_by": ["AGEP", "SEX"], "facets": {"SEX": ["SEX_2"]}},
                "triggers": {"alarms": [{"kind": "data-quality", "severity": "warning", "runs": 1}]},
                "approval": {"hours": APPROVAL_HOURS},
                "deployment": {"strategy": "canary", "percent": 25, "wait_in_seconds": 300},
                "cool_down_hours": 0,
                "least_new_labels": 100,  # lines: each has the labels of a request of ten
            },
        },
    }


class Demo:
    """One run of it on a deployed stack."""

    def __init__(self, cloud: Any, outputs: Mapping[str, str], steps: Steps, mailbox: Mailbox) -> None:
        self._cloud, self._outputs, self._steps, self._mailbox = cloud, outputs, steps, mailbox
        self.machine = Machine(cloud, outputs)
        self.story = Story()

    def tell(self, again: Again) -> Story:
        """All of it."""
        rows = years()
        of_2017 = [row for place, row in enumerate(rows[2017]) if place % FAULTY_OF_2017]
        kept = rows[2017][::FAULTY_OF_2017]
        for year, people in ((2016, rows[2016]), (2017, of_2017), (2018, rows[2018])):
            self.next_hour()
            self.hour(str(year), people)
        self._refused()
        self._expired()
        self._rolled_back(kept)
        alarmed = self._broken_feed(kept)
        self._deployed(*alarmed)
        with self._steps.step("pulumi up, once more") as step:
            serving = self.machine.serving()
            self.story.up_after = again()
            self.story.deployed &= self.machine.serving() == serving
            step.result = "no CLI here" if self.story.up_after is None else f"{self.story.up_after} changes"
        self._follow(rows[2018][:1000])
        topic = self._outputs["notification_topic_arn"]
        self.story.messages = [(each.subject, each.body) for each in self._mailbox.messages(topic)]
        return self.story

    def next_hour(self) -> None:
        """Go to the next hour, when the hour before has been looked at."""
        self._cloud.clock.advance_to(_hour(self._cloud.clock.now()) + HOUR + AFTER_THE_HOUR)

    def hour(self, label: str, rows: list[Row]) -> None:
        """Traffic in the hour that it is, its labels, and the run of the monitor over that hour."""
        with self._steps.step(f"{label}: {len(rows):,} people pass the endpoint, their labels follow") as step:
            start = _hour(self._cloud.clock.now())
            pairs = list(batches(rows, label))
            self._send([request for request, _ in pairs])
            labels = {str(request.inference_id): given for request, given in pairs}
            bucket = self._outputs["bucket_name"]
            upload_labels(self._cloud.client("s3"), bucket, labels, self._cloud.clock.now())
            self._cloud.clock.advance_to(start + HOUR + AFTER_THE_GRACE)
            step.result = self._monitor_said(start + HOUR)

    def _send(self, requests: list[Request]) -> None:
        found = send(requests, endpoint=self._outputs["endpoint_name"], client=self._cloud.client("sagemaker-runtime"))
        if found.failed:
            raise DemoError(f"{found.failed} of {len(requests)} requests failed: {found.failures}")

    def _monitor_said(self, hour: datetime) -> str:
        """What the monitor's run over the hour before said, once it has ended."""

        def ended() -> str | None:
            jobs = self.machine.sagemaker.list_processing_jobs(NameContains=f"-dq-{hour:%Y%m%d%H%M}-")
            found = [job["ProcessingJobName"] for job in jobs["ProcessingJobSummaries"]]
            if not found:
                return None
            job = self.machine.sagemaker.describe_processing_job(ProcessingJobName=found[0])
            if job["ProcessingJobStatus"] == "InProgress":
                return None
            return str(job.get("ExitMessage") or job.get("FailureReason"))

        return wait_until(f"the monitor's run over the hour before {hour:%H:%M}", ended, seconds=300)

    def _refused(self) -> None:
        with self._steps.step("a worse model: one tree of depth one") as step:
            before, began = self.machine.serving(), time.monotonic()
            execution = self.machine.ask(
                "a deliberately worse model", HyperparameterNEstimators="1", HyperparameterMaxDepth="1"
            )
            self._note("refused", self.machine.ended(execution, began), before)
            step.result = str(self.story.runs["refused"].record["reason"])[:90]

    def _expired(self) -> None:
        with self._steps.step(f"a better model, and nobody answers for {APPROVAL_HOURS} hours") as step:
            before, began = self.machine.serving(), time.monotonic()
            execution = self.machine.ask("to see that silence deploys nothing")
            package = self.machine.until("the request for approval", self.machine.candidate)
            self.story.guard = self.machine.refusal("although a candidate waits")
            ended = self.machine.ended(execution, began, step=timedelta(minutes=30))
            self._note("expired", ended, before)
            step.result = f"{package.rsplit('/', 1)[-1]} {ended.outcome}; meanwhile: {self.story.guard.split(':')[0]}"

    def _rolled_back(self, people: list[Row]) -> None:
        with self._steps.step("a model that refuses what it does not know meets an unknown code in its canary") as step:
            before, began = self.machine.serving(), time.monotonic()
            execution = self.machine.ask("strict", HyperparameterUnknownCategories="refuse")
            package = self.machine.until("the request for approval", self.machine.candidate)
            self.next_hour()  # the canary and the rest of the broken feed are one episode of one alarm
            approve(package, note="looks good")
            name = self._outputs["endpoint_name"]

            def shifting() -> bool:
                return "PendingDeploymentSummary" in self.machine.sagemaker.describe_endpoint(EndpointName=name)

            self.machine.until("the canary", shifting)
            failed = self.unknown_codes(people)
            self._note("rolled back", self.machine.ended(execution, began), before)
            step.result = f"{failed} of {CANARY_REQUESTS} requests failed; {self.story.runs['rolled back'].outcome}"

    def unknown_codes(self, people: list[Row]) -> int:
        """Send requests with a code that no training had, while a quarter of them reaches the new model."""
        runtime, failed = self._cloud.client("sagemaker-runtime"), 0
        of_interest = [faulty(row) for row in people if "RELP_0" in row.values][:CANARY_REQUESTS]
        for row in of_interest:
            with suppress(ClientError):
                runtime.invoke_endpoint(
                    EndpointName=self._outputs["endpoint_name"], ContentType="text/csv", Body=row.payload.encode()
                )
                continue
            failed += 1
        return failed

    def _broken_feed(self, people: list[Row]) -> tuple[str, float, datetime]:
        """The feed that broke the canary goes on, an alarm rings and starts a retraining; its rows are not learned."""
        self.hour("2017 with faults in the feed", list(with_faults(people)))
        with self._steps.step("the alarm rings and starts a retraining") as step:
            began = time.monotonic()
            execution = str(self.machine.until("the retraining that the alarm starts", self.machine.running))
            name = self._outputs["constraint_violations_alarm_name"]
            (alarm,) = self._cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
            step.result = execution.rsplit(":", 1)[-1]
        return execution, began, alarm["StateUpdatedTimestamp"]

    def _deployed(self, execution: str, began: float, rang: datetime) -> None:
        with self._steps.step("trained again, compared on 2018, approved by a person, deployed by canary") as step:
            before = self.machine.serving()
            package = self.machine.until("the request for approval", self.machine.candidate)
            approve(package, note="the comparison was read")
            ended = self.machine.ended(execution, began)
            self._note("deployed", ended, before)
            self.story.trigger = str(ended.record["trigger"])
            self.story.deployed = ended.outcome == "deployed" and self.machine.serving() != before
            self.story.alarm_to_deployed = (self._cloud.clock.now() - rang).total_seconds()
            step.result = f"{ended.outcome}: {self.machine.serving()}"

    def _note(self, name: str, ended: Ended, before: str) -> None:
        self.story.runs[name] = ended
        self.story.unchanged[name] = self.machine.serving() == before

    def _follow(self, rows: list[Row]) -> None:
        """The next run of the monitor compares with the new model's baseline."""
        self.next_hour()
        self.hour("2018, the first hour of the new model", rows)
        with self._steps.step("the monitor's next run compares with the new baseline") as step:
            jobs = self.machine.sagemaker.list_processing_jobs(NameContains="-dq-", MaxResults=1)
            name = jobs["ProcessingJobSummaries"][0]["ProcessingJobName"]
            job = self.machine.sagemaker.describe_processing_job(ProcessingJobName=name)
            uris = {item["InputName"]: item["S3Input"]["S3Uri"] for item in job["ProcessingInputs"]}
            self.story.compared_with = uris["baseline_constraints"]
            step.result = self.story.compared_with.split("/", 3)[-1]


def summary(story: Story, seconds: float) -> dict[str, Any]:
    """What programs read."""
    deployed_run = story.runs["deployed"]
    found = primary(deployed_run.evaluation) or {}
    sides = {side: {"metric": found.get("metric"), **found.get(side, {})} for side in ("champion", "challenger")}
    ended = {name: run.outcome == name and story.unchanged[name] for name, run in story.runs.items()}
    return {
        "trigger": story.trigger,
        **sides,
        "refused_worse": ended["refused"],
        "expired_without_approval": ended["expired"],
        "rolled_back": ended["rolled back"],
        "approved_by": deployed_run.record["approval"].get("by"),
        "deployed": story.deployed,
        "pulumi_up_after": story.up_after,
        "seconds": round(seconds, 1),
        "guard_said": story.guard,
        "monitors_compare_with": story.compared_with,
        "alarm_to_deployed_seconds_of_aws": round(story.alarm_to_deployed),
        "outcomes": {name: run.outcome for name, run in story.runs.items()},
        "notifications": [subject for subject, _ in story.messages],
    }


def run(output: Path, console: Console) -> int:
    """Do it all; write report.html and summary.json. Exit status 0 if everything was as it must be."""
    with Steps(console, total=STEPS) as steps:
        with steps.step("train the champion on 2015, start the embedded AWS") as step:
            settings = overrides(train())
            cloud = local_aws.start(enforce_iam=True)
            step.result = cloud.endpoint_url
        with cloud, environment_variables(cloud.environment()):
            before = inventory(cloud)
            with (
                deployed(cloud, steps, settings) as (outputs, created, again),
                Mailbox(cloud, [outputs["notification_topic_arn"]]) as mailbox,
            ):
                story = Demo(cloud, outputs, steps, mailbox).tell(again)
            now = inventory(cloud)
            left = [f"{what} {name}" for what, names in now.items() for name in names - before.get(what, frozenset())]
            denied, invalid = cloud.denied_calls(), cloud.invalid_requests()
            errors = cloud.function_errors()
        seconds = steps.seconds
    found = summary(story, seconds)
    output.mkdir(parents=True, exist_ok=True)
    (output / "summary.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, ended in story.runs.items():
        (output / f"{name.replace(' ', '-')}.html").write_text(ended.report, encoding="utf-8")
    (output / "report.html").write_text(page(found, story.runs, story.messages, created), encoding="utf-8")
    complaints = _complaints(found, left, denied, invalid)
    complaints += [f"a function ended in an error: {error['function']}: {error['error']}" for error in errors]
    _print(console, found, output)
    for complaint in complaints:
        console.print(complaint, style="red", markup=False)
    return 1 if complaints else 0


def _complaints(found: Mapping[str, Any], left: list[str], denied: Any, invalid: Any) -> list[str]:
    expected = ("refused_worse", "expired_without_approval", "rolled_back", "deployed")
    return [
        *(f"{name} is {found[name]}: {found['outcomes']}" for name in expected if not found[name]),
        *([f"pulumi up changed {found['pulumi_up_after']} resources"] if found["pulumi_up_after"] else []),
        *(f"left behind: {name}" for name in left),
        *(f"denied by IAM: {call}" for call in denied),
        *(f"not valid by AWS's models: {request}" for request in invalid),
    ]


def _print(console: Console, found: Mapping[str, Any], output: Path) -> None:
    champion, challenger = found["champion"], found["challenger"]
    console.print(
        f"\n{champion['metric']} on 2018: {champion['value']:.4f} of the model of 2015, {challenger['value']:.4f} "
        f"({challenger['low']:.4f} to {challenger['high']:.4f}) of the new one; approved by {found['approved_by']}; "
        f"from the alarm to the approved deployment {found['alarm_to_deployed_seconds_of_aws'] / 60:.0f} min of the "
        "embedded AWS's clock\n"
        f"{found['seconds']:.0f} s\n{output / 'report.html'}\n{output / 'summary.json'}",
        markup=False,
        soft_wrap=True,
    )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def main() -> int:
    """Run what the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo_retraining", description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where report.html and summary.json are written")
    arguments = parser.parse_args()
    try:
        return run(arguments.output, Console())
    except (DemoError, local_aws.LocalAwsError, ApplyError, AutomationError, InputError) as error:
        print(f"\nthe demo stopped: {error}", file=sys.stderr)
        return 1
