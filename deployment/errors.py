"""What went wrong, in one line with the fix; from what the CLI and AWS said in many."""

import json
import re
from collections.abc import Sequence
from typing import Final

from pulumi.automation import CommandError, ConcurrentUpdateError, InvalidVersionError, StackNotFoundError

INSTALL: Final = "https://www.pulumi.com/docs/install/"
ENGINE_KEY: Final = "model-monitoring:engine"
PROTECT_KEY: Final = "model-monitoring:protect"
_LONGEST: Final = 400


class AutomationError(Exception):
    """An operation that could not be done; the message is one line. `known` is whether its cause was recognised."""

    def __init__(self, message: str, *, known: bool = True, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.known = known
        self.details = tuple(details)


class UnusableError(AutomationError):
    """Nothing was begun: no CLI, an unknown stack, a setting that does not exist."""


# AWS's clients in the providers: `operation error SageMaker: CreateModel, …, api error AccessDeniedException: …`.
_OPERATION: Final = re.compile(r"operation error ([\w .-]+?): (\w+)")
_API_ERROR: Final = re.compile(r"api error (\w+): ([^\n]*)")
_PROVIDER: Final = re.compile(r": provider=\S+$")
# Model Monitor has been closed to new customers since 2026-07-30. AWS does not publish the error's words, so what is
# looked for is a request to make one of its resources, refused with any of the words that such a notice has.
_MODEL_MONITOR: Final = re.compile(
    r"Create(MonitoringSchedule|\w+JobDefinition)|MonitoringSchedule|QualityJobDefinition"
)
_CLOSED: Final = re.compile(
    r"new customers?|existing customers|no longer (open|available)|closed to|not open to|availability change",
    re.IGNORECASE,
)
_ARGUMENT: Final = re.compile(r"ArgumentError: ([^\n]+)")
# Of the engine, for each protected resource that an operation would delete.
_PROTECTED: Final = re.compile(r'resource "(urn:\S+)" cannot be deleted\s+because it is protected')
# What says nothing by itself. A provider that has made the resource before it fails, and the CLI where several things
# fail, begin with `1 error occurred:`, then one a line; the CLI begins with how it logs in.
_NOTHING: Final = re.compile(
    r"\d+ errors? occurred:|Program failed with an unhandled exception:|update failed|Logging in using access token.*"
)
_TRACEBACK: Final = "Traceback (most recent call last):"
_MARK: Final = re.compile(r"^(error: |\* |\d+\) )+")
# Of the CLI: `file:///…/x.json: created by user@host (pid 123) at 2026-11-23T12:00:00Z`, for each lock.
_LOCK: Final = re.compile(r"created by (\S+) \(pid (\d+)\) at (\S+)")
# Of the SDK's error: the status of a process that a signal has ended.
_ENDED: Final = re.compile(r"\A\s*code: -(\d+)\n")
_STATE: Final = re.compile(r'unable to open state directory "([^"]*)": ([^\n]*)')
_NO_RIGHT: Final = re.compile(r"(/\S*): (permission denied|read-only file system|no space left on device)")
_PASSPHRASE_FILE: Final = re.compile(r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: (?:open )?([^\n]*)")
# Of the SDK in a program, and of the CLI, which holds the settings to what Pulumi.yaml declares.
_MISSING: Final = re.compile(
    r"Missing required configuration variable '([^']+)'|is missing configuration value '([^']+)'"
)
_TYPE: Final = re.compile(r"with configuration key '([^']+)' must be of type '([^']+)'")
# What a function answered that the deployment called and that raised: {"errorMessage": "...", "errorType": ...}.
_FUNCTION: Final = re.compile(r'"errorMessage":\s*("(?:[^"\\]|\\.)*")')
_NO_CREDENTIALS: Final = re.compile(
    r"no valid credential sources|no EC2 IMDS role found|unable to validate AWS credentials|NoCredentialProviders"
    r"|failed to retrieve credentials|failed to refresh cached credentials",
    re.IGNORECASE,
)
_EXPIRED: Final = re.compile(
    r"Expired\w*Token|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClient|SSO session"
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_LIMITS: Final = frozenset({"ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"})


def unusable(error: Exception, stack: str) -> UnusableError | None:
    """The error if it means that nothing was begun, otherwise None."""
    if isinstance(error, FileNotFoundError | PermissionError | NotADirectoryError):
        return UnusableError(f"the Pulumi CLI cannot be run: install it ({INSTALL}) and put it on the PATH")
    if isinstance(error, InvalidVersionError):
        return UnusableError(f"{_one_line(str(error)).removesuffix('.')} ({INSTALL})")
    if isinstance(error, StackNotFoundError):
        return UnusableError(f"there is no stack {stack}: deploy it first, or see `pulumi stack ls`")
    return None


def explain(error: Exception, diagnostics: Sequence[str], stack: str) -> AutomationError:
    """The error of an operation, as one line that says what to do.

    `diagnostics` are the engine's messages of severity error, in their order.
    """
    nothing_begun = unusable(error, stack)
    if nothing_begun:
        return nothing_begun
    said = [*diagnostics, *_streams(error)]
    text = "\n\n".join(said)
    if isinstance(error, ConcurrentUpdateError):
        return AutomationError(_one_line(_locked(text, stack)), details=said)
    ended = _ENDED.search(str(error)) if isinstance(error, CommandError) else None
    if ended:
        return AutomationError(
            f"the Pulumi CLI was ended by signal {ended[1]} in the middle (9: often for want of memory): the same "
            f"command again goes on; if {stack} is locked then: pulumi cancel --stack {stack}",
            details=said,
        )
    for find in (_protected, _model_monitor, _function, _refused, _credentials, _program, _setting, _secrets, _state):
        message = find(text, stack)
        if message:
            return AutomationError(_one_line(message), details=said)
    return AutomationError(_one_line(_reason(diagnostics, _streams(error)) or str(error)), known=False, details=said)


def _reason(diagnostics: Sequence[str], streams: Sequence[str]) -> str:
    """The first line that says something; of a traceback the exception, which is its end."""
    lines = [line for part in diagnostics for line in _lines(part)]
    written = [line for part in streams for line in _lines(part)]
    # The CLI marks what is an error among what it writes; the rest tells how far it came.
    lines += sorted(written, key=lambda line: not line.startswith("error: "))
    said = [_MARK.sub("", line) for line in lines]
    said = [line for line in said if line and not _NOTHING.fullmatch(line)]
    # A line that ends so says nothing without the next one.
    return " ".join(said[: 2 if said[0].endswith(":") else 1]) if said else ""


def _lines(part: str) -> list[str]:
    if _TRACEBACK not in part:
        return [line.strip() for line in part.splitlines()]
    lines = part.rpartition(_TRACEBACK)[2].splitlines()
    ends = [number for number, line in enumerate(lines) if line and not line[0].isspace()]
    return [" ".join(lines[ends[0] :])] if ends else []


def _locked(text: str, stack: str) -> str:
    by = [f"{who}, process {process}, since {when}" for who, process, when in _LOCK.findall(text)]
    holder = f" ({'; '.join(by)})" if by else ""
    return (
        f"stack {stack} is locked by another update{holder}: wait until it has ended; if none is running any more: "
        f"pulumi cancel --stack {stack}"
    )


def _function(text: str, _stack: str) -> str | None:
    found = _FUNCTION.search(text)
    return str(json.loads(found[1])) if found else None


def _protected(text: str, stack: str) -> str | None:
    names = list(dict.fromkeys(urn.rsplit("::", 1)[-1] for urn in _PROTECTED.findall(text)))
    if not names:
        return None
    return (
        f"{', '.join(names)} of {stack} {'is' if len(names) == 1 else 'are'} protected, and nothing was deleted: "
        f"pulumi config set {PROTECT_KEY} false --stack {stack}, deploy that, and destroy then"
    )


def _model_monitor(text: str, stack: str) -> str | None:
    for part in text.split("\n\n"):
        if _MODEL_MONITOR.search(part) and _CLOSED.search(part):
            return (
                "AWS refused a Model Monitor schedule: the service is closed to new customers, and this account is "
                f"one. Use the engine for every account: pulumi config set {ENGINE_KEY} open --stack {stack}"
            )
    return None


def _refused(text: str, _stack: str) -> str | None:
    found = _API_ERROR.search(text)
    if not found:
        return None
    code, words = found.groups()
    operation = _OPERATION.search(text)
    what = f"{operation[1]} {operation[2]}" if operation else "a request"
    said = f"AWS refused {what}: {code}: {_PROVIDER.sub('', words.strip())[:_LONGEST].removesuffix('.')}"
    if code in _DENIED:
        return f"{said}: give the credentials that deploy this permission"
    if _EXPIRED.search(code):
        return f"{said}: renew the credentials (aws sso login, or new keys)"
    if code in _LIMITS:
        return f"{said}: ask for a higher quota, or choose another instance type"
    return said


def _credentials(text: str, _stack: str) -> str | None:
    if _EXPIRED.search(text):
        return "AWS refused the credentials, they have expired: renew them (aws sso login, or new keys)"
    if _NO_CREDENTIALS.search(text):
        return "there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return None


def _program(text: str, _stack: str) -> str | None:
    found = _ARGUMENT.search(text)
    return found[1] if found else None


def _setting(text: str, stack: str) -> str | None:
    found = _MISSING.search(text)
    if found:
        key = found[1] or found[2]
        return f"{key} is not set: pulumi config set {key} VALUE --stack {stack}"
    found = _TYPE.search(text)
    return (
        f"{found[1]} must be of type {found[2]}: pulumi config set {found[1]} VALUE --stack {stack}" if found else None
    )


def _state(text: str, _stack: str) -> str | None:
    """Of a state in a folder: one that is not there, and one that may not be written."""
    found = _STATE.search(text)
    if found:
        path = found[1].removeprefix("file://")
        return f"Pulumi's state cannot be opened: {found[2]}: mkdir -p {path}, or name another place (pulumi login)"
    found = _NO_RIGHT.search(text)
    if found and "/.pulumi/" in found[1] + "/":
        return (
            f"Pulumi's state cannot be used: {found[1]}: {found[2]}: give it room and this user the right, or name "
            "another place (pulumi login)"
        )
    return None


def _secrets(text: str, _stack: str) -> str | None:
    if "PULUMI_ACCESS_TOKEN must be set" in text:
        return "Pulumi does not know where its state is: pulumi login, or pulumi login --local for this machine"
    if "passphrase must be set" in text or "incorrect passphrase" in text:
        return "the stack's secrets cannot be read: set PULUMI_CONFIG_PASSPHRASE (or …_FILE) to its passphrase"
    found = _PASSPHRASE_FILE.search(text)
    if found:
        return f"the passphrase's file cannot be read: {found[1]}: name it in PULUMI_CONFIG_PASSPHRASE_FILE"
    return None


def _streams(error: Exception) -> list[str]:
    """What the CLI wrote, out of the SDK's error, which keeps it only as text."""
    if not isinstance(error, CommandError):
        return []
    output, _, errors = str(error).partition("\n stderr: ")
    return [part.strip() for part in (errors, output.partition("stdout: ")[2]) if part.strip()]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 2 * _LONGEST else f"{line[: 2 * _LONGEST]} …"
