"""Failures end in one line that says what is wrong and what fixes it."""

from pathlib import Path

import pytest
from pulumi.automation import InvalidVersionError

import deployment.operations
from automation import AutomationError, Environment, UnusableError
from deployment.cli import Cli
from deployment.errors import explain
from tests.automation.played_cli import READ, SERVED, Failure, Played, PlayedCli, failed, said, summed

SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"


def refusal(operation: str, code: str, words: str, service: str = "SageMaker") -> str:
    """As the AWS provider reports what AWS's client says."""
    return (
        f"sdk-v2/provider2.go:572: sdk.helper_schema: creating X: operation error {service}: {operation}, https "
        "response error StatusCode: 400, RequestID: 6ac2d7a4-2ad4-4ee0-8f3e-0c4a9a3a1a4d, api error "
        f"{code}: {words}: provider=aws@7.51.1\n1 error occurred:\n\t* creating X: operation error {service}: "
        f"{operation}, https response error StatusCode: 400, api error {code}: {words}"
    )


def error_of(project: Path, played: Played, version: str = SERVED) -> AutomationError:
    cli = PlayedCli("dev", version=version, up=played)
    with pytest.raises(AutomationError) as caught:
        Environment("dev", project=project, command=cli).up()
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("version", [SERVED, READ])
@pytest.mark.parametrize(
    "words",
    [
        "Amazon SageMaker Model Monitor is closed to new customers.",
        "Model Monitor is no longer available",
        "This feature is only open to existing customers",
    ],
)
def test_a_refused_schedule_is_met_with_the_engine_for_every_account(project: Path, words: str, version: str) -> None:
    events = failed(
        "create", SCHEDULE, "dev-data-quality", refusal("CreateMonitoringSchedule", "AccessDeniedException", words)
    )
    error = error_of(project, Played([*events, summed(create=12)], Failure("error: update failed")), version)
    assert str(error) == (
        "AWS refused a Model Monitor schedule: the service is closed to new customers, and this account is one. "
        "Use the engine for every account: pulumi config set model-monitoring:engine open --stack dev"
    )
    assert error.known


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        # Refused for another reason, or another thing that is closed: the engine would not fix it.
        ("CreateMonitoringSchedule", "User: x is not authorized to perform: sagemaker:CreateMonitoringSchedule"),
        ("CreateEndpoint", "The instance type is closed to new customers"),
    ],
)
def test_another_refusal_is_not_taken_for_that_one(project: Path, operation: str, words: str) -> None:
    events = failed("create", ENDPOINT, "x", refusal(operation, "AccessDeniedException", words))
    error = error_of(project, Played(events, Failure()))
    assert "model-monitoring:engine" not in str(error)
    assert str(error).startswith(f"AWS refused SageMaker {operation}: AccessDeniedException: ")


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("AccessDeniedException", "give the credentials that deploy this permission"),
        ("ExpiredTokenException", "renew the credentials (aws sso login, or new keys)"),
        ("ResourceLimitExceeded", "ask for a higher quota, or choose another instance type"),
    ],
)
def test_a_refusal_names_operation_code_and_mend(project: Path, code: str, fix: str) -> None:
    events = failed("create", ENDPOINT, "x", refusal("CreateEndpoint", code, "no"))
    error = error_of(project, Played(events, Failure("error: update failed")))
    assert str(error) == f"AWS refused SageMaker CreateEndpoint: {code}: no: {fix}"


def test_a_refusal_without_a_known_mend_is_told_as_it_is(project: Path) -> None:
    error = error_of(project, Played([said("error", "api error ThrottlingException: Rate exceeded")], Failure()))
    assert str(error) == "AWS refused a request: ThrottlingException: Rate exceeded"


@pytest.mark.parametrize(
    ("message", "start"),
    [
        (
            "unable to validate AWS credentials. Details: No valid credential sources found. Please see …",
            "there are no AWS credentials: set AWS_PROFILE",
        ),
        (
            "failed to refresh cached credentials, the SSO session has expired or is invalid",
            "AWS refused the credentials, they have expired: renew them",
        ),
        (
            "Program failed with an unhandled exception:\nTraceback (most recent call last):\n  …\n"
            "components.args.reader.ArgumentError: engine is 'opne': must be one of model-monitor, open, both",
            "engine is 'opne': must be one of model-monitor, open, both",
        ),
    ],
)
def test_known_causes(project: Path, message: str, start: str) -> None:
    error = error_of(project, Played([said("error", message)], Failure("error: update failed")))
    assert str(error).startswith(start)
    assert error.known


