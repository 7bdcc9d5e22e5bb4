"""The baseline: made by processing jobs from data, uploaded as files, or taken from where it lies.

Jobs are started and not waited for. A job definition needs only the URIs of statistics and constraints, which are
known before the job has run. The URIs carry a hash of what they hold: new data get new URIs, and with them new job
definitions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    AnyQualityBaseline,
    BaselineArgs,
    BaselineFiles,
    BaselineJobSettings,
    BaselineSettings,
    DataQualityThresholds,
    DataQualityThresholdsArgs,
    ExistingBaseline,
    ModelQualityBaselineArgs,
    ModelQualityBaselineSettings,
    NetworkArgs,
    NetworkSettings,
    baseline_settings,
    check_component_name,
    common_settings,
    file_for_quality_thresholds,
    files_for_thresholds,
    quality_baseline_settings,
    quality_thresholds,
)
from components.baselines.thresholds import quality_constraints, with_thresholds
from components.functions import MonitoringFunction, monitoring_function
from components.iam import PolicyDocument, starter_policy
from components.jobs import Files, has_local_storage, s3_input
from components.storage import content_object
from contract import bucket_layout, processing_job
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY

# A minute of it for roles that AWS does not see yet.
START_SECONDS: Final = 150
CSV_WITH_HEADER: Final = '{"csv":{"header":true,"output_columns_position":"START"}}'


@dataclass(frozen=True, kw_only=True)
class BaselineJob:
    """One processing job that describes a data set; everything that is known before it runs."""

    kind: str
    data: pulumi.Asset
    content: bytes
    analysis: Mapping[str, str]
    """Environment of the analyzer that decides what it computes."""

    @property
    def source_hash(self) -> str:
        """Changes when the data change, or what is computed from them; not with the machine that computes it."""
        return naming.content_hash(self.content, naming.canonical_json(self.analysis))

    @property
    def data_key(self) -> str:
        return f"{bucket_layout.BASELINE_DATA}/{self.kind}/{naming.content_hash(self.content)}/baseline.csv"

    @property
    def results_prefix(self) -> str:
        return results_prefix(self.kind, self.source_hash)


def data_quality_baseline(settings: BaselineSettings) -> BaselineJob:
    """The job that describes the columns of the user's data."""
    return BaselineJob(
        kind=DATA_QUALITY,
        data=settings.data,
        content=settings.content,
        analysis={"dataset_format": CSV_WITH_HEADER, "publish_cloudwatch_metrics": "Disabled"},
    )


def model_quality_baseline(
    settings: ModelQualityBaselineSettings, problem_type: str, positive_label: str | None = None
) -> BaselineJob:
    """The job that measures predictions against their labels; of `positive_label` AWS's analyzer knows nothing."""
    analysis = {
        "dataset_format": CSV_WITH_HEADER,
        "publish_cloudwatch_metrics": "Disabled",
        "analysis_type": "MODEL_QUALITY",
        "problem_type": problem_type,
        "ground_truth_attribute": settings.ground_truth_attribute,
    }
    if settings.inference_attribute is not None:
        analysis["inference_attribute"] = settings.inference_attribute
    if settings.probability_attribute is not None:
        analysis["probability_attribute"] = settings.probability_attribute
    if positive_label is not None:
        analysis["positive_label"] = positive_label
    return BaselineJob(kind=MODEL_QUALITY, data=settings.data, content=settings.content, analysis=analysis)


@dataclass(frozen=True, kw_only=True)
class JobEnvironment:
    """What a job runs in, with everything known that other resources decide."""

    bucket: str
    endpoint_name: str
    name_stem: str
    """What the schedules are named after."""
    image_uri: str
    role_arn: str
    tags: Mapping[str, str]
    kms_key_arn: str | None = None
    network_config: Mapping[str, Any] | None = None
    """NetworkConfig as CreateProcessingJob takes it."""
    code_uri: str | None = None
    """This project's own monitor, where it takes the place of AWS's analyzer."""


