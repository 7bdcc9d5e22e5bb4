"""SageMaker's control plane: requests validated by AWS's model, held against its rules, kept, and acted on.

moto keeps models, endpoint configurations, endpoints and job definitions and answers for them (and for all that is not
named here); what it loses or lacks is laid over its answers. Jobs, pipelines, the model registry and
monitoring schedules are ours.

Longer than 400 lines: one method an operation, as the service has them.
"""

import asyncio
import concurrent.futures
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws import seams, validation
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.sagemaker import images, jobs, listing
from local_aws.sagemaker.errors import AwsError, in_use, invalid, not_found
from local_aws.sagemaker.hosting.endpoints import Endpoints
from local_aws.sagemaker.hosting.rollouts import refuse_deployment
from local_aws.sagemaker.jobs import ProcessingJobs
from local_aws.sagemaker.monitoring import Monitoring
from local_aws.sagemaker.names import NAMED, VERBS
from local_aws.sagemaker.roles import check_role
from local_aws.sagemaker.schedules import PREFIXES, Schedules
from local_aws.sagemaker.store import Document, Scope, Store


@dataclass(frozen=True)
class Kind:
    """A kind of resource that moto keeps."""

    kind: str  # as in ARNs
    name_member: str
    arn_member: str
    described: str  # shape of the Describe answer
    missing: Callable[[str], AwsError]
    taken: Callable[[str], AwsError]


Operation = Callable[[Scope, dict[str, Any], Mapping[str, str]], dict[str, Any]]


def _definition_kind(prefix: str, resource: str) -> Kind:
    described = f"Describe{resource}Response"
    return Kind(f"{prefix}-job-definition", "JobDefinitionName", "JobDefinitionArn", described, not_found, in_use)


KINDS = {
    "Model": Kind("model", "ModelName", "ModelArn", "DescribeModelOutput", invalid, invalid),
    "EndpointConfig": Kind(
        "endpoint-config", "EndpointConfigName", "EndpointConfigArn", "DescribeEndpointConfigOutput", invalid, invalid
    ),
    "Endpoint": Kind("endpoint", "EndpointName", "EndpointArn", "DescribeEndpointOutput", invalid, invalid),
} | {f"{kind}JobDefinition": _definition_kind(prefix, f"{kind}JobDefinition") for kind, prefix in PREFIXES.items()}


def resource_arn(operation: str, parameters: Mapping[str, Any]) -> str:
    """The ARN on which IAM authorises an operation; `*` for those without a resource."""
    for member in ("ResourceArn", "ModelPackageArn", "PipelineExecutionArn"):
        if member in parameters:
            return str(parameters[member])
    if operation == "CreateModelPackage" and parameters.get("ModelPackageGroupName"):
        # Its version is not known yet.
        return scope_of_request().arn("model-package", f"{parameters['ModelPackageGroupName']}/*")
    for verb in VERBS:
        resource = operation.removeprefix(verb)
        if resource == operation:
            continue
        kind = KINDS.get(resource)
        kind_name, member = (kind.kind, kind.name_member) if kind else NAMED.get(resource, (None, ""))
        if kind_name and parameters.get(member):
            name = str(parameters[member])
            return name if name.startswith("arn:") else scope_of_request().arn(kind_name, name)
    return "*"


def scope_of_request() -> Scope:
    """The account and region of the request being served."""
    return Scope(seams.get_account_id(), seams.get_region())


