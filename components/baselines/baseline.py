"""The baseline: made by processing jobs from data, uploaded as files, or taken from where it lies.

Jobs are started and not waited for. A job definition needs only the URIs of statistics and constraints, which are
known before the job has run. The URIs carry a hash of what they hold: new data get new URIs, and with them new job
definitions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    ArgumentError,
    BaselineArgs,
    BaselineFiles,
    BaselineJobSettings,
    BaselineSettings,
    CapturesSettings,
    CommonSettings,
    DataQualityThresholds,
    DataQualityThresholdsArgs,
    ExistingBaseline,
    ModelQualityBaselineArgs,
    NetworkArgs,
    NetworkSettings,
    baseline_settings,
    check_component_name,
    common_settings,
    quality_baseline_settings,
    quality_thresholds,
)
from components.baselines.job import (
    BaselineJob,
    JobEnvironment,
    baseline_job_request,
    baseline_job_template,
    results_prefix,
)
from components.baselines.policies import starter_policy
from components.baselines.sources import BaselineSource, data_quality_source, model_quality_source
from components.functions import MonitoringFunction, monitoring_function
from components.iam import PolicyDocument
from components.jobs import KindFiles, network_config
from components.storage import content_object, upload_script
from contract import bucket_layout
from contract.monitor_kinds import DATA_QUALITY, KINDS, MODEL_QUALITY

# A minute of it for roles that AWS does not see yet.
START_SECONDS: Final = 150


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
    capture_uri: NotRequired[pulumi.Input[str]]
    """Where captures begin; below it endpoint, variant and hour. Needed for `baseline.captures`."""
    variant_name: NotRequired[str]
    """The production variant whose captures `baseline.captures` means. Default `Primary`."""
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

    statistics_uri: pulumi.Input[str] | None
    constraints_uri: pulumi.Input[str]
    data_uri: pulumi.Input[str] | None = None
    data_bytes: int = 0
    """How large the rows at `data_uri` are; 0: unknown."""
    has_windows: bool = False
    """The baseline has times: the counts of its windows lie beside its statistics."""


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
        given, thresholds = args.get("baseline"), args.get("thresholds")
        settings = baseline_settings(given) if given is not None else None
        demanded = DataQualityThresholds.from_args(thresholds, "thresholds") if thresholds is not None else None
        sources = {
            DATA_QUALITY: data_quality_source(settings, demanded, "thresholds"),
            MODEL_QUALITY: _model_quality(args.get("model_quality")),
        }
        self._build(
            name,
            args,
            sources={kind: source for kind, source in sources.items() if source is not None},
            files={},
            job=settings.job if isinstance(settings, BaselineSettings | CapturesSettings) else BaselineJobSettings(),
            network=NetworkSettings.from_args(args.get("network") or {}),
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: BaselineComponentArgs,
        opts: pulumi.ResourceOptions,
        *,
        sources: Mapping[str, BaselineSource],
        files: Mapping[str, KindFiles],
        job: BaselineJobSettings,
        network: NetworkSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read."""
        made = cls.__new__(cls)
        made._build(name, args, sources=sources, files=files, job=job, network=network, common=common, opts=opts)
        return made

    def _build(
        self,
        name: str,
        args: BaselineComponentArgs,
        *,
        sources: Mapping[str, BaselineSource],
        files: Mapping[str, KindFiles],
        job: BaselineJobSettings,
        network: NetworkSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__("model-monitoring:index:Baseline", name, {}, opts)
        self._stem, self._args, self._network, self._common = name, args, network, common
        self._kind_files = files
        self._bucket = pulumi.Output.from_input(args["bucket_name"])
        self._started_by: MonitoringFunction | None = None
        # Of every baseline that a job makes: its request, with `{data}` and `{results}` where they go.
        self.templates: dict[str, pulumi.Output[dict[str, Any]]] = {}
        # Of every baseline, by kind of monitor. No annotation of the class: it is for the stack, not for the schema.
        self.addresses = {
            kind: self._job(source, job) if isinstance(source, BaselineJob) else self._files(kind, source)
            for kind, source in sources.items()
        }
        found = self.addresses.get(DATA_QUALITY)
        self.statistics_uri = _known(found.statistics_uri if found else None)
        self.constraints_uri = _known(found.constraints_uri if found else None)
        self.data_uri = _known(found.data_uri if found else None)
        quality = self.addresses.get(MODEL_QUALITY)
        self.model_quality_constraints_uri = _known(quality.constraints_uri if quality else None)
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
            return BaselineAddresses(statistics_uri=source.statistics_uri, constraints_uri=source.constraints_uri)
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
        has_windows = job.reads_captures or "baseline_time_column" in job.analysis
        if has_windows and self._args.get("code_uri") is None:
            argument = "captures" if job.reads_captures else "time_column"
            raise ArgumentError(
                f"baseline.{argument} is given, and AWS's analyzer knows no windows: take the engine open, or leave it "
                "out"
            )

        def uri_of(*parts: str) -> pulumi.Output[str]:
            return self._bucket.apply(lambda bucket: naming.s3_uri(bucket, *parts))

        def uri(file: str) -> pulumi.Output[str]:
            return uri_of(job.results_prefix, file)

        return BaselineAddresses(
            statistics_uri=uri(bucket_layout.STATISTICS),
            constraints_uri=uri(KINDS[job.kind].constraints_file),
            # Weeks of captures are no file that each run could read: it compares with their statistics.
            data_uri=None if job.reads_captures else uri_of(job.data_key),
            data_bytes=0 if job.reads_captures else len(job.content),
            has_windows=has_windows,
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

    def _captures(self, job: BaselineJob) -> pulumi.Output[str] | None:
        """Where the captures of the endpoint's variant are, for a job that reads them."""
        if not job.reads_captures:
            return None
        place = self._args.get("capture_uri")
        if place is None:
            raise ArgumentError("capture_uri is missing: baseline.captures needs to know where captures begin")
        variant = self._args.get("variant_name", "Primary")
        return pulumi.Output.all(place, self._args["endpoint_name"]).apply(
            lambda found: f"{found[0].rstrip('/')}/{found[1]}/{variant}"
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
            request = baseline_job_request(job, settings, JobEnvironment(**found), job_stem=self._job_stem)
            return json.dumps({"request": request, "source_hash": job.source_hash}, sort_keys=True)

        def template(found: dict[str, Any]) -> dict[str, Any]:
            return baseline_job_template(job, settings, JobEnvironment(**found), job_stem=self._job_stem)

        files = self._kind_files.get(job.kind, KindFiles())
        inputs = pulumi.Output.all(
            bucket=self._bucket,
            analysis_config=files.analysis_config,
            model=files.model,
            preprocessor=upload_script(
                job.preprocessor,
                f"{self._stem}-baseline-{job.kind}",
                bucket_name=self._bucket,
                common=self._common,
                parent=self,
            ),
            captures=self._captures(job),
            endpoint_name=self._args["endpoint_name"],
            name_stem=self._args.get("name_stem") or self._args["endpoint_name"],
            image_uri=self._args["analyzer_image_uri"],
            role_arn=self._args["monitor_role_arn"],
            tags=dict(self._common.tags),
            kms_key_arn=self._common.kms_key_arn,
            network_config=network_config(self._network),
            code_uri=self._args.get("code_uri"),
        )
        self.templates[job.kind] = inputs.apply(template)
        aws.lambda_.Invocation(
            f"{self._stem}-{job.kind}-baseline",
            function_name=starter.function.name,
            # Once the data are there: the job that it starts reads them.
            input=pulumi.Output.all(stored, inputs).apply(lambda found: event(found[1])),
            # The function is asked again when these change or its input does. It starts a job only under a new name.
            triggers={"source_hash": job.source_hash, "attempt": str(settings.attempt)},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _known(value: pulumi.Input[str] | None) -> pulumi.Output[str] | None:
    return None if value is None else pulumi.Output.from_input(value)


def _model_quality(args: QualityBaselineArgs | None) -> BaselineSource | None:
    if args is None:
        return None
    problem_type, given = args["problem_type"], args.get("baseline")
    return model_quality_source(
        quality_baseline_settings(given, problem_type) if given is not None else None,
        quality_thresholds(args.get("thresholds"), problem_type),
        problem_type,
        args.get("positive_label"),
    )
