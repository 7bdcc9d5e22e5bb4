"""The operations, with a played CLI in the SDK's own seam."""

from pathlib import Path
from typing import Any

import pytest

import automation
from automation import AutomationError, Environment, Progress, Step, UnusableError
from tests.automation.played_cli import (
    READ,
    SERVED,
    Failure,
    Played,
    PlayedCli,
    done,
    failed,
    said,
    step,
    summed,
    urn,
)

BUCKET, SCHEDULE = "aws:s3/bucket:Bucket", "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
# pkg/resource/deploy/step_executor.go in pulumi's repository.
PROTECTED = (
    'resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the '
    "`protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
    "`pulumi state unprotect '{urn}'`"
)
EVENTS = [
    {"preludeEvent": {"config": {}}},
    *done("same", "pulumi:providers:aws", "default"),
    *done("create", "model-monitoring:index:MonitoringStorage", "dev-storage", custom=False),
    *done("create", BUCKET, "dev-data"),
    *done("update", SCHEDULE, "dev-data-quality"),
    said("warning", "this instance type is old"),
    summed(create=2, update=1, same=50),
]


@pytest.mark.parametrize("version", [SERVED, READ])
def test_up(project: Path, version: str) -> None:
    cli = PlayedCli("dev", version=version, up=Played(EVENTS))
    steps: list[tuple[str, str, str]] = []
    messages: list[tuple[str, str, str]] = []
    progress = Progress(
        on_step=lambda step, seconds: steps.append((step.operation.value, step.name, "done" if seconds else "failed")),
        on_message=lambda *message: messages.append(message),
        clock=iter(range(1, 100)).__next__,
    )
    result = Environment("dev", project=project, command=cli, progress=progress).up()
    assert (result.operation, result.stack, result.changed) == ("up", "dev", 3)
    assert result.changes == {"create": 2, "update": 1, "same": 50}
    assert result.outputs == {"endpoint_name": "churn-endpoint-1", "model_quality_schedule_name": None}
    assert steps == [("create", "dev-data", "done"), ("update", "dev-data-quality", "done")]
    assert messages == [("warning", "model-monitoring-dev", "this instance type is old")]
    call = cli.one("up")
    assert {"--yes", "--skip-preview"} <= set(call.args)
    assert call.args[-2:] == ("--stack", "dev")
    assert call.cwd == str(project)


def test_preview_changes_nothing(project: Path) -> None:
    cli = PlayedCli("dev", preview=Played([*done("create", BUCKET, "dev-data"), summed(create=1)]))
    result = Environment("dev", project=project, command=cli).preview()
    assert (result.operation, result.changes, result.outputs) == ("preview", {"create": 1}, {})
    assert cli.commands() == ["stack select", "preview"]


def test_refresh_and_destroy(project: Path) -> None:
    cli = PlayedCli(
        "dev",
        refresh=Played([summed(same=53)]),
        preview_destroy=Played([summed(delete=53)]),
        destroy=Played([*done("delete", BUCKET, "dev-data"), summed(delete=53)]),
    )
    environment = Environment("dev", project=project, command=cli)
    assert environment.refresh().changed == 0
    assert environment.preview_destroy().changes == {"delete": 53}
    assert environment.destroy().changes == {"delete": 53}
    previewed, destroyed = [call for call in cli.calls if call.command == "destroy"][-2:]
    assert "--preview-only" in previewed.args
    assert "--preview-only" not in destroyed.args
    assert "stack rm" not in cli.commands()


def test_a_protected_stack_is_not_touched(project: Path) -> None:
    """The engine deletes what is not protected, if it is not asked first: the SDK tells it not to preview."""
    refusals = [
        said("error", PROTECTED.format(urn=urn(kind, name)), urn(kind, name))
        for kind, name in ((BUCKET, "prod-data"), ("aws:sagemaker/endpoint:Endpoint", "prod-endpoint"))
    ]
    cli = PlayedCli("prod", preview_destroy=Played(refusals, Failure("error: preview failed")))
    with pytest.raises(AutomationError) as caught:
        Environment("prod", project=project, command=cli).destroy()
    assert str(caught.value) == (
        "prod-data, prod-endpoint of prod are protected, and nothing was deleted: pulumi config set "
        "model-monitoring:protect false --stack prod, deploy that, and destroy then"
    )
    assert caught.value.known
    assert ["--preview-only" in call.args for call in cli.calls if call.command == "destroy"] == [True]


