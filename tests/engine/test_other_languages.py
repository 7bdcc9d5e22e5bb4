"""The component from a program in YAML, through the engine: the plugin is started, and its resources are deployed."""

import os
import shutil
import subprocess

import pytest

from tests.engine.lab import PROJECT, Lab

SETTINGS = {
    "aws:region": "us-east-1",
    "endpointName": "somebodys-endpoint",
    "captureUri": "s3://somebodys-captures/production",
    "alertEmail": "risk@example.com",
}


@pytest.mark.matrix
def test_the_yaml_example(lab: Lab) -> None:
    # As far from the components as the example is, which names them by a relative path.
    folder = lab.program / "programs" / "yaml"
    folder.mkdir(parents=True)
    shutil.copy(PROJECT / "examples" / "yaml" / "Pulumi.yaml", folder)

    # Plugins know the folder that the program's files are relative to; the servers of the tests do not.
    variables = {key: value for key, value in os.environ.items() if key != "PULUMI_DEBUG_PROVIDERS"}

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    pulumi("stack", "init", "dev")
    for key, value in SETTINGS.items():
        pulumi("config", "set", key, value)
    pulumi("up", "--yes", "--skip-preview")
    assert pulumi("stack", "output", "dataQualityScheduleName").strip().startswith("churn-")
    assert ":churn-notifications-" in pulumi("stack", "output", "notificationTopicArn")
    [address] = lab.cloud.client("sns").list_subscriptions_by_topic(
        TopicArn=pulumi("stack", "output", "notificationTopicArn").strip()
    )["Subscriptions"]
    assert address["Endpoint"] == "risk@example.com"
    pulumi("preview", "--expect-no-changes")
    pulumi("destroy", "--yes", "--skip-preview")
