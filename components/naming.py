"""Names: what resources are called, and the limits that AWS sets on that.

Pure functions over strings. Physical names are left to Pulumi (a readable stem and seven random characters), except
where a name must be known before its resource exists or must change with its content; those are made here.
"""

import hashlib
import json
import re
from typing import Any, Final

from contract import monitor_kinds

# SageMaker writes the logs of every endpoint and of every processing job of an account to these groups.
ENDPOINT_LOG_GROUPS: Final = "/aws/sagemaker/Endpoints"
PROCESSING_LOG_GROUP: Final = "/aws/sagemaker/ProcessingJobs"

SAGEMAKER_NAME_LENGTH: Final = 63
PULUMI_SUFFIX_LENGTH: Final = 8  # "-" and seven random hexadecimal characters
HASH_LENGTH: Final = 12

# The longest name built on a component's name is a schedule's: "{name}-endpoint-1a2b3c4-model-quality".
_LONGEST_KIND: Final = max(len(kind) for kind in monitor_kinds.KINDS)
MAX_COMPONENT_NAME: Final = SAGEMAKER_NAME_LENGTH - len("-endpoint") - PULUMI_SUFFIX_LENGTH - len("-") - _LONGEST_KIND
_COMPONENT_NAME = re.compile(r"[a-z]([a-z0-9]|-(?!-))*")


def component_name_problem(name: str) -> str | None:
    """What is wrong with a component's name, with the fix; None if it can be used.

    The name becomes part of the names of S3 buckets (lower case only) and of SageMaker's resources (63 characters).
    """
    if not _COMPONENT_NAME.fullmatch(name) or name.endswith("-"):
        return "must start with a lower-case letter and have only lower-case letters, digits and single hyphens"
    if len(name) > MAX_COMPONENT_NAME:
        return f"has {len(name)} characters; shorten it to {MAX_COMPONENT_NAME}, so that SageMaker's names fit into 63"
    return None


def s3_uri(bucket: str, *parts: str) -> str:
    """`s3://bucket/part/part`, never with a slash at its end (SageMaker would write to `…//endpoint/…`)."""
    return "/".join((f"s3://{bucket}", *(part.strip("/") for part in parts)))


def s3_parts(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix, without the slash at its end) of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key.strip("/")


def content_hash(*parts: bytes | str) -> str:
    """Twelve hexadecimal characters that change when any part changes (SHA-256; lengths keep the parts apart)."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:HASH_LENGTH]


def canonical_json(value: Any) -> str:
    """JSON that is the same text for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def fleet_bucket(account_id: str, region: str) -> str:
    """The bucket of an account's fleet: known to every stack of the account before there is a fleet."""
    return f"model-monitoring-results-{account_id}-{region}"


def adopted_stem(component_name: str, endpoint_name: str) -> str:
    """What a stack's schedules are named after if its endpoint is not its own.

    The endpoint's name may fill SageMaker's 63 characters, and others may watch the same endpoint.
    """
    return f"{component_name}-{content_hash(endpoint_name)}"


def schedule_name(stem: str, kind: str) -> str:
    """`stem-kind`; the stem is the endpoint's name, or of an endpoint that is not the stack's own `adopted_stem`.

    Unique as the endpoint is, and known before the schedule is made (its baseline carries it).
    """
    return f"{stem}-{kind}"


def open_schedule_name(stem: str, kind: str) -> str:
    """The open engine's schedule where Model Monitor has the one of the usual name: `stem-dq-open`."""
    return f"{stem}-{monitor_kinds.KINDS[kind].short}-open"


def stream_monitor_name(stem: str) -> str:
    """As what the stream of an endpoint is named in metrics, where a schedule's name stands: `stem-stream`."""
    return f"{stem}-stream"


def dashboard_name(stem: str, region: str) -> str:
    """Named after the same stem as the schedules, and known before the dashboard exists (notifications link to it).

    Dashboards are an account's and not a region's, and to put one of the same name overwrites: the region tells two
    stacks apart that watch endpoints of one name.
    """
    return f"{stem}-monitoring-{region}"


def dashboard_url(region: str, name: str) -> str:
    """The URL at which the console shows a dashboard; China and GovCloud have consoles of their own."""
    domain = "aws.amazon.com"
    if region.startswith("cn-"):
        domain = "amazonaws.cn"
    elif region.startswith("us-gov-"):
        domain = "amazonaws-us-gov.com"
    return f"https://{region}.console.{domain}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"
