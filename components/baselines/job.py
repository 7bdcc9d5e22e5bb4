"""The processing job that makes a baseline from data; everything that is known before it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components import naming
from components.args import (
    BaselineJobSettings,
    BaselineSettings,
    CapturesSettings,
    ModelQualityBaselineSettings,
    Script,
)
from components.jobs import Files, Machine, processing_job_request, s3_input
from contract import bucket_layout, processing_job
from contract.captured_span import CAPTURES
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY

CAPTURED: Final = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
CSV_WITH_HEADER: Final = '{"csv":{"header":true,"output_columns_position":"START"}}'


@dataclass(frozen=True, kw_only=True)
class BaselineJob:
    """One processing job that describes a data set; everything that is known before it runs."""

    kind: str
    data: pulumi.Asset
    content: bytes
    analysis: Mapping[str, str]
    """Environment of the analyzer that decides what it computes."""
    config: str = ""
    """What else it computes by, of the files that it reads beside its data."""
    file: str = "baseline.csv"
    """What its data are called: a table, or what says which captures it reads itself."""
    preprocessor: Script | None = None
    """The monitor's own, of captured records."""

    @property
    def source_hash(self) -> str:
        """Changes when the data change, or what is computed from them; not with the machine that computes it."""
        more: list[str | bytes] = [self.config] if self.config else []
        more += [self.preprocessor.content] if self.preprocessor else []
        return naming.content_hash(self.content, naming.canonical_json(self.analysis), *more)

    @property
    def data_key(self) -> str:
        return f"{bucket_layout.BASELINE_DATA}/{self.kind}/{naming.content_hash(self.content)}/{self.file}"

    @property
    def reads_captures(self) -> bool:
        """Whether its rows are production's own, and not those that it is given."""
        return self.file == CAPTURES

    @property
    def results_prefix(self) -> str:
        return results_prefix(self.kind, self.source_hash)


def data_quality_baseline(
    settings: BaselineSettings, window_hours: int = 1, segments: Sequence[str] = ()
) -> BaselineJob:
    """The job that describes the columns of the user's data; rows with times it cuts into windows of so many hours,
    those of each segment too.
    """
    analysis = {"dataset_format": CSV_WITH_HEADER, "publish_cloudwatch_metrics": "Disabled"}
    if settings.time_column is not None:
        analysis |= {
            "baseline_time_column": settings.time_column,
            "baseline_window_hours": f"{window_hours}",
            "season": settings.season,
            **segment_variable(segments),
        }
    return BaselineJob(kind=DATA_QUALITY, data=settings.data, content=settings.content, analysis=analysis)


def captured_baseline(
    settings: CapturesSettings, window_hours: int = 1, preprocessor: Script | None = None
) -> BaselineJob:
    """The job that describes production's own captures, in windows of so many hours, as the monitor would read them."""
    text = settings.span.to_json()
    return BaselineJob(
        kind=DATA_QUALITY,
        data=pulumi.StringAsset(text),
        content=text.encode(),
        analysis={
            "dataset_format": CAPTURED,
            "publish_cloudwatch_metrics": "Disabled",
            "baseline_window_hours": f"{window_hours}",
            "season": settings.season,
        },
        file=CAPTURES,
        preprocessor=preprocessor,
    )


def model_quality_baseline(
    settings: ModelQualityBaselineSettings,
    problem_type: str,
    positive_label: str | None = None,
    segments: Sequence[str] = (),
) -> BaselineJob:
    """The job that measures predictions against their labels; of `positive_label` and segments AWS's analyzer knows
    nothing.
    """
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
    analysis |= segment_variable(segments)
    return BaselineJob(kind=MODEL_QUALITY, data=settings.data, content=settings.content, analysis=analysis)


def segment_variable(segments: Sequence[str]) -> dict[str, str]:
    """What tells a job the columns whose values are segments; nothing without any."""
    return {"segments": ",".join(segments)} if segments else {}


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
    analysis_config: str | None = None
    model: str | None = None
    preprocessor: str | None = None
    """What a kind's jobs read beside their data."""
    captures: str | None = None
    """Where the endpoint's captures are, above their hours."""


def baseline_job_request(
    job: BaselineJob, settings: BaselineJobSettings, place: JobEnvironment, *, job_stem: str
) -> dict[str, Any]:
    """The CreateProcessingJob request of a baseline job.

    Its name carries what it computes, where to, and the attempt: the same deployment again asks for the same name and
    starts nothing. SageMaker never forgets a job's name, hence the bucket in it: a stack that was destroyed and made
    again has another bucket, and needs its baseline in there.
    """
    results = naming.s3_uri(place.bucket, job.results_prefix)
    identity = [job.source_hash, results, place.image_uri, str(settings.attempt)]
    code = None
    if place.code_uri:
        code = Files(
            code=place.code_uri,
            analysis_config=place.analysis_config,
            model=place.model,
            preprocessor=place.preprocessor,
        )
    if code is not None:
        identity.append(code.code)
    schedule = naming.schedule_name(place.name_stem, job.kind)
    captures = {}
    if job.reads_captures and place.captures:
        identity.append(place.captures)
        windows = naming.s3_uri(place.bucket, bucket_layout.MONITOR_WINDOWS, schedule)
        captures = {"captures_uri": place.captures, "windows_uri": windows}
    machine = Machine(
        image_uri=place.image_uri,
        instance_type=settings.instance_type,
        volume_size_in_gb=settings.volume_size_in_gb,
        max_runtime_in_seconds=settings.max_runtime_in_seconds,
        role_arn=place.role_arn,
        tags=place.tags,
        kms_key_arn=place.kms_key_arn,
        network=place.network_config,
    )
    data = naming.s3_uri(place.bucket, job.data_key)
    request = processing_job_request(
        machine,
        inputs=[
            s3_input("baseline_dataset_input", data, processing_job.BASELINE_DATASET_PATH),
            *(code.inputs() if code else []),
        ],
        outputs=processing_job.outputs(results),
        environment={
            **job.analysis,
            **captures,
            **(code.environment() if code else {}),
            "dataset_source": processing_job.BASELINE_DATASET_PATH,
            "output_path": processing_job.OUTPUT_PATH,
            # For the metrics function: whose job this is. The analyzer passes over what it does not know.
            "model_monitoring_endpoint": place.endpoint_name,
            "model_monitoring_schedule": schedule,
        },
        entrypoint=processing_job.ENTRYPOINT if code else None,
    )
    return {"ProcessingJobName": f"{job_stem}-{naming.content_hash(*identity)}", **request}


def results_prefix(kind: str, content_hash: str) -> str:
    """Where statistics and constraints lie, by the hash of what they come from."""
    folder = content_hash if kind == DATA_QUALITY else f"{kind}-{content_hash}"
    return f"{bucket_layout.BASELINE_RESULTS}/{folder}"


def baseline_job_template(
    job: BaselineJob, settings: BaselineJobSettings, place: JobEnvironment, *, job_stem: str
) -> dict[str, Any]:
    """The request of the same job on other data: no name, and `{data}` and `{results}` in the places of the URIs."""
    request = baseline_job_request(job, settings, place, job_stem=job_stem)
    del request["ProcessingJobName"]
    first, *others = request["ProcessingInputs"]
    request["ProcessingInputs"] = [{**first, "S3Input": {**first["S3Input"], "S3Uri": "{data}"}}, *others]
    output = request["ProcessingOutputConfig"]
    request["ProcessingOutputConfig"] = {**output, "Outputs": processing_job.outputs("{results}")}
    return request
