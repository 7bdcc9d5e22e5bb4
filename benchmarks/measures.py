"""How long all measures take: drift_tools and its peers on the same columns, as multiples of numpy's sort.

`python -m benchmarks measures` installs each peer into an environment of its own under build/benchmarks/, runs it and
drift_tools side by side in one process there, and prints ratios; with `--publish` it also writes the tables and the
plot of docs/benchmarks.md. About twenty minutes with all peers at full size, two with `--quick`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.side_by_side import PEERS
from benchmarks.shared.publishing import DOCS, markdown_table, publish

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE.parent / "build" / "benchmarks"
SCRIPT = HERE / "peers" / "side_by_side.py"
PAGE, PLOT = DOCS / "benchmarks.md", DOCS / "benchmarks-measures.svg"
OURSELVES = "drift_tools"
# Cases whose memory is taken in a process of their own: ours, and the first of each peer.
OWN_CASES = ("compare", "compare, 1 thread", "compare, baseline kept")


@dataclass(frozen=True, slots=True)
class Size:
    """A baseline of `rows` and current data of `current` rows, so many columns of float64 each."""

    rows: int
    current: int
    columns: int

    @property
    def name(self) -> str:
        against = f"{self.current:,}" if self.current != self.rows else "as many"
        return f"{self.columns} columns, {self.rows:,} rows against {against}"


@dataclass(frozen=True, slots=True)
class Goal:
    """A case of ours that is to take at most so many times numpy's sort of both sides, one column after the other."""

    size: Size
    case: str
    limit: float


LONG, WIDE, UNEQUAL = Size(1_000_000, 1_000_000, 20), Size(100_000, 100_000, 100), Size(1_000_000, 770_000, 20)
SIZES = {"long": LONG, "wide": WIDE, "unequal": UNEQUAL}
GOALS = (
    Goal(LONG, "compare", 1.25),
    Goal(LONG, "compare, baseline kept", 0.8),
    Goal(WIDE, "compare", 1.6),
    Goal(UNEQUAL, "compare", 1.6),
)
MEMORY_GOAL = 2.5  # times the input, at the first size
EVIDENTLY_CASE, EVIDENTLY_GOAL = "DataDriftPreset(ks)", 90.0  # times as long as `compare`, at the first size


@dataclass(frozen=True, slots=True)
class Run:
    """What one process measured: seconds by case, one of which is `sort`."""

    peer: str
    size: Size
    seconds: Mapping[str, float]
    version: str = ""
    peak_by_case: Mapping[str, float] = field(default_factory=dict)
    """Peak memory of the whole process, input included, as a multiple of the input."""
    failure: str = ""

    def ratio(self, case: str) -> float:
        """The case's time as a multiple of the sort's, in the same process."""
        return self.seconds[case] / self.seconds["sort"]

    def times_faster(self, case: str) -> float:
        """How many times as long as our `compare` the case took, in the same process."""
        return self.seconds[case] / self.seconds["compare"]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; the exit status is 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks measures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", default=",".join(PEERS), help="which to run, separated by commas; default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, and no goals")
    parser.add_argument("--repetitions", type=int, default=7, help="of each case, of which the shortest counts")
    parser.add_argument("--sizes", default="long,wide,unequal", help="which to run, separated by commas; default: all")
    parser.add_argument("--resume", action="store_true", help="take what an earlier run has measured already from it")
    parser.add_argument("--no-memory", action="store_true", help="skip the runs that measure memory")
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.name} and {PLOT.name}")
    options = parser.parse_args(argv)
    if options.quick and options.publish:
        parser.error("--quick measures what nobody should publish: give one of --quick and --publish")
    peers, sizes = _chosen(parser, options.peers, PEERS), _chosen(parser, options.sizes, SIZES)
    how = How(options.quick, options.repetitions, memory=not options.no_memory, resume=options.resume)
    runs = list(_run_all(peers, [SIZES[size] for size in sizes], how))
    sections = tables(runs, quick=options.quick)
    for name, table in sections.items():
        sys.stdout.write(f"\n{name}\n{table}\n")
    if options.publish:
        publish(PAGE, sections)
        draw(runs, PLOT)
        sys.stdout.write(f"\nwrote {PAGE} and {PLOT}\n")
    results = goals_met(runs)
    for goal, was_met in results.items():
        sys.stdout.write(f"{'met' if was_met else 'MISSED'}: {goal}\n")
    return 0 if all(results.values()) else 1


