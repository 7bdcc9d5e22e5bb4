"""The baseline: data in the bucket, and the processing jobs that describe them, started and not waited for.

A job definition needs only the URIs of statistics and constraints, which are known before the job has run. The URIs
carry a hash of the data and of how they are analysed: new data get new URIs, and with them new job definitions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    BaselineArgs,
    BaselineSettings,
    ModelQualityBaselineArgs,
    ModelQualityBaselineSettings,
    check_component_name,
    common_settings,
)
from components.functions import MonitoringFunction, monitoring_function
from components.identity import PolicyDocument, starter_policy
from components.storage import object_tags

# The container's paths, as Model Monitor's own clients set them.
INPUT_PATH: Final = "/opt/ml/processing/input/baseline_dataset_input"
OUTPUT_PATH: Final = "/opt/ml/processing/output"
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
        return f"{naming.BASELINE_DATA}/{self.kind}/{naming.content_hash(self.content)}/baseline.csv"

    @property
    def results_prefix(self) -> str:
        folder = self.source_hash if self.kind == naming.DATA_QUALITY else f"{self.kind}-{self.source_hash}"
        return f"{naming.BASELINE_DATA}/results/{folder}"


def data_quality_baseline(settings: BaselineSettings) -> BaselineJob:
    """The job that describes the columns of the user's data."""
    return BaselineJob(
        kind=naming.DATA_QUALITY,
        data=settings.data,
        content=settings.content,
        analysis={"dataset_format": CSV_WITH_HEADER, "publish_cloudwatch_metrics": "Disabled"},
    )


def model_quality_baseline(settings: ModelQualityBaselineSettings, problem_type: str) -> BaselineJob:
    """The job that measures predictions against their labels."""
    analysis = {
        "dataset_format": CSV_WITH_HEADER,
        "publish_cloudwatch_metrics": "Disabled",
        "analysis_type": "MODEL_QUALITY",
        "problem_type": problem_type,
        "inference_attribute": settings.inference_attribute,
        "ground_truth_attribute": settings.ground_truth_attribute,
    }
    if settings.probability_attribute is not None:
        analysis["probability_attribute"] = settings.probability_attribute
    return BaselineJob(kind=naming.MODEL_QUALITY, data=settings.data, content=settings.content, analysis=analysis)


