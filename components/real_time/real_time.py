"""The stream of an endpoint, its function, what joins them, and when it rings."""

from collections.abc import Sequence
from typing import Final, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings, RealTimeSettings
from components.functions import MonitoringFunction, dead_letter_queue, function_layer, monitoring_function
from components.iam import AwsContext, PolicyDocument
from components.real_time.alarms import StreamAlarms
from components.real_time.policies import stream_policy
from contract import bucket_layout

# AWS's own key for streams; a customer's takes its place where there is one for everything.
_MANAGED_KEY: Final = "alias/aws/kinesis"
_MEMORY_MB: Final = 1769  # a whole processor, as Lambda gives them by memory
_TIMEOUT_SECONDS: Final = 60
# A second's worth of a shard's records: 1,000, or 1 MB.
_BATCH: Final = 1000
_BATCHING_SECONDS: Final = 1


class RealTimeComponentArgs(TypedDict):
    """The endpoint that is watched, and what its stream is held against."""

    endpoint_name: pulumi.Input[str]
    name_stem: pulumi.Input[str]
    """What the stream's monitor is named after."""
    bucket_name: pulumi.Input[str]
    """Where the function keeps what its shards share."""
    metric_namespace: str
    statistics_uri: pulumi.Input[str]
    """The data-quality baseline's `statistics.json`."""
    alarm_topic_arn: pulumi.Input[str]
    false_alarms_per_year: float
    """What the stream may spend of the stack's budget."""


class RealTime(pulumi.ComponentResource):
    """Finds a sudden change within seconds: a Kinesis stream, and a function that counts it in tumbling windows."""

    stream_name: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    monitor_name: pulumi.Output[str]
    """As what the stream is named in metrics, where a schedule's name stands."""
    dead_letter_queue_name: pulumi.Output[str]
    """Where batches are told of that were given up."""

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: RealTimeComponentArgs,
        opts: pulumi.ResourceOptions,
        *,
        settings: RealTimeSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already."""
        made = cls.__new__(cls)
        made._build(name, args, opts, settings=settings, common=common)
        return made

    def _build(
        self,
        name: str,
        args: RealTimeComponentArgs,
        opts: pulumi.ResourceOptions,
        *,
        settings: RealTimeSettings,
        common: CommonSettings,
    ) -> None:
        super().__init__("model-monitoring:index:RealTime", name, {}, opts)
        self._stem, self._args, self._settings, self._common = name, args, settings, common
        options = pulumi.ResourceOptions(parent=self)
        self.monitor_name = pulumi.Output.from_input(args["name_stem"]).apply(naming.stream_monitor_name)
        stream = aws.kinesis.Stream(
            f"{name}-requests",
            stream_mode_details=aws.kinesis.StreamStreamModeDetailsArgs(stream_mode="ON_DEMAND"),
            retention_period=settings.retention_hours,
            encryption_type="KMS",
            kms_key_id=common.kms_key_arn or _MANAGED_KEY,
            tags=common.tags,
            opts=options,
        )
        queue = dead_letter_queue(f"{name}-stream-drift", self, common)
        made = self._function(stream, queue)
        aws.lambda_.EventSourceMapping(
            f"{name}-stream-drift-reads",
            event_source_arn=stream.arn,
            function_name=made.function.arn,
            # What came while nobody listened is counted, too.
            starting_position="TRIM_HORIZON",
            batch_size=_BATCH,
            maximum_batching_window_in_seconds=_BATCHING_SECONDS,
            tumbling_window_in_seconds=settings.window_seconds,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=settings.retries,
            maximum_record_age_in_seconds=settings.oldest_seconds,
            destination_config=aws.lambda_.EventSourceMappingDestinationConfigArgs(
                on_failure=aws.lambda_.EventSourceMappingDestinationConfigOnFailureArgs(destination_arn=queue.arn)
            ),
            tags=common.tags,
            opts=options,
        )
        self.alarms = StreamAlarms(
            name,
            monitor=self.monitor_name,
            endpoint_name=args["endpoint_name"],
            metric_namespace=args["metric_namespace"],
            function_name=made.function.name,
            silent_minutes=settings.silent_minutes,
            alarm_topic_arn=args["alarm_topic_arn"],
            tags=common.tags,
            parent=self,
        )
        self.function_name = made.function.name
        self.stream_name, self.stream_arn = stream.name, stream.arn
        self.dead_letter_queue_name = queue.name
        self.register_outputs(
            {
                "stream_name": self.stream_name,
                "stream_arn": self.stream_arn,
                "dead_letter_queue_name": self.dead_letter_queue_name,
            }
        )

    def _function(self, stream: "aws.kinesis.Stream", queue: aws.sqs.Queue) -> MonitoringFunction:
        args, settings = self._args, self._settings
        uris = pulumi.Output.from_input(args["statistics_uri"]).apply(_baseline_uris)

        def policy(
            context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], _dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            needed = (context, args["bucket_name"], stream.arn, queue.arn, log_group_arn, uris)
            return pulumi.Output.all(*needed).apply(
                lambda found: stream_policy(
                    found[0],
                    bucket=found[1],
                    stream_arn=found[2],
                    queue_arn=found[3],
                    metric_namespace=args["metric_namespace"],
                    log_group_arn=found[4],
                    baseline_uris=found[5],
                )
            )

        layer = function_layer(
            f"{self._stem}-numpy",
            self,
            description="numpy, for the function that watches the stream",
            code=settings.layer,
        )
        return monitoring_function(
            f"{self._stem}-stream-drift",
            parent=self,
            folder="stream_drift",
            description=f"Finds a sudden change in the stream of {self._stem}",
            timeout=_TIMEOUT_SECONDS,
            memory_size=_MEMORY_MB,
            environment={
                "ENDPOINT_NAME": args["endpoint_name"],
                "STREAM_MONITOR_NAME": self.monitor_name,
                "METRIC_NAMESPACE": args["metric_namespace"],
                "BUCKET_NAME": args["bucket_name"],
                "STATE_PREFIX": bucket_layout.STREAM_STATE,
                "BASELINE_URIS": uris.apply(" ".join),
                "WINDOW_SECONDS": str(settings.window_seconds),
                "FALSE_ALARMS_PER_YEAR": f"{args['false_alarms_per_year']:g}",
            },
            policy=policy,
            common=self._common,
            asynchronous=False,
            with_monitor=True,
            layers=[layer.arn],
        )


def _baseline_uris(statistics_uri: str) -> Sequence[str]:
    """The bins of the day's hours, where the baseline has times, and the statistics, which every baseline has."""
    return [f"{statistics_uri.rpartition('/')[0]}/{bucket_layout.STREAM_BASELINE}", statistics_uri]