def _chosen(parser: argparse.ArgumentParser, given: str, known: Iterable[str]) -> list[str]:
    """The names of a list with commas between them."""
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = sorted(set(names) - set(known))
    if unknown:
        parser.error(f"no such name: {', '.join(unknown)}; there are {', '.join(known)}")
    return names


@dataclass(frozen=True, slots=True)
class How:
    """The options of a run."""

    quick: bool
    repetitions: int
    memory: bool
    resume: bool


def _run_all(peers: Iterable[str], sizes: Iterable[Size], how: How) -> Iterable[Run]:
    for peer in peers:
        python, failure = environment_of(peer)
        for size in sizes:
            if size.current != size.rows and peer != OURSELVES:
                continue
            taken = Size(size.rows // 10, size.current // 10, size.columns) if how.quick else size
            kept = ENVIRONMENTS / "results" / f"{peer}-{taken.columns}-{taken.rows}-{taken.current}.json"
            if how.resume and kept.is_file():
                document = json.loads(kept.read_text(encoding="utf-8"))
                yield Run(**{**document, "size": taken})
                continue
            _say(f"{peer}: {taken.name} …")
            run = Run(peer, taken, {}, failure=failure) if failure else _run(python, peer, taken, how)
            yield run
            if run.failure:
                _say(f"{peer}: {run.failure}")
                break
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(asdict(run)), encoding="utf-8")


def environment_of(peer: str) -> tuple[Path, str]:
    """The Python that has the peer, installed when it is not there yet, or why there is none."""
    if peer == OURSELVES:
        return Path(sys.executable), ""
    folder, requirements = ENVIRONMENTS / peer, HERE / "peers" / f"{peer}.txt"
    python, done = folder / "bin" / "python", folder / "installed.txt"
    if done.is_file() and done.read_text(encoding="utf-8") == requirements.read_text(encoding="utf-8"):
        return python, ""
    _say(f"{peer}: installing into {folder} …")
    commands: tuple[list[str | Path], ...] = (
        [sys.executable, "-m", "venv", "--clear", folder],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    )
    for command in commands:
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
        if result.returncode:
            return python, f"cannot be installed: {_last_line(result.stderr)}"
    done.write_text(requirements.read_text(encoding="utf-8"), encoding="utf-8")
    return python, ""


def _run(python: Path, peer: str, size: Size, how: How) -> Run:
    command = [str(python), str(SCRIPT), peer, "--rows", str(size.rows), "--current-rows", str(size.current)]
    command += ["--columns", str(size.columns), "--repetitions", str(how.repetitions)]
    found = _json_of(command)
    if isinstance(found, str):
        return Run(peer, size, {}, failure=found)
    seconds = found["seconds"]
    cases = (
        OWN_CASES if peer == OURSELVES else [case for case in seconds if not case.startswith(("sort", "compare"))][:1]
    )
    peaks = {}
    for case in cases if how.memory and size.rows == size.current else ():
        alone = _json_of([*command, "--memory", case])
        if not isinstance(alone, str):
            peaks[case] = alone["peak_bytes"] / alone["input_bytes"]
    return Run(peer, size, seconds, found.get("version", ""), peaks)


