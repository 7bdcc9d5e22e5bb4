"""Runs the monitoring job of a small window right here, in seconds, instead of on a machine that takes minutes to come.

It is the same program as in the processing job, `python -m drift_tools.monitor`, as a process of its own under the same
contract: what differs is who brings its files. A job that comes twice is done once.
Permissions and environment variables: functions/README.md.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.bucket_layout import DRIFT, VIOLATIONS
from contract.failure_note import Failure
from contract.metrics import CONSTRAINT_VIOLATIONS, JOB_FAILURES, LARGEST_EFFECT
from functions.common.aws_clients import client
from functions.common.cloudwatch import publish
from functions.common.deliveries import DELIVERIES
from functions.common.environment import flag, prefix, required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.failure_notes import try_to_note_failure
from functions.common.idempotency import Clock, IdempotencyStore, Lease, StillInProgressError, small_window_key
from functions.common.json_logging import attempt, log
from functions.common.violations import count_violations, largest_effect
from functions.monitor_window.container_files import OutOfTimeError, fetch_inputs, lay_out, place, store_outputs

_RESERVE_SECONDS = 10.0  # for uploads, metrics and the marker, after the program's time is up
_LOG_CHARACTERS = 4000
_TRIES = "tries"  # a marker's fact: so many deliveries have failed
_STORED = "stored_violations"  # a marker's fact: the results are there, with so many violations
_EFFECT = "largest_effect"  # beside it


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    namespace: str
    bucket: str
    state_prefix: str
    failures_prefix: str
    compare_function: str | None
    log_group: str | None = None
    """This function's own, as Lambda says."""
    publishes_effect: bool = False
    """Whether an alarm listens to the largest effect: CloudWatch bills every metric."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing."""
        return cls(
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            state_prefix=prefix(environ, "STATE_PREFIX"),
            failures_prefix=prefix(environ, "FAILURES_PREFIX"),
            compare_function=environ.get("COMPARE_FUNCTION") or None,
            publishes_effect=flag(environ, "EFFECT_METRIC"),
            log_group=environ.get("AWS_LAMBDA_LOG_GROUP_NAME") or None,
        )


