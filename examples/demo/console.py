"""What somebody sees while the demo runs: one plain line a step, and a bar below that says how far it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text


class Step:
    """One step while it is being done."""

    def __init__(self, report: "Steps", name: str) -> None:
        self._report, self._name = report, name
        self.result = ""

    def progress(self, done: int, of: int) -> None:
        """How far the step is, e.g. in requests."""
        self._report.show(self._name, done / of if of else 1.0, f"{done:,} of {of:,}")

    def detail(self, text: str) -> None:
        """What the step is doing now."""
        self._report.show(self._name, 0.0, text)


class Steps:
    """Prints a line for each step that is done; on a terminal it draws a bar over all `total` steps as well."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._done = 0
        self.began = time.monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total)

    def plan(self, total: int) -> None:
        """Say how many steps there will be, once it is known."""
        self._bar.update(self._task, total=total)

    @property
    def done(self) -> int:
        return self._done

    @property
    def seconds(self) -> float:
        """Real seconds since the demo began."""
        return time.monotonic() - self.began

    def __enter__(self) -> "Steps":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, name: str, fraction: float, detail: str = "") -> None:
        self._bar.update(self._task, completed=self._done + fraction, description=f"{name} {detail}".strip())

    def heading(self, text: str) -> None:
        self._console.print(Text(f"\n{text}", style="bold"))

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Do one step; the line appears when it is done, with `step.result` behind the name."""
        began = time.monotonic()
        step = Step(self, name)
        self.show(name, 0.0)
        yield step
        self._done += 1
        self.show(name, 0.0)
        line = Text(f"  {time.monotonic() - began:5.1f} s  {name}")
        if step.result:
            line.append(f": {step.result}")
        self._console.print(line)
