"""Accounts of an organisation (dev, staging, prod and the center that watches them), and a stranger's, with a fleet
rolled out over them: prod in two regions.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

import local_aws
from deployment.rollout import Outcome, Rollout
from deployment.targets import Target, read_plan
from examples.demo.deploying import environment_variables, search_path
from local_aws.launcher import LocalAccount
from local_aws.provider import Plugins

PROJECT: Final = Path(__file__).resolve().parents[2]
CENTER, DEV, STAGING, PROD = "123456789012", "222222222222", "333333333333", "444444444444"
STRANGER: Final = "999999999999"
MEMBERS: Final = {"dev": DEV, "staging": STAGING, "prod": PROD}
SECOND_REGION: Final = "eu-west-1"
PROD_EU: Final = "prod-eu"
READER: Final = "fleet-reader"
SECRET_VARIABLE: Final = "FLEET_EXTERNAL_ID"  # noqa: S105 - its name
EXTERNAL_ID: Final = "a-secret-of-two-accounts"
NAME: Final = "fleet"


@dataclass
class World:
    """The accounts, and what the roll-out gave out. `reader_arn`: the principal of the center that reads results."""

    cloud: local_aws.LocalAws
    accounts: Mapping[str, LocalAccount]
    organization_id: str
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def _session(self) -> Any:
        """One for all keys: it keeps the service models, which are most of a client's cost."""
        return self.cloud.session()

    @property
    def reader_arn(self) -> str:
        return f"arn:aws:iam::{CENTER}:role/{READER}"

    def bucket(self, account: str, region: str | None = None) -> str:
        """The bucket of an account's tables of results."""
        return f"model-monitoring-results-{account}-{region or self.cloud.region}"

    def reader_role(self, target: str) -> str:
        """The role of a member that lets the reader at its results."""
        return str(self.outputs[target]["reader_role_arn"])

    def session(self, credentials: Mapping[str, str], service: str) -> Any:
        """A client under the keys that AssumeRole answered."""
        from local_aws.launcher import client_config  # noqa: PLC0415 - botocore, not for a help text

        return self._session.client(
            service,
            region_name=self.cloud.region,
            endpoint_url=self.cloud.endpoint_url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=client_config(),
        )

    def as_reader(self) -> Mapping[str, str]:
        """The center's reader: what its own session is."""
        found: Mapping[str, str] = (
            self.accounts[CENTER]
            .client("sts")
            .assume_role(RoleArn=self.reader_arn, RoleSessionName="somebody")["Credentials"]
        )
        return found

    def read_in(self, target: str) -> Mapping[str, str]:
        """Keys of the member's role, as the center's reader gets them."""
        sts = self.session(self.as_reader(), "sts")
        found: Mapping[str, str] = sts.assume_role(
            RoleArn=self.reader_role(target), RoleSessionName="reads", ExternalId=EXTERNAL_ID
        )["Credentials"]
        return found


@contextmanager
def accounts() -> Iterator[World]:
    """An embedded AWS with IAM enforced, and the accounts in it."""
    with local_aws.start(enforce_iam=True, account_id=CENTER) as cloud:
        opened = {number: cloud.account(number) for number in (CENTER, *MEMBERS.values())}
        opened[STRANGER] = cloud.account(STRANGER, member=False)
        organization = opened[CENTER].organization_id or ""
        world = World(cloud, opened, organization)
        _make_reader(world)
        yield world


def _make_reader(world: World) -> None:
    """A role of the center that people read under: it may assume the members' reader roles, and nothing else."""
    iam = world.accounts[CENTER].client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{CENTER}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=READER, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    roles = [f"arn:aws:iam::{account}:role/{NAME}-results-reader-*" for account in MEMBERS.values()]
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}
    iam.put_role_policy(
        RoleName=READER,
        PolicyName="read-results",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )


def targets(world: World, folder: Path) -> Path:
    """The file of targets, accounts × regions: the center first, whose outputs the others take, then dev and staging,
    then prod, in both of its regions.
    """
    home, tables = world.cloud.region, {"tables": {"retain_data": False}}

    def member(name: str, account: str, region: str) -> dict[str, Any]:
        told = {"event_bus_arn": "${center.event_bus_arn}", "readers": [world.reader_arn]}
        if region == home:
            told["sink_arn"] = "${center.sink_arn}"  # metrics are linked within a region only
        config = {"fleet": tables, "member": told}
        secrets = {"external_id": SECRET_VARIABLE}
        return _target(name, account, region, config) | {"secret_variables": secrets}

    center = {"fleet": tables | {"center": {"organization_id": world.organization_id}}}
    prod = [member("prod", PROD, home), member(PROD_EU, PROD, SECOND_REGION)]
    document = {
        "program": "program/fleet",
        "config": {"name": NAME},
        "waves": [
            {"name": "center", "targets": [_target("center", CENTER, home, center)]},
            {"name": "before prod", "targets": [member("dev", DEV, home), member("staging", STAGING, home)]},
            {"name": "prod", "targets": prod},
        ],
    }
    path = folder / "targets.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def _target(name: str, account: str, region: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "account": account, "region": region, "config": dict(config)}


class Engine:
    """The real engine for all accounts of a world: providers of each account, a state in a folder."""

    def __init__(self, world: World, folder: Path, stack: ExitStack) -> None:
        self._world, self._folder = world, folder
        self._plugins: dict[str, Plugins] = {}
        for account in (CENTER, *MEMBERS.values()):
            place = folder / account
            place.mkdir()
            self._plugins[account] = stack.enter_context(Plugins(world.accounts[account], place))
        program = folder / "program"
        program.mkdir()
        for path in PROJECT.iterdir():
            if path.name != "fleet" and (not path.name.startswith(".") or path.name == ".venv"):
                (program / path.name).symlink_to(path)
        (program / "fleet").mkdir()
        for path in (PROJECT / "fleet").iterdir():
            # Copies: the settings files of the stacks are written beside them.
            if path.is_file():
                (program / "fleet" / path.name).write_bytes(path.read_bytes())
        (folder / "state").mkdir()
        stack.enter_context(
            environment_variables(
                {
                    "PATH": search_path(),
                    "PULUMI_HOME": str(folder / "home"),
                    "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
                    "PULUMI_CONFIG_PASSPHRASE": "of a state that goes with the demo",
                    # Each of the programs' processes would compile Pulumi's SDKs anew where it is set: 3 s of CPU.
                    "PYTHONDONTWRITEBYTECODE": "",
                    SECRET_VARIABLE: EXTERNAL_ID,
                }
            )
        )
        self.plan = read_plan(targets(world, folder))

    def credentials(self, target: Target) -> dict[str, str]:
        """As `assume` gives them, and the folder of the account's providers."""
        path = f"{self._plugins[target.account].path}{os.pathsep}{os.environ['PATH']}"
        regions = {"AWS_REGION": target.region, "AWS_DEFAULT_REGION": target.region}
        return {**self._world.accounts[target.account].environment(), **regions, "PATH": path}

    def run(self, operation: str) -> list[Outcome]:
        """The operation over all targets; keeps their outputs."""
        rollout = Rollout(self.plan, credentials=self.credentials)
        outcomes = rollout.run(operation, parallel=2)
        if operation == "up":
            self._world.outputs = rollout.outputs
        return outcomes