def test_no_secret_setting_is_asked_for(project: Path) -> None:
    """The SDK's default has the CLI print every secret of the configuration into its history."""
    done_nothing = Played([summed()])
    cli = PlayedCli("dev", up=done_nothing, refresh=done_nothing, preview_destroy=done_nothing, destroy=done_nothing)
    environment = Environment("dev", project=project, command=cli)
    for operation in (environment.up, environment.refresh, environment.destroy):
        operation()
    assert all("--show-secrets" not in call.args for call in cli.calls if call.command == "stack history")


def test_what_an_interrupted_operation_left_is_one_line_with_a_fix(project: Path) -> None:
    """The engine's own fix is for a terminal: without one, its refresh keeps what was being created."""
    # pkg/engine/update.go in pulumi's repository.
    text = (
        "Attempting to deploy or update resources with 2 pending operations from previous deployment.\n"
        f"  * {urn(BUCKET, 'dev-data')}, interrupted while creating\n"
        f"  * {urn(SCHEDULE, 'dev-data-quality')}, interrupted while updating\n"
        "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to "
        "these resources to complete. You should confirm\n\nNote that `pulumi refresh` will need to be interactive"
    )
    cli = PlayedCli("dev", up=Played([said("warning", text), summed(same=3)]), refresh=Played([summed(same=3)]))
    messages: list[str] = []
    progress = Progress(on_message=lambda _severity, _resource, text: messages.append(text))
    environment = Environment("dev", project=project, command=cli, progress=progress)
    environment.up()
    assert messages == [
        "an operation was interrupted, and what became of this is not known: dev-data (creating), dev-data-quality "
        "(updating): delete what AWS has of creations, which are made anew, and then: automation.py refresh "
        "--clear-pending-creates"
    ]
    environment.refresh()
    assert "--clear-pending-creates" not in cli.one("refresh").args
    cli.calls.clear()
    environment.refresh(clear_pending_creates=True)
    assert "--clear-pending-creates" in cli.one("refresh").args


def test_outputs(project: Path) -> None:
    cli = PlayedCli("dev")
    cli.secret_outputs = {"slack_url": "https://hooks.example.com/x"}
    environment = Environment("dev", project=project, command=cli)
    assert environment.outputs()["slack_url"] == "[secret]"
    assert "--show-secrets" not in cli.one("stack output").args
    assert environment.outputs(show_secrets=True)["slack_url"] == "https://hooks.example.com/x"
    assert environment.outputs()["endpoint_name"] == "churn-endpoint-1"
    assert cli.commands() == ["stack select", *["stack output"] * 3]


def test_settings_and_secrets(project: Path) -> None:
    cli = PlayedCli("dev")
    Environment("dev", project=project, command=cli).configure(
        {
            "engine": "open",
            "retain_data": False,
            "aws:region": "eu-west-1",
            "monitoring.data_quality.instance_type": "ml.m5.large",
            "alert_emails[0]": "a@example.com",
        },
        {"monitoring.alerting.slack": "https://hooks.example.com/x"},
    )
    select, names, paths, secret = cli.calls
    assert select.command == "stack select"
    assert names.args[:4] == ("config", "set-all", "--stack", "dev")
    assert [arg for arg in names.args if "=" in arg] == ["engine=open", "retain_data=false", "aws:region=eu-west-1"]
    assert "--path" in paths.args
    assert "monitoring.data_quality.instance_type=ml.m5.large" in paths.args
    assert "alert_emails[0]=a@example.com" in paths.args
    assert secret.args == ("config", "set", "--path", "monitoring.alerting.slack", "--secret", "--stack", "dev")
    assert secret.text == "https://hooks.example.com/x"


