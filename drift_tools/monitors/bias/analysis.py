"""analysis.json: the bias of a window or a baseline in SageMaker Clarify's own format."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from drift_tools.errors import InputError
from drift_tools.monitors.bias.check import Reference, References, written
from drift_tools.monitors.bias.measure import GroupBias, MetricValue
from drift_tools.monitors.bias.metrics import BY_NAME, Stage

VERSION: Final = "1.0"
_SECTIONS: Final = {
    Stage.PRE_TRAINING: "pre_training_bias_metrics",
    Stage.POST_TRAINING: "post_training_bias_metrics",
}
# Clarify has no place for a metric's own error; a reader of its files passes over keys that it does not know.
_JUDGED_BY: Final = "judged_by"


@dataclass(frozen=True, slots=True)
class BiasAnalysis:
    """The bias of all groups, with the label that is meant and how its positive values are written."""

    label: str
    label_value_or_threshold: str
    groups: Sequence[GroupBias]

    def to_dict(self) -> dict[str, Any]:
        """Write analysis.json: a section for each stage that was measured."""
        sections: dict[str, Any] = {"version": VERSION}
        for stage, section in _SECTIONS.items():
            facets: dict[str, list[dict[str, Any]]] = {}
            for group in self.groups:
                metrics = [_metric(value) for value in group.values.values() if value.metric.stage is stage]
                if metrics:
                    entry = {"value_or_threshold": group.value_or_threshold, "metrics": metrics}
                    facets.setdefault(group.facet, []).append(entry)
            if facets:
                sections[section] = {
                    "label": self.label,
                    "facets": facets,
                    "label_value_or_threshold": self.label_value_or_threshold,
                }
        return sections

    def references(self) -> References:
        """What later windows are held against, of a baseline that was measured here."""
        return {
            (group.facet, group.value_or_threshold): {name: Reference.of(value) for name, value in group.values.items()}
            for group in self.groups
        }


def _metric(measured: MetricValue) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": measured.metric.name,
        "description": measured.metric.description,
        "value": None if measured.value is None else _number(measured.value),
    }
    if measured.error is not None:
        entry["error"] = measured.error
    if measured.low is not None and measured.high is not None:
        entry["confidence_interval"] = {"level": 0.95, "low": _number(measured.low), "high": _number(measured.high)}
        entry[_JUDGED_BY] = {"estimate": measured.estimate, "standard_error": measured.standard_error}
    return entry


def _number(value: float) -> float | str:
    return written(value) if math.isinf(value) else value


def read_references(analysis: Any, source: str) -> dict[tuple[str, str], dict[str, Reference | None]]:
    """Read what later windows are held against from an analysis.json of this project's or of SageMaker Clarify's.

    Parameters
    ----------
    analysis:
        The parsed file.
    source:
        Its name, for messages.

    Raises
    ------
    InputError
        If it has no bias metrics, or an entry is not one.
    """
    if not isinstance(analysis, Mapping):
        raise InputError(f"{source} is no analysis of bias: its top level is {type(analysis).__name__}, not an object")
    found: dict[tuple[str, str], dict[str, Reference | None]] = {}
    for section in _SECTIONS.values():
        facets = _object(analysis.get(section, {}), source, section).get("facets", {})
        for facet, entries in _object(facets, source, f"{section}.facets").items():
            for entry in entries:
                group = _object(entry, source, f"{section}.facets.{facet}")
                key = (str(facet), str(group.get("value_or_threshold", "")))
                found.setdefault(key, {}).update(_references(group.get("metrics", []), source, facet))
    if not found:
        raise InputError(
            f"{source} has neither pre_training_bias_metrics nor post_training_bias_metrics: give the analysis.json of "
            "a bias baseline"
        )
    return found


def _object(value: Any, source: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{source}: {where} is {value!r:.60}, not an object")
    return value


def _references(metrics: Iterable[Any], source: str, facet: str) -> dict[str, Reference | None]:
    found: dict[str, Reference | None] = {}
    for entry in metrics:
        metric = _object(entry, source, f"a metric of facet {facet!r}")
        name = str(metric.get("name"))
        if name not in BY_NAME:
            raise InputError(f"{source}: {name!r} of facet {facet!r} is no bias metric: there are {', '.join(BY_NAME)}")
        found[name] = _reference(name, metric, source)
    return found


def _reference(name: str, metric: Mapping[str, Any], source: str) -> Reference | None:
    written_value = metric.get("value")
    if written_value is None:
        return None
    try:
        value = _a_number(written_value)
        judged_by = metric.get(_JUDGED_BY)
        if judged_by is None:
            return Reference.of_value(name, value)
        return Reference(value, _a_number(judged_by["estimate"]), _a_number(judged_by["standard_error"]))
    except (TypeError, ValueError, KeyError):
        said = written_value if metric.get(_JUDGED_BY) is None else (written_value, metric[_JUDGED_BY])
        raise InputError(f"{source}: the value of {name} is {said!r:.120}, which is no number") from None


def _a_number(written_value: Any) -> float:
    """A number, which may be infinite; against NaN, or a truth that is taken for one, nothing is ever found."""
    number = float(written_value)
    if isinstance(written_value, bool) or math.isnan(number):
        raise ValueError(written_value)
    return number
