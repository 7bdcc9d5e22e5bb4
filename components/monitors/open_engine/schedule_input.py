"""What a schedule of the open engine asks for: the plan that it gives to `functions/start_monitor`.

Pure functions: strings and numbers in, dictionaries out. functions/README.md has the plan's keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.jobs import Files, Machine, processing_job_request
from contract.monitor_kinds import KINDS
from contract.processing_job import ENTRYPOINT


def run_request(machine: Machine, files: Files, environment: Mapping[str, str]) -> dict[str, Any]:
    """The CreateProcessingJob request of a run, but for its name and for what changes from run to run."""
    return processing_job_request(
        machine,
        inputs=files.inputs(),
        outputs=[],
        environment={**environment, **files.environment()},
        entrypoint=ENTRYPOINT,
    )


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a monitor finds and leaves things; URIs without a slash at the end."""

    captured: str
    results: str
    state: str
    ground_truth: str | None = None
    current_baseline: str | None = None
    """Where it says what to compare with since the last retraining."""


def schedule_input(
    *,
    kind: str,
    endpoint: str,
    schedule: str,
    variants: Sequence[str],
    window: tuple[str, str],
    grace_minutes: int,
    late_hours: int,
    places: Places,
    job_stem: str,
    small_window: Mapping[str, Any] | None,
    request: Mapping[str, Any],
) -> dict[str, Any]:
    """The input of the schedule's target; EventBridge Scheduler fills in when the run was due.

    `window` are the offsets of its start and end from the scheduled hour, as Model Monitor writes them.
    """
    followed = {"current_baseline_uri": places.current_baseline} if places.current_baseline else {}
    return {
        "scheduled_time": "<aws.scheduler.scheduled-time>",
        "plan": {
            "kind": kind,
            "endpoint": endpoint,
            "schedule": schedule,
            "variants": list(variants),
            "start_offset": window[0],
            "end_offset": window[1],
            "grace_minutes": grace_minutes,
            "late_hours": late_hours,
            "captured_uri": places.captured,
            "ground_truth_uri": places.ground_truth if KINDS[kind].needs_labels else None,
            "results_uri": places.results,
            "state_uri": places.state,
            "job_stem": job_stem,
            "small_window": dict(small_window) if small_window is not None else None,
            "request": dict(request),
            **followed,
        },
    }
