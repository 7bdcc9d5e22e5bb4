"""A provider's own configuration: which account and region its resources go to, and the tags that it adds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.apply.calls import Api, Cloud, Credentials, clients_of
from local_aws.apply.errors import ApplyError, UnsupportedError
from local_aws.apply.resource_types import keys

PACKAGES = ("aws", "aws-native")
KNOWN = keys("accessKey secretKey token assumeRoles defaultTags allowedAccountIds")
# Provider inputs that change nothing here: they only spare real providers look-ups, or say how to log and retry.
IGNORED = keys(
    "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId maxRetries retryMode"
    " skipGetEc2Platforms version httpProxy insecure s3UsePathStyle stsRegion useDualstackEndpoint useFipsEndpoint"
)


@dataclasses.dataclass(frozen=True)
class Provider:
    """Where a provider's resources go: account and region, and the tags that it puts on them."""

    api: Api
    account_id: str
    default_tags: Mapping[str, str]
    directory: Path = Path()
    """Where a program is, against which its relative files are meant."""

    def in_region(self, region: str | None) -> Provider:
        """The same provider for a resource that names a region of its own."""
        return dataclasses.replace(self, api=dataclasses.replace(self.api, region=region)) if region else self


def configured(package: str, config: Mapping[str, Any], cloud: Cloud) -> Provider:
    """The provider that a configuration describes; what is no plain string in it may be JSON text.

    Raises UnsupportedError for a package or an input that is not carried out here, ApplyError where the account is
    not one of `allowedAccountIds`, and RequestError where a role cannot be assumed.
    """
    if package not in PACKAGES:
        raise UnsupportedError(f"provider {package!r} is not known; aws and aws-native are")
    config = {key: _decoded(value) for key, value in config.items() if value is not None}
    if unknown := sorted(set(config) - KNOWN - IGNORED):
        raise UnsupportedError(f"provider {package}: {', '.join(unknown)} is not carried out here")
    credentials = None
    if "accessKey" in config:
        credentials = Credentials(config["accessKey"], config["secretKey"], config.get("token"))
    api = Api(clients_of(cloud), config.get("region") or cloud.region, credentials)
    for role in config.get("assumeRoles") or []:
        answer = api(
            "sts",
            "AssumeRole",
            RoleArn=role["roleArn"],
            RoleSessionName=role.get("sessionName") or "pulumi",
            ExternalId=role.get("externalId"),
        )["Credentials"]
        session = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        api = dataclasses.replace(api, credentials=session)
    account = cloud.account_id if api.credentials is None else api("sts", "GetCallerIdentity")["Account"]
    allowed = config.get("allowedAccountIds")
    if allowed and account not in allowed:
        raise ApplyError(f"provider {package}: account {account} is not one of the allowed {', '.join(allowed)}")
    return Provider(api, account, (config.get("defaultTags") or {}).get("tags") or {})


def _decoded(value: Any) -> Any:
    if (isinstance(value, str) and value[:1] in {"{", "["}) or value in {"true", "false"}:
        return json.loads(value)
    return value
