"""The SageMaker pipeline of a retraining, as data: processing, training, evaluation, condition, registration.

Schema: "Amazon SageMaker Pipelines JSON schema", version 2020-12-01. What the jobs run on and read is given; what
differs from run to run are parameters.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from components.jobs import Machine, processing_job_request, s3_input
from contract import processing_job
from contract import retraining as names

_VERSION: Final = "2020-12-01"
_PREPARE: Final = ("python3", "-m", "drift_tools.retraining.prepare")
_COMPARE: Final = ("python3", "-m", "drift_tools.retraining.compare_models")
_ACCEPTED: Final = "accepted"
_EVALUATION: Final = "Evaluation"
# A pipeline retries throttling and faults of the service by itself, and nothing else: not a quota that the monitors'
# own jobs have used up, nor instances that AWS is out of. An hour, in as many attempts as it may have.
_RETRIED: Final = {
    "RetryPolicies": [
        {
            "ExceptionType": ["SageMaker.RESOURCE_LIMIT", "SageMaker.CAPACITY_ERROR"],
            "IntervalSeconds": 180,
            "BackoffRate": 1.0,
            "MaxAttempts": 20,
        }
    ]
}


@dataclass(frozen=True, kw_only=True)
class Places:
    """URIs of what the jobs read, without a slash at the end."""

    code: str
    settings: str
    captured: str
    ground_truth: str
    results: str
    statistics: str


@dataclass(frozen=True, kw_only=True)
class Training:
    """What the training job runs."""

    source_uri: str
    """The script and what is beside it, as a tar.gz."""
    program: str
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int
    output_uri: str
    image_uri: str
    role_arn: str
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    kms_key_arn: str | None = None
    network: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def pipeline_definition(machine: Machine, places: Places, training: Training, *, group_name: str) -> dict[str, Any]:
    """The definition; each hyperparameter is a parameter of the pipeline, so that one run can have others."""
    parameters = [
        {"Name": names.RUN_URI, "Type": "String"},
        {"Name": names.CHAMPION_URI, "Type": "String"},
        {"Name": names.STATISTICS_URI, "Type": "String", "DefaultValue": places.statistics},
        {"Name": names.REASON_PARAMETER, "Type": "String", "DefaultValue": "by hand"},
        *(
            {"Name": hyperparameter(name), "Type": "String", "DefaultValue": str(value)}
            for name, value in sorted(training.hyperparameters.items())
        ),
    ]
    register = {"Name": "Register", "Type": "RegisterModel", "Arguments": _registration(training, group_name)}
    steps = [
        {"Name": "Prepare", "Type": "Processing", **_RETRIED, "Arguments": _preparation(machine, places)},
        {"Name": "Train", "Type": "Training", **_RETRIED, "DependsOn": ["Prepare"], "Arguments": _training(training)},
        {
            "Name": "Compare",
            "Type": "Processing",
            **_RETRIED,
            "Arguments": _comparison(machine, places),
            "PropertyFiles": [
                {
                    "PropertyFileName": _EVALUATION,
                    "OutputName": "evaluation",
                    "FilePath": names.EVALUATION_FILE,
                }
            ],
        },
        {
            "Name": "IsBetter",
            "Type": "Condition",
            "DependsOn": ["Compare"],
            "Arguments": {
                "Conditions": [
                    {
                        "Type": "Equals",
                        "LeftValue": {
                            "Std:JsonGet": {
                                "PropertyFile": {"Get": f"Steps.Compare.PropertyFiles.{_EVALUATION}"},
                                "Path": _ACCEPTED,
                            }
                        },
                        "RightValue": True,
                    }
                ],
                "IfSteps": [register],
                "ElseSteps": [],
            },
        },
    ]
    return {"Version": _VERSION, "Metadata": {}, "Parameters": parameters, "Steps": steps}


def hyperparameter(name: str) -> str:
    """What the pipeline's parameter for a hyperparameter is called."""
    return f"Hyperparameter{''.join(part.capitalize() for part in name.replace('-', '_').split('_'))}"


def _of_run(*parts: str) -> dict[str, Any]:
    """A URI below the run's own."""
    return {"Std:Join": {"On": "/", "Values": [_parameter(names.RUN_URI), *parts]}}


def _parameter(name: str) -> dict[str, str]:
    return {"Get": f"Parameters.{name}"}


