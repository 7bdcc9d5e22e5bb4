"""The examples in other languages use what the schema has, with the right types."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.archives.model import write_model_archive
from components.args import ModelQualitySettings, StackSettings
from tests.plugin.plugin_process import PROJECT
from tests.plugin.schema_check import ASSET, Expression, problems
from tests.plugin.typescript import arguments_of, declarations

EXAMPLES = PROJECT / "examples"
TOKEN = "model-monitoring:index:ModelMonitoringStack"
COMPILER = EXAMPLES / "typescript" / "node_modules" / ".bin" / "tsc"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    return loaded


def yaml_program() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((EXAMPLES / "yaml" / "Pulumi.yaml").read_text(encoding="utf-8"))
    return loaded


def yaml_value(value: Any) -> Any:
    """Pulumi YAML's expressions, with the types that they have."""
    if isinstance(value, dict):
        if list(value) == ["fn::fileAsset"]:
            assert (EXAMPLES / "yaml" / value["fn::fileAsset"]).is_file()
            return Expression(ASSET)
        return {key: yaml_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [yaml_value(item) for item in value]
    if isinstance(value, str) and value.startswith("${"):
        config = yaml_program()["config"]
        return Expression(config[value[2:-1]]["type"])
    return value


def test_yaml(schema: dict[str, Any]) -> None:
    [resource] = yaml_program()["resources"].values()
    assert resource["type"] == TOKEN
    assert problems(schema, TOKEN, yaml_value(resource["properties"])) == []


def test_yaml_outputs(schema: dict[str, Any]) -> None:
    program = yaml_program()
    [name] = program["resources"]
    for value in program["outputs"].values():
        resource, _, output = value.removeprefix("${").removesuffix("}").partition(".")
        assert resource == name
        assert output in schema["resources"][TOKEN]["properties"]


@pytest.mark.parametrize("example", ["yaml", "typescript"])
def test_the_package_is_the_plugins_folder(example: str) -> None:
    program = yaml.safe_load((EXAMPLES / example / "Pulumi.yaml").read_text(encoding="utf-8"))
    folder = (EXAMPLES / example / program["packages"]["model-monitoring"]).resolve()
    assert (folder / "PulumiPlugin.yaml").is_file()


def typescript_program() -> str:
    return (EXAMPLES / "typescript" / "index.ts").read_text(encoding="utf-8")


def test_typescript(schema: dict[str, Any]) -> None:
    arguments = arguments_of(typescript_program(), "ModelMonitoringStack")
    assert arguments["endpoint"]["instanceCount"] == 2
    assert arguments["endpoint"]["model"] == Expression(ASSET)
    assert problems(schema, TOKEN, arguments) == []


class Given:
    """What the examples' programs know only when they run."""

    def __init__(self, folder: Path) -> None:
        model = PROJECT / "model"
        self._values = {
            "endpoint.model": pulumi.FileAsset(str(write_model_archive(model / "artifact", folder))),
            "endpoint.existing.name": "fraud",
            "endpoint.existing.capture_uri": "s3://captures/fraud",
            "baseline.data": pulumi.FileAsset(str(model / "baseline.csv")),
            "model_quality.baseline.data": pulumi.FileAsset(str(model / "baseline_quality.csv")),
            "alerting.emails": "risk@example.com",
            "alerting.subscriptions.endpoint": "https://hooks.example.com/secret",
            "tags.environment": "dev",
        }

    def python(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """Arguments as a Python program writes them."""
        if isinstance(value, Expression):
            return self._values[".".join(path)]
        if isinstance(value, list):
            return [self.python(item, path) for item in value]
        if isinstance(value, dict):
            names = {key: re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key) for key in value}
            return {names[key]: self.python(item, (*path, names[key])) for key, item in value.items()}
        return value


def test_the_component_takes_what_the_examples_give(tmp_path: Path) -> None:
    """The schema cannot say what does not go together."""
    given = Given(tmp_path)
    [resource] = yaml_program()["resources"].values()
    adopted = StackSettings.from_args("churn", given.python(yaml_value(resource["properties"])))
    assert [threshold.threshold for threshold in adopted.alerting.violations] == [3]
    created = StackSettings.from_args("churn", given.python(arguments_of(typescript_program(), "ModelMonitoringStack")))
    assert (quality := created.of(ModelQualitySettings)) is not None
    assert quality.probability_threshold == 0.5
    assert [item.protocol for item in created.alerting.subscriptions] == ["https"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"retainDat": True}, ["retainDat is not in the schema"]),
        ({"retainData": "yes"}, ["retainData is 'yes', not boolean"]),
        ({"logRetentionInDays": 1.5}, ["logRetentionInDays is 1.5, not integer"]),
        ({"logRetentionInDays": True}, ["logRetentionInDays is True, not integer"]),
        ({"endpoint": {"existing": {"name": "x"}}}, ["endpoint.existing.captureUri is missing"]),
        ({"endpoint": {"model": "model.tar.gz"}}, ["endpoint.model is 'model.tar.gz', not pulumi.json#/Asset"]),
        ({"endpoint": {"instanceType": Expression(ASSET)}}, ["endpoint.instanceType is pulumi.json#/Asset"]),
        ({"tags": {"team": 3}}, ["tags.team is 3, not string"]),
        ({"alerting": {"emails": ["a", 3]}}, ["alerting.emails[] is 3, not string"]),
        ({"storage": 3}, ["storage is 3, not #/types/model-monitoring:index:StorageArgs"]),
    ],
)
def test_the_check_finds_what_is_wrong(schema: dict[str, Any], arguments: dict[str, Any], expected: list[str]) -> None:
    assert problems(schema, TOKEN, arguments) == expected


