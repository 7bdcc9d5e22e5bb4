"""Pulumi's mocked runtime, with a recorder that sees what the engine would see.

Every run has an event loop of its own: tasks of one run must not end in another.
"""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc, set_mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import SETTINGS, get_root_resource, set_root_resource
from pulumi.runtime.stack import run_pulumi_func

from tests.quiet_sdk import quiet_sdk

REGION = "us-east-1"
ACCOUNT = "123456789012"

# Resources whose ID AWS chooses, or the provider makes from other things than a name.
_ARN_SERVICES = {
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:s3/bucket:Bucket": "s3:::{name}",
    "aws:sagemaker/model:Model": "sagemaker:{region}:{account}:model/{name}",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "sagemaker:{region}:{account}:endpoint-config/{name}",
    "aws:sagemaker/endpoint:Endpoint": "sagemaker:{region}:{account}:endpoint/{name}",
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": "sagemaker:{region}:{account}:monitoring-schedule/{name}",
    "aws:kinesis/stream:Stream": "kinesis:{region}:{account}:stream/{name}",
    "aws:lambda/function:Function": "lambda:{region}:{account}:function:{name}",
    "aws:sns/topic:Topic": "sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{name}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws-native:quicksight:DataSource": "quicksight:{region}:{account}:datasource/{name}",
    "aws-native:quicksight:DataSet": "quicksight:{region}:{account}:dataset/{name}",
}
# Where the physical name is, if it is not `name`.
_NAME_PROPERTY = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws-native:sagemaker:ModelQualityJobDefinition": "jobDefinitionName",
    "aws-native:sagemaker:ModelBiasJobDefinition": "jobDefinitionName",
    "aws-native:sagemaker:ModelExplainabilityJobDefinition": "jobDefinitionName",
}


@dataclass
class Registration:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]
    request: Any
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.name

    @property
    def parent(self) -> str:
        return str(self.request.parent)

    @property
    def depends_on(self) -> set[str]:
        """Names of the resources that this one waits for."""
        return {urn.rsplit("::", 1)[1] for urn in self.request.dependencies}


@dataclass
class Run:
    """What a program registered, called and exported."""

    resources: list[Registration]
    calls: list[MockCallArgs]
    component_outputs: dict[str, dict[str, Any]]
    exports: dict[str, Any]
    result: Any

    def of_type(self, kind: str) -> list[Registration]:
        return [item for item in self.resources if item.type == kind]

    def one(self, kind: str, name_end: str = "") -> Registration:
        found = [item for item in self.of_type(kind) if item.name.endswith(name_end)]
        assert len(found) == 1, f"{kind} *{name_end}: {[item.name for item in found]}"
        return found[0]

    def changed_by(self, other: "Run") -> set[str]:
        """Names of the resources that `other` has with other inputs, or that only one of the two has."""
        mine, others = ({item.key: comparable(item.inputs) for item in run.resources} for run in (self, other))
        return {name for (_, name) in mine.keys() ^ others.keys()} | {
            key[1] for key in mine.keys() & others.keys() if mine[key] != others[key]
        }

    def document(self, kind: str, name_end: str, key: str) -> dict[str, Any]:
        """A JSON property of one resource."""
        loaded: dict[str, Any] = json.loads(self.one(kind, name_end).inputs[key])
        return loaded