def _output(name: str, uri: Any, path: str) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}}


def _preparation(machine: Machine, places: Places) -> dict[str, Any]:
    inputs = [
        s3_input("code", places.code, processing_job.CODE_PATH),
        s3_input(names.SETTINGS, places.settings, names.inside(names.SETTINGS)),
        s3_input(names.CAPTURED, places.captured, names.inside(names.CAPTURED)),
        s3_input(names.LABELS, places.ground_truth, names.inside(names.LABELS)),
        s3_input(names.RESULTS, places.results, names.inside(names.RESULTS)),
        {**s3_input(names.STATISTICS, "", names.inside(names.STATISTICS))},
    ]
    inputs[-1]["S3Input"] = {**inputs[-1]["S3Input"], "S3Uri": _parameter(names.STATISTICS_URI)}
    return _processing(machine, inputs, [_output("snapshot", _of_run("snapshot"), names.SNAPSHOT)], _PREPARE)


def _comparison(machine: Machine, places: Places) -> dict[str, Any]:
    def later(name: str, uri: Any) -> dict[str, Any]:
        found = s3_input(name, "", names.inside(name))
        return {**found, "S3Input": {**found["S3Input"], "S3Uri": uri}}

    inputs = [
        s3_input("code", places.code, processing_job.CODE_PATH),
        s3_input(names.SETTINGS, places.settings, names.inside(names.SETTINGS)),
        later(names.SNAPSHOT_INPUT, {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['snapshot'].S3Output.S3Uri"}),
        later(names.CHAMPION, _parameter(names.CHAMPION_URI)),
        later(names.CHALLENGER, {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}),
    ]
    return _processing(machine, inputs, [_output("evaluation", _of_run("evaluation"), names.EVALUATION)], _COMPARE)


def _processing(
    machine: Machine, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], entrypoint: tuple[str, ...]
) -> dict[str, Any]:
    return processing_job_request(
        machine,
        inputs=inputs,
        outputs=outputs,
        environment={"PYTHONPATH": f"{processing_job.CODE_PATH}/{_file_name(inputs[0])}"},
        entrypoint=entrypoint,
    )


def _file_name(code: Mapping[str, Any]) -> str:
    return str(code["S3Input"]["S3Uri"]).rsplit("/", 1)[-1]


def _training(training: Training) -> dict[str, Any]:
    own = {"sagemaker_program": training.program, "sagemaker_submit_directory": training.source_uri}
    hyperparameters: dict[str, Any] = {name: json.dumps(value) for name, value in own.items()}
    hyperparameters |= {name: _parameter(hyperparameter(name)) for name in sorted(training.hyperparameters)}
    cluster: dict[str, Any] = {
        "InstanceType": training.instance_type,
        "InstanceCount": 1,
        "VolumeSizeInGB": training.volume_size_in_gb,
    }
    output: dict[str, Any] = {"S3OutputPath": training.output_uri}
    if training.kms_key_arn is not None:
        cluster["VolumeKmsKeyId"] = output["KmsKeyId"] = training.kms_key_arn
    train = {"Std:Join": {"On": "/", "Values": [_parameter(names.RUN_URI), "snapshot", "train"]}}
    request: dict[str, Any] = {
        "AlgorithmSpecification": {"TrainingImage": training.image_uri, "TrainingInputMode": "File"},
        "HyperParameters": hyperparameters,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": train,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": output,
        "ResourceConfig": cluster,
        "StoppingCondition": {"MaxRuntimeInSeconds": training.max_runtime_in_seconds},
        "RoleArn": training.role_arn,
    }
    network = training.network or {}
    if "VpcConfig" in network:
        request["VpcConfig"] = network["VpcConfig"]
    if training.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(training.tags.items())]
    return request


def _registration(training: Training, group_name: str) -> dict[str, Any]:
    """A version of the group that a person has to approve."""
    report = {"ContentType": "application/json", "S3Uri": _of_run("evaluation", names.EVALUATION_FILE)}
    return {
        "ModelPackageGroupName": group_name,
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageDescription": _parameter(names.REASON_PARAMETER),
        "CustomerMetadataProperties": {"run_uri": _parameter(names.RUN_URI)},
        "ModelMetrics": {"ModelQuality": {"Statistics": report}},
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": training.image_uri,
                    "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