def test_a_secret_is_in_no_arguments_and_in_no_environment(project: Path) -> None:
    cli = PlayedCli("dev")
    Environment("dev", project=project, command=cli).configure(secrets={"engine": "hush-hush"})
    for call in cli.calls:
        assert "hush-hush" not in " ".join([*call.args, *call.env.values()])
    assert cli.one("config set").text == "hush-hush"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"engin": "open"}, "engin is not a setting of model-monitoring: did you mean engine?"),
        ({"model-monitoring:engin": "open"}, "did you mean engine?"),
        (
            {"xyz": "open"},
            "xyz is not a setting of model-monitoring: there are alert_emails, engine, monitoring, retain",
        ),
        ({"monitorin.tags.team": "x"}, "did you mean monitoring?"),
        ({"alert_emails": ["a@example.com"]}, "set its members by path, such as alert_emails[0]"),
        ({"engine": None}, "engine is None: leave it out, or pulumi config rm engine --stack dev"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_set(project: Path, config: Any, message: str) -> None:
    cli = PlayedCli("dev")
    with pytest.raises(UnusableError, match=r"^[^\n]*$") as caught:
        Environment("dev", project=project, command=cli).configure({"retain_data": True, **config})
    assert message in str(caught.value)
    assert cli.calls == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "the secret engine is of type int: give a text"),
        (None, "the secret engine is of type NoneType: give a text"),
        (b"hush-hush", "the secret engine is of type bytes: give a text"),
        ("", "the secret engine is empty: give a text"),
    ],
)
@pytest.mark.parametrize("method", ["configure", "set_objects"])
def test_a_secret_that_is_no_text_is_refused_before_anything_is_set(
    project: Path, method: str, value: Any, message: str
) -> None:
    """Standard input would be empty, and the CLI keep that in place of the secret that was there."""
    cli = PlayedCli("dev")
    with pytest.raises(UnusableError) as caught:
        getattr(Environment("dev", project=project, command=cli), method)({"retain_data": True}, {"engine": value})
    assert str(caught.value) == message
    assert cli.calls == []


def test_a_stack_without_a_name_is_not_the_one_that_is_selected(project: Path) -> None:
    with pytest.raises(UnusableError, match=r"^the stack has no name: give one, such as dev$"):
        Environment("", project=project, command=PlayedCli("dev"))


def test_a_project_may_be_a_text_and_is_kept_where_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = PlayedCli("dev")
    monkeypatch.chdir(project.parent)
    environment = Environment("dev", project=project.name, command=cli)
    monkeypatch.chdir("/")
    environment.outputs()
    assert {call.cwd for call in cli.calls} == {str(project)}


def test_a_project_that_is_gone_is_not_a_cli_that_is_missing(project: Path) -> None:
    environment = Environment("dev", project=project, command=PlayedCli("dev"))
    project.rename(project.parent / "moved")
    for operation in (environment.up, environment.outputs):
        with pytest.raises(UnusableError, match=r"/\S+ is not there any more: it was the folder of the program$"):
            operation()
    with pytest.raises(UnusableError, match=r"Pulumi.yaml cannot be read: No such file or directory: "):
        environment.configure({"engine": "open"})


def test_a_new_environment_with_a_settings_file_is_made(project: Path) -> None:
    cli = PlayedCli(up=Played([summed(create=53)]))
    Environment("prod", project=project, command=cli).up()
    assert cli.commands()[:3] == ["stack select", "stack init", "up"]


def test_a_misspelt_environment_is_not_made(project: Path) -> None:
    cli = PlayedCli("dev", up=Played([summed()]))
    environment = Environment("prd", project=project, command=cli)
    with pytest.raises(UnusableError) as caught:
        environment.up()
    assert str(caught.value) == (
        "there is no stack prd and no Pulumi.prd.yaml: use one of dev, prod, or create a new one with --create"
    )
    assert cli.stacks == {"dev"}
    environment.up(create=True)
    assert cli.stacks == {"dev", "prd"}


def test_names_with_dots_are_offered_whole(project: Path) -> None:
    (project / "Pulumi.dev.yaml").rename(project / "Pulumi.dev.eu.yaml")
    with pytest.raises(UnusableError, match=r"use one of dev\.eu, prod, or create a new one with --create$"):
        Environment("prd", project=project, command=PlayedCli()).up()
    for file in project.glob("Pulumi.*.yaml"):
        file.unlink()
    with pytest.raises(UnusableError, match=r"^there is no stack prd and no Pulumi.prd.yaml: create a new one with"):
        Environment("prd", project=project, command=PlayedCli()).up()


