"""Bias and attribution of the employment scenario: what the runs left, for the page and for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from examples.demo.monitored import Monitored
from examples.demo.page import Section
from examples.demo.waiting import DemoError
from examples.employment.feed import FEATURES

KINDS: Final = ("bias", "attribution")
FACET, GROUP = "SEX", "SEX_2"  # women, in the census's code
POSITIVE: Final = "1"
SCORE: Final = 1  # the probability; the label beside it is a step
_SHOWN: Final = ("CI", "DPL", "DPPL", "DI", "DCA", "DCR", "AD", "RD", "SD", "DAR", "DRR", "TE", "GE", "FT")
_FEATURES_SHOWN: Final = 10

Found = Mapping[str, Mapping[str, Any]]  # by year


def arguments(data: str) -> dict[str, Any]:
    """The monitors' arguments in the stack's configuration; `data` has predictions, inputs and labels."""
    return {
        "bias": {
            "facets": [{"name": FACET, "values": [GROUP]}],
            "positive_labels": [POSITIVE],
            "baseline": {"data": data},
        },
        "attribution": {"features": list(FEATURES), "score": SCORE, "baseline": {"data": data}},
    }


def read(stack: Monitored, kind: str, scheduled: datetime) -> dict[str, Any]:
    """What the run of a kind at this hour left."""
    schedule = stack.schedule(kind)
    if schedule is None:
        return {}
    execution = stack.execution(schedule, scheduled)
    if execution.results_uri is None:
        raise DemoError(f"the {kind} execution at {scheduled:%H:%M} had no job: {execution.reason}")
    bucket, _, prefix = execution.results_uri.removeprefix("s3://").partition("/")
    s3 = stack.cloud.client("s3")

    def document(name: str) -> Any:
        return json.loads(s3.get_object(Bucket=bucket, Key=f"{prefix}/{name}")["Body"].read())

    return {
        "status": execution.status,
        "analysis": document("analysis.json"),
        "judgement": document("drift.json")["judgement"],
        "violations": stack.violations(execution),
    }


def summaries(found: Mapping[str, Found]) -> dict[str, Any]:
    """For programs: the last year of each kind."""
    said: dict[str, Any] = {}
    if found.get("bias"):
        last = list(found["bias"].values())[-1]
        [group] = last["judgement"]["groups"]
        values = {name: metric["value"] for name, metric in group["metrics"].items()}
        said["bias"] = {"facet": group["facet"], "metrics": values, "violations": last["violations"]}
    if found.get("attribution"):
        last = list(found["attribution"].values())[-1]
        judgement = last["judgement"]
        said["attribution"] = {
            "ndcg": judgement["ndcg"],
            "ranking": judgement["ranking"],
            "violations": last["violations"],
        }
    return said


def sections(found: Mapping[str, Found]) -> tuple[Section, ...]:
    """For people: every year of each kind."""
    makers = {"bias": _bias, "attribution": _attribution}
    return tuple(makers[kind](years) for kind, years in found.items() if years)


def _bias(years: Found) -> Section:
    metrics = {year: last["judgement"]["groups"][0]["metrics"] for year, last in years.items()}
    names = [name for name in _SHOWN if any(name in of for of in metrics.values())]
    return Section(
        title=f"Does the model treat {FACET} = {GROUP} as it did in 2015?",
        note="SageMaker Clarify's bias metrics of that group against all others, with their 95 % intervals; the flip "
        "test (FT) has none, and calls nothing. Bold: farther from neutral than in the baseline, for certain and by "
        "more than is harmless.",
        says={year: last["judgement"]["says"] for year, last in years.items()},
        rows={name: [_with_interval(metrics[year].get(name)) for year in years] for name in names},
        marked=frozenset(
            (name, year) for name in names for year in years if metrics[year].get(name, {}).get("verdict") == "drift"
        ),
    )


def _with_interval(metric: Mapping[str, Any] | None) -> str:
    if metric is None or metric["value"] is None:
        return "–"
    interval = f" ({metric['low']:.3f} to {metric['high']:.3f})" if metric["low"] is not None else ""
    return f"{metric['value']:.3f}{interval}"


def _attribution(years: Found) -> Section:
    shares = {year: _shares(last) for year, last in years.items()}
    first: Sequence[str] = list(next(iter(shares.values())))[:_FEATURES_SHOWN]
    return Section(
        title="Do its scores still come from the same features?",
        note="Each feature's share of all importance (mean absolute SHAP value of the probability, by permutations, "
        "asked of the endpoint's own inference.py in the job; no second endpoint), and nDCG of the ranking against the "
        "baseline's: below 0.9 is drift.",
        says={year: last["judgement"]["says"] for year, last in years.items()},
        rows={
            "nDCG": [f"{last['judgement']['ndcg']:.3f}" for last in years.values()],
            **{name: [f"{shares[year].get(name, 0.0):.1%}" for year in years] for name in first},
        },
        marked=frozenset(("nDCG", year) for year, last in years.items() if last["violations"]),
    )


def _shares(last: Mapping[str, Any]) -> dict[str, float]:
    [method] = last["analysis"]["explanations"].values()
    importance = next(iter(method.values()))["global_shap_values"]
    total = sum(map(abs, importance.values())) or 1.0
    return {name: abs(value) / total for name, value in importance.items()}
