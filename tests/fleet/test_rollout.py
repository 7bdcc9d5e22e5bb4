"""A roll-out: its file, waves, what stops it, what it says; with a played engine. The real one: `make demo-fleet`."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployment import rollout
from deployment.errors import AutomationError, UnusableError
from deployment.operations import Result
from deployment.rollout import BROKEN, DONE, LEFT, Rollout, status_of
from deployment.targets import Target
from tests.fleet.plans import plan_of

ACCOUNTS = {"center": "111111111111", "dev": "222222222222", "prod": "333333333333", "prod-eu": "333333333333"}


def document(**changes: Any) -> dict[str, Any]:
    def target(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "account": ACCOUNTS[name], "region": "eu-west-1", **more}

    config = {"member": {"sink_arn": "${center.sink_arn}"}}
    waves = [
        {
            "name": "center",
            "targets": [target("center", config={"fleet": {"center": {"organization_id": "o-abcdefghij"}}})],
        },
        {"name": "dev", "targets": [target("dev", config=config)]},
        {"name": "prod", "targets": [target("prod", config=config), target("prod-eu", config=config)]},
    ]
    return {"program": "program", "config": {"name": "fleet"}, "waves": waves} | changes


class Played:
    """An engine: keeps what each stack was set to, and changes what is not as it was."""

    def __init__(self) -> None:
        self.deployed: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.broken: set[str] = set()
        self.lock = threading.Lock()

    def environment(self, name: str, *, project: Path, variables: Mapping[str, str]) -> "PlayedStack":
        return PlayedStack(self, name, variables)


class PlayedStack:
    def __init__(self, engine: Played, name: str, variables: Mapping[str, str]) -> None:
        self._engine, self._name, self._variables = engine, name, variables
        self._config: dict[str, Any] = {}

    def set_objects(self, config: Mapping[str, Any], secrets: Mapping[str, str], *, create: bool) -> None:
        self._config = dict(config) | dict(secrets)

    def _result(self, operation: str, changed: int) -> Result:
        with self._engine.lock:
            self._engine.calls.append((operation, self._name))
        if self._name in self._engine.broken:
            raise AutomationError(f"{self._name}: Throttling: Rate exceeded")
        changes = {"create": changed} if changed else {"same": 3}
        return Result(operation=operation, stack=self._name, changes=changes, seconds=0.1, outputs=self.outputs())

    def _changed(self) -> int:
        return 0 if self._engine.deployed.get(self._name) == self._config else 3

    def up(self) -> Result:
        result = self._result("up", self._changed())
        self._engine.deployed[self._name] = self._config
        return result

    def preview(self) -> Result:
        return self._result("preview", self._changed())

    def destroy(self) -> Result:
        self._engine.deployed.pop(self._name, None)
        return self._result("destroy", 3)

    def outputs(self) -> dict[str, str]:
        return {"sink_arn": f"arn:aws:oam:eu-west-1:{ACCOUNTS[self._name]}:sink/1"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()
    monkeypatch.setattr(rollout, "Environment", played.environment)
    return played


def credentials(target: Target) -> dict[str, str]:
    return {"ACCOUNT": target.account}


def test_waves_come_one_after_the_other_and_take_outputs_of_those_before(tmp_path: Path, engine: Played) -> None:
    plan = plan_of(tmp_path, document())
    outcomes = Rollout(plan, credentials=credentials).run("up")
    assert [(one.target.name, one.state, one.changed) for one in outcomes] == [
        ("center", DONE, 3), ("dev", DONE, 3), ("prod", DONE, 3), ("prod-eu", DONE, 3),
    ]  # fmt: skip
    assert engine.calls[:2] == [("up", "center"), ("up", "dev")]
    assert engine.deployed["prod"] == {
        "aws:region": "eu-west-1",
        "name": "fleet",
        "member": {"sink_arn": "arn:aws:oam:eu-west-1:111111111111:sink/1"},
    }
    assert status_of(outcomes, "up") == 0


def test_to_do_it_again_changes_nothing_and_preview_finds_drift(tmp_path: Path, engine: Played) -> None:
    plan = plan_of(tmp_path, document())
    Rollout(plan, credentials=credentials).run("up")
    again = Rollout(plan, credentials=credentials).run("up")
    assert [one.changed for one in again] == [0, 0, 0, 0]
    clean = Rollout(plan, credentials=credentials).run("preview")
    assert status_of(clean, "preview") == 0
    engine.deployed["dev"]["name"] = "changed by hand"
    drifted = Rollout(plan, credentials=credentials).run("preview")
    assert [one.target.name for one in drifted if one.changed] == ["dev"]
    assert status_of(drifted, "preview") == 1


def test_a_failure_ends_the_roll_out_with_its_wave(tmp_path: Path, engine: Played) -> None:
    engine.broken = {"dev"}
    told: list[int] = []
    plan = plan_of(tmp_path, document())
    run = Rollout(plan, credentials=credentials, told=lambda outcomes: told.append(len(outcomes)))
    outcomes = run.run("up")
    assert [one.state for one in outcomes] == [DONE, BROKEN, LEFT, LEFT]
    assert outcomes[1].error == "dev: Throttling: Rate exceeded"
    assert ("up", "prod") not in engine.calls
    assert status_of(outcomes, "up") == 1
    assert set(told) == {4}
    # A preview asks all of them, whatever fails.
    assert [one.state for one in Rollout(plan, credentials=credentials).run("preview")] == [DONE, BROKEN, DONE, DONE]


def test_what_is_deployed_in_order_is_destroyed_in_the_opposite_one(tmp_path: Path, engine: Played) -> None:
    plan = plan_of(tmp_path, document())
    Rollout(plan, credentials=credentials).run("destroy")
    assert [name for _, name in engine.calls][-2:] == ["dev", "center"]


def test_a_secret_that_nobody_has_set_is_named(tmp_path: Path, engine: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    content = document()
    content["waves"][1]["targets"][0]["secret_variables"] = {"external_id": "THE_EXTERNAL_ID"}
    monkeypatch.delenv("THE_EXTERNAL_ID", raising=False)
    outcomes = Rollout(plan_of(tmp_path, content), credentials=credentials).run("up")
    assert outcomes[1].error == "the environment variable THE_EXTERNAL_ID is not set: it holds a secret of the target"
    monkeypatch.setenv("THE_EXTERNAL_ID", "secret")
    Rollout(plan_of(tmp_path, content), credentials=credentials).run("up")
    assert engine.deployed["dev"]["external_id"] == "secret"


def _first(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["waves"][0]["targets"][0]
    return found


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda c: c.update(waves=[]), "waves is []: give a list with at least one entry"),
        (lambda c: c.update(wave=1), "has 'wave': there are config, program, waves"),
        (lambda c: c.update(program="elsewhere"), "has no Pulumi.yaml"),
        (lambda c: _first(c).update(account=111111111111), "account is 111111111111: give twelve digits in quotes"),
        (lambda c: _first(c).update(region="europe"), "region is 'europe': give one such as eu-west-1"),
        (lambda c: _first(c).update(name="dev"), "the target dev is there twice"),
        (lambda c: _first(c).update(role_arn="arn:aws:iam::222222222222:role/x"),
         "give the ARN of a role of account 111111111111"),
        (lambda c: _first(c).update(config={"a": "${prod.sink_arn}"}),
         "center takes an output of prod, no target of an earlier wave"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_work_is_refused_before_anything_is_begun(
    tmp_path: Path, break_it: Callable[[dict[str, Any]], None], says: str
) -> None:
    content = document()
    break_it(content)
    with pytest.raises(UnusableError) as refused:
        plan_of(tmp_path, content)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
