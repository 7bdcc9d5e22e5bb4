"""What somebody sees of an operation: on a terminal a live list of the steps that run, elsewhere plain lines."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from pulumi.automation import OpType
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from deployment.events import Progress, Step
from deployment.operations import Result

SHOWN: Final = 12
"""Steps that run at the same time are listed up to this many; the others are counted."""

# Symbol, style, what is being done, what was done, what a preview says.
_WORDS: Final[Mapping[OpType, tuple[str, str, str, str, str]]] = {
    OpType.CREATE: ("+", "green", "creating", "created", "create"),
    OpType.UPDATE: ("~", "yellow", "updating", "updated", "update"),
    OpType.DELETE: ("-", "red", "deleting", "deleted", "delete"),
    OpType.REPLACE: ("±", "magenta", "replacing", "replaced", "replace"),
    OpType.CREATE_REPLACEMENT: ("±", "magenta", "creating replacement", "created replacement", "create replacement"),
    OpType.DELETE_REPLACED: ("±", "magenta", "deleting original", "deleted original", "delete original"),
    OpType.IMPORT: ("=", "cyan", "importing", "imported", "import"),
    OpType.DISCARD: ("-", "red", "discarding", "discarded", "discard"),
}
KEPT: Final = ("=", "cyan", "keeping", "kept", "keep")
_SUMMARY: Final = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "same": "unchanged",
    "import": "imported",
    "discard": "discarded",
    "refresh": "refreshed",
}
_PLANNED: Final = {"preview", "preview_destroy"}
_NAMES: Final = {"preview_destroy": "preview of the destruction"}
CANCELLED: Final = "cancelled; the same command again goes on from what was done"


def cancelling(times: int) -> str:
    """What a Ctrl-C does, the first one and those after it."""
    if times == 1:
        return "cancelling: the steps under way are finished and recorded first; Ctrl-C again ends them at once"
    return (
        "ending at once: what was under way is recorded as pending; look what AWS has of it, then refresh with "
        "--clear-pending-creates"
    )


class Display:
    """Prints what a `Progress` tells. `console` is where the list goes; standard output is left to results."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self.console = console
        self.verbose = verbose
        self.progress = Progress(on_step=self._step, on_message=self._message)
        self._planned = False
        self._title = ""
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def operation(self, name: str, stack: str) -> Iterator[None]:
        """Show one operation while it runs."""
        self._planned = name in _PLANNED
        self._title = f"{_NAMES.get(name, name)} of {stack}"
        self._began = time.monotonic()
        if not self.console.is_terminal:
            self._line(Text(f"{self._title} ..."))
            yield
            return
        with Live(get_renderable=self.running, console=self.console, refresh_per_second=8, transient=True):
            yield

    def interrupted(self, times: int) -> None:
        """Say what a Ctrl-C does."""
        self._line(Text(cancelling(times), style="yellow"))

    def running(self) -> RenderableType:
        """The steps that run now, longest first; what the live list draws."""
        steps = list(self.progress.running.values())  # a copy: events come in other threads
        steps.sort(key=lambda step: step.began)
        now = time.monotonic()
        table = Table.grid(padding=(0, 1))
        for step in steps[:SHOWN]:
            symbol, style, doing, _, planned = KEPT if step.kept else _words(step.operation)
            word = planned if self._planned else doing
            table.add_row(
                Spinner("dots"),
                Text(f"{symbol} {word}", style=style),
                Text(step.name),
                Text(step.type, style="dim"),
                Text(f"{now - step.began:.0f} s", style="dim"),
            )
        more = f" and {len(steps) - SHOWN} more" if len(steps) > SHOWN else ""
        return Group(table, Text(f"{self._title}: {_duration(now - self._began)}{more}", style="dim"))

    def _step(self, step: Step, seconds: float | None) -> None:
        symbol, style, _, done, planned = KEPT if step.kept else _words(step.operation)
        if seconds is None:
            text = Text.assemble(("x failed to ", "red"), (planned, "red"), f" {step.name} ", (step.type, "dim"))
        else:
            word = planned if self._planned else done
            took = "" if self._planned else f" {_duration(seconds)}"
            text = Text.assemble((f"{symbol} {word}", style), f" {step.name} ", (step.type, "dim"), (took, "dim"))
        self._line(text)

    def _message(self, severity: str, resource: str, text: str) -> None:
        if severity == "error" and not self.verbose:
            return  # in one line at the end, or in full if its cause is not recognised
        style = {"error": "red", "warning": "yellow"}.get(severity, "")
        self._line(Text(f"{resource + ': ' if resource else ''}{severity}: {text}", style=style))

    def _line(self, text: Text) -> None:
        with self._lock:
            self.console.print(text, soft_wrap=True, highlight=False)


def summary(result: Result) -> str:
    """`up of dev: 53 created, 2 updated, 10 unchanged, in 3 min 12 s`."""
    planned = result.operation in _PLANNED
    order = {kind: place for place, kind in enumerate(_SUMMARY)}
    parts = [
        f"{number} {_planned(kind) if planned else _SUMMARY.get(kind, kind)}"
        for kind, number in sorted(result.changes.items(), key=lambda item: order.get(item[0], len(order)))
    ]
    name = _NAMES.get(result.operation, result.operation)
    return f"{name} of {result.stack}: {', '.join(parts) or 'nothing to do'}, in {_duration(result.seconds)}"


def outputs_table(outputs: Mapping[str, Any]) -> Table:
    """The outputs, one a row; objects and lists as JSON."""
    table = Table.grid(padding=(0, 2))
    for name, value in sorted(outputs.items()):
        table.add_row(Text(name, style="bold"), Text("-" if value is None else str(value), overflow="fold"))
    return table


def _planned(kind: str) -> str:
    return "unchanged" if kind == "same" else f"to {kind}"


def _words(operation: OpType) -> tuple[str, str, str, str, str]:
    return _WORDS.get(operation, (" ", "", operation.value, operation.value, operation.value))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"
