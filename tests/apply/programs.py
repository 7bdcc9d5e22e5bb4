"""Pulumi programs that the tests apply: callables, as an inline program of the Automation API would be."""

import base64
import io
import json
import tarfile
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

READ_POLICY: Any = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a-bucket/*"}],
}
HANDLER = "def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n"


def opts(parent: pulumi.Resource | None = None, **options: Any) -> pulumi.ResourceOptions:
    """Resource options with a parent."""
    return pulumi.ResourceOptions(parent=parent, **options)


class Store(pulumi.ComponentResource):
    """A bucket with all of its settings."""

    def __init__(
        self, name: str, *, force_destroy: bool = False, options: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tests:index:Store", name, {}, options)
        self.bucket = aws.s3.Bucket(
            f"{name}-bucket", force_destroy=force_destroy, tags={"kind": "store"}, opts=opts(self)
        )
        settings: dict[str, Any] = {"bucket": self.bucket.bucket, "opts": opts(self, deleted_with=self.bucket)}
        aws.s3.BucketVersioning(f"{name}-versioning", versioning_configuration={"status": "Enabled"}, **settings)
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            rules=[
                {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}, "bucket_key_enabled": True}
            ],
            **settings,
        )
        aws.s3.BucketPublicAccessBlock(
            f"{name}-access",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            **settings,
        )
        aws.s3.BucketOwnershipControls(f"{name}-owner", rule={"object_ownership": "BucketOwnerEnforced"}, **settings)
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            rules=[
                {
                    "id": "captures",
                    "status": "Enabled",
                    "filter": {"and_": {"prefix": "captured-data/", "tags": {"keep": "no"}}},
                    "expiration": {"days": 30},
                    "noncurrent_version_expiration": {"noncurrent_days": 7},
                    "transitions": [{"days": 15, "storage_class": "GLACIER_IR"}],
                }
            ],
            **settings,
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            policy=self.bucket.arn.apply(
                lambda arn: json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Deny",
                                "Principal": "*",
                                "Action": "s3:*",
                                "Resource": [arn, f"{arn}/*"],
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        ],
                    }
                )
            ),
            opts=opts(self, deleted_with=self.bucket),
            bucket=self.bucket.bucket,
        )
        self.register_outputs({"bucket": self.bucket.bucket})


def trust(service: str) -> str:
    """A trust policy for one AWS service."""
    return str(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": f"{service}.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        )
    )


def notifications() -> None:
    """Two topics, a queue, a function that answers them, an alarm, a rule and a dashboard."""
    role = aws.iam.Role("worker", assume_role_policy=trust("lambda"), tags={"team": "ml"})
    policy = aws.iam.Policy("shared", policy=READ_POLICY, description="shared")
    aws.iam.RolePolicyAttachment("shared-worker", role=role.name, policy_arn=policy.arn)
    logs = aws.cloudwatch.LogGroup("worker-logs", retention_in_days=14)
    statement: Any = {
        "actions": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "resources": [logs.arn.apply(lambda arn: f"{arn}:*")],
    }
    document = aws.iam.get_policy_document_output(statements=[statement])
    inline = aws.iam.RolePolicy("worker-logs", role=role.id, policy=document.json)
    dead = aws.sqs.Queue("dead", message_retention_seconds=1209600, sqs_managed_sse_enabled=True)
    function = aws.lambda_.Function(
        "worker",
        role=role.arn,
        runtime="python3.13",
        architectures=["arm64"],
        handler="handler.handler",
        memory_size=256,
        timeout=30,
        code=pulumi.AssetArchive({"handler.py": pulumi.StringAsset(HANDLER)}),
        environment={"variables": {"TOKEN": pulumi.Output.secret("s3cret")}},
        dead_letter_config={"target_arn": dead.arn},
        logging_config={"log_format": "JSON", "log_group": logs.name},
        opts=pulumi.ResourceOptions(depends_on=[inline]),
    )
    alarms = aws.sns.Topic("alarms", display_name="alarms")
    aws.sns.TopicPolicy(
        "alarms-policy", arn=alarms.arn, policy=alarms.arn.apply(lambda arn: allow("cloudwatch", "sns:Publish", arn))
    )
    aws.lambda_.Permission(
        "alarms-worker",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="sns.amazonaws.com",
        source_arn=alarms.arn,
    )
    aws.sns.TopicSubscription("alarms-worker", topic=alarms.arn, protocol="lambda", endpoint=function.arn)
    aws.sns.TopicSubscription("alarms-people", topic=alarms.arn, protocol="email", endpoint="team@example.com")
    aws.sqs.QueuePolicy(
        "dead-policy", queue_url=dead.url, policy=dead.arn.apply(lambda arn: allow("events", "sqs:SendMessage", arn))
    )
    aws.lambda_.FunctionEventInvokeConfig("worker-events", function_name=function.name, maximum_retry_attempts=1)
    rule = aws.cloudwatch.EventRule("jobs", event_pattern=json.dumps({"source": ["aws.sagemaker"]}))
    aws.cloudwatch.EventTarget(
        "jobs-worker",
        rule=rule.name,
        arn=function.arn,
        retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 3},
        dead_letter_config={"arn": dead.arn},
    )
    alarm = aws.cloudwatch.MetricAlarm(
        "violations",
        namespace="Tests",
        metric_name="Violations",
        dimensions={"Endpoint": "churn", "MonitoringSchedule": "hourly"},
        statistic="Maximum",
        period=3600,
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[alarms.arn],
    )
    aws.cloudwatch.MetricAlarm(
        "ratio",
        evaluation_periods=1,
        threshold=0.5,
        comparison_operator="GreaterThanThreshold",
        metric_queries=[
            {"id": "ratio", "expression": "errors / 2", "return_data": True},
            {"id": "errors", "metric": {"namespace": "Tests", "metric_name": "Errors", "period": 60, "stat": "Sum"}},
        ],
    )
    widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "# Hello"}}
    aws.cloudwatch.Dashboard("board", dashboard_name="tests", dashboard_body=json.dumps({"widgets": [widget]}))
    call = aws.lambda_.Invocation(
        "sum", function_name=function.name, input=json.dumps({"a": 1, "b": 2}), triggers={"hash": "x"}
    )
    pulumi.export("sum", call.result.apply(json.loads))
    pulumi.export("alarm", alarm.name)
    pulumi.export("function", function.name)
    pulumi.export("timeout", function.timeout)
    pulumi.export("environment", function.environment)
    pulumi.export("role", role.arn)


def allow(service: str, action: str, resource: str) -> str:
    """A resource policy that lets an AWS service do one thing."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def model_archive() -> bytes:
    """A model.tar.gz whose model answers with the sum of each row."""
    code = (
        b"import numpy\n"
        b"def model_fn(directory):\n    return numpy.sum\n"
        b"def predict_fn(rows, model):\n    return model(numpy.atleast_2d(rows), axis=1)\n"
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(code)
        archive.addfile(entry, io.BytesIO(code))
    return buffer.getvalue()


def model_policy(bucket: str) -> str:
    """What a SageMaker model needs: its artefact, and AWS's image."""
    images = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn"
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{bucket}/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
            "Resource": images,
        },
        # AWS knows no resource for it.
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def monitoring() -> None:
    """A model, its endpoint with data capture, and both kinds of job definition, scheduled."""

    store = Store("data", force_destroy=True)
    role = aws.iam.Role("sagemaker", assume_role_policy=trust("sagemaker"))
    image = aws.sagemaker.get_prebuilt_ecr_image_output(
        repository_name="sagemaker-scikit-learn", image_tag="1.2-1-cpu-py3"
    ).registry_path
    analyzer = aws.sagemaker.get_prebuilt_ecr_image_output(
        repository_name="sagemaker-model-monitor-analyzer", image_tag="latest"
    ).registry_path
    access = aws.iam.RolePolicy("sagemaker", role=role.id, policy=store.bucket.arn.apply(model_policy))
    artifact = aws.s3.BucketObjectv2(
        "artifact",
        bucket=store.bucket.bucket,
        key="model-artifacts/model.tar.gz",
        content_base64=base64.b64encode(model_archive()).decode(),
    )
    uri = pulumi.Output.concat("s3://", store.bucket.bucket, "/")
    model = aws.sagemaker.Model(
        "churn",
        execution_role_arn=role.arn,
        primary_container={
            "image": image,
            "model_data_url": pulumi.Output.concat(uri, artifact.key),
            "environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            },
        },
        tags={"model": "churn"},
        opts=pulumi.ResourceOptions(depends_on=[access]),
    )
    configuration = aws.sagemaker.EndpointConfiguration(
        "churn",
        production_variants=[
            {
                "variant_name": "Primary",
                "model_name": model.name,
                "initial_instance_count": 1,
                "instance_type": "ml.t2.medium",
                "initial_variant_weight": 1,
            }
        ],
        data_capture_config={
            "enable_capture": True,
            "initial_sampling_percentage": 100,
            "destination_s3_uri": pulumi.Output.concat(uri, "captured-data"),
            "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
            "capture_content_type_header": {
                "csv_content_types": ["text/csv"],
                "json_content_types": ["application/json"],
            },
        },
    )
    endpoint = aws.sagemaker.Endpoint("churn", endpoint_config_name=configuration.name)
    cluster: Any = {"instance_count": 1, "instance_type": "ml.m5.xlarge", "volume_size_in_gb": 20}
    data_quality = aws.sagemaker.DataQualityJobDefinition(
        "churn-data",
        role_arn=role.arn,
        data_quality_app_specification={"image_uri": analyzer},
        data_quality_baseline_config={
            "statistics_resource": {"s3_uri": pulumi.Output.concat(uri, "baseline/statistics.json")},
            "constraints_resource": {"s3_uri": pulumi.Output.concat(uri, "baseline/constraints.json")},
        },
        data_quality_job_input={"endpoint_input": {"endpoint_name": endpoint.name}},
        data_quality_job_output_config={
            "monitoring_outputs": {"s3_output": {"s3_uri": pulumi.Output.concat(uri, "monitoring-results")}}
        },
        job_resources={"cluster_config": cluster},
        stopping_condition={"max_runtime_in_seconds": 1800},
    )
    labels = pulumi.Output.concat(uri, "ground-truth")
    application: Any = {"image_uri": analyzer, "problem_type": "BinaryClassification"}
    predictions: Any = {
        "endpoint_name": endpoint.name,
        "local_path": "/opt/ml/processing/input/endpoint",
        "inference_attribute": "0",
        "start_time_offset": "-P1D",
        "end_time_offset": "-PT0H",
    }
    output: Any = {
        "s3_uri": pulumi.Output.concat(uri, "monitoring-results"),
        "local_path": "/opt/ml/processing/output",
    }
    model_quality = native.sagemaker.ModelQualityJobDefinition(
        "churn-model",
        role_arn=role.arn,
        endpoint_name=endpoint.name,
        model_quality_app_specification=application,
        model_quality_job_input={"endpoint_input": predictions, "ground_truth_s3_input": {"s3_uri": labels}},
        model_quality_job_output_config={"monitoring_outputs": [{"s3_output": output}]},
        job_resources={"cluster_config": cluster},
        stopping_condition={"max_runtime_in_seconds": 1800},
        tags=[{"key": "model", "value": "churn"}],
    )
    pulumi.export("definition_arn", model_quality.job_definition_arn)
    pulumi.export("endpoint", endpoint.name)
    pulumi.export("image", analyzer)
    for kind, definition, cron in (
        ("DataQuality", data_quality.name, "cron(0 * ? * * *)"),
        ("ModelQuality", model_quality.job_definition_name, "cron(0 6 ? * * *)"),
    ):
        aws.sagemaker.MonitoringSchedule(
            f"churn-{kind}",
            monitoring_schedule_config={
                "monitoring_type": kind,
                "monitoring_job_definition_name": definition,
                "schedule_config": {"schedule_expression": cron},
            },
        )
