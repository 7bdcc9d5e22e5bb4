"""What the command line prints: tables that fit the terminal, in colour only where somebody looks at one."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from contract.plain_text import visible
from drift_tools.comparison import NO_DRIFT, Comparison, CrossCheck, FeatureComparison
from drift_tools.measures import MEASURES, Measure
from drift_tools.report.agreement import agreement, cross_check_rows
from drift_tools.report.words import (
    CLASSES,
    DRIFTED,
    ISOLATES,
    STEADY,
    UNKNOWN,
    cells,
    count,
    cut,
    feature_verdict,
    headline,
    isolated,
    number,
    p_value,
    statistic,
    together,
)

if TYPE_CHECKING:
    from drift_tools.timeline import Timeline

_STYLES = {DRIFTED: "bold red", STEADY: "green", UNKNOWN: "yellow"}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line; rich would exit by itself, with status 1."""
        raise BrokenPipeError


def console(file: IO[str] | None = None) -> Console:
    """A console on a stream; where it is no terminal, nothing is coloured and no line is cut or folded."""
    stream = file or sys.stdout
    if stream.isatty():
        return _Console(file=stream, highlight=False)
    return _Console(file=stream, highlight=False, no_color=True, color_system=None, width=10_000, soft_wrap=True)


def show(out: Console, table: Table) -> None:
    """Print a table; into a pipe or a file as wide as it wants to be."""
    if out.is_terminal:
        out.print(table)
        return
    width = Measurement.get(out, out.options, table).maximum
    with out.capture() as captured:
        out.print(table, width=width)
    for line in captured.get().splitlines():
        out.file.write(line.rstrip() + "\n")


