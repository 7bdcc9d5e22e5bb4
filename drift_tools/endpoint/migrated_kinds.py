"""What each kind of Model Monitor's schedules becomes in a stack's configuration. A kind that is added is migrated."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.monitor_kinds import ATTRIBUTION, BIAS, DATA_QUALITY, KINDS, MODEL_QUALITY
from contract.time_offsets import OFFSET_PATTERN, parse_offset
from drift_tools.endpoint.monitoring_schedules import KIND_OF, Schedule

Migrate = Callable[[Schedule, list[str]], dict[str, Any]]


def _nothing(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    del schedule, differences
    return {}


@dataclass(frozen=True, kw_only=True)
class MigratedKind:
    """`of_monitor`: the arguments that this kind alone has; `of_stack`: those of the stack that belong to it. Both add
    to the differences.
    """

    of_monitor: Migrate = _nothing
    of_stack: Migrate = _nothing


def offsets(schedule: Schedule, differences: list[str]) -> dict[str, str]:
    """The window of labels, where both of its ends can be said as the stack says them; else the default."""
    source = schedule.source
    given = {
        argument: source[key]
        for key, argument in (("StartTimeOffset", "start_time_offset"), ("EndTimeOffset", "end_time_offset"))
        if source.get(key) is not None
    }
    weeks = {argument: re.fullmatch(r"-P(\d+)W", text) for argument, text in given.items()}
    found = {
        argument: f"-P{7 * int(week[1])}D" if (week := weeks[argument]) else text for argument, text in given.items()
    }
    argument = KIND_OF[schedule.kind].argument
    if not _is_window(found.get("start_time_offset", "-P1D"), found.get("end_time_offset", "-PT0H")):
        start, end = (given.get(name, "its default") for name in ("start_time_offset", "end_time_offset"))
        differences.append(
            f"{schedule.name} has a window from {start} to {end}, which the stack does not take (days, hours and "
            f"minutes back in time it does): the default is taken, set {argument}.start_time_offset "
            "and end_time_offset."
        )
        return {}
    return found


def _is_window(start: str, end: str) -> bool:
    """Whether the stack knows both ends, and the first is before the last."""
    if re.fullmatch(OFFSET_PATTERN, start) is None or re.fullmatch(OFFSET_PATTERN, end) is None:
        return False
    return parse_offset(start) < parse_offset(end)


def _constraints(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    """Its baseline, where the definition names the file."""
    constraints = (schedule.job["baseline"].get("ConstraintsResource") or {}).get("S3Uri")
    if constraints:
        return {"baseline": {"existing": {"constraints_uri": constraints}}}
    argument, job = KIND_OF[schedule.kind].argument, schedule.job["baseline"].get("BaseliningJobName")
    if KIND_OF[schedule.kind].constraints_file != KINDS[DATA_QUALITY].constraints_file:
        differences.append(
            f"{schedule.name} names no analysis.json of a baseline: give {argument}.baseline.existing with the URI of "
            + (f"what {job} has made." if job else "one, or baseline.data.")
        )
    return {}


def _data_quality(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    if schedule.is_batch:
        return {}
    return {"baseline": {"existing": _baseline(schedule, differences)}}


def _baseline(schedule: Schedule, differences: list[str], argument: str = "") -> dict[str, str]:
    baseline = schedule.job["baseline"]
    statistics = (baseline.get("StatisticsResource") or {}).get("S3Uri")
    constraints = (baseline.get("ConstraintsResource") or {}).get("S3Uri")
    if not constraints or not statistics:
        absent = " and ".join(
            name for name, uri in (("statistics.json", statistics), ("constraints.json", constraints)) if not uri
        )
        what = argument or "baseline.data, or baseline.existing"
        differences.append(
            f"{schedule.name} names no {absent}: give {what} with the URI of a baseline job's results"
            + (f" ({baseline['BaseliningJobName']} has made one)." if baseline.get("BaseliningJobName") else ".")
        )
    differences.append(
        "PSI, KS and the verdict are computed from the sketches in the baseline's statistics.json; with baseline.data "
        "(the rows themselves) they are exact. Model Monitor lists no categories of texts with many values there: of "
        "such features only missing values are compared."
    )
    found = {"statistics_uri": statistics, "constraints_uri": constraints}
    return {name: uri for name, uri in found.items() if uri}


def of_batches(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    """The baseline of batches, where the definition names both of its files."""
    found = _baseline(schedule, differences, argument="batch.baseline")
    return {"baseline": found} if len(found) > 1 else {}


def _model_quality(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    return {"problem_type": schedule.job["app"]["ProblemType"], **_constraints(schedule, differences)}


def _column(config: Mapping[str, Any], name_or_index: Any) -> Any:
    headers = config.get("headers") or []
    if isinstance(name_or_index, int) and name_or_index < len(headers):
        return headers[name_or_index]
    return name_or_index


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else [str(values)]


def _bias(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    """Facets, label and what is favourable, as the definition's analysis_config.json has them."""
    config = schedule.config
    label = _column(config, config.get("label", "label"))
    given = config.get("facet") or []
    facets = [
        {
            "name": _column(config, facet.get("name_or_index")),
            **({"values": _texts(facet["value_or_threshold"])} if facet.get("value_or_threshold") is not None else {}),
        }
        for facet in (given if isinstance(given, list) else [given])
    ]
    found: dict[str, Any] = {
        "facets": facets,
        "positive_labels": _texts(config.get("label_values_or_threshold", [])),
        "label": label,
        "features": [name for name in config.get("headers") or [] if name != label],
        **_constraints(schedule, differences),
    }
    if config.get("group_variable") is not None:
        found["group_variable"] = _column(config, config["group_variable"])
    if schedule.source.get("FeaturesAttribute"):
        differences.append(
            f"{schedule.name} finds the inputs by features_attribute; now they are the columns of a request, by name "
            "or in their order: make rows of them in bias.record_preprocessor if they are nested."
        )
    return found


