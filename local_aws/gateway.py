"""One ASGI application on one port: control requests, SageMaker with behaviour, and ministack for the rest."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from local_aws import seams, validation
from local_aws.activity import Activity
from local_aws.alarms import Alarms
from local_aws.clock import VirtualClock, parse_time
from local_aws.control import Control
from local_aws.identity import Identity
from local_aws.sagemaker.api import SageMaker, resource_arn
from local_aws.sagemaker.capture import Capture
from local_aws.sagemaker.endpoints import Endpoints
from local_aws.sagemaker.jobs import ProcessingJobs
from local_aws.sagemaker.runtime import Runtime
from local_aws.sagemaker.schedules import Schedules
from local_aws.sagemaker.store import Store
from local_aws.scheduler.engine import Scheduler
from local_aws.timeline import Timeline

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# What AWS's Python runtime has installed beside the standard library: boto3 and what it needs.
LAMBDA_PACKAGES = frozenset({"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"})


class Journal:
    """What is written down for tests to ask for."""

    def __init__(self) -> None:
        self.denied_calls: list[dict[str, str]] = []
        self.invalid_requests: list[str] = []
        self.observed: Counter[str] = Counter()
        self.unread_requests: list[str] = []
        self._uses: Counter[tuple[str, str, str]] = Counter()

    def denied(self, principal: str, action: str, resource: str) -> None:
        """Write down that IAM refused a call."""
        self.denied_calls.append({"principal": principal, "action": action, "resource": resource})

    def used(self, principal: str, action: str, resource: str) -> None:
        """Write down that a role's policies allowed a call."""
        role = principal.split(":")[5].split("/")[1]  # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
        self._uses[role, action, resource] += 1

    @property
    def used_actions(self) -> list[dict[str, Any]]:
        """What roles were allowed, and how often."""
        uses = self._uses.copy()
        return [
            {"role": role, "action": action, "resource": resource, "calls": calls}
            for (role, action, resource), calls in sorted(uses.items())
        ]

    def observe(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """Write down what the service's model refuses in a request, and that it was looked at."""
        self.observed[f"{service}.{operation}"] += 1
        model = validation.service_model(service)
        if operation not in model.operation_names:
            self.invalid_requests.append(f"{service}: there is no operation {operation!r}")
            return
        shape = model.operation_model(operation).input_shape
        for problem in validation.problems(shape, parameters) if shape else []:
            self.invalid_requests.append(f"{service}.{operation}: {problem}")

    def unread(self, service: str, method: str, path: str) -> None:
        """Write down a request that no model could be held against."""
        self.unread_requests.append(f"{service}: {method} {path}")


def build(settings: Mapping[str, Any], endpoint_url: str, ready: Callable[[], None]) -> Any:
    """The application; `ready` is called when it can serve."""
    clock = VirtualClock(parse_time(settings["at"]) if settings["at"] else None)
    journal = Journal()
    identity = Identity(settings["enforce_iam"], endpoint_url, journal.denied)
    store = Store()
    capture = Capture(settings["capture_delay"])
    endpoints = Endpoints(clock, identity, capture)
    activity = Activity()
    jobs = ProcessingJobs(clock, identity, activity, duplicate_events=settings["duplicate_events"])
    scheduler = Scheduler(clock, identity, activity, twice=settings["duplicate_events"])
    schedules = Schedules(clock, identity, store, jobs)
    alarms = Alarms(clock, identity.alarm_may_publish)
    timeline = Timeline(
        clock,
        capture=capture,
        schedules=schedules,
        scheduler=scheduler,
        alarms=alarms,
        publish=endpoints.publish_metrics,
    )
    sagemaker = SageMaker(clock, identity, store, endpoints, jobs, schedules)

    seams.put_on_clock(clock)
    seams.replace_alarm_evaluation(alarms.evaluate)
    seams.replace_alarm_actions(alarms.act)
    seams.replace_dead_letters(identity.send_dead_letter)
    seams.deliver_to_functions(identity.service_may_invoke)
    seams.restrict_function_imports(LAMBDA_PACKAGES)
    seams.observe_requests(journal.observe, journal.unread)
    seams.record_denials(journal.denied)
    seams.record_uses(journal.used)
    if settings["enforce_iam"]:
        seams.guard_function_logs(identity.function_may_log)
    seams.supply_metric_namespace()
    seams.count_loopback_as_secure_transport()
    seams.serve_sagemaker(sagemaker.handle, resource_arn)
    seams.stop_own_scheduler()
    seams.run_asynchronously(activity.during)
    identity.check_requests("scheduler", scheduler.refuse)
    identity.check_passed_roles()

    control = Control(clock, journal, timeline.advance)
    runtime = Runtime(endpoints, sagemaker.find_endpoint)
    ticking: list[asyncio.Task[None]] = []

    def start() -> None:
        ticking.append(asyncio.get_running_loop().create_task(timeline.tick()))
        ready()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "lifespan":
            await seams.asgi_app(scope, receive, _announcing(send, start))
        elif path.startswith("/_local/"):
            status, body = await control.handle(scope["method"], path, await read_body(receive))
            await respond(send, status, {"Content-Type": "application/json"}, body)
        elif path.startswith("/endpoints/"):
            answer = await runtime.handle(scope, await read_body(receive))
            await respond(send, answer.status, answer.headers, answer.body)
        else:
            await seams.asgi_app(scope, receive, send)

    return app


def _announcing(send: Send, ready: Callable[[], None]) -> Send:
    async def announcing(message: MutableMapping[str, Any]) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            ready()

    return announcing


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def respond(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole response."""
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
