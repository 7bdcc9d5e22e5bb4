"""The configuration of a stack is read as the Pulumi CLI reads it, and what is wrong is named."""

import json
from pathlib import Path

import pytest

from local_aws.apply import SettingsError, load_settings

PROJECT = """
name: churn
runtime: python
config:
  aws:region:
    value: eu-west-1
  endpoint:
    type: string
    description: The endpoint's name.
  sampling:
    type: integer
    default: 100
  protect:
    type: boolean
    default: false
  emails:
    type: array
    items: {type: string}
    default: []
  webhook:
    type: string
    default: none
    secret: true
  monitoring:
    value: {schedule: {hours: 1, minute: 0}, engine: model-monitor}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  endpoint: churn\n  churn:sampling: 20\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  churn:endpoint: churn-prod\n")
    return tmp_path


def test_defaults_the_stack_file_and_overrides_come_in_this_order(project: Path) -> None:
    settings = load_settings(project, "dev", {"protect": True, "churn:emails": ["a@example.com"]})
    assert settings.project == "churn"
    assert settings.stack == "dev"
    assert settings.directory == project
    assert dict(settings.config) == {
        "aws:region": "eu-west-1",
        "churn:endpoint": "churn",
        "churn:sampling": "20",
        "churn:protect": "true",
        "churn:emails": '["a@example.com"]',
        "churn:webhook": "none",
        "churn:monitoring": '{"schedule": {"hours": 1, "minute": 0}, "engine": "model-monitor"}',
    }
    assert settings.secret_keys == {"churn:webhook"}


def test_an_object_is_merged_into_the_object_below_it(project: Path) -> None:
    settings = load_settings(project, "dev", {"monitoring": {"schedule": {"hours": 24}}})
    merged = json.loads(settings.config["churn:monitoring"])
    assert merged == {"schedule": {"hours": 24, "minute": 0}, "engine": "model-monitor"}


def test_keys_of_providers_need_no_declaration(project: Path) -> None:
    assert load_settings(project, "dev", {"aws:profile": "x"}).config["aws:profile"] == "x"


def test_an_object_cannot_be_declared_and_is_left_to_the_program(project: Path) -> None:
    config = load_settings(project, "dev", {"labels": {"team": "ml"}}).config
    assert config["churn:labels"] == '{"team": "ml"}'


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"endpont": "x"}, "overrides: unknown config key 'churn:endpont'; did you mean 'churn:endpoint'?"),
        ({"sampling": "many"}, "'churn:sampling' must be of type integer, not 'many'"),
        ({"sampling": True}, "'churn:sampling' must be of type integer, not True"),
        ({"protect": "maybe"}, "'churn:protect' must be of type boolean, not 'maybe'"),
        ({"emails": [1]}, "'churn:emails' must be of type array of string, not [1]"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(project: Path, overrides: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(project, "dev", overrides)
    assert str(raised.value).endswith(message)


def test_text_that_the_cli_writes_for_numbers_and_booleans_is_accepted(project: Path) -> None:
    config = load_settings(project, "dev", {"sampling": "-3", "protect": "false"}).config
    assert (config["churn:sampling"], config["churn:protect"]) == ("-3", "false")


def test_a_declared_key_without_default_must_be_set(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: {}\n")
    with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml: missing configuration values churn:endpoint$"):
        load_settings(project)


def test_an_unknown_key_in_the_stack_file_is_an_error(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  churn:endpoint: churn\n  churn:smapling: 3\n")
    with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml: unknown config key 'churn:smapling'; did you mean"):
        load_settings(project)


def test_an_encrypted_value_must_be_overridden(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  churn:endpoint:\n    secure: v1:abc\n")
    with pytest.raises(SettingsError, match="'churn:endpoint' is encrypted and only the Pulumi CLI can decrypt it"):
        load_settings(project)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runtime: python\n", "needs a project name"),
        ("name: x\nconfig: [1]\n", "config must be a mapping"),
        ("name: x\nconfig:\n  k: {type: number}\n", "type 'number'; it must be one of string, boolean, integer"),
        (
            "name: x\nconfig:\n  k: {type: integer, default: x}\n",
            "the default of config key 'k' must be of type integer",
        ),
        ("name: x\nconfig:\n  k: {defualt: 1}\n", "unknown attributes defualt"),
        ("name: [\n", "not valid YAML"),
    ],
)
def test_a_wrong_project_file_is_named(project: Path, text: str, message: str) -> None:
    (project / "Pulumi.yaml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings(project)
    assert str(raised.value).startswith(f"{project / 'Pulumi.yaml'}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_stack_lists_the_known_ones(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"this project's stacks are: dev, prod$"):
        load_settings(project, "staging")
