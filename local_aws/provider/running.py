"""An embedded AWS that somebody else started, found by the environment that every AWS SDK reads."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import boto3

from local_aws.apply.errors import ApplyError
from local_aws.launcher import client_config

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class RunningCloud:
    """What ``local_aws.apply`` needs of an embedded AWS (``local_aws.apply.calls.Cloud``), from another process.

    Raises ApplyError where the environment names none: these providers must never be taken for the real ones, and
    never reach an AWS that is not on this machine.
    """

    def __init__(self) -> None:
        self.endpoint_url = os.environ.get("AWS_ENDPOINT_URL", "")
        if urlsplit(self.endpoint_url).hostname not in LOOPBACK:
            raise ApplyError(
                f"AWS_ENDPOINT_URL is {self.endpoint_url!r}, which is no embedded AWS on this machine: run the export"
                " lines that `make local-aws` prints, or take its folder of providers off the PATH"
            )
        missing = [name for name in CREDENTIALS if not os.environ.get(name)]
        if missing:
            raise ApplyError(f"{' and '.join(missing)} not set: run the export lines that `make local-aws` prints")
        self.region: str = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        sts = boto3.client("sts", endpoint_url=self.endpoint_url, region_name=self.region, config=client_config())
        self.account_id: str = sts.get_caller_identity()["Account"]

    def environment(self) -> dict[str, str]:
        """The credentials."""
        names = (*CREDENTIALS, "AWS_SESSION_TOKEN")
        return {name: os.environ[name] for name in names if os.environ.get(name)}

    def guard(self, client: Any) -> None:
        """Nothing to add: a server that is gone refuses the connection."""
