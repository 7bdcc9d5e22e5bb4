"""The provider functions (invokes) that a program may call, answered as pulumi-aws answers them.

To add one, write a function from ``Lookup`` to the result in camelCase and put it into ``LOOKUPS`` under its token.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session

from local_aws.apply.calls import Api
from local_aws.apply.errors import ApplyError, UnsupportedError

POLICY_VERSION = "2012-10-17"
IMAGES = Path(__file__).with_name("prebuilt_images.json")


@dataclass(frozen=True)
class Lookup:
    """One call of a provider function: its token, its plain camelCase arguments, and the account and region to ask."""

    token: str
    args: Mapping[str, Any]
    api: Api


def caller_identity(lookup: Lookup) -> dict[str, Any]:
    """``aws.get_caller_identity``."""
    me = lookup.api("sts", "GetCallerIdentity")
    return {"accountId": me["Account"], "arn": me["Arn"], "userId": me["UserId"], "id": me["Account"]}


def region(lookup: Lookup) -> dict[str, Any]:
    """``aws.get_region``."""
    name = lookup.args.get("region") or lookup.args.get("name") or lookup.api.region
    regions = {key: value for item in _partitions() for key, value in item["regions"].items()}
    if name not in regions:
        raise ApplyError(f"there is no region {name!r}")
    endpoint = f"ec2.{name}.{_dns_suffix(name)}"
    return {"id": name, "name": name, "region": name, "description": regions[name]["description"], "endpoint": endpoint}


def partition(lookup: Lookup) -> dict[str, Any]:
    """``aws.get_partition``."""
    name = _partition_of(lookup.api.region)["partition"]
    suffix = _dns_suffix(lookup.api.region)
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": name, "partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def prebuilt_ecr_image(lookup: Lookup) -> dict[str, Any]:
    """``aws.sagemaker.get_prebuilt_ecr_image``: only a path; as with the provider, the image need not exist."""
    repository = lookup.args["repositoryName"]
    where = lookup.args.get("region") or lookup.api.region
    table = json.loads(IMAGES.read_text())["repositories"]
    if repository not in table:
        raise UnsupportedError(
            f"{lookup.token}: no accounts known for {repository!r}; add them with their source to {IMAGES.name}"
        )
    account = table[repository].get(where)
    if account is None:
        raise ApplyError(f"no registry ID available for region ({where}) and repository ({repository})")
    tag = lookup.args.get("imageTag") or "1"  # the provider's default
    suffix = lookup.args.get("dnsSuffix") or _dns_suffix(where)
    return {
        "id": account,
        "registryId": account,
        "registryPath": f"{account}.dkr.ecr.{where}.{suffix}/{repository}:{tag}",
        "repositoryName": repository,
        "imageTag": tag,
        "dnsSuffix": suffix,
        "region": where,
    }


def s3_object(lookup: Lookup) -> dict[str, Any]:
    """``aws.s3.get_object``, without the body: what a program compares."""
    bucket, key = lookup.args["bucket"], lookup.args["key"]
    where = {"Bucket": bucket, "Key": key}
    if lookup.args.get("versionId"):
        where["VersionId"] = lookup.args["versionId"]
    found = lookup.api("s3", "HeadObject", **where)
    return {
        "id": f"{bucket}/{key}",
        "bucket": bucket,
        "key": key,
        "arn": f"arn:{_partition_of(lookup.api.region)['partition']}:s3:::{bucket}/{key}",
        "etag": found["ETag"].strip('"'),
        "versionId": found.get("VersionId", ""),
        "contentLength": found["ContentLength"],
        "contentType": found.get("ContentType", ""),
        "region": lookup.api.region,
    }


def policy_document(lookup: Lookup) -> dict[str, Any]:
    """``aws.iam.get_policy_document``: as the provider writes it, with a list of one as its element."""
    args = lookup.args
    sources = [json.loads(text) for text in args.get("sourcePolicyDocuments") or []]
    overrides = [json.loads(text) for text in args.get("overridePolicyDocuments") or []]
    statements: list[dict[str, Any]] = []
    for statement in [item for source in sources for item in _listed(source.get("Statement"))]:
        if statement.get("Sid") and any(statement["Sid"] == other.get("Sid") for other in statements):
            raise ApplyError(f"{lookup.token}: two source documents have a statement {statement['Sid']!r}")
        statements.append(statement)
    own = [_statement(item, args.get("version") or POLICY_VERSION) for item in args.get("statements") or []]
    for statement in own + [item for override in overrides for item in _listed(override.get("Statement"))]:
        same = [
            i for i, other in enumerate(statements) if statement.get("Sid") and other.get("Sid") == statement["Sid"]
        ]
        if same:
            statements[same[0]] = statement
        else:
            statements.append(statement)
    document: dict[str, Any] = {"Version": args.get("version") or POLICY_VERSION}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    minified = json.dumps(document, separators=(",", ":"))
    return {"id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)), "json": text, "minifiedJson": minified}


def _statement(args: Mapping[str, Any], version: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if args.get("sid"):
        result["Sid"] = args["sid"]
    result["Effect"] = args.get("effect") or "Allow"
    for name, member in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if args.get(name):
            result[member] = _single([_variable(text, version) for text in args[name]])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if args.get(name):
            result[member] = _principals(args[name])
    conditions: dict[str, dict[str, Any]] = {}
    for condition in args.get("conditions") or []:
        values = [_variable(text, version) for text in condition["values"]]
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _single(values)
    if conditions:
        result["Condition"] = conditions
    return result


def _principals(given: list[Mapping[str, Any]]) -> Any:
    if any(item["type"] == "*" for item in given):
        return "*"
    by_type: dict[str, list[str]] = {}
    for item in given:
        by_type.setdefault(item["type"], []).extend(item["identifiers"])
    return {kind: _single(names) for kind, names in by_type.items()}


def _variable(text: str, version: str) -> str:
    """The provider writes policy variables as ``&{aws:username}``, since Terraform would read ``${…}`` itself."""
    return text.replace("&{", "${") if version != "2008-10-17" else text


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


@functools.cache
def _partitions() -> list[dict[str, Any]]:
    """AWS's partitions and their regions, as botocore ships them."""
    partitions: list[dict[str, Any]] = botocore.session.get_session().get_data("endpoints")["partitions"]
    return partitions


def _partition_of(region_name: str) -> dict[str, Any]:
    for item in _partitions():
        if region_name in item["regions"] or re.match(item["regionRegex"], region_name):
            return item
    raise ApplyError(f"there is no region {region_name!r}")


def _dns_suffix(region_name: str) -> str:
    return str(_partition_of(region_name)["dnsSuffix"])


LOOKUPS: dict[str, Callable[[Lookup], dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getRegion:getRegion": region,
    "aws:index/getPartition:getPartition": partition,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:s3/getObject:getObject": s3_object,
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": prebuilt_ecr_image,
}
