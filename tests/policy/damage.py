"""What somebody might do to a resource of the stack, by the rule that finds it."""

import json
from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], None]


def statement_change(key: str, change: Change, sid: str | None = None) -> Change:
    """Change the statements (of a name) in a policy document of a resource."""

    def apply(inputs: dict[str, Any]) -> None:
        document = json.loads(inputs[key])
        changed = [item for item in document["Statement"] if sid in (None, item.get("Sid"))]
        assert changed
        for item in changed:
            change(item)
        inputs[key] = json.dumps(document)

    return apply


# Rule -> type and name of a resource of this very stack, and what somebody might do to it.
DAMAGE: dict[str, tuple[str, str, Change]] = {
    "no-wildcard-actions": (
        *("aws:iam/rolePolicy:RolePolicy", "-monitor-role-policy"),
        statement_change("policy", lambda item: item.update(Action=["s3:*"]), "ReadObjects"),
    ),
    "no-wildcard-resources": (
        *("aws:iam/rolePolicy:RolePolicy", "-monitor-role-policy"),
        statement_change("policy", lambda item: item.update(Resource=["*"]), "ReadObjects"),
    ),
    "no-writable-code": (
        *("aws:iam/rolePolicy:RolePolicy", "-monitor-role-policy"),
        statement_change("policy", lambda item: item.update(Resource=["arn:aws:s3:::b/job-code/*"]), "WriteObjects"),
    ),
    "pass-role-limited": (
        *("aws:iam/rolePolicy:RolePolicy", "-start-baseline-role-policy"),
        statement_change("policy", lambda item: item.pop("Condition"), "PassJobRole"),
    ),
    "no-confused-deputy": (
        *("aws:iam/role:Role", "-monitor-role"),
        statement_change("assumeRolePolicy", lambda item: item.pop("Condition")),
    ),
    "no-open-principals": (
        *("aws:sns/topicPolicy:TopicPolicy", "-notifications-policy"),
        statement_change("policy", lambda item: item.update(Principal="*"), "ResponderPublishes"),
    ),
    "no-broad-managed-policies": (
        *("aws:iam/role:Role", "-monitor-role"),
        lambda inputs: inputs.update(managedPolicyArns=["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]),
    ),
    "no-secrets-in-environments": (
        *("aws:lambda/function:Function", "-alarm-responder"),
        lambda inputs: inputs["environment"]["variables"].update(SLACK_TOKEN="x"),
    ),
    "buckets-closed": (
        *("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", ""),
        lambda inputs: inputs.update(blockPublicPolicy=False),
    ),
    "buckets-encrypted": (
        *("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", ""),
        lambda inputs: inputs.update(rules=[]),
    ),
    "buckets-tls-only": (
        *("aws:s3/bucketPolicy:BucketPolicy", ""),
        statement_change("policy", lambda item: item.update(Resource=item["Resource"][:1])),
    ),
    "queues-encrypted": (
        *("aws:sqs/queue:Queue", "-alarm-responder-dead-letters"),
        lambda inputs: inputs.update(sqsManagedSseEnabled=False),
    ),
    "topics-tls-only": (
        *("aws:sns/topicPolicy:TopicPolicy", "-alarms-policy"),
        statement_change("policy", lambda item: item.update(Effect="Allow"), "DenyInsecureTransport"),
    ),
    "subscriptions-over-tls": (
        *("aws:sns/topicSubscription:TopicSubscription", "-alarms-responder"),
        lambda inputs: inputs.update(protocol="http"),
    ),
    "endpoints-capture-data": (
        *("aws:sagemaker/endpointConfiguration:EndpointConfiguration", ""),
        lambda inputs: inputs["dataCaptureConfig"].update(enableCapture=False),
    ),
    "models-isolated": (
        *("aws:sagemaker/model:Model", ""),
        lambda inputs: inputs.update(enableNetworkIsolation=False),
    ),
    "jobs-encrypt-traffic": (
        *("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition", ""),
        lambda inputs: inputs["jobResources"]["clusterConfig"].update(instanceCount=2),
    ),
    "logs-end": (
        *("aws:cloudwatch/logGroup:LogGroup", "-alarm-responder-logs"),
        lambda inputs: inputs.update(retentionInDays=0),
    ),
    "functions-own-their-logs": (
        *("aws:lambda/function:Function", "-alarm-responder"),
        lambda inputs: inputs.pop("loggingConfig"),
    ),
    "alarms-tell-somebody": (
        *("aws:cloudwatch/metricAlarm:MetricAlarm", "-data-quality-job-failures"),
        lambda inputs: inputs.update(alarmActions=[]),
    ),
    "required-tags": (
        *("aws:sns/topic:Topic", "-notifications"),
        lambda inputs: inputs["tags"].pop("project"),
    ),
}
