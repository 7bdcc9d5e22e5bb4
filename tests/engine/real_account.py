"""`make test-aws`: the life of a stack on a real AWS account, and what differs there from the embedded AWS.

Without credentials it says so and does nothing. It asks before it begins, tags and removes everything, also after
a failure, and looks for what is left by that tag.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployment.checkout import checkout
from deployment.errors import AutomationError
from deployment.operations import Environment
from examples.demo.deploying import environment_variables, search_path

PROJECT = Path(__file__).resolve().parents[2]
TAG = "model-monitoring-test"
# An ml.t2.medium endpoint, two baseline jobs and one hour of monitoring on ml.m5.xlarge; rounded up, us-east-1.
COST, MINUTES = "about 1 USD", 40
YES = "yes"


def account() -> str | None:
    """The account that the credentials belong to; None where there are none."""
    if os.environ.get("AWS_ENDPOINT_URL"):
        return None  # an embedded AWS, or another stand-in
    try:
        identity: str = boto3.client("sts").get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError):
        return None
    return identity


def expected(step: str, found: object, wanted: object, differences: list[str]) -> None:
    """Note what is otherwise than on the embedded AWS, and go on."""
    print(f"  {step}: {found}")
    if found != wanted:
        differences.append(f"{step}: {found}, where the embedded AWS has {wanted}")


def live(environment: Environment) -> list[str]:
    """Preview, up, nothing to do, refresh, an update, destroy. Returns what differed."""
    differences: list[str] = []
    planned = environment.preview()
    expected("preview", set(planned.changes), {"create"}, differences)
    try:
        made = environment.up()
        expected("up", dict(made.changes), dict(planned.changes), differences)
        _nothing_to_do("second preview", environment.preview, differences)
        _nothing_to_do("refresh", environment.refresh, differences)
        _nothing_to_do("preview after it", environment.preview, differences)
        environment.configure({"monitoring.alerting.violations_threshold": 2})
        expected("an alarm's threshold", environment.up().changes.get("update"), 3, differences)
    except AutomationError as error:
        differences.append(f"failed: {error}")
    for _ in range(2):  # a schedule that runs may refuse to go
        try:
            environment.destroy()
            break
        except AutomationError as error:
            differences.append(f"destroy failed: {error}")
    return differences


def _nothing_to_do(step: str, act: Callable[[], Any], differences: list[str]) -> None:
    result = act()
    expected(step, {kind: number for kind, number in result.changes.items() if kind != "same"}, {}, differences)


def left(run: str) -> list[str]:
    """What still has the run's tag."""
    pages = boto3.client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = pages.paginate(TagFilters=[{"Key": TAG, "Values": [run]}])
    return [item["ResourceARN"] for page in found for item in page["ResourceTagMappingList"]]


def main() -> int:
    who = account()
    if who is None:
        print("LEFT OUT: there are no AWS credentials (or AWS_ENDPOINT_URL names another AWS), so nothing was deployed")
        return 0
    region = os.environ.get("AWS_REGION") or boto3.Session().region_name or "us-east-1"
    print(f"This deploys the stack dev to {region} as {who}, and destroys it: {COST}, about {MINUTES} minutes.")
    if os.environ.get("MODEL_MONITORING_AWS_TEST") != "deploy" and input(f"Type {YES} to begin: ") != YES:
        print("nothing was deployed")
        return 1
    run = f"{int(time.time()):x}"
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "PATH": search_path(),
            "PULUMI_BACKEND_URL": Path(folder, "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a test",
        }
        with environment_variables(settings):
            environment = Environment(f"test-{run}", project=checkout(PROJECT, Path(folder) / "program"))
            given = {"aws:region": region, "aws-native:region": region, "retain_data": False, "engine": "open"}
            environment.configure({**given, f"monitoring.tags.{TAG}": run}, create=True)
            differences = live(environment)
    differences += [f"left behind: {arn}" for arn in left(run)]
    print("\n".join(differences) if differences else "nothing differed from the embedded AWS, and nothing is left")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
