"""What a run on the mocked runtime has registered."""

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
