"""boto3 clients, made once for the life of the execution environment."""

import functools
from typing import Any

import boto3
from botocore.config import Config

# Short timeouts: boto3's default of 60 s would use up a function's whole time on one lost connection.
_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})


@functools.cache
def client(service: str) -> Any:
    """The client of `service` in the function's region."""
    return boto3.client(service, config=_CONFIG)


def error_code(error: Exception) -> str:
    """AWS's code of a botocore ClientError (`AccessDenied`, ...); the exception's class name for anything else."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = response.get("Error", {}).get("Code")
        if code:
            return str(code)
    return type(error).__name__