@dataclass(frozen=True)
class Job:
    """The processing job that this function stands in for: the CreateProcessingJob request."""

    request: Mapping[str, Any]
    name: str
    endpoint: str
    schedule: str
    end_time: str

    @classmethod
    def parse(cls, event: Any) -> "Job":
        """Read it from the event; BadEventError if something is missing."""
        request = mapping(mapping(event, "the event").get("job"), "the event's job")
        environment = mapping(request.get("Environment"), "the event's job.Environment")
        mapping(request.get("ProcessingOutputConfig"), "the event's job.ProcessingOutputConfig")
        where = "the event's job.Environment"
        return cls(
            request=request,
            name=text(request, "ProcessingJobName", "the event's job"),
            endpoint=text(environment, "sagemaker_endpoint_name", where),
            schedule=text(environment, "sagemaker_monitoring_schedule_name", where),
            end_time=text(environment, "end_time", where),
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the program, but for where Python finds it: here it lies in this archive."""
        return {key: value for key, value in self.request["Environment"].items() if key != "PYTHONPATH"}


@dataclass(frozen=True)
class Outcome:
    """How the program ended: its exit status, its last words, how many violations it wrote, and the largest effect
    among them.
    """

    status: int
    message: str
    violations: int
    effect: float = 0.0

    def metrics(self, *, with_effect: bool) -> dict[str, float]:
        """As the end of a processing job would be told."""
        if self.status:
            return {JOB_FAILURES: 1.0}
        found = {JOB_FAILURES: 0.0, CONSTRAINT_VIOLATIONS: float(self.violations)}
        if with_effect:
            found[LARGEST_EFFECT] = max(self.effect, 1.0) if self.violations else 0.0
        return found


@dataclass(frozen=True)
class Deadline:
    """When the program's time is up: `at`, by `clock`. To bring its files may take most of what there was."""

    at: float
    clock: Clock

    @property
    def seconds_left(self) -> float:
        """How long there is from now on; negative when it is past."""
        return self.at - self.clock.now()


def run(job: Job, s3: Any, *, deadline: Deadline) -> Outcome:
    """Bring the inputs, run the program for the time that is left then, take the results away.

    Raises OutOfTimeError if the inputs take all of it: S3 may be faster the next time.
    """
    folder = Path(tempfile.mkdtemp(prefix="window-"))
    ml_root = folder / "ml"
    try:
        lay_out(job.request, ml_root)
        began = deadline.seconds_left
        fetch_inputs(s3, job.request, ml_root, seconds_left=lambda: deadline.seconds_left)
        left = deadline.seconds_left
        if left <= 0:
            raise OutOfTimeError(f"bringing the job's files took all of the {began:.0f} s that there were")
        status = _execute(job, ml_root, left, fetching=began - left)
        path = ml_root / "output/message"
        message = path.read_text(errors="replace").strip() if path.is_file() else ""
        if status == 0:
            store_outputs(s3, job.request, ml_root)
        return Outcome(status, message or f"the monitor left with status {status}", *_found(job, ml_root))
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # an execution environment lives on, and its disk with it


def _execute(job: Job, ml_root: Path, seconds: float, *, fetching: float) -> int:
    here = str(Path(__file__).resolve().parents[2])
    try:
        ended = subprocess.run(  # noqa: S603 -- this interpreter, and a module of this archive
            [sys.executable, "-m", "drift_tools.monitor", "--ml-root", str(ml_root)],
            env={**os.environ, **job.variables, "PYTHONPATH": os.pathsep.join([here, *sys.path[1:]])},
            cwd=ml_root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        (ml_root / "output/message").write_text(
            f"Error: the monitor was not done after {seconds:.0f} s; bringing its files had taken {fetching:.0f} s"
        )
        return 1
    if ended.returncode:
        log("ERROR", "the monitor failed", job=job.name, status=ended.returncode, said=ended.stderr[-_LOG_CHARACTERS:])
    return ended.returncode


def _found(job: Job, ml_root: Path) -> tuple[int, float]:
    """How many violations the program wrote, and the largest effect among them."""
    for output in job.request["ProcessingOutputConfig"]["Outputs"]:
        for name in VIOLATIONS:
            path = place(ml_root, output["S3Output"]["LocalPath"]) / name
            if path.is_file():
                document = json.loads(path.read_bytes())
                measures = path.with_name(DRIFT)
                drift = json.loads(measures.read_bytes()) if measures.is_file() else None
                return count_violations(document), largest_effect(document, drift)
    return 0, 0.0


def _note(s3: Any, settings: Settings, job: Job, reason: str) -> None:
    failure = Failure(
        endpoint=job.endpoint,
        schedule=job.schedule,
        job=job.name,
        log_group=settings.log_group,
        reason=reason,
        exit_message=reason,
        ended=None,
        run=job.end_time,
    )
    try_to_note_failure(s3, settings.bucket, settings.failures_prefix, failure)


def process(
    event: Any,
    settings: Settings,
    store: IdempotencyStore,
    *,
    s3: Any,
    cloudwatch: Any,
    functions: Any,
    deadline: Deadline,
) -> dict[str, Any]:
    """One delivery. One that fails leaves its reason, and its lease to the retry, whatever else fails; the last one
    that Lambda makes also a metric: what a retry repaired need not wake anybody. Where it cannot be kept how often the
    job was tried, every failure leaves one: silence would be worse.

    Raises what made it fail, and StillInProgressError if another delivery is at work.
    """
    job = Job.parse(event)
    lease: Lease | None = None
    try:
        lease = store.acquire(small_window_key(settings.state_prefix, job.endpoint, job.name))
        if lease is None:
            return {"job": job.name, "done": "by an earlier delivery"}
        outcome = _once(job, lease, s3=s3, deadline=deadline)
        if outcome.status:
            _note(s3, settings, job, outcome.message)
        elif _STORED not in lease.facts:
            lease = store.note(
                lease, {_STORED: str(outcome.violations), _EFFECT: str(outcome.effect), "message": outcome.message}
            )
        metrics = outcome.metrics(with_effect=settings.publishes_effect)
        publish(cloudwatch, settings.namespace, job.endpoint, job.schedule, metrics)
    except StillInProgressError:
        raise
    except Exception as error:
        _note(s3, settings, job, f"{type(error).__name__}: {error}")
        if _is_last_try(store, lease, error):
            failed = {JOB_FAILURES: 1.0}
            attempt(
                "the failure could not be published",
                lambda: publish(cloudwatch, settings.namespace, job.endpoint, job.schedule, failed),
                job=job.name,
            )
        raise
    if outcome.status == 0:
        _compare(job, lease, settings, store, functions)
    # The results are there and told of. Without the mark, another delivery finds them.
    attempt("the end could not be marked", lambda: store.finish(lease, _facts(outcome)), job=job.name)
    return {"job": job.name, "schedule": job.schedule, "outcome": outcome.message, "metrics": metrics}


def _facts(outcome: Outcome) -> dict[str, str]:
    return {"status": str(outcome.status), "message": outcome.message}


def _compare(job: Job, lease: Lease, settings: Settings, store: IdempotencyStore, functions: Any) -> None:
    if not settings.compare_function:
        return
    try:
        functions.invoke(
            FunctionName=settings.compare_function,
            InvocationType="Event",
            Payload=json.dumps({"schedule": job.schedule, "end_time": job.end_time}).encode(),
        )
    except Exception as error:  # the run itself is no failure: the retry finds its results
        _release(store, lease, error)
        raise


def _is_last_try(store: IdempotencyStore, lease: Lease | None, error: Exception) -> bool:
    """Give the lease back, and say whether Lambda delivers the event no more; also if that cannot be found out."""
    tries = 1 + int(lease.facts.get(_TRIES, 0)) if lease is not None else DELIVERIES
    return not _release(store, lease, error, tries) or tries >= DELIVERIES


def _release(store: IdempotencyStore, lease: Lease | None, error: Exception, tries: int = 0) -> bool:
    """Whether the lease could be given back to the retry."""
    if lease is None:
        return False
    facts = {"error": type(error).__name__} | ({_TRIES: str(tries)} if tries else {})
    return attempt("the lease could not be given back", lambda: store.release(lease, facts), key=lease.key)


def _once(job: Job, lease: Lease, *, s3: Any, deadline: Deadline) -> Outcome:
    if _STORED in lease.facts:  # by a delivery that then could not say so
        effect = float(lease.facts.get(_EFFECT, "0"))
        return Outcome(0, lease.facts["message"], int(lease.facts[_STORED]), effect)
    if lease.taken_over:
        # Whoever had it before died in the middle: out of memory or of time. It would again.
        return Outcome(1, "Error: the function ended before the monitor did: give it more memory, or a lower limit", 0)
    return run(job, s3, deadline=deadline)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    settings = Settings.read(os.environ)
    clock = Clock()
    killed_at = clock.now() + context.get_remaining_time_in_millis() / 1000.0
    s3 = client("s3")
    store = IdempotencyStore(s3, settings.bucket, context.aws_request_id, killed_at, clock)
    try:
        answer = process(
            event,
            settings,
            store,
            s3=s3,
            cloudwatch=client("cloudwatch"),
            functions=client("lambda"),
            deadline=Deadline(killed_at - _RESERVE_SECONDS, clock),
        )
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
    log("INFO", "small window", **answer)
    return answer