def processing_job_request(
    job: BaselineJob,
    settings: BaselineSettings,
    *,
    job_stem: str,
    bucket: str,
    endpoint_name: str,
    image_uri: str,
    role_arn: str,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The CreateProcessingJob request of a baseline job.

    Its name carries what it computes, where to, and the attempt: the same deployment again asks for the same name and
    starts nothing. SageMaker never forgets a job's name, hence the bucket in it: a stack that was destroyed and made
    again has another bucket, and needs its baseline in there.
    """
    results = naming.s3_uri(bucket, job.results_prefix)
    identity = (job.source_hash, results, image_uri, str(settings.attempt))
    return {
        "ProcessingJobName": f"{job_stem}-{naming.content_hash(*identity)}",
        "ProcessingInputs": [
            {
                "InputName": "baseline_dataset_input",
                "S3Input": {
                    "S3Uri": naming.s3_uri(bucket, job.data_key),
                    "LocalPath": INPUT_PATH,
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "FullyReplicated",
                    "S3CompressionType": "None",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "monitoring_output",
                    "S3Output": {"S3Uri": results, "LocalPath": OUTPUT_PATH, "S3UploadMode": "EndOfJob"},
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": settings.instance_type,
                "VolumeSizeInGB": settings.volume_size_in_gb,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.max_runtime_in_seconds},
        "AppSpecification": {"ImageUri": image_uri},
        "Environment": {
            **job.analysis,
            "dataset_source": INPUT_PATH,
            "output_path": OUTPUT_PATH,
            # For the metrics function: whose job this is. The analyzer passes over what it does not know.
            "model_monitoring_endpoint": endpoint_name,
            "model_monitoring_schedule": naming.schedule_name(endpoint_name, job.kind),
        },
        "RoleArn": role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


class ModelQualityBaselineJobArgs(TypedDict):
    """The second baseline: predictions with their labels."""

    problem_type: str
    """`BinaryClassification`, `MulticlassClassification` or `Regression`."""
    baseline: ModelQualityBaselineArgs
    """The data and their columns."""


class BaselineComponentArgs(TypedDict):
    """Baselines of a monitored endpoint."""

    baseline: BaselineArgs
    """Data of the data-quality baseline, and what the jobs run on."""
    model_quality: NotRequired[ModelQualityBaselineJobArgs]
    """The model-quality baseline. Without it there is none."""
    bucket_name: pulumi.Input[str]
    """Where the data are put and the results written."""
    endpoint_name: pulumi.Input[str]
    """The endpoint that the baselines are for."""
    analyzer_image_uri: pulumi.Input[str]
    """AWS's analyzer."""
    monitor_role_arn: pulumi.Input[str]
    """The role that the jobs run under."""
    log_retention_in_days: NotRequired[int]
    """Of the starting function's log group. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the starting function's role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class Baseline(pulumi.ComponentResource):
    """Statistics and constraints that a monitor compares with, made by AWS's analyzer from the user's data."""

    statistics_uri: pulumi.Output[str]
    """Of the data-quality baseline; ends in `statistics.json`. The file is there once the job has run."""
    constraints_uri: pulumi.Output[str]
    model_quality_constraints_uri: pulumi.Output[str] | None

    def __init__(self, name: str, args: BaselineComponentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = BaselineSettings.from_args(args["baseline"])
        job, quality_job = data_quality_baseline(settings), None
        model_quality = args.get("model_quality")
        if model_quality is not None:
            problem_type = model_quality["problem_type"]
            labelled = ModelQualityBaselineSettings.from_args(model_quality["baseline"], problem_type)
            quality_job = model_quality_baseline(labelled, problem_type)
        common = common_settings(
            tags=args.get("tags"),
            permissions_boundary_arn=args.get("permissions_boundary_arn"),
            log_retention_in_days=args.get("log_retention_in_days"),
        )
        super().__init__("model-monitoring:index:Baseline", name, {}, opts)
        self._stem, self._args, self._settings, self._common = name, args, settings, common
        self._bucket = pulumi.Output.from_input(args["bucket_name"])
        starter = self._starter()

        self._start(starter, job)
        self.statistics_uri = self._result(job, "statistics.json")
        self.constraints_uri = self._result(job, "constraints.json")

        self.model_quality_constraints_uri = None
        if quality_job is not None:
            self._start(starter, quality_job)
            self.model_quality_constraints_uri = self._result(quality_job, "constraints.json")

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

    def _result(self, job: BaselineJob, file: str) -> pulumi.Output[str]:
        return self._bucket.apply(lambda bucket: naming.s3_uri(bucket, job.results_prefix, file))

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
            timeout=60,
            memory_size=128,
            environment={},
            policy=policy,
            common=self._common,
            asynchronous=False,
        )

    def _start(self, starter: MonitoringFunction, job: BaselineJob) -> None:
        options = pulumi.ResourceOptions(parent=self)
        stored = aws.s3.BucketObjectv2(
            f"{self._stem}-{job.kind}-baseline-data",
            bucket=self._bucket,
            key=job.data_key,
            source=job.data,
            tags=object_tags(self._common.tags),
            opts=options,
        )

        def event(found: list[Any]) -> str:
            bucket, endpoint_name, image_uri, role_arn, tags = found
            request = processing_job_request(
                job,
                self._settings,
                job_stem=self._job_stem,
                bucket=bucket,
                endpoint_name=endpoint_name,
                image_uri=image_uri,
                role_arn=role_arn,
                tags=tags,
            )
            return json.dumps({"request": request, "source_hash": job.source_hash}, sort_keys=True)

        inputs = (
            self._bucket,
            self._args["endpoint_name"],
            self._args["analyzer_image_uri"],
            self._args["monitor_role_arn"],
            dict(self._common.tags),
        )
        aws.lambda_.Invocation(
            f"{self._stem}-{job.kind}-baseline",
            function_name=starter.function.name,
            input=pulumi.Output.all(*inputs).apply(event),
            # The function is asked again when these change or its input does. It starts a job only under a new name.
            triggers={"source_hash": job.source_hash, "attempt": str(self._settings.attempt)},
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[stored])),
        )
