"""A bench that builds things on an embedded AWS."""

import functools
import io
import itertools
import json
import tarfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import local_aws

START = datetime(2026, 1, 5, 9, 10, tzinfo=UTC)
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
INFERENCE = """
import json, os

def model_fn(model_dir):
    with open(os.path.join(model_dir, "model.json")) as file:
        return json.load(file)["weights"]

def input_fn(data, content_type):
    if data == "die":
        os._exit(3)
    if data == "raise":
        raise ValueError("no such row")
    return [float(value) for value in data.split(",")]

def predict_fn(row, weights):
    return sum(w * value for w, value in zip(weights, row))

def output_fn(prediction, accept):
    print("a line for the log")
    return repr(prediction), accept if accept == "text/csv" else "application/json"
"""
MODEL = {"model.json": json.dumps({"weights": [1, 10, 100]}), "code/inference.py": INFERENCE}
CONTAINER = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
_names = itertools.count(1)


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The condition's first true value; fails after a limit."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)


def tarball(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return stream.getvalue()


def zipped(source: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), source)  # without the time: the same source is the same archive
    return stream.getvalue()


def statement(
    action: str | list[str], resource: str | list[str], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    found = {"Effect": "Allow", "Action": action, "Resource": resource}
    return found | ({"Condition": condition} if condition else {})


def pull(repository: str = "*") -> list[dict[str, Any]]:
    """What a role needs to run an image."""
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [statement(actions, repository), statement("ecr:GetAuthorizationToken", "*")]


class Bench:
    """Builds resources with names of its own, so that tests can share a server."""

    def __init__(self, cloud: local_aws.LocalAws) -> None:
        self.cloud = cloud
        self.name = f"t{next(_names)}"
        self.s3, self.iam, self.sagemaker = (cloud.client(service) for service in ("s3", "iam", "sagemaker"))
        self.runtime = cloud.client("sagemaker-runtime")
        self.bucket = f"bucket-of-{self.name}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, body: str | bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str = "") -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def role(self, label: str, *statements: dict[str, Any], service: str = "sagemaker.amazonaws.com") -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        name = f"{self.name}-{label}"
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return arn

    @functools.cache  # noqa: B019 - a bench lives as long as its test
    def model_role(self) -> str:
        return self.role(
            "model",
            statement("s3:GetObject", f"arn:aws:s3:::{self.bucket}/model-artifacts/*"),
            statement("s3:PutObject", f"arn:aws:s3:::{self.bucket}/captured-data/*"),
            *pull("arn:aws:ecr:*:683313688378:repository/sagemaker-scikit-learn"),
        )

    @functools.cache  # noqa: B019 - a bench lives as long as its test
    def monitor_role(self) -> str:
        return self.role(
            "monitor",
            statement("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*"),
            statement("s3:ListBucket", f"arn:aws:s3:::{self.bucket}"),
            statement("s3:PutObject", f"arn:aws:s3:::{self.bucket}/monitoring-results/*"),
            *pull(),
            statement(
                "cloudwatch:PutMetricData",
                "*",
                {
                    "StringEquals": {
                        "cloudwatch:namespace": [
                            "aws/sagemaker/Endpoints/data-metrics",
                            "aws/sagemaker/Endpoints/model-metrics",
                        ]
                    }
                },
            ),
            statement(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                "arn:aws:logs:*:*:log-group:/aws/sagemaker/ProcessingJobs*",
            ),
        )

    def model(
        self,
        files: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
        role: str = "",
        *,
        isolated: bool = False,
    ) -> str:
        name = f"{self.name}-model-{next(_names)}"
        url = self.put(f"model-artifacts/{name}/model.tar.gz", tarball(files or MODEL))
        container = {
            "Image": SKLEARN,
            "ModelDataUrl": url,
            "Environment": CONTAINER if environment is None else environment,
        }
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role or self.model_role(),
            PrimaryContainer=container,
            EnableNetworkIsolation=isolated,
        )
        return name

    def config(self, model: str, **capture: Any) -> str:
        name = f"{self.name}-config-{next(_names)}"
        settings = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.bucket}/captured-data",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        }
        variant = {
            "VariantName": "Primary",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.t2.medium",
        }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=settings | capture
        )
        return name

    def endpoint(self, config: str | None = None) -> str:
        """An endpoint with the sample model, in service."""
        name = f"{self.name}-ep"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config or self.config(self.model()))
        description = self.settled(name)
        assert description["EndpointStatus"] == "InService", description
        return name

    def settled(self, endpoint: str) -> Any:
        """The endpoint's description once it is neither creating nor updating."""

        def described() -> Any:
            found = self.sagemaker.describe_endpoint(EndpointName=endpoint)
            return None if found["EndpointStatus"] in ("Creating", "Updating") else found

        return wait_until(described)

    def invoke(self, endpoint: str, body: str | bytes, **options: Any) -> Any:
        return self.runtime.invoke_endpoint(
            EndpointName=endpoint, Body=body, **({"ContentType": "text/csv", "Accept": "text/csv"} | options)
        )

    def captured(self, endpoint: str) -> list[dict[str, Any]]:
        """All captured records of an endpoint, once what is buffered has been written."""
        self.cloud.clock.advance(timedelta(0))
        keys = self.keys(f"captured-data/{endpoint}/")
        return [json.loads(line) for key in keys for line in self.get(key).decode().splitlines()]

    def job(self, script: str, role: str, **changes: Any) -> str:
        """Start a processing job that runs a script in the scikit-learn image."""
        name = f"{self.name}-job-{next(_names)}"
        uri = self.put(f"code/{name}.py", script)
        request = {
            "AppSpecification": {
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", f"/opt/ml/processing/code/{name}.py"],
            },
            "ProcessingInputs": [processing_input("code", uri, "/opt/ml/processing/code")],
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
            },
            "RoleArn": role,
        }
        self.sagemaker.create_processing_job(ProcessingJobName=name, **(request | changes))
        return name

    def finished(self, job: str) -> Any:
        def described() -> Any:
            found = self.sagemaker.describe_processing_job(ProcessingJobName=job)
            return found if found["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return wait_until(described)


def processing_input(name: str, uri: str, path: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source}


def processing_output(uri: str, mode: str = "EndOfJob") -> dict[str, Any]:
    output = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": mode}
    return {"Outputs": [{"OutputName": "result", "S3Output": output}]}
