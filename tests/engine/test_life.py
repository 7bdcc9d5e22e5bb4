"""The first deployment, nothing to do after it, nothing found by a refresh, and all gone again: first time each."""

import shlex
import subprocess
from pathlib import Path

import pytest

import local_aws
from local_aws.apply import inventory
from local_aws.provider import Plugins
from local_aws.provider.plugins import PASSPHRASE
from tests.engine.deployed import Deployed

PROGRAM = """\
import pulumi
from pulumi_aws import s3

bucket = s3.Bucket("data")
s3.BucketObjectv2("greeting", bucket=bucket.bucket, key="greeting", source=pulumi.FileAsset("hello.txt"))
pulumi.export("bucket", bucket.bucket)
"""


LIVES = [
    pytest.param(
        stack, engine, marks=pytest.mark.destroys_dev if (stack, engine) == ("dev", "") else pytest.mark.matrix
    )
    for stack in ("dev", "staging", "prod", "local")
    for engine in ("", "model-monitor", "open", "both")  # the first is what the stack's file says
]


@pytest.mark.parametrize(("stack", "engine"), LIVES)
def test_a_life_of_an_environment(
    stack: str, engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    life: Deployed
    if (stack, engine) == ("dev", ""):
        life = request.getfixturevalue("dev")
    else:
        lab = request.getfixturevalue("lab")
        # The local environment's file has the salt of the passphrase that `make local-aws` exports.
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        lab.secrets_provider = ""
        life = Deployed(lab, stack, engine)
    assert set(life.planned.changes) == {"create"}
    assert life.made.changes == life.planned.changes
    assert life.made.outputs["endpoint_name"].startswith(f"model-monitoring-{stack}-endpoint-")
    assert life.again.changed == 0
    assert life.environment.refresh().changed == 0
    assert (
        life.lab.environment(stack, in_process=True).preview().changed == 0
    )  # nor for a program that is run in another way
    gone = life.destroy()
    assert set(gone.changes) == {"delete"}
    assert gone.changes["delete"] == life.made.changes["create"]


def test_make_local_aws_says_all_that_a_person_needs(shared_cloud: local_aws.LocalAws, tmp_path: Path) -> None:
    """From the shell, as the lines that it prints have it: a program whose files are relative to it."""
    before = inventory(shared_cloud)
    with Plugins(shared_cloud, tmp_path) as plugins:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in shared_cloud.environment().items()]
        lines += [f"export {name}={words}" for name, words in plugins.exports().items()]
        program = tmp_path / "program"
        program.mkdir()
        (program / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
        (program / "__main__.py").write_text(PROGRAM)
        (program / "hello.txt").write_text("hello")
        lines += ["pulumi stack select --create local", "pulumi up --yes --skip-preview", "pulumi stack output bucket"]
        script = "set -e\n" + "\n".join(f"{line} >out 2>err" if line.startswith("pulumi") else line for line in lines)
        done = subprocess.run(
            ["sh", "-c", f"{script}; cat out"], cwd=program, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (program / "err").read_text()
    s3, bucket = shared_cloud.client("s3"), done.stdout.strip()
    assert s3.get_object(Bucket=bucket, Key="greeting")["Body"].read() == b"hello"
    s3.delete_object(Bucket=bucket, Key="greeting")
    s3.delete_bucket(Bucket=bucket)
    assert inventory(shared_cloud) == before