def processing_job_request(
    job: BaselineJob, settings: BaselineJobSettings, place: JobEnvironment, *, job_stem: str
) -> dict[str, Any]:
    """The CreateProcessingJob request of a baseline job.

    Its name carries what it computes, where to, and the attempt: the same deployment again asks for the same name and
    starts nothing. SageMaker never forgets a job's name, hence the bucket in it: a stack that was destroyed and made
    again has another bucket, and needs its baseline in there.
    """
    results = naming.s3_uri(place.bucket, job.results_prefix)
    identity = [job.source_hash, results, place.image_uri, str(settings.attempt)]
    application: dict[str, Any] = {"ImageUri": place.image_uri}
    code = Files(code=place.code_uri) if place.code_uri else None
    if code is not None:
        application["ContainerEntrypoint"] = list(processing_job.ENTRYPOINT)
        identity.append(str(code.code))
    cluster = {
        "InstanceCount": 1,
        "InstanceType": settings.instance_type,
        "VolumeSizeInGB": settings.volume_size_in_gb,
    }
    output: dict[str, Any] = {"Outputs": processing_job.outputs(results)}
    if place.kms_key_arn:
        output["KmsKeyId"] = place.kms_key_arn
        if not has_local_storage(settings.instance_type):
            cluster["VolumeKmsKeyId"] = place.kms_key_arn
    request = {
        "ProcessingJobName": f"{job_stem}-{naming.content_hash(*identity)}",
        "ProcessingInputs": [
            s3_input(
                "baseline_dataset_input",
                naming.s3_uri(place.bucket, job.data_key),
                processing_job.BASELINE_DATASET_PATH,
            ),
            *(code.inputs() if code else []),
        ],
        "ProcessingOutputConfig": output,
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.max_runtime_in_seconds},
        "AppSpecification": application,
        "Environment": {
            **job.analysis,
            **(code.environment() if code else {}),
            "dataset_source": processing_job.BASELINE_DATASET_PATH,
            "output_path": processing_job.OUTPUT_PATH,
            # For the metrics function: whose job this is. The analyzer passes over what it does not know.
            "model_monitoring_endpoint": place.endpoint_name,
            "model_monitoring_schedule": naming.schedule_name(place.name_stem, job.kind),
        },
        "RoleArn": place.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(place.tags.items())],
    }
    return {**request, "NetworkConfig": dict(place.network_config)} if place.network_config else request


def network_config(network: NetworkSettings) -> dict[str, Any] | None:
    """NetworkConfig of a processing job; None where AWS's own network will do. IDs may be outputs."""
    if not network.has_settings:
        return None
    found: dict[str, Any] = {
        "EnableInterContainerTrafficEncryption": network.encrypt_inter_container_traffic,
        "EnableNetworkIsolation": network.isolation,
    }
    if network.in_vpc:
        found["VpcConfig"] = {
            "Subnets": list(network.subnet_ids),
            "SecurityGroupIds": list(network.security_group_ids),
        }
    return found


class QualityBaselineArgs(TypedDict):
    """The second baseline: of the model's performance."""

    problem_type: str
    """`BinaryClassification`, `MulticlassClassification` or `Regression`."""
    baseline: NotRequired[ModelQualityBaselineArgs]
    """The data, or the file."""
    positive_label: NotRequired[str]
    """The class of a BinaryClassification that is measured in the data. Default the usual one."""
    thresholds: NotRequired[Mapping[str, float]]
    """What is demanded, by metric; alone, or on top of a file."""


