"""Run a Pulumi program, unchanged, against the embedded AWS.

This is an apply simulator and no test of a deployment: there is no engine, so no state, preview, diff, update,
replacement or refresh, no provider plug-in with its own validation and defaults beyond those written here, and no
transforms by the engine. What it shows is that the program runs, that its resources fit together, and that every
request is one that AWS's models accept.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
import os
import runpy
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.settings import Settings as PulumiSettings
from pulumi.runtime.settings import configure, get_root_resource
from pulumi.runtime.stack import run_in_stack

from local_aws.apply.calls import Cloud
from local_aws.apply.deployment import DeployError, Deployment, OnEvent
from local_aws.apply.engine import Applier, Recorder
from local_aws.apply.errors import ApplyError
from local_aws.apply.settings import Settings
from local_aws.apply.values import plain

THREADS = 8
# The program runs in the project's directory with its own sys.path, both of which belong to the whole process.
_ONE_AT_A_TIME = threading.Lock()

Program = Path | str | Callable[[], Any]


def deploy(program: Program, settings: Settings, cloud: Cloud, *, on_event: OnEvent | None = None) -> Deployment:
    """Apply a program and return what it created.

    Parameters
    ----------
    program
        The path of a ``__main__.py`` (or of its directory), run as ``pulumi up`` runs it: in its directory, as
        ``__main__``; or a callable that declares resources.
    settings
        The stack's configuration, from ``load_settings``.
    cloud
        The embedded AWS.
    on_event
        Called for each step, one call at a time, from any thread.

    Raises DeployError, in one line, whose ``partial`` deployment has what was created before the failure. Ctrl-C
    lets the calls under way end, starts no new ones and is raised again. One deployment runs at a time in a
    process.
    """
    started = time.monotonic()
    deployment = Deployment(settings.project, settings.stack)
    with _ONE_AT_A_TIME:
        try:
            applier = Applier(settings, cloud, deployment, on_event)
            run = _Run(program, settings, applier)
            run.to_end()
        except ApplyError as error:
            raise DeployError(f"{settings.project} ({settings.stack}): {error}", deployment) from error
    deployment.seconds = time.monotonic() - started
    if (failure := applier.failure or run.error) is not None:
        reason = failure if isinstance(failure, ApplyError) else f"{type(failure).__name__}: {failure}"
        raise DeployError(f"{settings.project} ({settings.stack}): {reason}", deployment) from failure
    exports = {key: run.recorder.stack_outputs.get(key) for key in run.exports}
    deployment.secret_outputs = frozenset(key for key, value in exports.items() if rpc.is_rpc_secret(value))
    deployment.outputs = {key: _whole(plain(value)) for key, value in exports.items()}
    return deployment


class _Run:
    """One program on an event loop and a thread of its own: the caller's Pulumi state and loop stay as they are."""

    def __init__(self, program: Program, settings: Settings, applier: Applier) -> None:
        self.program = program
        self.settings = settings
        self.applier = applier
        self.recorder = Recorder(applier)
        self.error: BaseException | None = None
        self.ended = threading.Event()
        self.exports: list[str] = []  # in the program's order, which their way through the engine loses

    def to_end(self) -> None:
        # An empty context: Pulumi's settings live in context variables, and those of the caller are not ours.
        thread = threading.Thread(target=contextvars.Context().run, args=(self._body,), name="local-aws-deploy")
        file = self._file()
        # Assets are read while resources are created, which goes on after the program's last line: hence
        # around all of it.
        with _as_pulumi_runs(file.parent if file else self.settings.directory, file):
            try:
                thread.start()  # a signal may come while it starts
                # Not without a limit: a signal that reaches another thread does not wake this one. And not by
                # joining: after an exception in `join`, Python 3.11 takes a thread that runs for one that has ended.
                while not self.ended.wait(0.1):
                    pass
            except BaseException as interrupt:
                self.applier.stop(interrupt)
                if thread.ident is not None:
                    self.ended.wait()
                raise

    def _body(self) -> None:
        try:
            self._on_a_loop()
        finally:
            self.ended.set()

    def _on_a_loop(self) -> None:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(THREADS, thread_name_prefix="local-aws-deploy"))
        # After a failure every future that waits for it reports the same error once more when it is collected.
        loop.set_exception_handler(self._late_error)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._main())
        except BaseException as error:  # handed over to the caller's thread, which raises it
            self.error = error
        finally:
            # Calls under way end before the deployment is looked at.
            loop.run_until_complete(loop.shutdown_default_executor())
            for task in asyncio.all_tasks(loop):
                task.cancel()
            asyncio.set_event_loop(None)
            loop.close()

    async def _main(self) -> None:
        configure(
            PulumiSettings(
                project=self.settings.project,
                stack=self.settings.stack,
                monitor=self.recorder,
                engine=MockEngine(logging.getLogger("pulumi")),
                dry_run=False,
                root_directory=str(self.settings.directory),
            )
        )
        pulumi.runtime.set_all_config(dict(self.settings.config), list(self.settings.secret_keys))
        await run_in_stack(self._program)
        self.exports = list(getattr(get_root_resource(), "outputs", {}))

    def _program(self) -> Any:
        if isinstance(self.program, Path | str):
            runpy.run_path(str(self._file()), run_name="__main__")
            return None
        return self.program()

    def _file(self) -> Path | None:
        """The program's file; None if it is a callable."""
        if not isinstance(self.program, Path | str):
            return None
        path = Path(self.program).resolve()
        path = path / "__main__.py" if path.is_dir() else path
        if not path.is_file():
            raise ApplyError(f"there is no program {path}")
        return path

    def _late_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if self.applier.failure is None and self.error is None:
            loop.default_exception_handler(context)
        else:
            logging.getLogger(__name__).debug(
                "after the failure: %s", context.get("exception") or context.get("message")
            )


@contextmanager
def _as_pulumi_runs(directory: Path, file: Path | None) -> Iterator[None]:
    """The process as ``pulumi up`` would have it: in the program's directory, which is also first on ``sys.path``."""
    before = os.getcwd(), list(sys.path), list(sys.argv)
    os.chdir(directory)
    if file is not None:
        sys.path.insert(0, str(directory))
        sys.argv = [str(file)]
    try:
        yield
    finally:
        os.chdir(before[0])
        sys.path[:], sys.argv[:] = before[1], before[2]


def _whole(value: Any) -> Any:
    """Numbers as a person would write them: the runtime hands every one over as a float."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
