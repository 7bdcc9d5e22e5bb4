"""Who decides which model serves: with retraining not a deployment, and a deployment that would says so."""

import shutil

import pytest

from deployment.errors import AutomationError
from tests.engine.lab import PROJECT, Lab


@pytest.mark.matrix
def test_another_model_is_refused_while_retraining_decides_what_serves(lab: Lab) -> None:
    environment = lab.environment("dev")
    environment.configure(
        {"engine": "open", "monitoring.retraining.training.source": str(PROJECT / "examples/employment/training")}
    )
    name = environment.up().outputs["endpoint_name"]
    sagemaker = lab.cloud.client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    other = shutil.copytree(PROJECT / "model" / "artifact", lab.folder / "other")
    (other / "note.txt").write_text("another model")
    environment.configure({"model_artifact": str(other)})
    lab.breaks = ("endpoint: model changed, and would not reach",)
    with pytest.raises(AutomationError, match=r"endpoint: model changed, and would not reach \S+-endpoint-") as refused:
        environment.up()
    assert "take the change back, or take retraining out" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == before
    environment.configure({"model_artifact": str(PROJECT / "model" / "artifact")})
    environment.up()
    assert environment.preview().changed == 0
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == before
    environment.destroy()
