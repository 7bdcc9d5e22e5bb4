"""One ASGI application on one port: control requests, SageMaker with behaviour, and ministack for the rest."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from local_aws import seams
from local_aws.accounts import Accounts
from local_aws.activity import Activity
from local_aws.clock import VirtualClock, parse_time
from local_aws.cloudwatch import alarm_data
from local_aws.cloudwatch.alarms import Alarms
from local_aws.cloudwatch.muting import MuteRules
from local_aws.cloudwatch.observability import Observability
from local_aws.cloudwatch.queue_metrics import QueueMetrics
from local_aws.control import Control
from local_aws.encryption import Encryption
from local_aws.front_door import FrontDoor, Receive, Scope, Send, read_body, respond
from local_aws.identity import Identity
from local_aws.journal import Journal, Warnings
from local_aws.sagemaker.api import SageMaker, resource_arn
from local_aws.sagemaker.hosting.capture import Capture
from local_aws.sagemaker.hosting.endpoints import Endpoints
from local_aws.sagemaker.hosting.runtime import Runtime
from local_aws.sagemaker.jobs import ProcessingJobs
from local_aws.sagemaker.packages import ModelPackages
from local_aws.sagemaker.pipelines import Pipelines
from local_aws.sagemaker.schedules import Schedules
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.training import TrainingJobs
from local_aws.sagemaker.transforms import TransformJobs
from local_aws.scaling import Scaling
from local_aws.scheduler.engine import Scheduler
from local_aws.states import StateMachines
from local_aws.streams import StreamPoller
from local_aws.timeline import Timeline

log = logging.getLogger("local_aws.gateway")


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
    scheduler = Scheduler(clock, identity, twice=settings["duplicate_events"])
    schedules = Schedules(clock, identity, store, jobs)
    mute_rules = MuteRules(clock)
    alarms = Alarms(clock, identity.alarm_may_publish, mute_rules)
    states = StateMachines(clock, identity, activity)
    timeline = Timeline(
        clock,
        activity,
        capture=capture,
        schedules=schedules,
        scheduler=scheduler,
        alarms=alarms,
        endpoints=endpoints,
        states=states,
        publish=endpoints.publish_metrics,
        sample=QueueMetrics(clock).sample,
    )
    twice = settings["duplicate_events"]
    registry = ModelPackages(clock, store, duplicate_events=twice).operations()
    training = TrainingJobs(clock, identity, activity, store, duplicate_events=twice).operations()
    pipelines = Pipelines(clock, identity, activity, store, duplicate_events=twice).operations()
    others = (
        registry,
        training,
        pipelines,
        TransformJobs(clock, endpoints, activity, store, duplicate_events=twice).operations(),
    )
    sagemaker = SageMaker(clock, identity, store, endpoints, jobs, schedules, others)

    seams.accept_own_keys_only()
    seams.make_function_keys()
    _connect_platform(clock, identity, activity)
    _connect_alarms(alarms, mute_rules)
    _connect_identity(identity, journal, enforce=settings["enforce_iam"])
    seams.observe_requests(journal.observe, journal.unread)
    seams.serve_sagemaker(sagemaker.handle, resource_arn)
    seams.serve_scaling(Scaling(sagemaker.find_endpoint, sagemaker.variants).handle)
    identity.check_requests("scheduler", scheduler.refuse)
    identity.check_passed_roles()
    states.connect()

    control = Control(clock, journal, timeline.advance, _connect_accounts(settings).open, settings["region"])
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
            status, body = await control.handle(scope["method"], path, await read_body(receive) or b"")
            await respond(send, status, {"Content-Type": "application/json"}, body)
        elif path.startswith("/endpoints/"):
            answer = await runtime.handle(scope, await read_body(receive) or b"")
            await respond(send, answer.status, answer.headers, answer.body)
        else:
            await seams.asgi_app(scope, receive, send)

    return FrontDoor(urlsplit(endpoint_url).port or 0, app)


def _connect_platform(clock: VirtualClock, identity: Identity, activity: Activity) -> None:
    """Requests, time, events, functions and the streams that they are mapped to."""
    seams.read_models_once()
    seams.match_paths_only()
    seams.put_on_clock(clock)
    seams.stop_own_scheduler()
    seams.run_asynchronously(activity.during)
    seams.replace_dead_letters(identity.send_dead_letter)
    seams.deliver_to_functions(identity.service_may_invoke)
    seams.let_invocations_end()
    seams.restrict_function_imports()
    seams.fork_workers()
    seams.unpack_once()
    seams.return_subscription_arns()
    seams.execute_athena_queries()
    seams.keep_posts_on_loopback(lambda endpoint: log.warning("SNS did not post to %s: it is elsewhere", endpoint))
    seams.keep_streams_as_aws_does(clock)
    StreamPoller(clock, identity, activity).connect()


def _connect_accounts(settings: Mapping[str, Any]) -> Accounts:
    """Ways from one account into another."""
    enforce = settings["enforce_iam"]
    accounts, observability = Accounts(settings["account_id"]), Observability(enforce=enforce)
    seams.set_organization(accounts.organization_of)
    seams.reach_buses_of_other_accounts(enforce=enforce)
    seams.serve_observability(observability.handle)
    seams.read_linked_metrics(observability.linked_to)
    return accounts


def _connect_alarms(alarms: Alarms, mute_rules: MuteRules) -> None:
    seams.forget_old_points_seldom()
    seams.replace_alarm_evaluation(alarms.evaluate)
    seams.replace_alarm_actions(alarms.act)
    seams.keep_metric_queries(alarm_data.problem)
    seams.answer_cloudwatch(mute_rules.operations())


def _connect_identity(identity: Identity, journal: Journal, *, enforce: bool) -> None:
    logging.getLogger().addHandler(Warnings(journal))
    seams.honour_grants()
    seams.record_denials(journal.denied)
    seams.record_function_errors(lambda name, error: journal.failed(f"function {name}: {error}"))
    seams.record_uses(journal.used)
    if enforce:
        seams.guard_function_logs(identity.function_may_log)
        Encryption(identity).connect()
    seams.supply_metric_namespace()
    seams.authorise_queries_on_workgroups()
    seams.authorise_schedules_by_group()
    seams.count_loopback_as_secure_transport()


def _announcing(send: Send, ready: Callable[[], None]) -> Send:
    async def announcing(message: Scope) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            ready()

    return announcing
