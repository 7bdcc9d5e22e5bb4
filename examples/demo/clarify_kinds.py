"""Bias and attribution of the employment scenario: what the runs left, for the page and for programs."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from drift_tools.report import RunResults, Section, sections_of
from examples.demo.monitored import Monitored
from examples.demo.waiting import DemoError
from examples.employment.feed import FEATURES

KINDS: Final = ("bias", "attribution")
FACET, GROUP = "SEX", "SEX_2"  # women, in the census's code
POSITIVE: Final = "1"
SCORE: Final = 1  # the probability; the label beside it is a step

Found = Mapping[str, Mapping[str, Any]]  # by year


def arguments(data: str, window: Mapping[str, str]) -> dict[str, Any]:
    """The monitors' arguments in the stack's configuration; `data` has predictions, inputs and labels.

    `window` is the schedule and where the window of what has labels begins.
    """
    return {
        "bias": {
            "facets": [{"name": FACET, "values": [GROUP]}],
            "positive_labels": [POSITIVE],
            "baseline": {"data": data},
            **window,
        },
        "attribution": {
            "features": list(FEATURES),
            "score": SCORE,
            "baseline": {"data": data},
            "schedule_expression": window["schedule_expression"],
        },
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


def sections(found: Mapping[str, Found]) -> list[Section]:
    """For people: every year of each kind."""
    shown = []
    for years in found.values():
        runs = {
            year: RunResults({"judgement": last["judgement"]}, last["analysis"], last["violations"])
            for year, last in years.items()
        }
        shown += sections_of(runs) if runs else []
    return shown
