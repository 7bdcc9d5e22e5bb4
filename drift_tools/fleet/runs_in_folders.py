"""The results of runs as they lie in a bucket: `endpoint/schedule/yyyy/mm/dd/hh/…`, Model Monitor's own layout."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contract import bucket_layout
from drift_tools.errors import InputError
from drift_tools.fleet.store import Store
from drift_tools.result_rows import Documents, RunIdentity

_RUN: Final = re.compile(
    r"(?:.*/)?(?P<endpoint>[^/]+)/(?P<schedule>[^/]+)/(?P<y>\d{4})/(?P<m>\d\d)/(?P<d>\d\d)/(?P<h>\d\d)"
    r"(?:/(?P<mi>\d\d)(?:(?P<s>\d\d)-[^/]+)?)?"  # of a batch: contract.bucket_layout.batch_folder
)
_FILES: Final = (
    bucket_layout.DRIFT,
    bucket_layout.STATISTICS,
    bucket_layout.ANALYSIS,
    *bucket_layout.VIOLATIONS,
)
_RUNS_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of a run, and its files that count."""

    folder: str
    identity: RunIdentity
    files: tuple[str, ...]


def run_folders(store: Store, about: Mapping[str, str | None]) -> list[RunFolder]:
    """All runs below a place, in the order of their names; `about`: what the folders do not say (account, team, …)."""
    by_folder: dict[str, list[str]] = {}
    for name in store.names():
        folder, _, file = name.rpartition("/")
        if file in _FILES:
            by_folder.setdefault(folder, []).append(file)
    found = []
    for folder, files in by_folder.items():
        match = _RUN.fullmatch(folder)
        if match is not None:
            end = f"{match['y']}-{match['m']}-{match['d']}T{match['h']}:{match['mi'] or '00'}:{match['s'] or '00'}Z"
            uri = f"{store.where.rstrip('/')}/{folder}"
            identity = RunIdentity(
                endpoint=match["endpoint"], schedule=match["schedule"], window_end=end, results_uri=uri, **about
            )
            found.append(RunFolder(folder, identity, tuple(files)))
    return found


def read_runs(store: Store, folders: Sequence[RunFolder]) -> Iterator[tuple[RunIdentity, Documents]]:
    """The files of runs, parsed. Raises `InputError` that names one that is no JSON object."""
    for first in range(0, len(folders), _RUNS_AT_ONCE):
        batch = folders[first : first + _RUNS_AT_ONCE]
        names = [f"{run.folder}/{file}" for run in batch for file in run.files]
        contents = dict(zip(names, store.read(names), strict=True))
        for run in batch:
            files = {file: _parsed(contents[f"{run.folder}/{file}"], f"{run.folder}/{file}") for file in run.files}
            yield run.identity, _documents(files)


def _documents(files: Mapping[str, Mapping[str, Any]]) -> Documents:
    violations: Iterable[Any] = next(
        (files[name].get("violations", ()) for name in bucket_layout.VIOLATIONS if name in files), ()
    )
    return Documents(
        drift=files.get(bucket_layout.DRIFT, {}),
        violations=[item for item in violations if isinstance(item, Mapping)],
        statistics=files.get(bucket_layout.STATISTICS, {}),
        analysis=files.get(bucket_layout.ANALYSIS, {}),
    )


def _parsed(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InputError(f"{name}: is no JSON ({error}): remove the file, or run that window again") from error
    if not isinstance(document, dict):
        raise InputError(f"{name}: is no JSON object: remove the file, or run that window again")
    return document