class SageMaker:
    """Answers SageMaker's JSON 1.1 requests."""

    def __init__(  # noqa: PLR0917 - the parts that it speaks to, wired in one place
        self,
        clock: VirtualClock,
        identity: Identity,
        store: Store,
        endpoints: Endpoints,
        job_runner: ProcessingJobs,
        schedules: Schedules,
        others: Iterable[Mapping[str, Operation]] = (),
    ) -> None:
        self._clock = clock
        self._identity = identity
        self._store = store
        self._endpoints = endpoints
        self._jobs = job_runner
        self._monitoring = Monitoring(clock, store, schedules)
        self._moto = seams.MotoSageMaker()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own: dict[str, Operation] = {
            "CreateProcessingJob": self._create_processing_job,
            "DescribeProcessingJob": self._describe_processing_job,
            "ListProcessingJobs": self._list_processing_jobs,
            "StopProcessingJob": self._stop_processing_job,
            "DeleteProcessingJob": self._delete_processing_job,
            "UpdateEndpoint": self._update_endpoint,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "DeleteTags": self._delete_tags,
        } | self._monitoring.operations()
        for operations in others:
            self._own |= operations

    async def handle(
        self, _method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, list[str]]
    ) -> seams.Response:
        """One request."""
        self._loop = asyncio.get_running_loop()
        try:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            parameters = self._read(operation, body)
            answer = await asyncio.to_thread(self._perform, operation, parameters, headers)
        except AwsError as error:
            return error.response()
        content = json.dumps(answer, default=_epoch).encode()
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, content

    def find_endpoint(self, scope: Scope, name: str) -> Document | None:
        """An endpoint's document, or None."""
        return self._store.find(scope, "endpoint", name)

    def variants(self, endpoint: Document) -> list[str]:
        """The names of an endpoint's production variants."""
        config = self._store.get(endpoint.scope, "endpoint-config", endpoint.state["EndpointConfigName"])
        return [variant["VariantName"] for variant in config.request["ProductionVariants"]]

    def _read(self, operation: str, body: bytes) -> dict[str, Any]:
        model = validation.service_model("sagemaker")
        if operation not in model.operation_names:
            raise AwsError("UnknownOperationException", f"SageMaker has no operation {operation!r}")
        try:
            parameters = json.loads(body or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
        shape = model.operation_model(operation).input_shape
        found = validation.problems(shape, parameters) if shape else []
        if found:
            raise invalid(validation.message(found))
        return dict(parameters)

    def _perform(self, operation: str, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        scope = scope_of_request()
        self._check_tagging(operation, parameters, headers)
        if operation in self._own:
            return self._own[operation](scope, parameters, headers)
        for verb, act in (("Create", self._create), ("Describe", self._describe), ("Delete", self._delete)):
            kind = KINDS.get(operation.removeprefix(verb)) if operation.startswith(verb) else None
            if kind:
                return act(scope, kind, operation, parameters, headers)
        return self._overlay_list(scope, operation, self._ask_moto(operation, parameters))

    # -------------------------------------------------------------------------------- what moto keeps

    def _create(
        self, scope: Scope, kind: Kind, operation: str, parameters: dict[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        name = parameters[kind.name_member]
        self._check_roles(kind, parameters, headers)
        with self._store.lock:
            self._check_references(scope, kind, parameters)
            if self._store.find(scope, kind.kind, name):
                words = kind.kind.replace("endpoint-config", "endpoint configuration").replace("-", " ")
                raise kind.taken(f'Cannot create already existing {words} "{scope.arn(kind.kind, name)}".')
            answer = self._ask_moto(operation, self._monitoring.with_endpoint(kind.kind, parameters))
            now = self._clock.now()
            document = Document(scope, kind.kind, name, parameters, now, now)
            self._store.add(document)
        if kind.kind == "endpoint":
            document.state.update(EndpointStatus="Creating", EndpointConfigName=parameters["EndpointConfigName"])
            self._deploy(document, parameters["EndpointConfigName"])
        return answer | {kind.arn_member: document.arn}

    def _describe(
        self, scope: Scope, kind: Kind, operation: str, parameters: dict[str, Any], _headers: Mapping[str, str]
    ) -> dict[str, Any]:
        document = self._store.get(scope, kind.kind, parameters[kind.name_member], kind.missing)
        answer = self._ask_moto(operation, parameters)
        described = validation.service_model("sagemaker").shape_for(kind.described).members
        kept = {name: value for name, value in document.request.items() if name in described}
        times = {"CreationTime": document.created, "LastModifiedTime": document.modified}
        whole = answer | kept | times | document.state | {kind.arn_member: document.arn}
        if kind.kind == "endpoint":
            whole |= self._endpoint_details(scope, document)
        return {name: value for name, value in whole.items() if name in described and value not in (None, {}, [])}

    def _delete(
        self, scope: Scope, kind: Kind, operation: str, parameters: dict[str, Any], _headers: Mapping[str, str]
    ) -> dict[str, Any]:
        with self._store.lock:
            document = self._store.get(scope, kind.kind, parameters[kind.name_member], kind.missing)
            self._monitoring.refuse_removal(document)
            if document.state.get("EndpointStatus") in ("Creating", "Updating"):
                raise invalid(
                    f'Cannot delete endpoint "{document.arn}" while its status is {document.state["EndpointStatus"]}.'
                )
            answer = self._ask_moto(operation, parameters)
            self._store.remove(document)
        if kind.kind == "endpoint":
            self._on_loop(self._stop_endpoint(document)).result()
            self._endpoints.finish_capture(document)
        return answer

    def _ask_moto(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        status, answer = self._moto.call(operation, parameters)
        if status >= 400:
            code = str(answer.get("__type", "InternalFailure"))
            raise AwsError(
                "ValidationException" if code == "ValidationError" else code, str(answer.get("message", "")), status
            )
        return answer

    def _overlay_list(self, scope: Scope, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        """What moto's lists lack: real times, an endpoint's status, a job definition's endpoint."""
        for entry in answer.get("Endpoints", []):
            document = self._store.get(scope, "endpoint", entry["EndpointName"])
            entry.update(CreationTime=document.created, LastModifiedTime=document.modified)
            entry["EndpointStatus"] = document.state["EndpointStatus"]
        kind = KINDS.get(operation.removeprefix("List").removesuffix("s"))
        for entry in answer.get("JobDefinitionSummaries", []) if kind else []:
            document = self._store.get(scope, kind.kind if kind else "", entry["MonitoringJobDefinitionName"])
            entry.pop("EndpointName", None)
            entry.update(CreationTime=document.created, **self._monitoring.endpoint_of(document))
        for member, name_member, kind_name in (
            ("Models", "ModelName", "model"),
            ("EndpointConfigs", "EndpointConfigName", "endpoint-config"),
        ):
            for entry in answer.get(member, []):
                entry["CreationTime"] = self._store.get(scope, kind_name, entry[name_member]).created
        return answer

    # -------------------------------------------------------------------------------- rules

    def _check_tagging(self, operation: str, parameters: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """A creation with tags needs sagemaker:AddTags as well."""
        if not parameters.get("Tags") or operation == "AddTags":
            return
        refused = self._identity.refusal(headers, "sagemaker:AddTags", resource_arn(operation, parameters))
        if refused:
            raise AwsError("AccessDeniedException", refused)

    def _check_roles(self, kind: Kind, parameters: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        role = parameters.get("ExecutionRoleArn") or parameters.get("RoleArn")
        if not role:
            return
        check_role(self._identity, role, headers)
        if kind.kind == "model":
            self._check_image_pull(role, parameters)

    def _check_image_pull(self, role: str, parameters: Mapping[str, Any]) -> None:
        container = parameters.get("PrimaryContainer") or (parameters.get("Containers") or [{}])[0]
        image = container.get("Image")
        if not image:
            return
        try:
            arn = images.repository_arn(image)
        except images.UnknownImage as error:
            raise invalid(str(error)) from error
        session = self._identity.session(role, "SageMaker-CreateModel")
        refused = self._identity.key_refusal(session["AWS_ACCESS_KEY_ID"], "ecr:BatchGetImage", arn)
        seams.close_role_session(session["AWS_ACCESS_KEY_ID"])
        if refused:
            raise invalid(f'The role "{role}" does not have BatchGetImage permission for the image: "{image}".')

    def _check_references(self, scope: Scope, kind: Kind, parameters: Mapping[str, Any]) -> None:
        """What a request refers to must exist."""
        if kind.kind == "endpoint-config":
            for variant in parameters["ProductionVariants"]:
                if variant.get("ModelName"):
                    self._store.get(scope, "model", variant["ModelName"], invalid)
        elif kind.kind == "endpoint":
            self._store.get(scope, "endpoint-config", parameters["EndpointConfigName"], invalid)
        elif kind.kind.endswith("job-definition"):
            self._monitoring.check_definition(kind.kind, parameters)

    # -------------------------------------------------------------------------------- endpoints

    def _update_endpoint(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        with self._store.lock:
            document = self._store.get(scope, "endpoint", parameters["EndpointName"], invalid)
            self._store.get(scope, "endpoint-config", parameters["EndpointConfigName"], invalid)
            refuse_deployment(parameters)
            status = document.state["EndpointStatus"]
            if status == "Failed":
                raise invalid(f'Endpoint "{document.arn}" failed: DeleteEndpoint is all that can be done with it.')
            if status != "InService":
                raise invalid(f'Cannot update endpoint "{document.arn}" while its status is {status}.')
            document.state["EndpointStatus"] = "Updating"
        self._deploy(document, parameters["EndpointConfigName"], parameters.get("DeploymentConfig"))
        return {"EndpointArn": document.arn}

    def _deploy(self, endpoint: Document, config_name: str, how: Mapping[str, Any] | None = None) -> None:
        config = self._store.get(endpoint.scope, "endpoint-config", config_name, invalid)
        names = [variant["ModelName"] for variant in config.request["ProductionVariants"]]
        models = {name: self._store.get(endpoint.scope, "model", name, invalid) for name in names}
        self._on_loop(self._endpoints.deploy(endpoint, config, models, how))

    async def _stop_endpoint(self, endpoint: Document) -> None:
        self._endpoints.delete(endpoint)

    def _on_loop(self, coroutine: Coroutine[Any, Any, None]) -> "concurrent.futures.Future[None]":
        assert self._loop is not None  # noqa: S101 - set by every request before it comes here
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _endpoint_details(self, scope: Scope, document: Document) -> dict[str, Any]:
        config = self._store.find(scope, "endpoint-config", document.state["EndpointConfigName"])
        if config is None:  # it may be deleted while the endpoint lives
            return {}
        capture = config.request.get("DataCaptureConfig")
        details: dict[str, Any] = {"DataCaptureConfig": _capture_summary(capture) if capture else None}
        variants = []
        for variant in config.request["ProductionVariants"]:
            count, weight = variant.get("InitialInstanceCount"), variant.get("InitialVariantWeight", 1.0)
            summary = {"VariantName": variant["VariantName"], "CurrentWeight": weight, "DesiredWeight": weight}
            variants.append(summary | ({"CurrentInstanceCount": count, "DesiredInstanceCount": count} if count else {}))
        return details | {"ProductionVariants": variants}

    # -------------------------------------------------------------------------------- processing jobs

    def _create_processing_job(
        self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        check_role(self._identity, parameters["RoleArn"], headers)
        name = parameters["ProcessingJobName"]
        with self._store.lock:
            existing = self._store.find(scope, "processing-job", name)
            if existing:
                raise in_use(
                    "Job name must be unique within an AWS account and region, and a job with this name already exists "
                    f"({existing.arn})"
                )
            now = self._clock.now()
            job = Document(scope, "processing-job", name, parameters, now, now)
            self._store.add(job)
        self._jobs.start(job)
        return {"ProcessingJobArn": job.arn}

    def _describe_processing_job(
        self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]
    ) -> dict[str, Any]:
        return jobs.describe(self._job(scope, parameters))

    def _list_processing_jobs(
        self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]
    ) -> dict[str, Any]:
        members = validation.service_model("sagemaker").shape_for("ProcessingJobSummary").members
        found = [jobs.describe(job) for job in self._store.all(scope, "processing-job")]
        rows = [{name: value for name, value in job.items() if name in members} for job in found]
        filters = listing.Filters(name="ProcessingJobName", status="ProcessingJobStatus")
        return listing.page(rows, parameters, "ProcessingJobSummaries", filters)

    def _stop_processing_job(
        self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]
    ) -> dict[str, Any]:
        job = self._job(scope, parameters)
        status = job.state["ProcessingJobStatus"]
        if status != "InProgress":
            raise invalid(f"The request was rejected because the processing job is in status {status}.")
        self._jobs.stop(job)
        return {}

    def _delete_processing_job(
        self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]
    ) -> dict[str, Any]:
        job = self._job(scope, parameters)
        if job.state["ProcessingJobStatus"] not in jobs.TERMINAL:
            raise in_use(f"Processing job {job.arn} is still running.")
        self._store.remove(job)
        return {}

    def _job(self, scope: Scope, parameters: Mapping[str, Any]) -> Document:
        job = self._store.find(scope, "processing-job", parameters["ProcessingJobName"])
        if job is None:
            raise invalid("Could not find requested job with name: " + parameters["ProcessingJobName"])
        return job

    # -------------------------------------------------------------------------------- tags

    def _add_tags(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        document = self._tagged(scope, parameters["ResourceArn"])
        if document is None:
            return self._ask_moto("AddTags", parameters)
        added = {tag["Key"]: tag for tag in [*document.tags, *parameters["Tags"]]}
        document.tags[:] = added.values()
        return {"Tags": document.tags}

    def _list_tags(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        document = self._tagged(scope, parameters["ResourceArn"])
        return self._ask_moto("ListTags", parameters) if document is None else {"Tags": document.tags}

    def _delete_tags(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        document = self._tagged(scope, parameters["ResourceArn"])
        if document is None:
            return self._ask_moto("DeleteTags", parameters)
        document.tags[:] = [tag for tag in document.tags if tag["Key"] not in parameters["TagKeys"]]
        return {}

    def _tagged(self, scope: Scope, arn: str) -> Document | None:
        """The document of an ARN, if it is one of ours; the rest is moto's."""
        kind = arn.rpartition(":")[2].partition("/")[0]
        return next((document for document in self._store.all(scope, kind) if document.arn == arn.lower()), None)


def _capture_summary(config: Mapping[str, Any]) -> dict[str, Any]:
    enabled = config.get("EnableCapture", False)
    summary = {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId"),
    }
    return {name: value for name, value in summary.items() if value is not None}


def _epoch(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in an answer")
