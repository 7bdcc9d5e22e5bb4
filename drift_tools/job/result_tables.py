"""The lines that a run leaves for SQL: made of the files that it has just written, put beside those of other runs."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contract import bucket_layout, metrics
from contract.result_tables import RUNS
from drift_tools.job.cloudwatch import metric_name, publish
from drift_tools.job.container import Job
from drift_tools.job.settings import MonitorSettings
from drift_tools.job.window_store import place_of
from drift_tools.result_rows import Documents, RunIdentity, lines_of, object_name, rows_of

_UNKNOWN: Final = "unknown"
_LOGGER = logging.getLogger(__name__)


def write_tables(job: Job, settings: MonitorSettings) -> str | None:
    """Write the run's rows, if there is a place for them.

    Returns what to say of rows that could not be written, None if all were. That fails no run: everything that rings
    reads the run's own files, and `result-tables fill` writes the rows afterwards.
    """
    place, end = settings.tables.place, settings.dataset.window.end
    if place is None or end is None:
        return None
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - a run without tables needs none

    identity = _identity(job, settings, f"{end:%Y-%m-%dT%H:%M:%SZ}")
    rows = rows_of(identity, documents_in(settings.output))
    try:
        for table, found in rows.items():
            target = place_of(job, f"{place}/{Path(object_name(table, identity)).parent}")
            if found and target is not None:
                target.put(Path(object_name(table, identity)).name, lines_of(found))
    except (BotoCoreError, ClientError, OSError) as error:
        problem = f"The tables of results at {place} lack this run ({error}): `drift-tools result-tables fill` adds it."
        _LOGGER.error("%s", problem)
        return problem
    return _publish_by_version(job, settings, rows[RUNS.name][0])


def _publish_by_version(job: Job, settings: MonitorSettings, run: Mapping[str, Any]) -> str | None:
    """What a fleet's dashboard has by version: nobody lists versions, CloudWatch finds them by these dimensions."""
    if not settings.tables.has_metrics or not settings.metrics.is_enabled or settings.metrics.namespace is None:
        return None
    values = {metrics.VERSION_FINDINGS: float(run["violation_count"])}
    if run["feature_count"]:
        values[metrics.VERSION_DRIFTED_SHARE] = run["drifted_count"] / run["feature_count"]
    values |= {name: run["metrics"][name] for name in metrics.VERSION_QUALITY if name in run["metrics"]}
    named = {metrics.ENDPOINT: "endpoint", metrics.VARIANT: "variant", metrics.VERSION: "version"}
    dimensions = [{"Name": name, "Value": metric_name(run[key] or _UNKNOWN)} for name, key in named.items()]
    entries = [
        {"MetricName": name, "Timestamp": run["window_end"], "Dimensions": dimensions, "Value": value, "Unit": "None"}
        for name, value in values.items()
    ]
    return publish(job, settings.metrics.namespace, entries)


def documents_in(folder: Path) -> Documents:
    """The files of a run in a folder."""
    found = [item for name in bucket_layout.VIOLATIONS if (item := _read(folder / name))]
    return Documents(
        drift=_read(folder / bucket_layout.DRIFT),
        violations=found[0].get("violations", []) if found else [],
        statistics=_read(folder / bucket_layout.STATISTICS),
        analysis=_read(folder / bucket_layout.ANALYSIS),
    )


def _read(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_bytes()) if path.is_file() else {}
    return document if isinstance(document, dict) else {}


def _identity(job: Job, settings: MonitorSettings, end: str) -> RunIdentity:
    start, tables = settings.dataset.window.start, settings.tables
    outputs = (job.configuration.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    return RunIdentity(
        endpoint=settings.metrics.endpoint or "",
        schedule=settings.metrics.schedule or "",
        window_start=None if start is None else f"{start:%Y-%m-%dT%H:%M:%SZ}",
        window_end=end,
        kind=settings.kind,
        account=tables.account,
        region=job.region,
        team=tables.team,
        variant=tables.variant,
        version=tables.version,
        results_uri=outputs[0]["S3Output"]["S3Uri"] if outputs else None,
    )