def plain_table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """An empty table in the project's look; the columns in `right` hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in right, overflow="fold")
    return table


def print_comparison(comparison: Comparison, out: Console) -> None:
    """The measures and verdicts of the features, ranked; of those that drifted, or that have too few rows, what changed
    and why it counts; the comparison in one sentence.
    """
    show(out, _fitting_table(comparison, out))
    telling = [feature for feature in comparison.ranked() if feature.verdict != NO_DRIFT]
    for feature in telling[:_TOLD]:
        why = "" if feature.reason in feature.summary else f" {visible(feature.reason)}"
        out.print(Text.assemble((visible(feature.summary), _STYLES[CLASSES[feature.verdict]]), why))
    if len(telling) > _TOLD:
        out.print(Text(f"... and {len(telling) - _TOLD} more; --format json or html has all."))
    if said := together(comparison):
        out.print(Text(f"All features together: {visible(said, keep=ISOLATES)}"))
    if comparison.left_out:
        names = ", ".join(f"{isolated(name)} ({why})" for name, why in comparison.left_out.items())
        out.print(Text(f"Left out: {visible(names, keep=ISOLATES)}."))
    tone = STEADY if not comparison.drifted else DRIFTED
    rows = f"{count(comparison.current_rows, 'row')} against {count(comparison.baseline_rows, 'row')} of the baseline"
    out.print(Text(f"{visible(headline(comparison), keep=ISOLATES)} ({rows}).", style=_STYLES[tone]))


def print_cross_check(check: CrossCheck, out: Console) -> None:
    """What the monitor and the local measures say of each feature that either calls; whether they agree."""
    if rows := cross_check_rows(check):
        table = rows_table(
            ("feature", "called by", "violated, by the monitor", "the local measures"),
            [(row.name, row.who, row.monitor, row.local) for row in rows],
        )
        show(out, table)
    agree = not (check.monitor_only or check.local_only)
    out.print(Text(visible(agreement(check), keep=ISOLATES), style=_STYLES[STEADY if agree else UNKNOWN]))


def print_timeline(timeline: "Timeline", out: Console) -> None:
    """The windows (of many those that drifted only), and when each feature began to drift."""
    from drift_tools.report.timeline import (  # noqa: PLC0415 - draws, too
        growth_says,
        onset_says,
        timeline_says,
        window_view,
    )

    few = len(timeline.windows) <= _WINDOWS
    rows = [window_view(window) for window in timeline.windows if few or window.comparison.drifted][:_WINDOWS]
    out.print()
    if rows:
        table = plain_table("window", "rows", "verdict", "drifted features", right=("rows",))
        for row in rows:
            table.add_row(
                Text(visible(row.label)),
                row.rows,
                Text(row.verdict_text, style=_STYLES[row.verdict]),
                Text(visible(row.drifted, keep=ISOLATES)),
            )
        show(out, table)
    for onset in list(timeline.onsets.values())[:_TOLD]:
        out.print(Text.assemble((visible(onset.feature), "bold"), f": {onset_says(onset)}."))
    for found in list(timeline.growing.values())[:_TOLD]:
        said = f": growing, not yet material: {growth_says(found)}."
        out.print(Text.assemble((visible(found.feature), "bold"), said))
    out.print(
        Text(visible(timeline_says(timeline), keep=ISOLATES), style=_STYLES[DRIFTED if timeline.drifted else STEADY])
    )


def _distance(measure: Measure, feature: FeatureComparison) -> str:
    return number(feature.distance(measure.name), measure.digits)


_WINDOWS = 48
_MEASURES: dict[str, Callable[[FeatureComparison], str]] = {
    "PSI": lambda feature: number(feature.psi),
    "KS or chi²": lambda feature: statistic(feature.ks if feature.kind == "numerical" else feature.chi_squared),
    "adj. p": lambda feature: p_value(feature.p_value_adjusted),
    **{measure.heading: partial(_distance, measure) for measure in MEASURES},
}
_FEWEST = 1
_TOLD = 10
_NAME = 20  # measures make room for so much of a name


def _fitting_table(comparison: Comparison, out: Console) -> Table:
    """As many measures as there is room for, the last ones the first to go; then as much of the names as fits."""
    if not out.is_terminal:
        return _comparison_table(comparison, list(_MEASURES))
    longest = max(cells(visible(name)) for name in (_FEATURE, *comparison.features))
    for measures in range(len(_MEASURES), _FEWEST - 1, -1):
        without = _comparison_table(comparison, list(_MEASURES)[:measures], longest=0)
        room = out.width - _width(without, out) + cells(_FEATURE)
        if room >= min(_NAME, longest):
            break
    return _comparison_table(comparison, list(_MEASURES)[:measures], longest=room)


def _width(table: Table, out: Console) -> int:
    return Measurement.get(out, out.options.update(max_width=10_000), table).maximum


_FEATURE = "feature"


def _comparison_table(comparison: Comparison, measures: Sequence[str], *, longest: int | None = None) -> Table:
    table = plain_table(_FEATURE, "verdict", *measures, right=("verdict", *measures))
    table.columns[1].justify = "left"
    for feature in comparison.ranked():
        name = visible(feature.name)
        table.add_row(
            Text(name if longest is None else cut(name, longest)),
            Text(feature_verdict(feature), style=_STYLES[CLASSES[feature.verdict]]),
            *(Text(_MEASURES[measure](feature)) for measure in measures),
        )
    return table


def rows_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Table:
    """A table of texts, whatever they contain."""
    table = plain_table(*columns, title=title)
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def mark(ok: bool) -> Text:
    """Whether a step went well, in a word and a colour."""
    return Text("ok", style="green") if ok else Text("FAILED", style="bold red")


def progress() -> Progress:
    """A progress bar on standard error, which goes away when it is done and is never drawn into a file."""
    errors = console(sys.stderr)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


Tell = Callable[[str, int, int], None]


@contextmanager
def activity() -> Iterator[Tell]:
    """A progress bar on standard error for as long as the block lasts. What it yields is called with what is being
    done, how much of it is, and how much there is in all (0: nobody knows, and the bar only moves).
    """
    errors = console(sys.stderr)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        doing = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal doing
            if what != doing:  # a new task, so that the clock of what comes next begins at 0
                doing = what
                for task in bar.task_ids:
                    bar.remove_task(task)
                bar.add_task(visible(what), total=None)
            bar.update(bar.task_ids[0], completed=done, total=total or None)

        yield tell