@pytest.mark.parametrize(
    ("stderr", "start"),
    [
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "Pulumi does not know where its state is: pulumi login",
        ),
        (
            "error: getting secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or "
            "PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
            "the stack's secrets cannot be read: set PULUMI_CONFIG_PASSPHRASE",
        ),
        (
            "error: [409] Conflict: Another update is currently in progress.",
            "stack dev is locked by another update: wait until it has ended; if none is running any more: "
            "pulumi cancel --stack dev",
        ),
        (
            "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or …",
            "stack dev is locked by another update",
        ),
        (
            "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete "
            "the lock file with `pulumi cancel`.\n  file:///state/.pulumi/locks/organization/model-monitoring/dev/"
            "eff5c450.json?no_tmp_dir=true: created by root@vm (pid 13704) at 2026-12-01T17:01:29Z",
            "stack dev is locked by another update (root@vm, process 13704, since 2026-12-01T17:01:29Z): wait until it "
            "has ended; if none is running any more: pulumi cancel --stack dev",
        ),
        (
            'error: unable to open state directory "file:///state": stat /state: no such file or directory',
            "Pulumi's state cannot be opened: stat /state: no such file or directory: mkdir -p /state, or name another "
            "place (pulumi login)",
        ),
        (
            'error: write ".pulumi/meta.yaml": blob (key ".pulumi/meta.yaml") (code=Unknown): mkdir /state/.pulumi: '
            "permission denied",
            "Pulumi's state cannot be used: /state/.pulumi: permission denied: give it room and this user the right",
        ),
        (
            "error: 2 errors occurred:\n    1) open /state/.pulumi/locks/organization/model-monitoring/dev/1.json.tmp: "
            "no space left on device\n    2) Unknown",
            "Pulumi's state cannot be used: /state/.pulumi/locks/organization/model-monitoring/dev/1.json.tmp: no",
        ),
        (
            "error: 2 errors occurred:\n    1) open /program/x: permission denied\n    2) Unknown",
            "open /program/x: permission denied",
        ),
        (
            "error: getting stack configuration: get stack secrets manager: unable to read "
            "PULUMI_CONFIG_PASSPHRASE_FILE: open /nope: no such file or directory",
            "the passphrase's file cannot be read: /nope: no such file or directory: name it in "
            "PULUMI_CONFIG_PASSPHRASE_FILE",
        ),
        (
            "Logging in using access token from PULUMI_ACCESS_TOKEN\nerror: performing HTTP request: Get "
            '"http://127.0.0.1:9/api/user": dial tcp 127.0.0.1:9: connect: connection refused',
            'performing HTTP request: Get "http://127.0.0.1:9/api/user"',
        ),
        (
            'error: invoking Lambda Function (churn-check): {"errorMessage": "endpoint \\"x\\" was not updated", '
            '"errorType": "EndpointNotUpdatedError", "stackTrace": []}',
            'endpoint "x" was not updated',
        ),
        ("error: something unheard of\nmore of it", "something unheard of"),
        ("1 error occurred:\n\t* creating SNS Topic: waited too long\n\n", "creating SNS Topic: waited too long"),
    ],
)
def test_what_the_cli_refuses(project: Path, stderr: str, start: str) -> None:
    assert str(error_of(project, Played([], Failure(stderr)))).startswith(start)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        # What the engine says of a program, and of a provider, that raised.
        (
            "Program failed with an unhandled exception:\nTraceback (most recent call last):\n"
            '  File "/program/__main__.py", line 1, in <module>\n    import nosuch\n'
            "ModuleNotFoundError: No module named 'nosuch'",
            "ModuleNotFoundError: No module named 'nosuch'",
        ),
        (
            "Program failed with an unhandled exception:\nTraceback (most recent call last):\n  File ...\n"
            "KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
            "Traceback (most recent call last):\n  File ...\nValueError: x is wrong\nsecond\n",
            "ValueError: x is wrong second",
        ),
        ("Traceback (most recent call last):\n  File ...\nException: boom", "Exception: boom"),
        ("creating SNS Topic:\n  waited too long", "creating SNS Topic: waited too long"),
        (
            "Missing required configuration variable 'model-monitoring:x'\n\tplease set a value using the command "
            "`pulumi config set model-monitoring:x <value>`",
            "model-monitoring:x is not set: pulumi config set model-monitoring:x VALUE --stack dev",
        ),
    ],
)
def test_the_reason_is_a_line_that_says_something(project: Path, message: str, line: str) -> None:
    events = [said("error", message), said("error", "update failed")]
    assert str(error_of(project, Played(events, Failure("", "Updating (dev):")))) == line


