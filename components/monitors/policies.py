"""What Model Monitor's jobs may do, and the function that compares its verdicts with the open engine's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from components import naming
from components.iam import (
    NO_VPC,
    NOTHING_OUTSIDE,
    AwsContext,
    Outside,
    PolicyDocument,
    Statement,
    Vpc,
    allow,
    function_basics,
    key_of_instances,
    list_prefixes,
    network_interfaces,
    policy_document,
    publish_metrics,
    pull_images,
    read_batches,
    read_objects,
    read_outside,
    sagemaker_logs,
    write_objects,
)
from components.monitors.images import ANALYZER, without_tag
from contract import bucket_layout
from contract.monitor_kinds import KINDS

# Where the platform publishes what monitors find, and the health of what runs. AWS's pages print them with a slash in
# front and without; its own code has used both.
_SLASHES: Final = ("", "/")
_HEALTH: Final = "/aws/sagemaker/ProcessingJobs"


def merger_image(analyzer_image_uri: str) -> str:
    """The image that joins captures with labels before a model-quality run; it lies beside the analyzer."""
    return without_tag(analyzer_image_uri).replace(ANALYZER, "sagemaker-model-monitor-groundtruth-merger")


@dataclass(frozen=True, kw_only=True)
class JobReach:
    """What jobs reach beyond their stack's own data, whichever engine runs them."""

    kinds: Collection[str] = tuple(KINDS)
    """Of monitors that are on."""
    scripts: bool = False
    """Whether a monitor reads records with a script of its user."""
    outside: Outside = NOTHING_OUTSIDE
    batch_uris: Sequence[str] = ()
    vpc: Vpc = NO_VPC
    kms_key_arn: str | None = None
    """Of the volumes of their instances."""


OWN_DATA_ALONE: Final = JobReach()


def monitor_policy(
    context: AwsContext,
    *,
    bucket: str,
    image_uris: Sequence[str],
    reach: JobReach = OWN_DATA_ALONE,
    shadow_endpoint: str | None = None,
) -> PolicyDocument:
    """The monitoring and baseline jobs: read data, captures and labels, write results, publish what they found.

    What SageMaker's guide lists for a processing job's role (sagemaker-roles, "CreateProcessingJob API").
    `shadow_endpoint`: how the names of endpoints begin that a job makes to ask the model.
    """
    of_kinds = [KINDS[kind] for kind in reach.kinds]
    found = [kind.model_monitor_namespace for kind in of_kinds]
    found += [kind.batch_namespace for kind in of_kinds if reach.batch_uris]
    namespaces = [f"{slash}{name}" for slash in _SLASHES for name in dict.fromkeys(found)]
    analyzers = [uri for uri in image_uris if ANALYZER in uri]
    written = [bucket_layout.BASELINE_RESULTS, bucket_layout.MONITORING_RESULTS]
    # Results are read too: a model-quality run reads what the merge job before it wrote below monitoring-results.
    read = [
        bucket_layout.BASELINE_DATA,
        bucket_layout.CAPTURED_DATA,
        bucket_layout.GROUND_TRUTH,
        bucket_layout.MONITORING_RESULTS,
        *([bucket_layout.MONITORING_SCRIPTS] if reach.scripts else []),
    ]
    return policy_document(
        list_prefixes(context, bucket, read),
        read_objects(context, bucket, read),
        write_objects(context, bucket, written),
        sagemaker_logs(context, naming.PROCESSING_LOG_GROUP),
        publish_metrics([*namespaces, _HEALTH]),
        *pull_images(context, [*image_uris, *(merger_image(uri) for uri in analyzers)]),
        *_ask_model(context, shadow_endpoint),
        *read_outside(context, reach.outside),
        *read_batches(context, reach.batch_uris),
        *network_interfaces(context, reach.vpc),
        *key_of_instances(reach.kms_key_arn),
    )


def _ask_model(context: AwsContext, prefix: str | None) -> list[Statement]:
    """SageMaker Clarify's shadow endpoint: made for a run, asked, deleted (developer guide, "Configure a SageMaker
    Clarify processing job", predictor).
    """
    if prefix is None:
        return []
    made = [context.arn("sagemaker", f"{what}/{prefix}*") for what in ("endpoint", "endpoint-config")]
    # Of any model: its name is Pulumi's own, and a definition takes only the stack's.
    models = [context.arn("sagemaker", "model/*")]
    actions = ("CreateEndpoint", "CreateEndpointConfig", "DeleteEndpoint", "DeleteEndpointConfig", "DescribeEndpoint",
               "DescribeEndpointConfig", "InvokeEndpoint", "AddTags")  # fmt: skip
    return [
        allow("AskModel", [f"sagemaker:{action}" for action in sorted(actions)], made),
        allow("ReadModel", ["sagemaker:DescribeModel"], models),
    ]


def compare_policy(
    context: AwsContext, *, bucket: str, metric_namespace: str, log_group_arn: str, dead_letter_arn: str
) -> PolicyDocument:
    """The function that holds two engines' verdicts against each other: it reads what both found, and its own notes of
    which engine has finished which window.
    """
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        # Every job of the region: Model Monitor names its own jobs; whose one is stands in its description.
        allow("ReadJobs", ["sagemaker:DescribeProcessingJob"], [context.arn("sagemaker", "processing-job/*")]),
        list_prefixes(context, bucket, [bucket_layout.MONITORING_RESULTS, bucket_layout.ENGINE_AGREEMENT]),
        read_objects(context, bucket, [bucket_layout.MONITORING_RESULTS, bucket_layout.ENGINE_AGREEMENT]),
        write_objects(context, bucket, [bucket_layout.ENGINE_AGREEMENT]),
        publish_metrics([metric_namespace]),
    )