def _json_of(command: Sequence[str]) -> dict[str, Any] | str:
    """What the process printed, or the last line of its error."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if result.returncode:
        return f"cannot be run: {_last_line(result.stderr)}"
    document: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return document


def _say(what: str) -> None:
    sys.stderr.write(what + "\n")
    sys.stderr.flush()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def goals_met(runs: Sequence[Run]) -> dict[str, bool]:
    """Whether each goal was met, by its name; goals that nothing was measured for are left out."""
    found: dict[str, bool] = {}
    for run in runs:
        for goal in GOALS:
            if run.peer == OURSELVES and run.size == goal.size and run.seconds:
                name = f"{goal.size.name}: {goal.case} ≤ {goal.limit:g} × sort"
                found[name] = run.ratio(goal.case) <= goal.limit
        if run.peer == OURSELVES and run.size == LONG and "compare" in run.peak_by_case:
            found[f"peak memory ≤ {MEMORY_GOAL:g} × input"] = run.peak_by_case["compare"] <= MEMORY_GOAL
        if run.size == LONG and EVIDENTLY_CASE in run.seconds:
            found[f"Evidently's {EVIDENTLY_CASE} takes ≥ {EVIDENTLY_GOAL:g} × as long"] = (
                run.times_faster(EVIDENTLY_CASE) >= EVIDENTLY_GOAL
            )
    return found


def tables(runs: Sequence[Run], *, quick: bool) -> dict[str, str]:
    """The tables, by the name of their place in docs/benchmarks.md."""
    own = [run for run in runs if run.peer == OURSELVES and run.seconds]
    limits = {(goal.size, goal.case): goal.limit for goal in GOALS}
    lines = []
    for run in own:
        for case, seconds in run.seconds.items():
            limit, peak = limits.get((run.size, case)), run.peak_by_case.get(case)
            lines.append(
                [
                    f"{run.size.name}: {case}",
                    _duration(seconds),
                    f"{run.ratio(case):.2f}",
                    "" if limit is None or quick else f"≤ {limit:g}",
                    "" if peak is None else f"{peak:.2f}",
                ]
            )
    sections = {"ours": markdown_table(["case", "time", "× sort", "goal", "peak memory, × input"], lines)}
    lines = []
    for run in runs:
        if run.failure:
            lines.append([f"{run.peer}: {run.failure}", *[""] * 5])
        for case in run.seconds if run.peer != OURSELVES else ():
            if case.startswith(("sort", "compare")):
                continue
            peak = run.peak_by_case.get(case)
            lines.append(
                [
                    f"{run.peer} {run.version}: {case}",
                    f"{run.size.columns} × {run.size.rows:,}",
                    _duration(run.seconds[case]),
                    f"{run.ratio(case):.1f}",
                    f"{run.times_faster(case):.1f}",
                    "" if peak is None else f"{peak:.1f}",
                ]
            )
    header = ["peer", "columns × rows", "time", "× sort", "× drift_tools", "peak memory, × input"]
    return sections | {"peers": markdown_table(header, lines)}


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.995 else f"{1000 * seconds:.0f} ms"


def draw(runs: Sequence[Run], path: Path) -> None:
    """A bar for each case at the first size, shortest first, in multiples of the sort."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and only needed to publish
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    bars = [
        (run.ratio(case), f"drift_tools: {case}" if run.peer == OURSELVES else f"{run.peer}: {case}", run.peer)
        for run in runs
        if run.size.columns == LONG.columns and run.size.rows == run.size.current
        for case in run.seconds
        if run.peer == OURSELVES or not case.startswith(("sort", "compare"))
    ]
    bars.sort(reverse=True)
    with mpl.rc_context({"svg.hashsalt": "benchmarks", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 0.32 * len(bars) + 1.2), layout="constrained")
        axes = figure.subplots()
        colours = ["#2563eb" if peer == OURSELVES else "#9ca3af" for _, _, peer in bars]
        drawn = axes.barh([name for _, name, _ in bars], [ratio for ratio, _, _ in bars], color=colours)
        axes.bar_label(drawn, labels=[f"{ratio:.3g}" for ratio, _, _ in bars], padding=3, fontsize=8)
        axes.set_xscale("log")
        axes.margins(x=0.12)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("time, as a multiple of sorting both sides with numpy on one thread (logarithmic)", fontsize=8)
        figure.savefig(path, metadata={"Date": None})
