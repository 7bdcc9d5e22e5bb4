"""How often Lambda delivers an event whose handling fails, and which delivery this is: Lambda does not say."""

import json
from collections.abc import Callable
from typing import Any

from functions.common.json_logging import attempt
from functions.common.s3_objects import read_json_or_none

# Lambda's own: the first and two retries (components/functions/function.py, RETRIES).
DELIVERIES = 3


def count_delivery(s3: Any, bucket: str, key: str) -> int:
    """Count a delivery that failed, in the object `key`; how many there were."""
    found = read_json_or_none(s3, bucket, key)
    before = int(found[0]["tries"]) if found is not None else 0
    s3.put_object(
        Bucket=bucket, Key=key, Body=json.dumps({"tries": before + 1}).encode(), ContentType="application/json"
    )
    return before + 1


def delivery_of(count: Callable[[], int], schedule: str) -> int | None:
    """Which of Lambda's deliveries this one is; None if it cannot be counted."""
    tries: list[int] = []
    attempt("how often the run was tried could not be kept", lambda: tries.append(count()), schedule=schedule)
    return tries[0] if tries else None
