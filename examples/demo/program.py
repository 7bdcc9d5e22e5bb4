"""The whole loop on this machine, scenario after scenario, and the page about it."""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import local_aws
from deployment.errors import AutomationError
from drift_tools.endpoint import Check, validate_stack
from drift_tools.errors import InputError
from examples.demo import batch, clarify_kinds, deploying, employment, recipe
from examples.demo.console import Steps
from examples.demo.loop import Loop
from examples.demo.mailbox import Mailbox
from examples.demo.monitored import MODEL_MONITOR, OPEN, Monitored
from examples.demo.page import DemoPage, Scenario, render_demo
from examples.demo.streaming import layer_folder
from examples.demo.summary import summary
from examples.demo.waiting import DemoError
from local_aws.apply import ApplyError, inventory

PROJECT = Path(__file__).resolve().parents[2]
OUTPUT = PROJECT / "build" / "demo"
# No daily schedule falls due while a scenario's hours pass, unless the scenario means it to.
MORNING = 8
STEPS_AROUND = 2  # deploy and destroy
NAMES = {recipe.TITLE: "recipe", employment.TITLE: "employment"}
ENGINES = {MODEL_MONITOR: "Model Monitor", OPEN: "open: this project's own monitor"}


@dataclass(frozen=True)
class Plan:
    """A scenario: what it overrides in the stack's configuration, the baseline it compares with, and what it does."""

    title: str
    story: str
    run: Callable[[Loop], Scenario]
    overrides: Mapping[str, Any]
    baseline: Path
    steps: int
    engine: str


def plans(names: Collection[str], layer: Path) -> list[Plan]:
    """The scenarios of these names; `layer` is what the function of the recipe's stream takes numpy from."""
    makers = {"recipe": lambda: _recipe(layer), "employment": _employment}
    return [make() for name, make in makers.items() if name in names]


def _recipe(layer: Path) -> Plan:
    return Plan(
        recipe.TITLE,
        recipe.STORY,
        recipe.run,
        # An hour of the demo has a minute of traffic, so that an hour without any is no news.
        {"monitoring": {"real_time": {"layer": str(layer), "silent_minutes": 1440}}},
        PROJECT / "model" / "baseline.csv",
        recipe.STEPS,
        MODEL_MONITOR,
    )


def _employment() -> Plan:
    from examples.employment.train import train  # noqa: PLC0415 - scikit-learn, which the recipe does without

    trained = train()
    return Plan(
        employment.TITLE,
        employment.STORY,
        employment.run,
        {
            "model_artifact": str((trained / "artifact").relative_to(PROJECT)),
            "baseline_data": str((trained / "baseline.csv").relative_to(PROJECT)),
            "baseline_quality_data": str((trained / "baseline_quality.csv").relative_to(PROJECT)),
            "monitoring": {
                **clarify_kinds.arguments(
                    str((trained / "baseline_bias.csv").relative_to(PROJECT)), employment.LABELLED_WINDOW
                ),
                **batch.arguments(),
                "model_quality": {"estimate": True, **employment.LABELLED_WINDOW},
            },
        },
        trained / "baseline.csv",
        employment.STEPS,
        OPEN,
    )


def _by(plan: Plan, engine: str) -> Plan:
    """The plan with this engine; in place of the plan's own, Model Monitor has none of the open engine's monitors.

    With it they need baselines that are made before; model quality has one, and keeps its schedule.
    """
    if engine in {OPEN, plan.engine}:
        return replace(plan, engine=engine)
    monitoring = {"monitoring": {"model_quality": employment.LABELLED_WINDOW}}
    return replace(plan, engine=engine, overrides={**plan.overrides, **monitoring})


class Demo:
    """One run: an embedded AWS, its stacks one after the other, and what remains of them."""

    def __init__(self, cloud: local_aws.LocalAws, steps: Steps) -> None:
        self._cloud = cloud
        self._steps = steps
        self._before = inventory(cloud)
        self.cli = deploying.version_of_cli()
        self.created = 0

    def scenario(self, plan: Plan) -> tuple[Scenario, list[Check]]:
        self._steps.heading(plan.title)
        self._cloud.clock.advance_to(_next_morning(self._cloud.clock.now()))
        overrides: dict[str, Any] = {**plan.overrides, "engine": plan.engine}
        if plan.engine == OPEN:
            # Every window a processing job, small as it is: the demo shows them.
            windows = {"open_engine": {"small_windows": {"max_megabytes": 0}}}
            overrides["monitoring"] = {**overrides.get("monitoring", {}), **windows}
        deployed = deploying.by_pulumi if self.cli else deploying.by_hand
        with deployed(self._cloud, self._steps, overrides) as (outputs, resources):
            self.created += resources
            stack = Monitored(self._cloud, outputs, plan.baseline, plan.engine)
            with Mailbox(self._cloud, [outputs["notification_topic_arn"], outputs["alarm_topic_arn"]]) as mailbox:
                found = plan.run(Loop(stack, mailbox, self._steps))
                with self._steps.step("the recipe's validation steps") as step:
                    checks = validate_stack(outputs, clients=self._cloud.client)
                    step.result = f"{sum(check.ok for check in checks)} of {len(checks)} passed"
        return found, checks

    def left(self) -> list[str]:
        """What exists now and did not before the first deployment, asked from every service."""
        now = inventory(self._cloud)
        return sorted(
            f"{kind} {name}" for kind, names in now.items() for name in names - self._before.get(kind, frozenset())
        )


