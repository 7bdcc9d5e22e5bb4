"""What exists in the embedded AWS, asked from every service by its list operations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jmespath

from local_aws.apply.calls import Api, Cloud, clients_of


@dataclass(frozen=True)
class Listing:
    """One list operation and the JMESPath of the names in its answer."""

    what: str
    service: str
    operation: str
    names: str
    request: tuple[tuple[str, Any], ...] = ()


# Left out is what AWS keeps and nobody can delete (finished processing jobs, metrics, keys that wait for deletion), and
# what AWS makes itself, once for an account: its managed policies and key aliases, and the log group of all jobs.
LISTINGS = (
    Listing("s3 bucket", "s3", "ListBuckets", "Buckets[].Name"),
    Listing("iam role", "iam", "ListRoles", "Roles[?!starts_with(Path, '/aws-service-role/')].RoleName"),
    Listing("iam policy", "iam", "ListPolicies", "Policies[].Arn", (("Scope", "Local"),)),
    Listing("lambda function", "lambda", "ListFunctions", "Functions[].FunctionName"),
    Listing("lambda layer", "lambda", "ListLayers", "Layers[].LatestMatchingVersion.LayerVersionArn"),
    Listing("lambda event source mapping", "lambda", "ListEventSourceMappings", "EventSourceMappings[].UUID"),
    Listing("sns topic", "sns", "ListTopics", "Topics[].TopicArn"),
    Listing(
        "sns subscription",
        "sns",
        "ListSubscriptions",
        "map(&join(' ', [TopicArn, Protocol, Endpoint]), Subscriptions)",
    ),
    Listing("sqs queue", "sqs", "ListQueues", "QueueUrls[]"),
    Listing(
        "log group",
        "logs",
        "DescribeLogGroups",
        "logGroups[?logGroupName != '/aws/sagemaker/ProcessingJobs' && logGroupName != '/aws/sagemaker/TrainingJobs']"
        ".logGroupName",
    ),
    Listing("eventbridge rule", "events", "ListRules", "Rules[].Name"),
    Listing("eventbridge bus", "events", "ListEventBuses", "EventBuses[?Name != 'default'].Name"),
    Listing("scheduler schedule", "scheduler", "ListSchedules", "map(&join('/', [GroupName, Name]), Schedules)"),
    Listing("scheduler group", "scheduler", "ListScheduleGroups", "ScheduleGroups[?Name != 'default'].Name"),
    Listing(
        "scalable target",
        "application-autoscaling",
        "DescribeScalableTargets",
        "ScalableTargets[].ResourceId",
        (("ServiceNamespace", "sagemaker"),),
    ),
    Listing(
        "scaling policy",
        "application-autoscaling",
        "DescribeScalingPolicies",
        "ScalingPolicies[].PolicyName",
        (("ServiceNamespace", "sagemaker"),),
    ),
    Listing("glue database", "glue", "GetDatabases", "DatabaseList[].Name"),
    Listing("athena workgroup", "athena", "ListWorkGroups", "WorkGroups[?Name != 'primary'].Name"),
    Listing("oam sink", "oam", "ListSinks", "Items[].Arn"),
    Listing("oam link", "oam", "ListLinks", "Items[].Arn"),
    Listing("alarm mute rule", "cloudwatch", "ListAlarmMuteRules", "AlarmMuteRuleSummaries[].AlarmMuteRuleArn"),
    Listing("cloudwatch alarm", "cloudwatch", "DescribeAlarms", "[MetricAlarms, CompositeAlarms][][].AlarmName"),
    Listing("cloudwatch dashboard", "cloudwatch", "ListDashboards", "DashboardEntries[].DashboardName"),
    Listing("kms alias", "kms", "ListAliases", "Aliases[?!starts_with(AliasName, 'alias/aws/')].AliasName"),
    Listing("kinesis stream", "kinesis", "ListStreams", "StreamNames[]"),
    Listing("step functions state machine", "stepfunctions", "ListStateMachines", "stateMachines[].name"),
    Listing("dynamodb table", "dynamodb", "ListTables", "TableNames[]"),
    Listing("secret", "secretsmanager", "ListSecrets", "SecretList[].Name"),
    Listing("sagemaker model", "sagemaker", "ListModels", "Models[].ModelName"),
    Listing(
        "sagemaker endpoint configuration", "sagemaker", "ListEndpointConfigs", "EndpointConfigs[].EndpointConfigName"
    ),
    Listing("sagemaker endpoint", "sagemaker", "ListEndpoints", "Endpoints[].EndpointName"),
    Listing("sagemaker pipeline", "sagemaker", "ListPipelines", "PipelineSummaries[].PipelineName"),
    Listing(
        "sagemaker model package group",
        "sagemaker",
        "ListModelPackageGroups",
        "ModelPackageGroupSummaryList[].ModelPackageGroupName",
    ),
    *(
        Listing(
            f"sagemaker {kind} job definition",
            "sagemaker",
            f"List{operation}JobDefinitions",
            "JobDefinitionSummaries[].MonitoringJobDefinitionName",
        )
        for kind, operation in (
            ("data-quality", "DataQuality"),
            ("model-quality", "ModelQuality"),
            ("bias", "ModelBias"),
            ("explainability", "ModelExplainability"),
        )
    ),
    Listing(
        "sagemaker monitoring schedule",
        "sagemaker",
        "ListMonitoringSchedules",
        "MonitoringScheduleSummaries[].MonitoringScheduleName",
    ),
    Listing(
        "sagemaker processing job in progress",
        "sagemaker",
        "ListProcessingJobs",
        "ProcessingJobSummaries[?ProcessingJobStatus == 'InProgress'].ProcessingJobName",
    ),
)


def inventory(cloud: Cloud) -> dict[str, frozenset[str]]:
    """Names of everything that exists now in the administrator's account and region, by kind; kinds with nothing
    are left out.

    Two inventories that are equal show that what happened in between left nothing behind. Raises RequestError if a
    service does not answer: an inventory with a gap would prove nothing.
    """
    api = Api(clients_of(cloud), cloud.region)
    with ThreadPoolExecutor(4) as threads:
        found = dict(threads.map(lambda listing: (listing.what, _names(api, listing)), LISTINGS))
    found["kms key"] = _enabled_keys(api)
    return {what: names for what, names in found.items() if names}


def _names(api: Api, listing: Listing) -> frozenset[str]:
    pages = api.pages(listing.service, listing.operation, **dict(listing.request))
    return frozenset(str(name) for page in pages for name in jmespath.search(listing.names, page) or [])


def _enabled_keys(api: Api) -> frozenset[str]:
    keys = [key["KeyId"] for page in api.pages("kms", "ListKeys") for key in page["Keys"]]
    described = {key: api("kms", "DescribeKey", KeyId=key)["KeyMetadata"] for key in keys}
    # A deleted key exists for its waiting time; AWS's own keys nobody can delete.
    return frozenset(
        key
        for key, data in described.items()
        if data.get("KeyState") != "PendingDeletion" and data.get("KeyManager", "CUSTOMER") == "CUSTOMER"
    )
