"""The targets of a roll-out: one YAML of accounts and regions, in waves, checked before anything is begun."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from deployment.errors import UnusableError

_ACCOUNT: Final = re.compile(r"\d{12}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+")
_TARGET_KEYS: Final = frozenset(
    {"name", "account", "region", "role_arn", "external_id_variable", "config", "secret_variables"}
)
_WAVE_KEYS: Final = frozenset({"name", "targets"})
_OUTPUT: Final = re.compile(r"\$\{([A-Za-z0-9][A-Za-z0-9_-]*)\.(\w+)\}")
_TOP_KEYS: Final = frozenset({"program", "config", "waves"})
MOST_TARGETS: Final = 500


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack in an account and a region. `role_arn`: the role that deploys there; without one the caller's own."""

    name: str
    account: str
    region: str
    wave: str
    role_arn: str | None = None
    external_id_variable: str | None = None
    """The environment variable that holds the role's external id: a file is no place for it."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """`${name.output}` in it is an output of a target of an earlier wave."""
    secret_variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that hold secrets, by the setting that they are of."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is rolled out, and where: `waves` in their order."""

    program: Path
    waves: Sequence[Sequence[Target]]

    @property
    def targets(self) -> list[Target]:
        """All of them, in order."""
        return [target for wave in self.waves for target in wave]


def read_plan(path: Path) -> Plan:
    """Read a file of targets.

    Raises
    ------
    UnusableError
        In one line: what is wrong, where, and the fix.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableError(f"{path}: {error.strerror}: name the file of targets") from error
    except yaml.YAMLError as error:
        raise UnusableError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    top = _mapping(document, str(path), _TOP_KEYS)
    program = (path.parent / str(top.get("program", ""))).resolve()
    if not (program / "Pulumi.yaml").is_file():
        raise UnusableError(f"{path}: program is {top.get('program')!r}: {program} has no Pulumi.yaml")
    shared = _mapping(top.get("config") or {}, f"{path}: config", None)
    waves = []
    for number, wave in enumerate(_list(top.get("waves"), f"{path}: waves")):
        where = f"{path}: waves[{number}]"
        found = _mapping(wave, where, _WAVE_KEYS)
        name = str(found.get("name") or number + 1)
        targets = [
            _target(item, f"{where}.targets[{i}]", name, shared)
            for i, item in enumerate(_list(found.get("targets"), f"{where}.targets"))
        ]
        waves.append(targets)
    plan = Plan(program=program, waves=waves)
    _check(plan, path)
    return plan


def with_outputs(value: Any, output: Callable[[str, str], Any]) -> Any:
    """A configuration with `${name.output}` replaced by `output(name, output)`."""
    if isinstance(value, dict):
        return {key: with_outputs(item, output) for key, item in value.items()}
    if isinstance(value, list):
        return [with_outputs(item, output) for item in value]
    match = _OUTPUT.fullmatch(value) if isinstance(value, str) else None
    return value if match is None else output(match[1], match[2])


def _check(plan: Plan, path: Path) -> None:
    names = [target.name for target in plan.targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnusableError(f"{path}: the target {twice[0]} is there twice: each is a stack of its own")
    if len(names) > MOST_TARGETS:
        raise UnusableError(f"{path}: {len(names)} targets: {MOST_TARGETS} at the most in one file")
    earlier: set[str] = set()
    for wave in plan.waves:
        for target in wave:
            for name in _named(target.config):
                if name not in earlier:
                    raise UnusableError(
                        f"{path}: {target.name} takes an output of {name}, no target of an earlier wave"
                    )
        earlier |= {target.name for target in wave}


def _named(config: Mapping[str, Any]) -> list[str]:
    """The targets whose outputs a configuration takes."""
    found: list[str] = []
    with_outputs(dict(config), lambda name, _: found.append(name))
    return found


def _target(item: Any, where: str, wave: str, shared: Mapping[str, Any]) -> Target:
    found = _mapping(item, where, _TARGET_KEYS)
    name, account, region = (str(found.get(key) or "") for key in ("name", "account", "region"))
    if not _NAME.fullmatch(name):
        raise UnusableError(f"{where}.name is {name!r}: give the stack's name, letters, digits and -_.")
    # YAML reads an account without quotes as a number, and one that begins with 0 as another number.
    if not isinstance(found.get("account"), str) or not _ACCOUNT.fullmatch(account):
        raise UnusableError(f"{where}.account is {found.get('account')!r}: give twelve digits in quotes")
    if not _REGION.fullmatch(region):
        raise UnusableError(f"{where}.region is {region!r}: give one such as eu-west-1")
    role = found.get("role_arn")
    if role is not None and ((match := _ROLE.fullmatch(str(role))) is None or match[1] != account):
        raise UnusableError(f"{where}.role_arn is {role!r}: give the ARN of a role of account {account}")
    own = _mapping(found.get("config") or {}, f"{where}.config", None)
    secrets = _mapping(found.get("secret_variables") or {}, f"{where}.secret_variables", None)
    variable = found.get("external_id_variable")
    return Target(
        name=name,
        account=account,
        region=region,
        wave=wave,
        role_arn=role,
        external_id_variable=variable,
        config={**shared, **own},
        secret_variables={key: str(value) for key, value in secrets.items()},
    )


def _mapping(value: Any, where: str, known: frozenset[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UnusableError(f"{where} is {value!r}: give a mapping")
    for key in value:
        if known is not None and key not in known:
            raise UnusableError(f"{where} has {key!r}: there are {', '.join(sorted(known))}")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise UnusableError(f"{where} is {value!r}: give a list with at least one entry")
    return value