def comparable(value: Any) -> Any:
    """Inputs in which assets are equal if their content is."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, pulumi.AssetArchive):
        return {name: comparable(asset) for name, asset in value.assets.items()}
    return Path(value.path).read_bytes() if isinstance(value, pulumi.FileAsset) else value


def plain(value: Any) -> Any:
    """Inputs without the wire format's envelopes: no secrets' wrappers, whole numbers as int."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Answers(Mocks):
    """Resources as a provider returns them: with a name, an ARN and an ID; in a preview only what was put in."""

    def __init__(self, preview: bool, replaced: Collection[tuple[str, str]] = ()) -> None:
        self.preview = preview
        self.replaced = replaced
        self.made: list[tuple[MockResourceArgs, dict[str, Any]]] = []
        self.calls: list[MockCallArgs] = []
        self._lock = threading.Lock()

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        outputs = dict(args.inputs)
        if args.custom and not self.preview:
            key = _NAME_PROPERTY.get(args.typ, "name")
            # Seven characters as Pulumi adds them, but the same in every run, so that two runs can be compared.
            made_anew = (args.typ, args.name) in self.replaced
            suffix = hashlib.sha256(f"{args.typ} {args.name}{' again' if made_anew else ''}".encode()).hexdigest()[:7]
            name = outputs.setdefault(key, f"{args.name}-{suffix}")
            if args.typ in _ARN_SERVICES:
                path = _ARN_SERVICES[args.typ].format(region=REGION, account=ACCOUNT, name=name)
                outputs["arn"] = f"arn:aws:{path}"
        with self._lock:
            self.made.append((args, outputs))
        if not args.custom or self.preview:
            return "", outputs
        return f"{args.name}-id{'-again' if (args.typ, args.name) in self.replaced else ''}", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        with self._lock:
            self.calls.append(args)
        repository = args.args.get("repositoryName")
        account = {
            "sagemaker-scikit-learn": "683313688378",
            "sagemaker-model-monitor-analyzer": "156813124566",
            "sagemaker-clarify-processing": "205585389593",
        }
        of_object = f"{args.args.get('bucket')}/{args.args.get('key')}"
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "aws:index/getPartition:getPartition": lambda: {"partition": "aws", "id": "aws"},
            "aws:index/getRegion:getRegion": lambda: {"region": REGION, "id": REGION},
            "aws:index/getCallerIdentity:getCallerIdentity": lambda: {"accountId": ACCOUNT, "id": ACCOUNT},
            "aws:s3/getObject:getObject": lambda: {"id": of_object, "etag": f"etag of {of_object}"},
            "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": lambda: {
                "registryPath": f"{account[str(repository)]}.dkr.ecr.{REGION}.amazonaws.com/{repository}"
                f":{args.args.get('imageTag', '1')}",
                "id": "x",
            },
        }
        return answers[args.token](), []


class _Recorder(MockMonitor):
    """Keeps the raw requests: parents, dependencies, protection and the rest, which mocks alone do not see."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.requests: list[Any] = []
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's protocol names it
        self.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi has no types here

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the monitor's protocol names it
        assert request.urn not in self.outputs, f"outputs of {request.urn} were registered twice"
        self.outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]  # nor here


def run_program(
    program: Callable[[], Any],
    *,
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    project: str = "model-monitoring",
    stack: str = "dev",
    replaced: Collection[tuple[str, str]] = (),
) -> Run:
    """Run a Pulumi program on the mocked runtime and return everything that it did; its errors are raised here.

    The resources in `replaced` (type and name) get other physical names and IDs than in every other run.
    """
    answers = _Answers(preview, replaced)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        set_root_resource(None)  # type: ignore[arg-type]  # what Pulumi's own tests do to forget the last run
        recorder = _Recorder(answers)
        set_mocks(answers, project=project, stack=stack, preview=preview, monitor=recorder)
        pulumi.runtime.set_all_config(dict(config or {}))
        result: dict[str, Any] = {}

        def body() -> None:
            result["value"] = program()

        with quiet_sdk():
            loop.run_until_complete(run_pulumi_func(body))
        root: Any = get_root_resource()
        exports = {key: loop.run_until_complete(_resolve(value)) for key, value in root.outputs.items()}
    finally:
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        loop.close()
        asyncio.set_event_loop(None)
    requests = {(request.type, request.name): request for request in recorder.requests}
    resources = [
        Registration(args.typ, args.name, plain(args.inputs), requests[args.typ, args.name], plain(outputs))
        for args, outputs in answers.made
        if args.typ != "pulumi:pulumi:Stack"
    ]
    urns = [(request.type, request.name, request.parent) for request in recorder.requests]
    assert len(urns) == len(set(urns)), "two resources have the same URN"
    outputs = {urn: plain(found) for urn, found in recorder.outputs.items()}
    return Run(resources, answers.calls, outputs, plain(exports), result.get("value"))


async def _resolve(value: Any) -> Any:
    return await pulumi.Output.from_input(value).future(with_unknowns=True)
