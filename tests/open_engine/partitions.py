"""Partitions of a plain prefix, as a team's own job writes them, and what the runs over them left."""

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.open_engine.watched import Watched

BUCKET = "the-teams-partitions"
ROWS = 300


def scored(stack: Watched, requests: Any) -> list[dict[str, Any]]:
    """Rows as a team's own job writes them: the inputs, the model's answer, and an id."""
    constraints = stack.document(stack.outputs["constraints_uri"].removeprefix(f"s3://{stack.bucket}/"))
    names = [item["name"] for item in constraints["features"]]
    runtime = stack.cloud.client("sagemaker-runtime")
    payloads = [request.payload for request in requests]
    body = "\n".join(payloads)
    answer = runtime.invoke_endpoint(EndpointName=stack.endpoint, ContentType="text/csv", Body=body.encode())
    answers = list(csv.reader(io.StringIO(answer["Body"].read().decode())))
    rows = [
        [*map(float, said), *map(float, payload.split(","))] for said, payload in zip(answers, payloads, strict=True)
    ]
    return [{"id": f"row-{number}", **dict(zip(names, row, strict=True))} for number, row in enumerate(rows)]


def write(stack: Watched, partition: str, rows: list[dict[str, Any]], *, files: int = 3, prefix: str = "part") -> None:
    s3 = stack.cloud.client("s3")
    size = -(-len(rows) // files)
    for number, some in enumerate(rows[first : first + size] for first in range(0, len(rows), size)):
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(some), buffer)
        key = f"scores/{partition}/{prefix}-{number}.snappy.parquet"
        s3.put_object(Bucket=BUCKET, Key=key, Body=buffer.getvalue())


def runs(stack: Watched) -> list[dict[str, Any]]:
    """The batches' jobs that have ended, oldest first."""
    sagemaker = stack.cloud.client("sagemaker")
    found = sagemaker.list_processing_jobs(NameContains="-bt-", SortOrder="Ascending")["ProcessingJobSummaries"]
    jobs = [sagemaker.describe_processing_job(ProcessingJobName=item["ProcessingJobName"]) for item in found]
    return [job for job in jobs if job["ProcessingJobStatus"] != "InProgress"]


def documents(stack: Watched, job: dict[str, Any]) -> dict[str, Any]:
    uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].removeprefix(f"s3://{stack.bucket}/")
    keys = [key for key in stack.keys(f"{uri}/") if key.endswith(".json")]
    return {key.rpartition("/")[2]: stack.document(key) for key in keys}
