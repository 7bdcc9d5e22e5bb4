"""Real data: a classifier of 2015 meets the people of 2016, 2017 and 2018, and then a fault in its feed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from drift_tools.endpoint import Request, write_ground_truth
from drift_tools.report import RunResults, Section, sections_of
from examples.demo import batch, clarify_kinds
from examples.demo.loop import Loop, first_request
from examples.demo.monitored import HOUR, MODEL_MONITOR, OPEN
from examples.demo.page import Estimate, Scenario, Window
from examples.demo.waiting import DemoError
from examples.employment.feed import YEARS, Row, split, spread, with_faults

TITLE = "Employment in Massachusetts: real rows, real labels"
STORY = (
    "A classifier of 2015 meets the people of 2016, 2017 and 2018, as the census took them; their labels follow. What "
    "drifted between the years is whatever the data say. Then a second source of the feed goes wrong."
)
FAULT = "in every third row the age is in months and the reference person has a code that never occurred"
CONTROL, FAULTY = "2015, not seen in training", "2018 with faults in the feed"
# What needs labels runs every three hours: by the daily schedules of the stack's own configuration each year would wait
# for the twenty hours in which nothing comes.
EVERY = timedelta(hours=3)
SCHEDULE = "cron(0 0/3 ? * * *)"
LABELLED_WINDOW = {"schedule_expression": SCHEDULE, "start_time_offset": "-PT3H"}
NAMESPACES = {
    MODEL_MONITOR: "aws/sagemaker/Endpoints/model-metrics",
    OPEN: "ModelMonitoring/Endpoints/model-metrics",
}
ESTIMATED = "accuracy"
METRICS = ("accuracy", "precision", "recall", "f1", "auc")
STEPS = 1 + (1 + len(YEARS)) * (3 + len(clarify_kinds.KINDS)) + 1 + 2 + 1


def run(loop: Loop) -> Scenario:
    """A control window of 2015, each year as it comes, the faulty feed; labels after each but the last; the alarm."""
    data = split()
    with loop.steps.step("baseline processing jobs") as step:
        step.result = f"constraints for {loop.stack.wait_for_baseline()} columns"

    windows: list[Window] = []
    quality: dict[str, Mapping[str, float]] = {}
    kinds: dict[str, dict[str, Mapping[str, Any]]] = {kind: {} for kind in clarify_kinds.KINDS}
    for year, label, rows in [(2015, CONTROL, data.control), *((y, str(y), data.years[y]) for y in YEARS)]:
        windows.append(loop.hour(label, requests(rows)))
        quality[str(year)] = model_quality(loop, windows[-1], rows)
        for kind, found in kinds.items():
            found.update(of_kind(loop, kind, str(year)))
    with batch.team(loop.stack.cloud):
        # The file is in the order of places: its first rows are another population, and would rightly ring.
        scored = batch.score(loop, spread(data.years[YEARS[-1]], batch.ROWS))
        windows.append(loop.hour(FAULTY, requests(with_faults(data.before_faults)), fault=FAULT))

        with loop.steps.step("alarm, responder, notification") as step:
            alarm = loop.wait_for_alarm()
            step.result = f"{alarm.state}; {len(loop.messages())} so far, last {loop.messages()[-1].subject!r}"
    return Scenario(
        name=TITLE,
        story=STORY,
        windows=tuple(windows),
        alarm=alarm,
        notifications=loop.notifications(),
        timeline=loop.timeline(first_request(FAULTY)),
        model_quality=quality,
        estimated_quality=estimates(windows, quality),
        sections=(*_estimated(windows, quality), *clarify_kinds.sections(kinds)),
        kinds=clarify_kinds.summaries(kinds) | ({"batch": scored} if scored else {}),
    )


def _estimated(windows: Sequence[Window], quality: Mapping[str, Mapping[str, float]]) -> list[Section]:
    """For people: what each hour's run estimated, and what the labels said."""
    runs = {
        period: RunResults({"estimated_quality": window.estimated}, measured=quality.get(period, {}))
        for window, period in zip(windows, [*quality, FAULTY], strict=True)
        if window.estimated
    }
    return sections_of(runs) if runs else []


def estimates(windows: Sequence[Window], quality: Mapping[str, Mapping[str, float]]) -> dict[str, Estimate]:
    """What was estimated of each window in its hour, and what its labels said a day later; those of the last never."""
    found = {}
    for window, period in zip(windows, [*quality, FAULTY], strict=True):
        if window.estimated and (metric := window.estimated["metrics"].get(ESTIMATED)):
            found[period] = Estimate(
                ESTIMATED,
                metric["estimate"],
                metric["low"],
                metric["high"],
                quality.get(period, {}).get(ESTIMATED),
                window.estimated["doubt"] or "",
            )
    return found


def of_kind(loop: Loop, kind: str, year: str) -> dict[str, Mapping[str, Any]]:
    """What the other monitor of that schedule found in the run that was last; nothing where it is off. One step."""
    with loop.steps.step(f"{year}: the {kind} schedule executes") as step:
        found = clarify_kinds.read(loop.stack, kind, next_run(loop.stack.cloud.clock.now()) - EVERY)
        loop.settle()
        if found:
            loop.note(f"{kind} of {year} ended: {found['status']}")
        step.result = found["judgement"]["says"] if found else f"no {kind} monitor"
    return {year: found} if found else {}


def requests(rows: Sequence[Row]) -> list[Request]:
    return [Request(row.payload, row.key) for row in rows]


def model_quality(loop: Loop, window: Window, rows: Sequence[Row]) -> dict[str, float]:
    """Upload the labels, go on to the next model-quality execution, and read what it published. One step."""
    with loop.steps.step(f"{window.label}: {len(rows):,} labels arrive, the model-quality schedule executes") as step:
        stack, cloud = loop.stack, loop.stack.cloud
        write_ground_truth(
            {row.key: str(row.employed) for row in rows},
            f"s3://{stack.outputs['bucket_name']}/ground-truth",
            collected=loop.stack.cloud.clock.now(),
            client=cloud.client("s3"),
        )
        scheduled = next_run(cloud.clock.now())
        cloud.clock.advance_to(scheduled + stack.after_the_hour)
        execution = stack.execution(stack.outputs["model_quality_schedule_name"], scheduled)
        if execution.results_uri is None:
            raise DemoError(f"the model-quality execution at {scheduled:%H:%M} had no job: {execution.reason}")
        loop.settle()
        loop.note(f"model quality of {window.label} ended: {execution.status}")
        figures = published(cloud, stack.outputs, scheduled, namespace=NAMESPACES[stack.engine])
        step.result = f"{execution.status}, " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
    return figures


def next_run(after: datetime) -> datetime:
    """When the schedule of what needs labels is due next."""
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + EVERY * ((after - midnight) // EVERY + 1)


def published(cloud: Any, outputs: Mapping[str, str], scheduled: datetime, *, namespace: str) -> dict[str, float]:
    """The metrics of the model-quality job, from CloudWatch, where anybody would look for them."""
    figures = {}
    for name in METRICS:
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[
                {"Name": "Endpoint", "Value": outputs["endpoint_name"]},
                {"Name": "MonitoringSchedule", "Value": outputs["model_quality_schedule_name"]},
            ],
            StartTime=scheduled - EVERY,
            EndTime=scheduled + HOUR,
            Period=3600,
            Statistics=["Average"],
        )["Datapoints"]
        if not points:
            raise DemoError(f"the model-quality metric {name} was not published for the execution at {scheduled}")
        figures[name] = max(points, key=lambda point: point["Timestamp"])["Average"]
    return figures
