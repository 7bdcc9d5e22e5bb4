"""What a run on the mocked runtime has registered.

A mocked run shows what the engine is asked for. It does not show that AWS accepts it; validation against AWS's own
models is in test_native_schemas.py and test_baseline_request.py.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.components.mocked_runtime import Run
from tests.components.resource_types import BUCKET

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"


def bucket_name(run: Run) -> str:
    return str(run.one(BUCKET).outputs["bucket"])


def endpoint_name(run: Run) -> str:
    return str(run.one("aws:sagemaker/endpoint:Endpoint").outputs["name"])


def statements(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that the stack writes."""
    for item in run.resources:
        for key in ("policy", "assumeRolePolicy"):
            if key in item.inputs:
                yield from ((item.name, statement) for statement in json.loads(item.inputs[key])["Statement"])
