"""A snapshot of captured inputs and their labels, to train on and to compare on: split by time, without broken rows.

Nothing that would not have been known leaks into training: the features are the requests' alone, never the answers;
every training row is older than every row of the hold-out; one request is on one side; a request that was captured
twice counts once. The same captures, labels and settings give the same bytes, and the manifest has the hashes of all.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.capture import BOTH_SIDES, GROUND_TRUTH, capture_files, read_captures, read_labels
from drift_tools.errors import InputError
from drift_tools.job.inputs.merge import labelled_lines
from drift_tools.retraining.quarantine import (
    BrokenWindow,
    broken_windows,
    impossible_records,
    in_windows,
    judged_until,
)
from drift_tools.retraining.settings import Retraining
from drift_tools.tables import Table

TRAIN: Final = "train/train.csv"
HOLD_OUT: Final = "holdout/holdout.csv"
MANIFEST: Final = "manifest.json"
QUALITY: Final = "quality.json"
_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a snapshot is taken from: folders, and the baseline that the champion is monitored by."""

    captured: Path
    labels: Path
    statistics: Path
    results: Path | None = None
    """Below it the results of monitoring runs."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What was written. `identity` is the manifest's own hash: the same sources and settings give the same one."""

    identity: str
    manifest: Mapping[str, Any]
    quality: Mapping[str, Any]

    @property
    def summary(self) -> str:
        """One line for people."""
        rows = self.manifest["rows"]
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in rows["left_out"].items())
        return (
            f"snapshot {self.identity[:12]}: {rows['train']:,} rows to train on, {rows['holdout']:,} to compare on "
            f"from {self.manifest['holdout_from']}" + (f"; left out: {left_out}" if left_out else "")
        )


@dataclass(frozen=True)
class _Rows:
    """Labelled rows: features and label as text, with the time of each."""

    table: Table
    features: tuple[str, ...]
    times: NDArray[np.float64]


def take(sources: Sources, settings: Retraining, output: Path, *, excluded: Sequence[BrokenWindow] = ()) -> Snapshot:
    """Take a snapshot and write train.csv, holdout.csv, manifest.json and quality.json below `output`.

    Parameters
    ----------
    sources, settings:
        What it is taken from, and how.
    output:
        The folder that is written to.
    excluded:
        Windows that a person has called broken, beside those that the monitor has.

    Raises
    ------
    InputError
        If there are too few rows, or a source cannot be read; one line with the reason and the counts.
    """
    statistics = _statistics(sources.statistics)
    names = tuple(str(feature["name"]) for feature in statistics["features"])
    features = tuple(name for name in names if name not in settings.outputs)
    left_out: Counter[str] = Counter()
    rows = _labelled_rows(sources, settings, names, features, left_out)
    windows = [*_windows(sources, settings), *excluded]
    usable, reasons = _usable(rows, statistics, settings, windows, left_out)
    judged = judged_until(sources.results) if sources.results is not None else None
    if judged is not None:
        later = usable & (rows.times >= judged.timestamp())
        left_out["not looked at by the monitor yet"] += int(np.count_nonzero(later))
        usable &= ~later
    if not usable.any():
        raise InputError(f"no labelled row is left: {_counts(left_out)}; send labels, or look at the quarantine")
    holdout_from = _holdout_from(rows.times[usable], settings)
    is_holdout = usable & (rows.times >= holdout_from)
    before = holdout_from - settings.gap.total_seconds()
    is_train = usable & (rows.times < before) & (rows.times >= before - settings.train.total_seconds())
    left_out["in the gap or older than the training"] += int(np.count_nonzero(usable & ~is_holdout & ~is_train))
    _require(is_train, is_holdout, settings, left_out)
    files = {
        TRAIN: _csv(rows, is_train, settings.label),
        HOLD_OUT: _csv(rows, is_holdout, settings.label),
    }
    quality = _quality(rows, usable, settings.label)
    manifest = {
        "version": _VERSION,
        "holdout_from": _iso(holdout_from),
        "train": _span(rows.times[is_train]),
        "holdout": _span(rows.times[is_holdout]),
        "rows": {
            "train": int(np.count_nonzero(is_train)),
            "holdout": int(np.count_nonzero(is_holdout)),
            "left_out": {reason: count for reason, count in sorted(left_out.items()) if count},
        },
        "quarantine": {"windows": [window.to_dict() for window in windows], "records": dict(sorted(reasons.items()))},
        "features": list(features),
        "label": settings.label,
        "inputs": _hashes(sources),
        "outputs": {name: _sha256(content) for name, content in files.items()},
    }
    for name, content in files.items():
        _write(output / name, content)
    document = json.dumps(manifest, indent=2, sort_keys=True).encode()
    _write(output / MANIFEST, document)
    _write(output / QUALITY, json.dumps(quality, indent=2, sort_keys=True).encode())
    return Snapshot(identity=_sha256(document), manifest=manifest, quality=quality)


