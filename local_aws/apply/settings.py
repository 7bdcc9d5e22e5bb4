"""The configuration of a stack, read as the Pulumi CLI reads it: Pulumi.yaml, then Pulumi.<stack>.yaml, then overrides.

The rules are the CLI's (sdk/go/common/workspace/config.go in pulumi/pulumi), with one more: a key of the project that
Pulumi.yaml does not declare is an error, since nothing would ever tell that it is misspelt. Objects are exempt: the
schema knows no objects, so that the program has to check them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local_aws.apply.errors import SettingsError

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Settings:
    """What the runtime needs to run a program for one stack.

    ``config`` maps full keys (``project:key``) to text, objects and lists as JSON, as the engine hands them to a
    program; ``secret_keys`` are those that Pulumi.yaml declares secret.
    """

    project: str
    stack: str
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()
    directory: Path = field(default_factory=Path.cwd)


def load_settings(project_dir: Path | str, stack: str = "dev", overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings of a stack.

    Parameters
    ----------
    project_dir
        The directory with Pulumi.yaml and Pulumi.<stack>.yaml.
    stack
        The stack's name.
    overrides
        Values by key, on top of the stack's file, as ``pulumi config set`` would put them there: any JSON value; an
        object is merged into an object, key by key, as ``pulumi config set --path`` does.

    Raises SettingsError, in one line that names the file and the key.
    """
    directory = Path(project_dir).resolve()
    project_file = directory / "Pulumi.yaml"
    project = _read(project_file)
    name = project.get("name")
    if not isinstance(name, str) or not name:
        raise SettingsError(f"{project_file}: needs a project name, e.g. name: model-monitoring")
    schema = {
        _full_key(name, key): _declaration(project_file, key, value) for key, value in _config(project_file, project)
    }
    values = {key: value for key, declared in schema.items() if (value := declared.get("default")) is not None}
    stack_file = directory / f"Pulumi.{stack}.yaml"
    if not stack_file.exists():
        stacks = ", ".join(sorted(path.name[7:-5] for path in directory.glob("Pulumi.*.yaml"))) or "none"
        raise SettingsError(f"{stack_file}: there is no such file; this project's stacks are: {stacks}")
    for key, value in _config(stack_file, _read(stack_file)):
        values[_known(stack_file, name, (key, value), schema)] = _plain(stack_file, key, value)
    for key, value in (overrides or {}).items():
        full = _known("overrides", name, (key, value), schema)
        values[full] = _merged(values.get(full), value)
    _validate(stack_file, name, schema, values)
    return Settings(
        project=name,
        stack=stack,
        config={key: _text(value) for key, value in values.items()},
        secret_keys=frozenset(key for key, declared in schema.items() if declared.get("secret") and key in values),
        directory=directory,
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{file}: expected a mapping at the top")
    return content


def _config(file: Path, content: Mapping[str, Any]) -> list[tuple[str, Any]]:
    config = content.get("config") or {}
    if not isinstance(config, dict):
        raise SettingsError(f"{file}: config must be a mapping of keys to values")
    return [(str(key), value) for key, value in config.items()]


def _declaration(file: Path, key: str, value: Any) -> dict[str, Any]:
    """One entry of Pulumi.yaml's config: a bare value, ``{value: …}``, or a type with a default."""
    if not isinstance(value, dict):
        return {"default": value}
    unknown = sorted(set(value) - {"type", "items", "description", "default", "value", "secret"})
    if unknown:
        raise SettingsError(f"{file}: config key {key!r} has unknown attributes {', '.join(unknown)}")
    if "type" in value and value["type"] not in TYPES:
        raise SettingsError(
            f"{file}: config key {key!r} has type {value['type']!r}; it must be one of {', '.join(TYPES)}"
        )
    default = value["default"] if "default" in value else value.get("value")
    if default is not None and not _fits(default, value):
        raise SettingsError(f"{file}: the default of config key {key!r} must be of type {_type_name(value)}")
    return {**value, "default": default}


def _full_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _known(where: Path | str, project: str, entry: tuple[str, Any], schema: Mapping[str, Any]) -> str:
    """The full key of an entry. A key of the project is declared, or the program checks its value, an object."""
    key, value = _full_key(project, entry[0]), entry[1]
    is_object = isinstance(value, Mapping) and set(value) != {"secure"}
    if key not in schema and key.startswith(f"{project}:") and not is_object:
        declared = sorted(name for name in schema if name.startswith(f"{project}:"))
        close = difflib.get_close_matches(key, declared, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"Pulumi.yaml declares {', '.join(declared) or 'none'}"
        raise SettingsError(f"{where}: unknown config key {key!r}; {hint}")
    return key


def _plain(file: Path, key: str, value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"secure"}:
        raise SettingsError(
            f"{file}: config key {key!r} is encrypted and only the Pulumi CLI can decrypt it: override it"
        )
    return value


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, Mapping):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


def _validate(file: Path, project: str, schema: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]) -> None:
    missing = [
        key for key in schema if key not in values and key.startswith(f"{project}:") and not _optional(schema[key])
    ]
    if missing:
        raise SettingsError(f"{file}: missing configuration values {', '.join(missing)}")
    for key, declared in schema.items():
        if key in values and not _fits(values[key], declared):
            raise SettingsError(
                f"{file}: config key {key!r} must be of type {_type_name(declared)}, not {values[key]!r}"
            )


def _optional(declared: Mapping[str, Any]) -> bool:
    return declared.get("default") is not None


def _fits(value: Any, declared: Mapping[str, Any]) -> bool:
    kind = declared.get("type")
    if kind is None:
        return True
    if isinstance(value, str) and kind in {"boolean", "integer"}:  # the CLI writes "true" and "3" as text
        return value in {"true", "false"} if kind == "boolean" else value.removeprefix("-").isdecimal()
    if isinstance(value, list) and kind == "array":
        items = declared.get("items") or {}
        return all(_fits(item, items) for item in value)
    return isinstance(value, TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))


def _type_name(declared: Mapping[str, Any]) -> str:
    items = declared.get("items")
    return f"array of {_type_name(items)}" if declared["type"] == "array" and items else str(declared["type"])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else json.dumps(value)
