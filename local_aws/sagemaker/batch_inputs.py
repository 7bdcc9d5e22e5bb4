"""What a schedule that watches transform jobs looks at: the manifests that their data capture wrote.

Source: API reference, BatchTransformInput; developer guide, "Capture data from batch transform job": manifests lie at
`{destination}/output/yyyy/mm/dd/hh/`, by the hour in which a job began; each names the objects that it wrote. Which of
both manifests the analyzer sees, and under which paths, is not published: here what the output's name. The ids that
`GenerateInferenceId` adds are what labels are joined by.
"""

import json
from collections.abc import Mapping
from typing import Any

from local_aws import clients
from local_aws.sagemaker.hosting.capture import hour_prefixes


def manifests(batch: Mapping[str, Any], s3: Any, start: Any, end: Any) -> dict[str, str]:
    """The manifests of the hours of `[start, end)`: their places below the input's local path, and their URIs."""
    destination = batch["DataCapturedDestinationS3Uri"].rstrip("/")
    bucket = clients.split_uri(destination)[0]
    found = {}
    for hour in hour_prefixes(start, end):
        for key in clients.list_keys(s3, f"{destination}/output/{hour}/"):
            name = key.rpartition("/")[2]
            if name.endswith(".json"):
                found[f"output/{hour}/{name.removesuffix('.json')}"] = f"s3://{bucket}/{key}"
    return found


def dataset_format(batch: Mapping[str, Any], monitoring_type: str, *, is_merged: bool) -> str:
    """The variable `dataset_format`: of merged rows that of the merge, else the definition's own in small letters."""
    if is_merged:
        # The whole row is the answer's side; where the input is joined to it, it stands in front.
        options = {"captureIndexNames": ["endpointOutput"]}
        last = {} if monitoring_type == "ModelQuality" else {"output_columns_position": "END"}
        return json.dumps({"sagemakerMergeJson": {**options, **last}})
    given: Mapping[str, Any] = batch["DatasetFormat"]
    if "Csv" in given:
        return json.dumps({"csv": {"header": bool(given["Csv"].get("Header", False))}})
    if "Json" in given:
        return json.dumps({"json": {"line": bool(given["Json"].get("Line", True))}})
    return json.dumps({"parquet": {}})
