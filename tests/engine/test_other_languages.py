"""Programs in YAML through the engine: the component, whose plugin is started, and resources of the provider's own."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.apply import inventory
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

    pulumi = command_line(folder)
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
    # The default: what was watched stays with its owner.
    [bucket] = inventory(lab.cloud)["s3 bucket"]
    assert bucket.startswith("churn-data-")
    lab.delete("aws:s3/bucket:Bucket", bucket, {"forceDestroy": True})


SMALL = """\
name: small
runtime: yaml
resources:
  data:
    type: aws:s3:Bucket
    properties:
      tags: {team: risk}
  greeting:
    type: aws:s3:BucketObjectv2
    properties:
      bucket: ${data.bucket}
      key: greeting
      source: {"fn::stringAsset": hello}
  news:
    type: aws:sns:Topic
outputs:
  bucket: ${data.bucket}
  topic: ${news.arn}
"""


@pytest.mark.matrix
def test_resources_of_the_provider(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(SMALL)
    pulumi = command_line(folder)
    pulumi("stack", "init", "dev")
    pulumi("up", "--yes", "--skip-preview")
    bucket = pulumi("stack", "output", "bucket").strip()
    assert lab.cloud.client("s3").get_object(Bucket=bucket, Key="greeting")["Body"].read() == b"hello"
    assert ":news-" in pulumi("stack", "output", "topic")
    pulumi("preview", "--expect-no-changes")
    pulumi("destroy", "--yes", "--skip-preview")


def command_line(folder: Path) -> Callable[..., str]:
    """The CLI in a folder, as a person runs it: what it says."""
    # Plugins know the folder that the program's files are relative to; the servers of the tests do not.
    variables = {key: value for key, value in os.environ.items() if key != "PULUMI_DEBUG_PROVIDERS"}

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return pulumi
