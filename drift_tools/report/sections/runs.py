"""The results of a run, as its files have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.bucket_layout import ANALYSIS, DRIFT, VIOLATIONS
from drift_tools.errors import InputError
from drift_tools.profiles import read_json


@dataclass(frozen=True, slots=True)
class RunResults:
    """`drift`: drift.json; `analysis`: analysis.json, of Clarify's kinds; `measured`: what the labels of the same rows
    later said, where somebody knows that.
    """

    drift: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    violations: Sequence[Mapping[str, Any]] = ()
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def judgement(self) -> Mapping[str, Any]:
        """How the run judged; empty of one that had no baseline."""
        found: Mapping[str, Any] = self.drift.get("judgement") or {}
        return found


def read_run(folder: Path, name: str) -> RunResults:
    """Read a run's folder.

    Parameters
    ----------
    folder
        With the files that a run of the open engine leaves.
    name
        What the user calls it, for errors.

    Raises
    ------
    InputError
        If it has no drift.json, or one of the files is not what it should be.
    """
    if not (folder / DRIFT).is_file():
        raise InputError(
            f"{name}: no {DRIFT} is here: name the folder of one run of the open engine, …/yyyy/mm/dd/hh, as "
            "`validate` and the notifications do"
        )
    file = next((folder / called for called in VIOLATIONS if (folder / called).is_file()), folder / VIOLATIONS[0])
    violations = _document(file).get("violations") or []
    if not isinstance(violations, list) or not all(isinstance(one, dict) for one in violations):
        raise InputError(f"{file}: has no list of violations: name the folder of one run of the monitor")
    return RunResults(_document(folder / DRIFT), _document(folder / ANALYSIS), violations)


def _document(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    found = read_json(path)
    if not isinstance(found, dict):
        raise InputError(f"{path}: not a JSON object: give the file as the run wrote it")
    return found
