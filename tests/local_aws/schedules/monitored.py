"""An endpoint on the embedded AWS, and a monitor of it that a schedule runs."""

from datetime import timedelta
from typing import Any

import local_aws
from tests.local_aws.bench import SKLEARN, Bench

CLUSTER = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}}
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}
# A monitor of our own: it writes down its environment and says what the file next to it says.
SCRIPT = """
import json, os, pathlib
out = pathlib.Path(os.environ["output_path"])
root = out.parents[1]
window = pathlib.Path(os.environ["dataset_source"])
rows = sum(len(p.read_text().splitlines()) for p in window.rglob("*.jsonl"))
(out / "seen.json").write_text(json.dumps({"environment": dict(os.environ), "rows": rows}))
(root / "output/message").write_text("CompletedWithViolations: Job completed successfully with 2 violations.")
dimensions = [{"Name": "Endpoint", "Value": os.environ["sagemaker_endpoint_name"]}]
metric = {"MetricName": "rows", "Dimensions": dimensions, "Value": rows}
(root / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").write_text(json.dumps(metric) + "\\n")
if "fail" in os.environ:
    raise SystemExit("failed")
"""


class Monitored(Bench):
    """A bench with an endpoint, the script as the monitor, and the clock ten minutes past the hour."""

    def __init__(self, cloud: local_aws.LocalAws) -> None:
        super().__init__(cloud)
        self.endpoint_name = self.endpoint()
        self.script = self.put("code/monitor.py", SCRIPT)
        now = cloud.clock.now()
        self.hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        cloud.clock.advance_to(self.hour + timedelta(minutes=10))

    def data_quality(self, **changes: Any) -> str:
        request: dict[str, Any] = {
            "JobDefinitionName": f"{self.name}-data-quality",
            "DataQualityAppSpecification": {
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/record_preprocessor_script/monitor.py"],
                "RecordPreprocessorSourceUri": self.script,
                "Environment": {"mine": "yes"},
            },
            "DataQualityJobInput": {
                "EndpointInput": {"EndpointName": self.endpoint_name, "LocalPath": "/opt/ml/processing/input/endpoint"}
            },
            "DataQualityJobOutputConfig": self.output(),
            "JobResources": CLUSTER,
            "RoleArn": self.monitor_role(),
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        }
        self.sagemaker.create_data_quality_job_definition(**(request | changes))
        return str(request["JobDefinitionName"])

    def output(self) -> dict[str, Any]:
        output = {"S3Uri": f"s3://{self.bucket}/monitoring-results", "LocalPath": "/opt/ml/processing/output"}
        return {"MonitoringOutputs": [{"S3Output": output | {"S3UploadMode": "EndOfJob"}}]}

    def schedule(self, definition: str, kind: str = "DataQuality", **schedule: Any) -> str:
        name = f"{self.name}-schedule"
        config = {
            "ScheduleConfig": HOURLY | schedule,
            "MonitoringJobDefinitionName": definition,
            "MonitoringType": kind,
        }
        self.sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)
        return name

    def executions(self, schedule: str, **filters: Any) -> list[dict[str, Any]]:
        found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule, **filters)
        return list(found["MonitoringExecutionSummaries"])

    def until(self, minutes: int) -> None:
        """Advance to so many minutes after the hour that the bench began in."""
        self.cloud.clock.advance_to(self.hour + timedelta(minutes=minutes))