def _next_morning(now: datetime) -> datetime:
    morning = now.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return morning if morning > now else morning + timedelta(days=1)


def run(output: Path, console: Console, names: Collection[str], engine: str | None) -> int:
    """Do these scenarios; write report.html and summary.json. Exit status 0 if everything was as it must be."""
    with Steps(console, total=1) as steps, layer_folder() as layer:
        training = "train the employment classifier, " if "employment" in names else ""
        with steps.step(f"{training}start the embedded AWS") as step:
            with _starting() as started:
                to_do = [_by(plan, engine or plan.engine) for plan in plans(names, layer)]
                steps.plan(1 + sum(plan.steps + STEPS_AROUND + 1 for plan in to_do))
                cloud = started()
            step.result = cloud.endpoint_url
        with cloud, deploying.environment_variables(cloud.environment()):
            demo = Demo(cloud, steps)
            console.print(
                f"Deployed by Pulumi {demo.cli}, its own engine."
                if demo.cli
                else "No Pulumi CLI is here: the program runs on Pulumi's mocked runtime (`make pulumi` builds one)."
            )
            found, checks = [], []
            for plan in to_do:
                scenario, checked = demo.scenario(plan)
                found.append(scenario)
                checks += [(plan.title, check) for check in checked]
            left = demo.left()
            denied, invalid = cloud.denied_calls(), cloud.invalid_requests()
            failures = cloud.failures()
        seconds = steps.seconds

    page = DemoPage(
        scenarios=tuple(found),
        checks=tuple(Check(f"{NAMES[title]}: {c.name}", c.ok, c.detail) for title, c in checks),
        resources_created=demo.created,
        resources_left=len(left),
        seconds=seconds,
        engine=", ".join(f"{NAMES[plan.title]}: {ENGINES[plan.engine]}" for plan in to_do),
        made=datetime.now(UTC),
    )
    output.mkdir(parents=True, exist_ok=True)
    (output / "report.html").write_text(render_demo(page), encoding="utf-8")
    (output / "summary.json").write_text(json.dumps(summary(page, NAMES), indent=2) + "\n", encoding="utf-8")
    _print_result(console, page, output)
    complaints = [
        *(f"left behind: {name}" for name in left),
        *(f"denied by IAM: {call}" for call in denied),
        *(f"not valid by AWS's models: {request}" for request in invalid),
        *(f"failed, though nobody was told: {line}" for line in failures),
        *(f"validation step failed: {check.name}: {check.detail}" for check in page.checks if not check.ok),
    ]
    for complaint in complaints:
        console.print(complaint, style="red", markup=False)
    return 1 if complaints else 0


def _print_result(console: Console, page: DemoPage, output: Path) -> None:
    table = Table(title="The recipe's validation steps", title_justify="left", show_lines=False)
    for column in ("step", "", "seen"):
        table.add_column(column, overflow="fold")
    for check in page.checks:
        table.add_row(check.name, "ok" if check.ok else "FAILED", check.detail)
    console.print()
    console.print(table)
    for scenario in page.scenarios:
        last = scenario.windows[-1]
        drifted = ", ".join(last.drifted_features) or "nothing"
        console.print(
            f"{NAMES[scenario.name]}: in “{last.label}” {drifted} drifted; alarm {scenario.alarm.state}, "
            f"{len(scenario.notifications)} notification(s)"
            + (f"; the stream told of it after {scenario.streamed.delay_seconds:.0f} s" if scenario.streamed else ""),
            markup=False,
        )
    console.print(
        f"\n{page.resources_created} resources created, {page.resources_left} left, {page.seconds:.0f} s\n"
        f"{output / 'report.html'}\n{output / 'summary.json'}\n"
        "What may follow on drift, a better model with somebody's approval: make demo-retraining",
        markup=False,
        soft_wrap=True,
    )


@contextmanager
def _starting() -> Iterator[Callable[[], local_aws.LocalAws]]:
    """The embedded AWS starts while this is open; if that fails meanwhile, for whatever reason, it is stopped."""
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(local_aws.start, enforce_iam=True)
        try:
            yield starting.result
        except BaseException:
            if starting.exception() is None:
                starting.result().stop()
            raise


def main() -> int:
    """Run what the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where report.html and summary.json are written")
    parser.add_argument("--scenario", choices=NAMES.values(), help="one of the scenarios only")
    parser.add_argument(
        "--engine", choices=ENGINES, help="who runs the monitoring jobs, instead of each scenario's own"
    )
    arguments = parser.parse_args()
    names = [arguments.scenario] if arguments.scenario else list(NAMES.values())
    try:
        return run(arguments.output, Console(), names, arguments.engine)
    except (DemoError, local_aws.LocalAwsError, ApplyError, AutomationError, InputError) as error:
        print(f"\nthe demo stopped: {error}", file=sys.stderr)
        return 1
