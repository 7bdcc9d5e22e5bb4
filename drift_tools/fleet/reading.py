"""The rows that an overview is made of: every run of the last days, and the features and findings of the last ones.

Tables of results are read where there are some; else the runs' own folders, which is slower: each has all its files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from contract.result_tables import DAY, FEATURES, FINDINGS, RUNS, day_prefix
from drift_tools.errors import InputError
from drift_tools.fleet.fill import COMPACTED
from drift_tools.fleet.runs_in_folders import read_runs, run_folders
from drift_tools.fleet.store import Store
from drift_tools.result_rows import RunIdentity, object_name, read_lines, rows_of

Row: TypeAlias = dict[str, Any]
Monitor: TypeAlias = tuple[str, str, str, str]
"""Account, region, endpoint, schedule."""

MOST_MODELS: Final = 1000


@dataclass(slots=True)
class Rows:
    """What was read: all runs, and of each monitor's last run its features and findings."""

    runs: list[Row] = field(default_factory=list)
    features: dict[Monitor, list[Row]] = field(default_factory=dict)
    findings: dict[Monitor, list[Row]] = field(default_factory=dict)


def monitor_of(row: Mapping[str, Any]) -> Monitor:
    """Which monitor a row is of."""
    return row.get("account") or "", row.get("region") or "", row["endpoint"], row["schedule"]


def read_fleet(stores: Sequence[Store], *, until: datetime, days: int, team: str | None = None) -> Rows:
    """Read the rows of all models at these places.

    Parameters
    ----------
    stores
        places of tables, or of results.
    until, days
        runs whose windows ended in so many days up to then.
    team
        only of models of this team.

    Raises `InputError` for a place without runs, and for more than 1,000 models.
    """
    first = until - timedelta(days=days)
    found = Rows()
    for store in stores:
        is_tables = any(name.startswith(f"{RUNS.name}/{DAY}=") for name in store.names(f"{RUNS.name}/"))
        rows = _from_tables(store, first, until) if is_tables else _from_folders(store, first, until)
        if not rows.runs:
            raise InputError(
                f"{store.where}: no run of a monitor ended in the {days} days up to {until:%Y-%m-%d %H:%M} UTC: "
                "name a place of result tables, or monitoring-results of a stack's bucket"
            )
        found.runs += rows.runs
        found.features |= rows.features
        found.findings |= rows.findings
    if team is not None:
        found.runs = [row for row in found.runs if row.get("team") == team]
        if not found.runs:
            raise InputError(f"--team {team}: no run is of this team: it is the tag Team of a stack")
    models = {(row.get("account"), row.get("region"), row["endpoint"]) for row in found.runs}
    if len(models) > MOST_MODELS:
        raise InputError(
            f"{len(models):,} models: one page has room for {MOST_MODELS:,}: choose a --team, or fewer places"
        )
    return found


def _is_within(row: Mapping[str, Any], first: str, last: str) -> bool:
    return first < str(row["window_end"]) <= last


def _from_tables(store: Store, first: datetime, until: datetime) -> Rows:
    bounds = f"{first:%Y-%m-%dT%H:%M:%SZ}", f"{until:%Y-%m-%dT%H:%M:%SZ}"
    found = Rows()
    latest: dict[Monitor, Row] = {}
    for row in _rows(
        store, RUNS.name, [f"{first + timedelta(days=ago):%Y-%m-%d}" for ago in range((until - first).days + 1)]
    ):
        if not _is_within(row, *bounds):
            continue
        found.runs.append(row)
        monitor = monitor_of(row)
        if monitor not in latest or latest[monitor]["window_end"] < row["window_end"]:
            latest[monitor] = row
    found.features = dict(_of_runs(store, FEATURES.name, latest))
    found.findings = dict(
        _of_runs(store, FINDINGS.name, {monitor: row for monitor, row in latest.items() if row["violation_count"]})
    )
    return found


def _rows(store: Store, table: str, days: Iterable[str]) -> Iterator[Row]:
    wanted = set(days)
    names = [name for name in store.names(f"{table}/") if name.split("/")[1].removeprefix(f"{DAY}=") in wanted]
    for name, content in zip(names, store.read(names), strict=True):
        yield from read_lines(content, f"{store.where}/{name}")


def _of_runs(store: Store, table: str, latest: Mapping[Monitor, Row]) -> Iterator[tuple[Monitor, list[Row]]]:
    """The rows of these runs: from each run's own object, or from that of its whole day."""
    by_day: dict[str, dict[Monitor, Row]] = {}
    for monitor, run in latest.items():
        by_day.setdefault(run["window_end"][:10], {})[monitor] = run
    for day, runs in by_day.items():
        there = set(store.names(f"{day_prefix(table, day)}/"))
        own = {object_name(table, _identity(run)): monitor for monitor, run in runs.items()}
        single = [name for name in own if name in there]
        for name, content in zip(single, store.read(single), strict=True):
            yield own[name], list(read_lines(content, f"{store.where}/{name}"))
        whole = f"{day_prefix(table, day)}/{COMPACTED}"
        waiting = {monitor: runs[monitor]["window_end"] for name, monitor in own.items() if name not in there}
        if whole in there and waiting:
            yield from _of_whole_day(store, whole, waiting).items()


def _of_whole_day(store: Store, name: str, waiting: Mapping[Monitor, str]) -> dict[Monitor, list[Row]]:
    found: dict[Monitor, list[Row]] = {}
    for content in store.read([name]):
        for row in read_lines(content, f"{store.where}/{name}"):
            monitor = monitor_of(row)
            if waiting.get(monitor) == row["window_end"]:
                found.setdefault(monitor, []).append(row)
    return found


def _identity(run: Mapping[str, Any]) -> RunIdentity:
    return RunIdentity(
        endpoint=run["endpoint"],
        schedule=run["schedule"],
        window_end=run["window_end"],
        account=run.get("account"),
        region=run.get("region"),
    )


def _from_folders(store: Store, first: datetime, until: datetime) -> Rows:
    bounds = f"{first:%Y-%m-%dT%H:%M:%SZ}", f"{until:%Y-%m-%dT%H:%M:%SZ}"
    folders = [run for run in run_folders(store, {}) if bounds[0] < run.identity.window_end <= bounds[1]]
    found = Rows()
    for identity, documents in read_runs(store, folders):
        rows = rows_of(identity, documents)
        run = rows[RUNS.name][0]
        monitor = monitor_of(run)
        found.runs.append(run)
        # In the order of the folders' names: what comes later is the later run.
        found.features[monitor], found.findings[monitor] = rows[FEATURES.name], rows[FINDINGS.name]
    return found
