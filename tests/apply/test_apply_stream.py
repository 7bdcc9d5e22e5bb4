"""A Kinesis stream and a mapping of it: every setting arrives at AWS, and all of it goes."""

from typing import Any

import pulumi
import pulumi_aws as aws

from local_aws import LocalAws
from local_aws.apply import Settings, deploy, inventory
from tests.apply import programs


def test_a_stream_with_a_mapping_of_it(cloud: LocalAws, settings: Settings) -> None:
    before = inventory(cloud)

    def program() -> None:
        stream = aws.kinesis.Stream(
            "requests",
            stream_mode_details={"stream_mode": "ON_DEMAND"},
            retention_period=48,
            encryption_type="KMS",
            kms_key_id="alias/aws/kinesis",
            tags={"team": "ml"},
        )
        queue = aws.sqs.Queue("given-up")
        role = aws.iam.Role("reader", assume_role_policy=programs.trust("lambda"))
        reads = [f"kinesis:{name}" for name in ("DescribeStream", "DescribeStreamSummary", "GetRecords")]
        reads += ["kinesis:GetShardIterator", "kinesis:ListShards"]
        policy = aws.iam.RolePolicy(
            "reader",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Action": reads, "Resource": stream.arn},
                        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue.arn},
                    ],
                }
            ),
        )
        function = aws.lambda_.Function(
            "reader",
            role=role.arn,
            runtime="python3.13",
            handler="handler.handler",
            code=pulumi.AssetArchive(
                {"handler.py": pulumi.StringAsset("def handler(event, context):\n    return {}\n")}
            ),
        )
        mapping = aws.lambda_.EventSourceMapping(
            "reads",
            event_source_arn=stream.arn,
            function_name=function.arn,
            starting_position="TRIM_HORIZON",
            batch_size=500,
            tumbling_window_in_seconds=5,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=2,
            maximum_record_age_in_seconds=600,
            destination_config={"on_failure": {"destination_arn": queue.arn}},
            tags={"team": "ml"},
            opts=pulumi.ResourceOptions(depends_on=[policy]),
        )
        pulumi.export("stream", stream.name)
        pulumi.export("mapping", mapping.uuid)
        pulumi.export("queue", queue.arn)

    deployment = deploy(program, settings, cloud)
    name: Any = deployment.outputs["stream"]
    kinesis = cloud.client("kinesis")
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert (summary["RetentionPeriodHours"], summary["EncryptionType"]) == (48, "KMS")
    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "ml"}]
    found = cloud.client("lambda").get_event_source_mapping(UUID=deployment.outputs["mapping"])
    assert {
        "BatchSize": 500,
        "TumblingWindowInSeconds": 5,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 2,
        "MaximumRecordAgeInSeconds": 600,
        "DestinationConfig": {"OnFailure": {"Destination": deployment.outputs["queue"]}},
        "StartingPosition": "TRIM_HORIZON",
    }.items() <= found.items()
    deployment.destroy()
    assert inventory(cloud) == before