@pytest.mark.parametrize("operation", ["up", "preview", "configure", "set_objects"])
def test_a_stack_that_was_removed_meanwhile_is_made_again(project: Path, operation: str) -> None:
    cli = PlayedCli("dev", up=Played([summed(create=53)]), preview=Played([summed(create=53)]))
    environment = Environment("dev", project=project, command=cli)
    environment.up()
    cli.stacks.clear()  # pulumi stack rm --preserve-config, by somebody else
    cli.calls.clear()
    arguments = [{"engine": "open"}] if operation in {"configure", "set_objects"} else []
    getattr(environment, operation)(*arguments)
    assert cli.stacks == {"dev"}
    done = "config set-all" if arguments else operation
    assert cli.commands()[:4] == [done, "stack select", "stack init", done]


def test_a_stack_that_was_removed_with_its_settings_is_not_made_again(project: Path) -> None:
    """With default settings it would be another system."""
    cli = PlayedCli("dev", up=Played([summed(create=53)]))
    environment = Environment("dev", project=project, command=cli)
    environment.up()
    cli.stacks.clear()
    (project / "Pulumi.dev.yaml").unlink()  # as pulumi stack rm does
    for operation in (environment.up, environment.preview, lambda: environment.configure({"engine": "open"})):
        with pytest.raises(UnusableError) as caught:
            operation()
        assert str(caught.value) == (
            "stack dev was removed meanwhile, and Pulumi.dev.yaml is not there any more: put the file back "
            "(git checkout Pulumi.dev.yaml), or make a new stack with --create (create=True)"
        )
        assert cli.stacks == set()
    environment.up(create=True)
    assert cli.stacks == {"dev"}


def test_a_stack_that_was_removed_meanwhile_is_neither_refreshed_nor_destroyed(project: Path) -> None:
    cli = PlayedCli("dev")
    environment = Environment("dev", project=project, command=cli)
    environment.outputs()
    cli.stacks.clear()
    for operation in (environment.refresh, environment.destroy, environment.outputs):
        with pytest.raises(UnusableError, match=r"^there is no stack dev: deploy it first"):
            operation()
    assert cli.stacks == set()


def test_a_qualified_name_has_the_file_of_its_last_part(project: Path) -> None:
    cli = PlayedCli(up=Played([summed()]))
    Environment("acme/model-monitoring/dev", project=project, command=cli).up()
    assert cli.stacks == {"acme/model-monitoring/dev"}


def test_destroy_does_not_make_a_stack(project: Path) -> None:
    cli = PlayedCli()
    with pytest.raises(UnusableError) as caught:
        Environment("prod", project=project, command=cli).destroy()
    assert str(caught.value) == "there is no stack prod: deploy it first, or see `pulumi stack ls`"
    assert cli.stacks == set()


def test_not_a_project(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match=r"has no Pulumi.yaml: name the folder of the program$"):
        Environment("dev", project=tmp_path, command=PlayedCli("dev"))


def test_a_failed_step_is_told_as_one(project: Path) -> None:
    cli = PlayedCli("dev", up=Played(failed("create", BUCKET, "dev-data", "boom"), Failure("error: update failed")))
    steps: list[tuple[str, float | None]] = []
    progress = Progress(on_step=lambda step, seconds: steps.append((step.name, seconds)))
    with pytest.raises(AutomationError) as caught:
        Environment("dev", project=project, command=cli, progress=progress).up()
    assert steps == [("dev-data", None)]
    assert progress.running == {}
    assert str(caught.value) == "boom"
    assert not caught.value.known


def test_what_the_last_operation_said_is_forgotten(project: Path) -> None:
    cli = PlayedCli("dev", preview=Played([said("error", "old news"), summed()]), up=Played([], Failure("error: new")))
    environment = Environment("dev", project=project, command=cli)
    environment.preview()
    with pytest.raises(AutomationError, match=r"^new$"):
        environment.up()


def test_names_and_types_of_steps() -> None:
    event = step("resourcePreEvent", "create", BUCKET, "dev-data")["resourcePreEvent"]["metadata"]
    made = Step(event["urn"], event["op"], 0.0)
    assert (made.name, made.type) == ("dev-data", BUCKET)


def test_the_module_is_the_public_name() -> None:
    for name in automation.__all__:
        assert hasattr(automation, name)
