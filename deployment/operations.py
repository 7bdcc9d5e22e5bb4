"""preview, up, refresh, destroy and outputs of one environment, through Pulumi's Automation API."""

import difflib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pulumi.automation import (
    CommandError,
    ConfigValue,
    InvalidVersionError,
    LocalWorkspace,
    OutputMap,
    OutputValue,
    PreviewResult,
    Stack,
    StackNotFoundError,
)

from deployment.cli import Cli
from deployment.errors import AutomationError, UnusableError, explain, unusable
from deployment.events import Progress

PROJECT: Final = Path(__file__).resolve().parent.parent
Done = TypeVar("Done")
Scalar = str | bool | int | float
"""What a setting can be. Members of lists and objects are set by their path: `alert_emails[0]`."""
HIDDEN: Final = "[secret]"
"""What the CLI writes in the place of a secret output."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an operation did."""

    operation: str
    stack: str
    changes: Mapping[str, int]
    """Number of resources by what was done to them (for a preview: would be): `create`, `update`, `same`, …"""
    seconds: float
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs after an `up`; those that are secret as `[secret]`."""

    @property
    def changed(self) -> int:
        """Number of resources that were (or would be) changed."""
        return sum(number for kind, number in self.changes.items() if kind not in {"same", "read", "refresh"})

    def to_dict(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "stack": self.stack,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 1),
            "outputs": dict(self.outputs),
        }


class _Workspace(LocalWorkspace):
    """Asks for outputs once, and has secrets shown only to whoever wants them; the SDK has the CLI say both, always."""

    def stack_outputs(self, stack_name: str, *, show_secrets: bool = False) -> OutputMap:
        shown = ["--show-secrets"] if show_secrets else []
        arguments = ["stack", "output", "--json", *shown, "--stack", stack_name]
        said = json.loads(self.pulumi_command.run(arguments, self.work_dir, self.env_vars).stdout)
        return {name: OutputValue(value=value, secret=value == HIDDEN) for name, value in said.items()}


class Environment:
    """One stack of the program in `project`: `dev`, `staging`, `prod`, or any other name.

    Parameters
    ----------
    name
        The stack's name, also fully qualified (`organisation/project/dev`).
    project
        The folder of `Pulumi.yaml`.
    command
        The CLI; by default the one on the PATH.
    progress
        Is told the engine's events.
    variables
        Environment variables of the CLI beside this process's own, such as another account's credentials.

    Raises
    ------
    UnusableError
        If there is no usable CLI or no such project.

    Every method raises `AutomationError` with one line that says what is wrong and what fixes it. A Ctrl-C cancels the
    operation: the CLI finishes the steps under way and records them, and KeyboardInterrupt is raised after that.

    A stack that somebody removes meanwhile (`pulumi stack rm`) is made again by the next `up`, `preview` or
    `configure`, as a new object would make it: where its settings file is there, or with `create`. Without either that
    is refused: `pulumi stack rm` deletes the file too, and a stack with default settings would be another system.
    """

    def __init__(
        self,
        name: str,
        *,
        project: Path | str = PROJECT,
        command: Cli | None = None,
        progress: Progress | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        if not name:  # the CLI would take the stack that somebody has selected in the folder
            raise UnusableError("the stack has no name: give one, such as dev")
        self.name = name
        self.project = Path(project).resolve()
        if not (self.project / "Pulumi.yaml").is_file():
            raise UnusableError(f"{project} has no Pulumi.yaml: name the folder of the program")
        self.progress = progress or Progress()
        try:
            self.command = command or Cli()
        except (OSError, InvalidVersionError) as error:
            raise unusable(error, name) or UnusableError(str(error)) from error
        self._selected: Stack | None = None
        self._removed = False  # whether somebody removed the stack after it was selected
        self._workspace = _Workspace(
            work_dir=str(self.project),
            pulumi_command=self.command,
            env_vars={"PULUMI_SKIP_UPDATE_CHECK": "true", **(variables or {})},
        )

    def configure(
        self,
        config: Mapping[str, Scalar] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        create: bool = False,
    ) -> None:
        """Set configuration, as `pulumi config set` does: it is kept in `Pulumi.<stack>.yaml`, secrets encrypted.

        A key without a namespace is the project's own; a path in it (`monitoring.endpoint.instance_type`,
        `alert_emails[0]`) sets a member. The stack is made if it does not exist and has a settings file, or with
        `create`. All keys are checked before anything is set.
        """
        self._check(config or {}, secrets or {})

        def act(stack: Stack) -> None:
            for paths in (False, True):
                plain = {
                    key: ConfigValue(value=_text(value))
                    for key, value in (config or {}).items()
                    if _is_path(key) is paths
                }
                if plain:
                    stack.set_all_config(plain, path=paths)
            self._set_secrets(secrets)

        with self._explained():
            self._on_made(act, create=create)

    def set_objects(
        self, config: Mapping[str, Any], secrets: Mapping[str, str] | None = None, *, create: bool = False
    ) -> None:
        """Set whole values, lists and objects too, each in place of what the key had; the component checks them."""
        _check_secrets(secrets or {})

        def act(stack: Stack) -> None:
            texts = {
                key: value if isinstance(value, str | bool | int | float) else json.dumps(value)
                for key, value in config.items()
            }
            stack.set_all_config({key: ConfigValue(value=_text(value)) for key, value in texts.items()})
            self._set_secrets(secrets)

        with self._explained():
            self._on_made(act, create=create)

    def preview(self, *, create: bool = False) -> Result:
        """What `up` would do; changes nothing."""
        with self._explained():
            return self._on_made(
                lambda stack: self._run("preview", lambda: stack.preview(on_event=self.progress, color="never")),
                create=create,
            )

    def up(self, *, create: bool = False) -> Result:
        """Create or update what the program declares."""
        with self._explained():
            return self._on_made(
                lambda stack: self._run(
                    "up", lambda: stack.up(on_event=self.progress, color="never", show_secrets=False)
                ),
                create=create,
            )

    def refresh(self, *, clear_pending_creates: bool = False) -> Result:
        """Compare the recorded state with what AWS has, and record that.

        With `clear_pending_creates` forget what an interrupted operation was creating, too: nobody knows whether AWS
        has it, so look first (docs/component.md, "When a deployment fails").
        """
        with self._explained():
            stack = self._stack()
            return self._run(
                "refresh",
                lambda: stack.refresh(
                    on_event=self.progress,
                    color="never",
                    show_secrets=False,
                    clear_pending_creates=clear_pending_creates,
                ),
            )

    def preview_destroy(self) -> Result:
        """What `destroy` would delete; changes nothing."""
        with self._explained():
            stack = self._stack()
            return self._run("preview_destroy", lambda: stack.preview_destroy(on_event=self.progress, color="never"))

    def destroy(self) -> Result:
        """Delete everything, but what `retain_data` keeps. The stack itself stays, with its history and settings.

        A stack with something protected in it is left as it is: only a preview refuses before anything is touched, and
        the SDK's destroy makes none.
        """
        plan = Progress()  # nobody asked for this one: only its errors are told
        with self._explained(plan):
            stack = self._stack()
            stack.preview_destroy(on_event=plan, color="never")
        with self._explained():
            return self._run(
                "destroy", lambda: stack.destroy(on_event=self.progress, color="never", show_secrets=False)
            )

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs of the last deployment, by name; secret ones as `[secret]` unless they are asked for."""
        with self._explained():
            self._stack()
            return _outputs(self._workspace.stack_outputs(self.name, show_secrets=show_secrets))

    @contextmanager
    def _explained(self, progress: Progress | None = None) -> Iterator[None]:
        told = progress or self.progress
        if not self.project.is_dir():
            raise UnusableError(f"{self.project} is not there any more: it was the folder of the program")
        told.errors.clear()  # what the operation before said is no reason of this one's
        try:
            yield
        except (CommandError, InvalidVersionError, OSError, RuntimeError) as error:
            raise explain(error, told.errors, self.name) from error

    def _run(self, operation: str, act: Callable[[], Any]) -> Result:
        began = time.monotonic()
        self.progress.reset()
        result = act()
        changes = result.change_summary if isinstance(result, PreviewResult) else result.summary.resource_changes or {}
        return Result(
            operation=operation,
            stack=self.name,
            changes={str(getattr(kind, "value", kind)): number for kind, number in changes.items() if number},
            seconds=time.monotonic() - began,
            outputs=_outputs(getattr(result, "outputs", {})),
        )

    def _stack(self, *, create: bool = False, make: bool = False) -> Stack:
        """The stack, looked for once: each operation names it, and says by itself if it is gone since."""
        self._selected = self._selected or self._found(create=create, make=make)
        return self._selected

    def _on_made(self, act: Callable[[Stack], Done], *, create: bool) -> Done:
        """Act on the stack, which is made if it may be; once more if somebody has removed it since it was selected.

        The CLI looks for the stack first of all, so nothing was begun then.
        """
        try:
            return act(self._stack(create=create, make=True))
        except StackNotFoundError:
            if self._selected is None:
                raise
        self._removed, self._selected = True, None
        return act(self._stack(create=create, make=True))

    def _found(self, *, create: bool, make: bool) -> Stack:
        if not make:
            return Stack.select(self.name, self._workspace)
        settings = self.project / f"Pulumi.{self.name.rsplit('/', 1)[-1]}.yaml"
        # A misspelt name must not deploy a second system with default settings.
        if create or settings.is_file():
            return Stack.create_or_select(self.name, self._workspace)
        try:
            return Stack.select(self.name, self._workspace)
        except CommandError as error:
            if not unusable(error, self.name):
                raise
            if self._removed:
                raise UnusableError(
                    f"stack {self.name} was removed meanwhile, and {settings.name} is not there any more: put the file "
                    f"back (git checkout {settings.name}), or make a new stack with --create (create=True)"
                ) from error
            files = (path.name for path in self.project.glob("Pulumi.*.yaml"))
            environments = sorted(file.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
            use = [f"use one of {', '.join(environments)},"] if environments else []
            raise UnusableError(
                f"there is no stack {self.name} and no {settings.name}: "
                f"{' or '.join([*use, 'create a new one with --create'])}"
            ) from error

    def _set_secrets(self, secrets: Mapping[str, str] | None) -> None:
        for key, value in (secrets or {}).items():
            path = ["--path"] if _is_path(key) else []
            arguments = ["config", "set", *path, key, "--secret", "--stack", self.name]
            self.command.run_with_input(arguments, self._workspace.work_dir, self._workspace.env_vars, value)

    def _check(self, config: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        """Refuse settings that nobody reads, and values that the CLI would keep as something else."""
        known = self._known_keys()
        _check_secrets(secrets)
        for key, value in {**config, **secrets}.items():
            if value is None:
                raise UnusableError(f"{key} is None: leave it out, or pulumi config rm {key} --stack {self.name}")
            if not isinstance(value, str | bool | int | float):
                raise UnusableError(f"{key} is {value!r}: set its members by path, such as {key}[0] or {key}.name")
            name, _, _ = key.replace("[", ".").partition(".")
            namespace, separator, own = name.rpartition(":")
            if separator and namespace != self._project_name():
                continue  # another package's setting, such as aws:region
            if own not in known:
                near = difflib.get_close_matches(own, known, n=1)
                fix = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
                raise UnusableError(f"{key} is not a setting of {self._project_name()}: {fix}")

    def _project_name(self) -> str:
        name = _yaml(self.project / "Pulumi.yaml").get("name")
        if not name:
            raise UnusableError(f"{self.project / 'Pulumi.yaml'} has no name: give the project one")
        return str(name)

    def _known_keys(self) -> set[str]:
        """What Pulumi.yaml declares, and what the environments' files set (objects cannot be declared)."""
        prefix = f"{self._project_name()}:"
        used = {key for path in self.project.glob("Pulumi.*.yaml") for key in _yaml(path).get("config") or {}}
        declared = _yaml(self.project / "Pulumi.yaml").get("config") or {}
        return {key.removeprefix(prefix) for key in {*used, *declared} if ":" not in key or key.startswith(prefix)}


def _yaml(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UnusableError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    except UnicodeDecodeError as error:
        raise UnusableError(f"{path.name} is not UTF-8, at byte {error.start}: save it as that") from error
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}: it must be a file of settings") from error
    if loaded is None:
        return {}  # nothing but comments: a stack without settings, to the CLI too
    if not isinstance(loaded, dict):
        raise UnusableError(f"{path.name} has no settings: it must be a YAML mapping")
    return loaded


def _check_secrets(secrets: Mapping[str, Any]) -> None:
    for key, value in secrets.items():
        if not isinstance(value, str) or not value:  # its value is no part of a message
            kind = "empty" if value == "" else f"of type {type(value).__name__}"
            raise UnusableError(f"the secret {key} is {kind}: give a text")


def _is_path(key: str) -> bool:
    return "." in key or "[" in key


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _outputs(outputs: OutputMap) -> dict[str, Any]:
    return {name: output.value for name, output in outputs.items()}


__all__ = ["PROJECT", "AutomationError", "Environment", "Progress", "Result", "UnusableError"]