needs_typescript = pytest.mark.skipif(
    not COMPILER.exists(), reason="npm install in examples/typescript, and this test has TypeScript check the program"
)


def compiled(programs: Mapping[str, str], schema: dict[str, Any], folder: Path) -> dict[str, str]:
    """What TypeScript has to say of each program, and under "" of anything else; in one run, which takes two seconds.

    The declarations of the component are made from the schema.
    """
    modules = folder / "node_modules"
    (modules / "@pulumi").mkdir(parents=True)
    installed = EXAMPLES / "typescript" / "node_modules"
    (modules / "@pulumi" / "pulumi").symlink_to(installed / "@pulumi" / "pulumi")
    (modules / "@types").symlink_to(installed / "@types")
    sdk = modules / "@pulumi" / "model-monitoring"
    sdk.mkdir()
    (sdk / "package.json").write_text('{"name": "@pulumi/model-monitoring", "types": "index.d.ts"}', encoding="utf-8")
    (sdk / "index.d.ts").write_text(declarations(schema), encoding="utf-8")
    for name, program in programs.items():
        (folder / name).write_text(program, encoding="utf-8")
    settings = json.loads((EXAMPLES / "typescript" / "tsconfig.json").read_text(encoding="utf-8"))
    assert settings["files"] == ["index.ts"]
    (folder / "tsconfig.json").write_text(json.dumps({**settings, "files": list(programs)}), encoding="utf-8")
    ran = subprocess.run([str(COMPILER), "-p", "."], cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) is (ran.stdout == "")
    said, about = dict.fromkeys([*programs, ""], ""), ""
    for line in ran.stdout.splitlines(keepends=True):
        if not line.startswith(" "):  # else it belongs to the message above
            found = re.match(r"(\S+)\(\d+,\d+\): ", line)
            about = found[1] if found and found[1] in programs else ""
        said[about] += line
    return said


@pytest.fixture(scope="module")
def said(schema: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of the example, and of two that are wrong in one place."""
    right = typescript_program()
    name = right.replace("retainData: true", "retainDat: true")
    kind = right.replace("instanceCount: 2", 'instanceCount: "2"')
    assert len({right, name, kind}) == 3
    programs = {"index.ts": right, "name.ts": name, "type.ts": kind}
    return compiled(programs, schema, tmp_path_factory.mktemp("typescript"))


@needs_typescript
def test_typescript_compiles(said: dict[str, str]) -> None:
    assert said["index.ts"] == said[""] == ""


@needs_typescript
def test_typescript_refuses_a_wrong_name_and_a_wrong_type(said: dict[str, str]) -> None:
    assert "'retainDat' does not exist" in said["name.ts"]
    assert "Type 'string' is not assignable to type 'number'" in said["type.ts"]
