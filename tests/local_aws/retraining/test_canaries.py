"""Blue/green deployments: a canary, its baking time, and the alarm that brings the old fleet back."""

import json
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.local_aws.bench import INFERENCE, Bench, wait_until

CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            "WaitIntervalInSeconds": 300,
        }
    }
}
BROKEN = {
    "model.json": "{}",
    "code/inference.py": "def model_fn(folder): return 1\ndef input_fn(data, kind): raise ValueError('never')\n",
}


def canary_of(bench: Bench, endpoint: str, files: dict[str, str] | None) -> dict[str, Any]:
    alarm = f"{bench.name}-errors"
    bench.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "Primary"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=2,  # all of the canary's share that the test sends: after the first a second of real time may pass
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    config = bench.config(bench.model(files))
    how = {**CANARY, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}}
    bench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=how)
    wait_until(lambda: bench.sagemaker.describe_endpoint(EndpointName=endpoint).get("PendingDeploymentSummary"))
    return {"config": config}


def test_a_canary_gets_its_share_and_then_everything(bench: Bench) -> None:
    endpoint = bench.endpoint()
    new = {"model.json": json.dumps({"weights": [7, 0, 0]}), "code/inference.py": INFERENCE}
    config = canary_of(bench, endpoint, new)["config"]
    answers = [bench.invoke(endpoint, "1,1,1")["Body"].read() for _ in range(8)]
    assert answers.count(b"7.0") == 2
    bench.cloud.clock.advance(timedelta(seconds=301))
    answers = [bench.invoke(endpoint, "1,1,1")["Body"].read() for _ in range(4)]
    assert answers == [b"7.0"] * 4
    assert bench.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Updating"
    bench.cloud.clock.advance(timedelta(seconds=301))
    found = bench.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", config)


def test_an_alarm_in_the_baking_time_brings_the_old_fleet_back(bench: Bench) -> None:
    endpoint = bench.endpoint()
    before = bench.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    canary_of(bench, endpoint, BROKEN)
    failed = 0
    for _ in range(8):
        try:
            bench.invoke(endpoint, "1,1,1")
        except ClientError:
            failed += 1
    assert failed == 2
    bench.cloud.clock.advance(timedelta(seconds=120))
    found = bench.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert found["FailureReason"].startswith("Auto-rollback: the alarm")
    assert [bench.invoke(endpoint, "1,1,1")["Body"].read() for _ in range(4)] == [b"111.0"] * 4