def _attribution(schedule: Schedule, differences: list[str]) -> dict[str, Any]:
    """The inputs, and how their importance is computed."""
    config = schedule.config
    shap = (config.get("methods") or {}).get("shap") or {}
    source = schedule.source
    found: dict[str, Any] = {"features": list(config.get("headers") or []), **_constraints(schedule, differences)}
    if shap.get("agg_method"):
        found["aggregation"] = shap["agg_method"]
    score = source.get("ProbabilityAttribute") or source.get("InferenceAttribute") or "0"
    if str(score).isdecimal():
        inputs = len(found["features"]) if schedule.is_batch else 0  # which stand in front of a batch's answers
        found["score"] = int(score) - (inputs if int(score) >= inputs else 0)
    model = (config.get("predictor") or {}).get("model_name", "its model")
    if schedule.is_batch:
        return found | {"model_name": model}
    differences.append(
        f"{schedule.name} asked a shadow endpoint of {model} by kernel SHAP; now the job asks the model's own archive "
        "by permutations: give attribution.model_uri, and make the baseline anew, since the two methods weigh features "
        "a little differently."
    )
    return found


# By SageMaker's names.
MIGRATED: Final[Mapping[str, MigratedKind]] = {
    KINDS[kind].monitoring_type: migrated
    for kind, migrated in {
        DATA_QUALITY: MigratedKind(of_stack=_data_quality),
        MODEL_QUALITY: MigratedKind(of_monitor=_model_quality),
        BIAS: MigratedKind(of_monitor=_bias),
        ATTRIBUTION: MigratedKind(of_monitor=_attribution),
    }.items()
}
# Arguments of monitors that a stack has unless they are switched off.
ON_BY_DEFAULT: Final = (KINDS[DATA_QUALITY].argument,)
