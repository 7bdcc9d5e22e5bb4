"""The pipeline that trains and compares a model, with its role and what its jobs read."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from components import naming
from components.iam import Vpc, sagemaker_trust, service_role
from components.jobs import Machine, network_config
from components.retraining import policies
from components.retraining.pipeline import Places, Training, pipeline_definition
from components.retraining.surroundings import Ground
from components.storage import content_object
from contract import bucket_layout
from contract import retraining as names


def make_pipeline(ground: Ground) -> aws.sagemaker.Pipeline:
    """Declare it, and upload the training script and the jobs' settings."""
    around, name = ground.around, ground.stem
    source = content_object(
        f"{name}-training-source",
        bucket=around.bucket_name,
        key=f"{names.CODE_FOLDER}/{naming.content_hash(ground.settings.training.source_content)}/source.tar.gz",
        source=ground.settings.training.source,
        tags=ground.common.tags,
        parent=ground.parent,
    )
    document = json.dumps(
        {
            **ground.settings.job_settings,
            "problem_type": around.problem_type,
            **({"positive_label": around.positive_label} if around.positive_label else {}),
        },
        sort_keys=True,
    )
    settings = content_object(
        f"{name}-retraining-settings",
        bucket=around.bucket_name,
        key=f"{names.CODE_FOLDER}/{naming.content_hash(document)}/settings.json",
        content=document,
        content_type="application/json",
        tags=ground.common.tags,
        parent=ground.parent,
    )
    job_role = _job_role(ground)
    role = service_role(
        f"{name}-pipeline-role",
        parent=ground.parent,
        description=f"The retraining pipeline of {name}",
        trust=sagemaker_trust,
        policy=pulumi.Output.all(ground.place, around.bucket_name, job_role).apply(
            lambda found: policies.pipeline_policy(
                found[0], bucket=found[1], job_role_arn=found[2], group_name=f"{name}-models"
            )
        ),
        common=ground.common,
    )
    return aws.sagemaker.Pipeline(
        f"{name}-retraining",
        pipeline_name=f"{name}-retraining",
        pipeline_display_name=f"{name}-retraining",
        pipeline_description=f"Trains and compares a model for the endpoint of {name}",
        role_arn=role.arn,
        pipeline_definition=_definition(ground, source, settings, job_role),
        tags=ground.common.tags,
        opts=ground.fixed_name,
    )


def _definition(
    ground: Ground, source: pulumi.Output[str], settings: pulumi.Output[str], job_role: pulumi.Output[str]
) -> pulumi.Output[str]:
    given, around = ground.settings.training, ground.around

    def written(found: dict[str, Any]) -> str:
        bucket = found["bucket"]
        machine = Machine(
            image_uri=found["image"],
            instance_type=given.instance_type,
            volume_size_in_gb=given.volume_size_in_gb,
            max_runtime_in_seconds=given.max_runtime_in_seconds,
            role_arn=found["role"],
            tags=found["tags"],
            kms_key_arn=found["key"],
            network=found["network"],
        )
        captured = f"{bucket_layout.CAPTURED_DATA}/{found['endpoint']}/{around.variant_name}"
        places = Places(
            code=found["code"],
            settings=found["settings"],
            captured=naming.s3_uri(bucket, captured),
            ground_truth=naming.s3_uri(bucket, bucket_layout.GROUND_TRUTH),
            results=naming.s3_uri(bucket, bucket_layout.MONITORING_RESULTS, found["endpoint"]),
            statistics=found["statistics"],
        )
        training = Training(
            source_uri=found["source"],
            program=given.program,
            instance_type=given.instance_type,
            volume_size_in_gb=given.volume_size_in_gb,
            max_runtime_in_seconds=given.max_runtime_in_seconds,
            output_uri=naming.s3_uri(bucket, names.MODELS_FOLDER),
            image_uri=found["image"],
            role_arn=found["role"],
            hyperparameters=given.hyperparameters,
            kms_key_arn=found["key"],
            network=found["network"],
            tags=found["tags"],
        )
        definition = pipeline_definition(machine, places, training, group_name=f"{ground.stem}-models")
        return json.dumps(definition, sort_keys=True)

    return pulumi.Output.all(
        bucket=around.bucket_name,
        endpoint=around.endpoint_name,
        image=around.image_uri,
        code=around.code_uri,
        statistics=around.statistics_uri,
        source=source,
        settings=settings,
        role=job_role,
        tags=dict(ground.common.tags),
        key=ground.common.kms_key_arn,
        network=network_config(ground.network),
    ).apply(written)


def _job_role(ground: Ground) -> pulumi.Output[str]:
    around = ground.around
    return service_role(
        f"{ground.stem}-retraining-role",
        parent=ground.parent,
        description=f"The training and evaluation jobs of {ground.stem}",
        trust=sagemaker_trust,
        policy=pulumi.Output.all(
            place=ground.place,
            bucket=around.bucket_name,
            image=around.image_uri,
            subnets=list(ground.network.subnet_ids),
            groups=list(ground.network.security_group_ids),
            key=ground.common.kms_key_arn,
        ).apply(
            lambda found: policies.job_policy(
                found["place"],
                bucket=found["bucket"],
                image_uri=found["image"],
                vpc=Vpc(subnet_ids=found["subnets"], security_group_ids=found["groups"]),
                kms_key_arn=found["key"],
            )
        ),
        common=ground.common,
    ).arn
