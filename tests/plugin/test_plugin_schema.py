"""The plugin's schema is what other languages' programs are written against: it changes only on purpose."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import components
from components.plugin import NAME, hosted_components, schema, version
from tests.plugin.plugin_process import PROJECT, Plugin

COMPONENTS = PROJECT / "components"
GOLDEN = Path(__file__).with_name("schema.json")
REGENERATE = "python -m components --schema > tests/plugin/schema.json"


# What this project decides; the rest (the generators' settings) is the Pulumi SDK's, and differs between its versions.
OURS = ("name", "version", "resources", "types")


def golden() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return loaded


def ours(package: dict[str, Any]) -> dict[str, Any]:
    return {key: package[key] for key in OURS}


def changes(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, one line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [line for key in keys for line in changes(old.get(key), new.get(key), f"{path}/{key}")]
    return [] if old == new else [f"{path}: {json.dumps(old)[:100]} -> {json.dumps(new)[:100]}"]


def test_schema_over_grpc_is_the_checked_in_one(plugin: Plugin) -> None:
    differences = changes(ours(golden()), ours(json.loads(plugin.schema())))
    assert not differences, (
        f"the schema has changed; if that is meant (it may break others' programs), run: {REGENERATE}\n"
        + "\n".join(differences)
    )


def test_differences_are_found_and_named() -> None:
    assert changes({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 2}) == []
    assert changes({"a": {"b": 1}}, {"a": {"b": 2, "d": 3}}) == ["/a/b: 1 -> 2", "/a/d: null -> 3"]


def test_the_command_prints_what_the_plugin_answers(tmp_path: Path) -> None:
    """As a folder, which is how Pulumi runs it; `packaging` and others in it must not hide what Pulumi imports."""
    ran = subprocess.run(
        [sys.executable, str(COMPONENTS), "--schema"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert json.loads(ran.stdout) == schema()


def test_every_component_of_the_package_is_in_it() -> None:
    names = {
        name for name in components.__all__ if isinstance(getattr(components, name), type) and not name.endswith("Args")
    }
    names.discard("ArgumentError")
    assert {item.__name__ for item in hosted_components()} == names
    assert set(golden()["resources"]) == {f"{NAME}:index:{name}" for name in names}


def test_type_tokens_are_those_of_the_components() -> None:
    """A component of a plugin must register itself under the plugin's name."""
    found = {
        match
        for path in COMPONENTS.rglob("*.py")
        for match in re.findall(r'"([\w-]+:index:\w+)"', path.read_text(encoding="utf-8"))
    }
    assert set(golden()["resources"]) <= found
    assert {token.split(":")[0] for token in found} == {NAME}


def test_what_is_public_is_described() -> None:
    """The docstrings become the documentation of every other language's SDK. A type with a member whose name is none in
    a class of Python (`from`) says of each in its own what it is.
    """
    undescribed = [
        f"{token}.{name}"
        for kind in ("resources", "types")
        for token, entry in golden()[kind].items()
        if token == f"{NAME}:index:ModelMonitoringStack" or kind == "types"
        for name, prop in entry.get("inputProperties", entry.get("properties", {})).items()
        if not prop.get("description") and f"`{name}`" not in entry.get("description", "")
    ]
    assert undescribed == []


def test_version_is_the_distributions() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version() == golden()["version"] == project["version"]
    assert project["name"] == NAME


def test_the_plugins_requirements_are_the_projects() -> None:
    """Pulumi installs them beside the plugin; the ranges are those of the distribution."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["pulumi"]
    lines = (COMPONENTS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    mine = {line for line in lines if line and not line.startswith("#")}
    assert mine == set(extra) - {"pyyaml>=6"}  # the program's, which reads settings


def test_the_plugin_needs_nothing_else() -> None:
    allowed = {"components", "contract", "jmespath", "pulumi", "pulumi_aws", "pulumi_aws_native"}
    allowed |= sys.stdlib_module_names
    imported = set()
    for path in COMPONENTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert imported - allowed == set()


def test_manifest() -> None:
    """https://www.pulumi.com/docs/reference/pulumiplugin-yaml/: the runtime is all that it must have."""
    manifest = yaml.safe_load((COMPONENTS / "PulumiPlugin.yaml").read_text(encoding="utf-8"))
    assert manifest["runtime"]["name"] == "python"
    assert manifest["runtime"]["options"]["toolchain"] == "pip"
    environment = (COMPONENTS / manifest["runtime"]["options"]["virtualenv"]).resolve()
    assert environment.relative_to(PROJECT).parts[0] == "build"
    assert set(manifest) == {"runtime"}


@pytest.mark.parametrize("name", ["requirements.txt", "__main__.py", "PulumiPlugin.yaml"])
def test_what_pulumi_looks_for_is_in_the_folder(name: str) -> None:
    """Git's copy of the folder is what `pulumi package add` of a URL gets: nothing may be ignored there."""
    assert (COMPONENTS / name).is_file()
    ignored = (PROJECT / ".gitignore").read_text(encoding="utf-8").split()
    assert not {name, "*.txt", "*.yaml", "components/"} & set(ignored)