class BaselineComponentArgs(TypedDict):
    """Baselines of a monitored endpoint."""

    baseline: NotRequired[BaselineArgs]
    """The data-quality baseline, and what jobs run on. Without it there is none."""
    thresholds: NotRequired[DataQualityThresholdsArgs]
    """Written into the constraints of a baseline that is given as files."""
    model_quality: NotRequired[QualityBaselineArgs]
    """The model-quality baseline. Without it there is none."""
    bucket_name: pulumi.Input[str]
    """Where data and files are put and results written."""
    endpoint_name: pulumi.Input[str]
    """The endpoint that the baselines are for."""
    name_stem: NotRequired[pulumi.Input[str]]
    """What the endpoint's schedules are named after. Default its name."""
    analyzer_image_uri: pulumi.Input[str]
    """AWS's analyzer; with `code_uri`, AWS's scikit-learn image."""
    code_uri: NotRequired[pulumi.Input[str]]
    """This project's own monitor, in place of AWS's analyzer. Default none."""
    monitor_role_arn: pulumi.Input[str]
    """The role that the jobs run under."""
    network: NotRequired[NetworkArgs]
    """The network of the jobs."""
    log_retention_in_days: NotRequired[int]
    """Of the starting function's log group. Default 30."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for the jobs' volumes and results, and for what the starting function has."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the starting function's role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


@dataclass(frozen=True, kw_only=True)
class BaselineAddresses:
    """Where a monitor finds what it compares with."""

    statistics_uri: pulumi.Output[str] | None
    constraints_uri: pulumi.Output[str]
    data_uri: pulumi.Output[str] | None = None


class Baseline(pulumi.ComponentResource):
    """Statistics and constraints that a monitor compares with.

    Only data need a job, and a function that starts it: files are uploaded, and what exists already is left alone.
    """

    statistics_uri: pulumi.Output[str] | None
    """Of the data-quality baseline; ends in `.json`. The file of a job is there once the job has run."""
    constraints_uri: pulumi.Output[str] | None
    data_uri: pulumi.Output[str] | None
    """The rows that the data-quality baseline was made from; None where it came as files."""
    model_quality_constraints_uri: pulumi.Output[str] | None

    def __init__(self, name: str, args: BaselineComponentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        given = args.get("baseline")
        source = baseline_settings(given) if given is not None else None
        thresholds = args.get("thresholds")
        if thresholds is not None:
            demanded = DataQualityThresholds.from_args(thresholds, "thresholds")
            files = files_for_thresholds(source, "thresholds")
            source = BaselineFiles(
                statistics=files.statistics, constraints=with_thresholds(files.constraints, demanded)
            )
        problem_type, quality = _model_quality(args.get("model_quality"))
        self._network = NetworkSettings.from_args(args.get("network") or {})
        common = common_settings(
            tags=args.get("tags"),
            permissions_boundary_arn=args.get("permissions_boundary_arn"),
            log_retention_in_days=args.get("log_retention_in_days"),
            kms_key_arn=args.get("kms_key_arn"),
        )
        super().__init__("model-monitoring:index:Baseline", name, {}, opts)
        self._stem, self._args, self._common = name, args, common
        self._bucket = pulumi.Output.from_input(args["bucket_name"])
        self._started_by: MonitoringFunction | None = None
        job_settings = source.job if isinstance(source, BaselineSettings) else BaselineJobSettings()

        found = None
        if isinstance(source, BaselineSettings):
            found = self._job(data_quality_baseline(source), job_settings)
        elif source is not None:
            found = self._files(DATA_QUALITY, source)
        self.statistics_uri = found.statistics_uri if found else None
        self.constraints_uri = found.constraints_uri if found else None
        self.data_uri = found.data_uri if found else None

        found = None
        if isinstance(quality, ModelQualityBaselineSettings):
            positive_label = args["model_quality"].get("positive_label")
            found = self._job(model_quality_baseline(quality, problem_type, positive_label), job_settings)
        elif quality is not None:
            found = self._files(MODEL_QUALITY, quality)
        self.model_quality_constraints_uri = found.constraints_uri if found else None

        self.register_outputs(
            {
                "statistics_uri": self.statistics_uri,
                "constraints_uri": self.constraints_uri,
                "model_quality_constraints_uri": self.model_quality_constraints_uri,
            }
        )

    @property
    def _job_stem(self) -> str:
        return f"{self._stem}-baseline"

    def _files(self, kind: str, source: BaselineFiles | ExistingBaseline) -> BaselineAddresses:
        """Upload documents, named after their content; what exists already is only pointed to."""
        if isinstance(source, ExistingBaseline):
            return BaselineAddresses(
                statistics_uri=pulumi.Output.from_input(source.statistics_uri) if source.statistics_uri else None,
                constraints_uri=pulumi.Output.from_input(source.constraints_uri),
            )
        documents = {
            key: json.dumps(document, indent=2)
            for key, document in (("statistics", source.statistics), ("constraints", source.constraints))
            if document is not None
        }
        prefix = results_prefix(kind, naming.content_hash(*documents.values()))
        uris = {key: self._file(kind, key, f"{prefix}/{key}.json", text) for key, text in documents.items()}
        return BaselineAddresses(statistics_uri=uris.get("statistics"), constraints_uri=uris["constraints"])

    def _file(self, kind: str, what: str, key: str, text: str) -> pulumi.Output[str]:
        return content_object(
            f"{self._stem}-{kind}-{what}",
            bucket=self._bucket,
            key=key,
            content=text,
            content_type="application/json",
            tags=self._common.tags,
            parent=self,
        )

    def _job(self, job: BaselineJob, settings: BaselineJobSettings) -> BaselineAddresses:
        if self._started_by is None:
            self._started_by = self._starter()
        self._start(self._started_by, job, settings)

        def uri(file: str) -> pulumi.Output[str]:
            return self._bucket.apply(lambda bucket: naming.s3_uri(bucket, job.results_prefix, file))

        return BaselineAddresses(
            statistics_uri=uri("statistics.json"),
            constraints_uri=uri("constraints.json"),
            data_uri=self._bucket.apply(lambda bucket: naming.s3_uri(bucket, job.data_key)),
        )

    def _starter(self) -> MonitoringFunction:
        monitor_role_arn = self._args["monitor_role_arn"]

        def policy(place: Any, log_group_arn: Any, _: Any) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(place, log_group_arn, monitor_role_arn).apply(
                lambda found: starter_policy(
                    found[0], job_stem=self._job_stem, log_group_arn=found[1], monitor_role_arn=found[2]
                )
            )

        return monitoring_function(
            f"{self._stem}-start-baseline",
            parent=self,
            folder="start_baseline",
            description=f"Starts the baseline jobs of {self._stem}",
            timeout=START_SECONDS,
            memory_size=128,
            environment={},
            policy=policy,
            common=self._common,
            asynchronous=False,
        )

    def _start(self, starter: MonitoringFunction, job: BaselineJob, settings: BaselineJobSettings) -> None:
        stored = content_object(
            f"{self._stem}-{job.kind}-baseline-data",
            bucket=self._bucket,
            key=job.data_key,
            source=job.data,
            tags=self._common.tags,
            parent=self,
        )

        def event(found: dict[str, Any]) -> str:
            request = processing_job_request(job, settings, JobEnvironment(**found), job_stem=self._job_stem)
            return json.dumps({"request": request, "source_hash": job.source_hash}, sort_keys=True)

        inputs = pulumi.Output.all(
            bucket=self._bucket,
            endpoint_name=self._args["endpoint_name"],
            name_stem=self._args.get("name_stem") or self._args["endpoint_name"],
            image_uri=self._args["analyzer_image_uri"],
            role_arn=self._args["monitor_role_arn"],
            tags=dict(self._common.tags),
            kms_key_arn=self._common.kms_key_arn,
            network_config=network_config(self._network),
            code_uri=self._args.get("code_uri"),
        )
        aws.lambda_.Invocation(
            f"{self._stem}-{job.kind}-baseline",
            function_name=starter.function.name,
            # Once the data are there: the job that it starts reads them.
            input=pulumi.Output.all(stored, inputs).apply(lambda found: event(found[1])),
            # The function is asked again when these change or its input does. It starts a job only under a new name.
            triggers={"source_hash": job.source_hash, "attempt": str(settings.attempt)},
            opts=pulumi.ResourceOptions(parent=self),
        )


def results_prefix(kind: str, content_hash: str) -> str:
    """Where statistics and constraints lie, by the hash of what they come from."""
    folder = content_hash if kind == DATA_QUALITY else f"{kind}-{content_hash}"
    return f"{bucket_layout.BASELINE_RESULTS}/{folder}"


def _model_quality(args: QualityBaselineArgs | None) -> tuple[str, AnyQualityBaseline | None]:
    if args is None:
        return "", None
    problem_type = args["problem_type"]
    given = args.get("baseline")
    source = quality_baseline_settings(given, problem_type) if given is not None else None
    thresholds = quality_thresholds(args.get("thresholds"), problem_type)
    if not thresholds:
        return problem_type, source
    file = file_for_quality_thresholds(source, "model_quality.thresholds")
    document = quality_constraints(problem_type, thresholds, file.constraints if file else None)
    return problem_type, BaselineFiles(statistics=None, constraints=document)
