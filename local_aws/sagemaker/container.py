"""One instance of a processing job: its `/opt/ml`, its process, what it leaves.

Contract of the container: developer guide, "Build your own processing container" and "Container contract" of Model
Monitor: /opt/ml/config/{processingjobconfig,resourceconfig}.json, /opt/ml/output/message, and
/opt/ml/output/metrics/cloudwatch/*.jsonl, which the platform publishes for monitoring jobs.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws import clients
from local_aws.forking import ForkServer, Process
from local_aws.sagemaker import images, inputs
from local_aws.sagemaker.clarify import MODEL_PATH
from local_aws.sagemaker.inputs import InputFailed, Share
from local_aws.sagemaker.store import Document

MESSAGE_BYTES = 1024
# SageMaker tells a container AWS_REGION alone, of which boto3 knows nothing.
_DEFAULT_REGION = "AWS_DEFAULT_REGION"
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

# What a monitoring job imports of third parties; Amazon's SDK is half of what a small one takes.
_PYTHON = ForkServer(
    (
        *("numpy", "numpy.random", "scipy.special", "pyarrow.compute", "pyarrow.parquet"),
        *("boto3", "boto3.s3.inject", "botocore.handlers", "s3transfer.subscribers"),
    ),
    preparation=Path(__file__).parents[1] / "sdk_files.py",
)


@dataclass
class Instance:
    """An instance: `ml_root` is what the container sees as /opt/ml."""

    job: Document
    share: Share
    ml_root: Path
    process: Process | None = None

    @property
    def host(self) -> str:
        """Its name among the job's hosts."""
        return f"algo-{self.share.index + 1}"

    @property
    def log(self) -> Path:
        """What the process writes to standard output and standard error."""
        return self.ml_root.parent / "log"

    def prepare(self, s3: Any) -> None:
        """Lay out the directories and configuration, and fetch the inputs."""
        for name in ("config", "output/metrics/cloudwatch", "processing"):
            (self.ml_root / name).mkdir(parents=True)
        request = {name: value for name, value in self.job.request.items() if name != "Tags"}
        config = json.dumps(request | {"ProcessingJobArn": self.job.arn})
        (self.ml_root / "config/processingjobconfig.json").write_text(config)
        hosts = [f"algo-{number + 1}" for number in range(self.share.of)]
        resources = json.dumps({"current_host": self.host, "hosts": hosts})
        (self.ml_root / "config/resourceconfig.json").write_text(resources)
        for output in self._outputs():
            self._inside(output["LocalPath"]).mkdir(parents=True, exist_ok=True)
        if (model := self.job.state.get("_Model")) is not None:
            path = self._inside(MODEL_PATH)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(model)
        for item in self.job.request.get("ProcessingInputs") or []:
            path = (item.get("S3Input") or {}).get("LocalPath", "/opt/ml/processing/")
            inputs.fetch(item, s3, self._inside(path), self.share)

    def start(self, session: Mapping[str, str]) -> Process:
        """Start the container's process under the job's role; with network isolation it has no credentials."""
        app = self.job.request["AppSpecification"]
        variables = images.environment(app, self.job.request.get("Environment") or {}, self.ml_root)
        directory = self.ml_root.parent
        base = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(directory), "HOME": str(directory)}
        isolated = (self.job.request.get("NetworkConfig") or {}).get("EnableNetworkIsolation", False)
        withheld = {_DEFAULT_REGION, *(_CREDENTIALS if isolated else ())}
        session = {name: value for name, value in session.items() if name not in withheld}
        with self.log.open("wb") as output:
            self.process = _PYTHON.start(
                images.command(app, self.ml_root),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=base | variables | session | {"PROCESSING_JOB_ARN": self.job.arn},
            )
        return self.process

    def kill(self) -> None:
        """Kill the process, if it runs."""
        if self.process:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)

    def message(self) -> str:
        """What the process left in output/message."""
        path = self.ml_root / "output/message"
        return path.read_bytes()[:MESSAGE_BYTES].decode(errors="replace").strip() if path.is_file() else ""

    def metrics(self) -> list[dict[str, Any]]:
        """The metric data that a monitoring job left for the platform to publish."""
        found = []
        for path in sorted((self.ml_root / "output/metrics/cloudwatch").glob("*.jsonl")):
            found += [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        return found

    def store_outputs(self, s3: Any, *, failed: bool) -> None:
        """Upload the outputs. EndOfJob uploads only what a job completed; Continuous has uploaded as files appeared."""
        for output in self._outputs():
            if not failed or output["S3UploadMode"] == "Continuous":
                key = self._key()
                encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
                clients.upload(s3, self._inside(output["LocalPath"]), output["S3Uri"], **encryption)

    def _key(self) -> str | None:
        key: str | None = (self.job.request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
        return key

    def _outputs(self) -> list[Mapping[str, Any]]:
        config = self.job.request.get("ProcessingOutputConfig") or {}
        for output in config.get("Outputs", []):
            if "S3Output" not in output:
                raise InputFailed(f"the output {output['OutputName']} has no S3Output; others are not supported here")
        return [output["S3Output"] for output in config.get("Outputs", [])]

    def _inside(self, local_path: str) -> Path:
        if not local_path.startswith("/opt/ml/processing/"):
            raise InputFailed(f"the local path {local_path} does not begin with /opt/ml/processing/")
        return self.ml_root / local_path.removeprefix("/opt/ml/")