def _labelled_rows(
    sources: Sources, settings: Retraining, names: Sequence[str], features: tuple[str, ...], left_out: Counter[str]
) -> _Rows:
    labels = read_labels(sources.labels)
    labels.require_readable(0.1)
    lines = _once(labelled_lines(sources.captured, labels), left_out)
    columns = [*names, settings.label]
    captures = read_captures(lines, columns=columns, sides=(*BOTH_SIDES, GROUND_TRUTH))
    left_out.update({str(reason): count for reason, count in captures.skipped.items()})
    table = captures.data
    if settings.label not in table.columns and GROUND_TRUTH in table.columns:
        table = table.renamed([settings.label if name == GROUND_TRUTH else name for name in table.names])
    missing = [name for name in (*features, settings.label) if name not in table.columns]
    if missing:
        raise InputError(
            f"the captures have no column {missing[0]!r}: they have {', '.join(table.names)}; the baseline's columns "
            "must be the outputs and then the inputs of a request, in their order"
        )
    times = np.array([_seconds(text) for text in captures.inference_times], dtype=np.float64)
    return _Rows(table, features, times)


def _once(lines: Iterator[bytes], left_out: Counter[str]) -> Iterator[bytes]:
    """Each request once: captures may be delivered twice, and one copy in training would answer for the other."""
    seen: set[str] = set()
    for line in lines:
        try:
            metadata = json.loads(line).get("eventMetadata") or {}
        except (ValueError, AttributeError):
            yield line  # counted by the reader, with its reason
            continue
        identity = str(metadata.get("inferenceId") or metadata.get("eventId"))
        if identity in seen:
            left_out["captured twice"] += 1
            continue
        seen.add(identity)
        yield line


def _windows(sources: Sources, settings: Retraining) -> tuple[BrokenWindow, ...]:
    if sources.results is None or not sources.results.is_dir():
        return ()
    return broken_windows(sources.results, settings.quarantined_checks)


def _usable(
    rows: _Rows,
    statistics: Mapping[str, Any],
    settings: Retraining,
    windows: Sequence[BrokenWindow],
    left_out: Counter[str],
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    timeless = np.isnan(rows.times)
    broken = in_windows(rows.times, windows)
    impossible, reasons = impossible_records(
        Table({name: rows.table.columns[name] for name in rows.features}, rows.table.rows),
        statistics,
        settings.range_margin,
    )
    left_out["without a time"] += int(np.count_nonzero(timeless))
    left_out["in a window that the monitor called broken"] += int(np.count_nonzero(broken))
    left_out["with an impossible value"] += int(np.count_nonzero(impossible & ~broken))
    return ~(timeless | broken | impossible), reasons


def _holdout_from(times: NDArray[np.float64], settings: Retraining) -> float:
    """The first moment of the hold-out; rows of one moment stay together."""
    if settings.holdout is not None:
        return float(times.max()) - settings.holdout.total_seconds()
    ordered = np.sort(times)
    share = settings.holdout_share or 0.0
    return float(ordered[int(np.floor(len(ordered) * (1 - share)))])


def _require(
    is_train: NDArray[np.bool_], is_holdout: NDArray[np.bool_], settings: Retraining, left_out: Counter[str]
) -> None:
    train, holdout = np.count_nonzero(is_train), np.count_nonzero(is_holdout)
    if train < settings.least_rows or holdout < settings.rule.least_rows:
        raise InputError(
            f"{train} rows to train on and {holdout} to compare on, where {settings.least_rows} and "
            f"{settings.rule.least_rows} are needed ({_counts(left_out)}): wait for labels, or lower least_rows"
        )


def _csv(rows: _Rows, chosen: NDArray[np.bool_], label: str) -> bytes:
    """Write a CSV with a header: the features in the order of a request, and the label last; in the order of time."""
    order = np.flatnonzero(chosen)
    order = order[np.argsort(rows.times[order], kind="stable")]
    names = (*rows.features, label)
    columns = [rows.table.columns[name].as_texts() for name in names]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if column[at] is None else column[at] for column in columns] for at in order])
    return text.getvalue().encode()


def _quality(rows: _Rows, usable: NDArray[np.bool_], label: str) -> dict[str, Any]:
    """The data-quality report of what is used: rows, missing cells and distinct values of each column."""
    columns = {}
    for name in (*rows.features, label):
        texts = rows.table.columns[name].as_texts()
        used = [texts[at] for at in np.flatnonzero(usable)]
        present = [text for text in used if text not in (None, "")]
        columns[name] = {"missing": len(used) - len(present), "distinct": len(set(present))}
    days = Counter(datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d") for second in rows.times[usable])
    return {"rows": int(np.count_nonzero(usable)), "columns": columns, "rows_by_day": dict(sorted(days.items()))}


def _statistics(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        if not document["features"]:
            raise ValueError("no features")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no statistics.json of a baseline ({error}): give the monitor's own") from error
    return document


def _hashes(sources: Sources) -> dict[str, str]:
    """The hash of every file that was read, by where it lies below its folder."""
    found = {}
    for kind, folder, what in (("captured", sources.captured, "captures"), ("labels", sources.labels, "labels")):
        for file in capture_files(folder, what=what):
            place = file.relative_to(folder) if folder.is_dir() else file.name
            found[f"{kind}/{place}"] = _sha256(file.read_bytes())
    found["statistics"] = _sha256(sources.statistics.read_bytes())
    return found


def _span(times: NDArray[np.float64]) -> dict[str, str]:
    return {"first": _iso(float(times.min())), "last": _iso(float(times.max()))}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _seconds(text: str | None) -> float:
    if text is None:
        return float("nan")
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _counts(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items() if count) or "nothing was left out"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
