"""What a schedule calls: templated targets, and the universal target of any operation of an AWS SDK."""

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from local_aws import clients
from local_aws.validation import service_model

_UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:(?P<service>[a-z0-9]+):(?P<action>[a-zA-Z0-9]+)")
# Names of services in universal targets (those of the AWS SDK for Java 2) that botocore calls something else.
_SDK_NAMES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
_TEMPLATED = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
    "events": "events:PutEvents",
}


def problem(target: Mapping[str, Any]) -> str | None:
    """Why a target cannot be called here; None if it can."""
    arn = target["Arn"]
    universal = _UNIVERSAL.fullmatch(arn)
    if universal is None:
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        if service in _TEMPLATED:
            return None
        known = f"{', '.join(_TEMPLATED)} and aws-sdk"
        return f"targets of {service or repr(arn)} are not invoked by this AWS; it invokes {known}"
    return None if _operation(universal) else f"{arn} names no operation of an AWS service."


def call(target: Mapping[str, Any], payload: str, environment: Mapping[str, str]) -> None:
    """Call a target with the credentials, region and endpoint of `environment`; ClientError is the target's refusal."""
    arn = target["Arn"]
    universal = _UNIVERSAL.fullmatch(arn)
    if universal:
        service, operation = _operation(universal) or ("", "")
        getattr(clients.client(service, environment), xform_name(operation))(**json.loads(payload))
        return
    service = arn.split(":")[2]
    client = clients.client("stepfunctions" if service == "states" else service, environment)
    if service == "lambda":
        client.invoke(FunctionName=arn, InvocationType="Event", Payload=payload.encode())
    elif service == "sqs":
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        url = queue_url(arn, environment)
        client.send_message(QueueUrl=url, MessageBody=payload, **({"MessageGroupId": group} if group else {}))
    elif service == "sns":
        client.publish(TopicArn=arn, Message=payload)
    elif service == "states":
        client.start_execution(stateMachineArn=arn, input=payload)
    else:
        parameters = target["EventBridgeParameters"]
        entry = {"Detail": payload, "DetailType": parameters["DetailType"], "Source": parameters["Source"]}
        client.put_events(Entries=[entry | {"EventBusName": arn}])


def queue_url(arn: str, environment: Mapping[str, str]) -> str:
    """A queue's URL on this AWS."""
    account, name = arn.split(":")[4:6]
    return f"{environment['AWS_ENDPOINT_URL']}/{account}/{name}"


def _operation(universal: "re.Match[str]") -> tuple[str, str] | None:
    service = _SDK_NAMES.get(universal["service"], universal["service"])
    try:
        names = service_model(service).operation_names
    except Exception:  # botocore has several kinds of error for a service that it does not know
        return None
    wanted = universal["action"].lower()
    return next(((service, name) for name in names if name.lower() == wanted), None)
