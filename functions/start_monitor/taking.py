"""Which files a window's run takes: each captured file is in exactly one.

EventBridge may deliver several windows at once, in any order and more than once. One delivery of a schedule decides at
a time (a marker with a lease, as in `functions.common.idempotency`), and what it decides is kept until it says that the
run was started, or is dead for certain.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from contract.bucket_layout import hour_folder
from contract.object_keys import named
from functions.common.idempotency import IdempotencyStore, Lease
from functions.common.json_logging import attempt, log
from functions.start_monitor.job_request import job_name
from functions.start_monitor.plan import Plan
from functions.start_monitor.run_ledger import Records, Run
from functions.start_monitor.s3_inputs import Found, captured, labels, other_variants
from functions.start_monitor.time_window import HOUR, hours_between, iso

JOB, FUNCTION, NONE = "job", "function", "none"

WasStarted = Callable[[Run], bool]
Replaced: TypeAlias = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Taken:
    """What this delivery has to start; `is_started` if an earlier one has."""

    run: Run
    is_started: bool


def take(s3: Any, plan: Plan, records: Records, store: IdempotencyStore, was_started: WasStarted) -> Taken:
    """Decide which files the window has, or read what an earlier delivery decided.

    `was_started` is asked of runs of which nobody noted that they were, whose deliverer died. Raises
    StillInProgressError if another delivery decides for as long as this one has time.
    """
    turn = store.acquire(records.turn_key)
    if turn is None:  # nobody finishes a turn; without one nothing may be decided
        raise RuntimeError(f"{records.turn_key} says that there are no more turns; delete it")
    try:
        return _decide(s3, plan, records, store.deadline, was_started)
    finally:
        _give_up(store, turn)


def _give_up(store: IdempotencyStore, turn: Lease) -> None:
    attempt("the turn could not be given up: its lease ends it", lambda: store.release(turn, {}), key=turn.key)


def _decide(s3: Any, plan: Plan, records: Records, deadline: float, was_started: WasStarted) -> Taken:
    end = plan.window.end
    run = records.read(end)
    if run is None:
        run = records.keep(end, _find(s3, plan, records, was_started))
    if run.route == NONE:
        return Taken(run, is_started=False)
    if records.is_started(end):
        return Taken(run, is_started=True)
    made_up_for = records.made_up_for(plan.window, plan.late_hours, was_started)
    run = run.without(made_up_for, records.taken_before(run, was_started))
    if run.all_files:
        records.hold(end, deadline)
    return Taken(run, is_started=False)


def _find(s3: Any, plan: Plan, records: Records, was_started: WasStarted) -> Run:
    own = captured(s3, plan.captured_uri, plan.endpoint, plan.variants, plan.window.hours())
    late, late_from, replaced = _late(s3, plan, records, was_started)
    collected = labels_of(s3, plan, late_from, plan.due)
    # Without labels nothing can be measured; what is not taken now is late, not lost, for the next run.
    usable = plan.ground_truth_uri is None or bool(collected.files)
    captures = own.size + late.size if usable else 0
    size = captures + collected.size if captures else 0
    odd = {*own.odd_keys, *late.odd_keys, *collected.odd_keys}
    left_out = _left_out(odd, [key for key, _ in replaced], collected.other_forms)
    if own.files and not usable:
        left_out = f"{_no_labels(plan, late_from, len(own.files))} {left_out}".rstrip()
    return Run(
        window_start=iso(plan.window.start),
        window_end=iso(plan.window.end),
        due=iso(plan.due),
        files=own.keys if usable else (),
        late_files=late.keys if usable else (),
        late_from=iso(late_from) if late.files and usable else None,
        size=size,
        job_name=job_name(plan),
        route=_route(plan, size, len(own.files) + len(late.files) + len(collected.files)),
        excluded_variants=other_variants(s3, plan.captured_uri, plan.endpoint, plan.variants),
        odd_keys=len(odd) + len(collected.other_forms),
        replaced=replaced,
        left_out=left_out,
    )


def _no_labels(plan: Plan, since: datetime, files: int) -> str:
    """Tell people that captures are there, and nothing that says what was true."""
    return (
        f"{files} captured files wait for labels: there are none (*.jsonl) below {plan.ground_truth_uri} in the hours "
        f"{hour_folder(since)} to {hour_folder(plan.due)}."
    )


def _left_out(odd: Collection[str], replaced: Collection[str], other_forms: Collection[str]) -> str:
    """Tell people what of captures and labels nobody looks at, and the first of each."""
    said = []
    if other_forms:
        said.append(f"{len(other_forms)} x a file of labels that is no *.jsonl ({', '.join(named(other_forms))})")
    if odd:
        said.append(f"{len(odd)} x a key that cannot be a file's ({', '.join(named(odd))})")
    if replaced:
        said.append(
            f"{len(replaced)} x a file that was written again after it was taken ({', '.join(named(replaced))})"
        )
    return f"Left out: {'; '.join(said)}." if said else ""


def _late(s3: Any, plan: Plan, records: Records, was_started: WasStarted) -> tuple[Found, datetime, Replaced]:
    """Captures of hours before the window that no run has taken, the first hour that was looked at, and captures that
    were written again after a run had taken them, with when that was.

    What is new in these cannot be told from what was counted, so it is named and not looked at.

    Only as far back as this monitor has run: what was captured before there was one was not missed. And as far as the
    window before this one began, if its run was never started: that may be a day, where late files are a few hours'.
    Where no run was for longer than that (nothing delivered schedules), as far as the last one.
    """
    earliest = plan.window.start - plan.late_hours * HOUR
    past = records.past(earliest, plan.window, was_started)
    since = plan.window.start if past.began is None else max(earliest, past.began)
    if past.began is None and (last := records.last_before(earliest)) is not None:
        earliest = last - plan.late_hours * HOUR  # what was late for that run is late still
        past = records.past(earliest - HOUR, plan.window, was_started)
        since = last if past.began is None else max(earliest, past.began)
        log("WARNING", "no run was for hours; this one makes up for them", schedule=plan.schedule, since=iso(since))
    if past.missed_from is not None and past.missed_from < since:
        since = past.missed_from
        past = records.past(since, plan.window, was_started)
    found = captured(s3, plan.captured_uri, plan.endpoint, plan.variants, hours_between(since, plan.window.start))
    rewritten = ((file.key, file.modified) for file in found.replaced(past.taken))
    return found.without(past.taken), since, tuple(item for item in rewritten if item not in past.replaced)


def labels_of(s3: Any, plan: Plan, since: datetime, due: datetime) -> Found:
    """Labels that were collected from `since` on until the run was due, its own hour among them.

    Labels are filed under the hour in which they were collected, not under that of the record which they are for: a
    window that was moved back for labels that take days has its labels behind it.
    """
    if plan.ground_truth_uri is None:
        return Found(())
    return labels(s3, plan.ground_truth_uri, hours_between(since, due + HOUR))


def _route(plan: Plan, size: int, files: int) -> str:
    if size == 0:
        return NONE
    small = plan.small_window
    return FUNCTION if small is not None and size <= small.max_bytes and files <= small.max_files else JOB
