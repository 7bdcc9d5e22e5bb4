"""AWS in memory: enough of it for the functions, with AWS's own errors, each request held against botocore's model."""

import bisect
import functools
import hashlib
import io
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

_STATUS = {"AccessDenied": 403, "NoSuchKey": 404, "PreconditionFailed": 412, "ConditionalRequestConflict": 409}


def client_error(code: str, operation: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": f"{code} (from the fake)"},
            "ResponseMetadata": {"HTTPStatusCode": _STATUS.get(code, 400)},
        },
        operation,
    )


@functools.cache
def _service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


class _Service:
    """Checks requests by the service's model, remembers them, and fails where a test says so."""

    service = ""

    def __init__(self) -> None:
        self._model = _service_model(self.service)
        self._failures: dict[str, list[str]] = defaultdict(list)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()
        self.refuses: Callable[[], str | None] | None = None
        """AWS's code for what refuses a request after all of the client's own attempts; None for one that it takes."""

    def fail(self, operation: str, *codes: str) -> None:
        """The next calls of `operation` fail with these error codes, one each."""
        self._failures[operation].extend(codes)

    def _enter(self, operation: str, request: dict[str, Any]) -> None:
        report = ParamValidator().validate(request, self._model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
        self.calls.append((operation, request))
        if self.refuses is not None and (code := self.refuses()) is not None:
            raise client_error(code, operation)
        if self._failures[operation]:
            raise client_error(self._failures[operation].pop(0), operation)

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


class FakeS3(_Service):
    """One bucket; pages of three keys, so that every listing of more is paged."""

    service = "s3"

    def __init__(self, bucket: str = "churn-data") -> None:
        super().__init__()
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}
        """When an object was written; a test may say otherwise."""
        self.denied_prefixes: tuple[str, ...] = ()
        self.page = 3
        self.now: Callable[[], datetime] = lambda: datetime(2026, 11, 23, tzinfo=UTC)
        self._sorted: tuple[int, list[str]] = (-1, [])

    def put(self, key: str, content: Any) -> None:
        self.objects[key] = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.modified[key] = self.now()

    def expire(self, key: str) -> None:
        del self.objects[key]
        self.modified.pop(key, None)

    def json(self, key: str) -> Any:
        return json.loads(self.objects[key])

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def _after(self, prefix: str, after: str) -> list[str]:
        """Keys with a prefix behind a key; of very many the order is kept while none is added."""
        if len(self.objects) < 1000 or self._sorted[0] != len(self.objects):
            self._sorted = (len(self.objects), sorted(self.objects))
        keys = self._sorted[1]
        start = max(bisect.bisect_left(keys, prefix), bisect.bisect_right(keys, after))
        end = bisect.bisect_left(keys, prefix + chr(0x10FFFF))
        return keys[start:end]

    def _check(self, operation: str, request: dict[str, Any], key: str) -> None:
        self._enter(operation, request)
        assert request["Bucket"] == self.bucket
        if key.startswith(self.denied_prefixes or ("\0",)):
            raise client_error("AccessDenied", operation)

    def put_object(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            key = request["Key"]
            self._check("PutObject", request, key)
            found = self.objects.get(key)
            if request.get("IfNoneMatch") == "*" and found is not None:
                raise client_error("PreconditionFailed", "PutObject")
            if "IfMatch" in request and found is None:
                raise client_error("NoSuchKey", "PutObject")
            if "IfMatch" in request and found is not None and request["IfMatch"] != _etag(found):
                raise client_error("PreconditionFailed", "PutObject")
            if found is None and self._sorted[0] == len(self.objects):
                bisect.insort(self._sorted[1], key)
                self._sorted = (len(self.objects) + 1, self._sorted[1])
            self.objects[key] = request["Body"]
            self.modified[key] = self.now()
            return {"ETag": _etag(request["Body"])}

    def get_object(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            self._check("GetObject", request, request["Key"])
            if request["Key"] not in self.objects:
                # As AWS answers a role that may list some prefixes only: it is not told whether the key exists.
                raise client_error("AccessDenied", "GetObject")
            body = self.objects[request["Key"]]
            return {"Body": io.BytesIO(body), "ETag": _etag(body), "LastModified": self._moment(request["Key"])}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.get_object(Bucket=bucket, Key=key)["Body"].read())

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.put_object(Bucket=bucket, Key=key, Body=Path(path).read_bytes())

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            self._check("ListObjectsV2", request, request["Prefix"])
            after = request.get("ContinuationToken", request.get("StartAfter", ""))
            matching = self._after(request["Prefix"], after)
            page = matching[: min(self.page, request.get("MaxKeys", 1000))]
            if "Delimiter" in request:
                below = [key for key in matching if "/" in key[len(request["Prefix"]) :]]
                folders = {key[: key.index("/", len(request["Prefix"])) + 1] for key in below}
                return {"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)], "IsTruncated": False}
            answer: dict[str, Any] = {
                "Contents": [
                    {
                        "Key": key,
                        "Size": len(self.objects[key]),
                        "LastModified": self._moment(key),
                        "ETag": _etag(self.objects[key]),
                    }
                    for key in page
                ],
                "IsTruncated": len(matching) > len(page),
            }
            if not page:
                del answer["Contents"]
            if answer["IsTruncated"]:
                answer["NextContinuationToken"] = page[-1]
            return answer

    def _moment(self, key: str) -> datetime:
        return self.modified.get(key) or self.now()


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


class FakeSns(_Service):
    service = "sns"

    def __init__(self) -> None:
        super().__init__()
        self.published: list[dict[str, Any]] = []

    def publish(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            self._enter("Publish", request)
            subject = request["Subject"]
            assert 0 < len(subject) <= 100
            assert subject.isascii()
            assert subject.isprintable()
            attributes = request["MessageAttributes"].values()
            assert all(value["StringValue"] for value in attributes), "SNS refuses empty attribute values"
            assert len(request["Message"].encode()) < 256 * 1024
            self.published.append(request)
            return {"MessageId": f"message-{len(self.published)}"}


class FakeCloudWatch(_Service):
    service = "cloudwatch"

    def put_metric_data(self, **request: Any) -> dict[str, Any]:
        self._enter("PutMetricData", request)
        return {}


class FakeSageMaker(_Service):
    service = "sagemaker"

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, list[tuple[str, str, str | None]]] = {}
        """Status, configuration and reason, one after the other; the last one stays."""

    def create_processing_job(self, **request: Any) -> dict[str, Any]:
        self._enter("CreateProcessingJob", request)
        name = request["ProcessingJobName"]
        if name in self.jobs:
            raise client_error("ResourceInUse", "CreateProcessingJob")
        arn = f"arn:aws:sagemaker:eu-central-1:111122223333:processing-job/{name}"
        self.jobs[name] = {**request, "ProcessingJobArn": arn, "ProcessingJobStatus": "InProgress"}
        return {"ProcessingJobArn": arn}

    def describe_processing_job(self, **request: Any) -> dict[str, Any]:
        self._enter("DescribeProcessingJob", request)
        try:
            return self.jobs[request["ProcessingJobName"]]
        except KeyError:
            raise client_error("ResourceNotFound", "DescribeProcessingJob") from None

    def describe_endpoint(self, **request: Any) -> dict[str, Any]:
        self._enter("DescribeEndpoint", request)
        states = self.endpoints[request["EndpointName"]]
        status, configuration, reason = states.pop(0) if len(states) > 1 else states[0]
        return {"EndpointStatus": status, "EndpointConfigName": configuration, "FailureReason": reason}


class FakeScheduler(_Service):
    """Schedules of one time; those that were made, by their names."""

    service = "scheduler"

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, dict[str, Any]] = {}
        self.now: datetime | None = None
        """If a test says it, times before it are refused."""

    def create_schedule(self, **request: Any) -> dict[str, Any]:
        self._enter("CreateSchedule", request)
        due = datetime.strptime(request["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        if self.now is not None and due < self.now:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "The time is in the past"}}, "CreateSchedule"
            )
        if request["Name"] in self.made:
            raise client_error("ConflictException", "CreateSchedule")
        self.made[request["Name"]] = request
        return {"ScheduleArn": f"arn:aws:scheduler:eu-central-1:111122223333:schedule/looks/{request['Name']}"}


class FakeLambda(_Service):
    service = "lambda"

    def invoke(self, **request: Any) -> dict[str, Any]:
        self._enter("Invoke", request)
        return {"StatusCode": 202}