def test_the_reason_is_not_what_the_operation_before_said(project: Path) -> None:
    cli = PlayedCli("dev", up=Played([said("error", "old news")], Failure()))
    environment = Environment("dev", project=project, command=cli)
    with pytest.raises(AutomationError, match=r"^old news$"):
        environment.up()
    cli.fails["stack output"] = Failure("error: another thing")
    with pytest.raises(AutomationError, match=r"^another thing$") as caught:
        environment.outputs()
    assert caught.value.details == ("error: another thing",)


def test_a_cli_that_was_killed_is_told_as_that(project: Path) -> None:
    """It has said nothing of it: the line was `Updating (dev):`."""
    error = error_of(project, Played([said("error", "boom")], Failure("", "Updating (dev):\n code: -1\n", code=-9)))
    assert str(error) == (
        "the Pulumi CLI was ended by signal 9 in the middle (9: often for want of memory): the same command again goes "
        "on; if dev is locked then: pulumi cancel --stack dev"
    )
    assert error.details == ("boom", "Updating (dev):\n code: -1")
    assert str(error_of(project, Played([], Failure("error: x", " code: -9\n", code=1)))) == "x"


def test_everything_said_is_kept_for_an_unknown_cause(project: Path) -> None:
    error = error_of(project, Played([said("error", "first\nsecond")], Failure("error: third", "fourth")))
    assert not error.known
    assert error.details == ("first\nsecond", "error: third", "fourth")


def test_a_very_long_message_is_cut() -> None:
    assert len(str(explain(ValueError("x"), ["y" * 5000], "dev"))) < 1000


def test_no_cli(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    with pytest.raises(UnusableError) as caught:
        Environment("dev", project=project)
    assert str(caught.value) == (
        "the Pulumi CLI cannot be run: install it (https://www.pulumi.com/docs/install/) and put it on the PATH"
    )


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v3.199.0", "minimum CLI version requirement is 3.200.0, your current CLI version is 3.199.0"),
        ("4.0.0", "4.0.0"),
    ],
)
def test_a_cli_of_another_age(project: Path, monkeypatch: pytest.MonkeyPatch, version: str, words: str) -> None:
    program = project / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.delenv("PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK", raising=False)
    with pytest.raises(InvalidVersionError):
        Cli()
    with pytest.raises(UnusableError) as caught:
        Environment("dev", project=project)
    assert words in str(caught.value)
    assert "https://www.pulumi.com/docs/install/" in str(caught.value)


def test_settings_files_that_are_not_yaml(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(UnusableError, match=r"^Pulumi.prod.yaml is not YAML: [^\n]*$"):
        Environment("dev", project=project, command=PlayedCli("dev")).configure({"engine": "open"})


def test_settings_files_that_cannot_be_read(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_bytes(b"a: \xff")
    environment = Environment("dev", project=project, command=PlayedCli("dev"))
    with pytest.raises(UnusableError, match=r"^Pulumi.prod.yaml is not UTF-8, at byte 3: save it as that$"):
        environment.configure({"engine": "open"})
    (project / "Pulumi.prod.yaml").unlink()
    (project / "Pulumi.prod.yaml").mkdir()
    with pytest.raises(UnusableError, match=r"Pulumi.prod.yaml cannot be read: Is a directory: it must be a file"):
        environment.configure({"engine": "open"})


def test_a_settings_file_with_nothing_in_it_is_one(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("# nothing yet\n", encoding="utf-8")
    cli = PlayedCli("dev")
    Environment("dev", project=project, command=cli).configure({"engine": "open"})
    assert cli.commands() == ["stack select", "config set-all"]


def test_a_project_without_a_name(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("runtime: python\n", encoding="utf-8")
    with pytest.raises(UnusableError, match=r"Pulumi.yaml has no name: give the project one$"):
        Environment("dev", project=project, command=PlayedCli("dev")).configure({"engine": "open"})


def test_the_default_project_is_this_repository() -> None:
    assert (deployment.operations.PROJECT / "Pulumi.yaml").is_file()
