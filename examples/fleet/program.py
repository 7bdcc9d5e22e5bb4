"""A fleet on three local accounts and their center: rolled out, run, asked, and its boundaries tried."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

import local_aws
from components.fleet import QUERIES
from deployment.errors import AutomationError
from deployment.rollout import BROKEN, Outcome, table
from drift_tools.errors import InputError
from drift_tools.fleet import Fleet, open_store, overview_of, read_fleet
from drift_tools.report import render_fleet
from examples.demo.waiting import DemoError, wait_until
from examples.employment.feed import split
from examples.fleet import boundaries, models
from examples.fleet.world import CENTER, MEMBERS, Engine, World, accounts

OUTPUT: Final = Path(__file__).resolve().parents[2] / "build" / "demo-fleet"
DAYS: Final = 30


class Steps:
    """Says what is done and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def do(self, what: str, act: Callable[[], Any], says: Callable[[Any], str] = lambda _: "") -> Any:
        began = time.monotonic()
        found = act()
        said = f": {words}" if (words := says(found)) else ""
        self._console.print(f"{what}{said} ({time.monotonic() - began:.1f} s)", markup=False, highlight=False)
        return found


def roll_out(engine: Engine, console: Console) -> list[Outcome]:
    """`up` over all targets, in waves; DemoError if one failed."""
    outcomes = engine.run("up")
    console.print(table(outcomes, "up"))
    failed = [outcome for outcome in outcomes if outcome.state == BROKEN]
    if failed:
        raise DemoError(f"{failed[0].target.name}: {failed[0].error}")
    return outcomes


def ask_everything(world: World, member: str) -> dict[str, list[list[str | None]]]:
    """The rows that Athena answers to every named query of a member, asked through its reader role."""
    athena = world.session(world.read_in(member), "athena")
    identifiers = athena.list_named_queries(WorkGroup="fleet-results")["NamedQueryIds"]
    found = {}
    for query in athena.batch_get_named_query(NamedQueryIds=identifiers)["NamedQueries"]:
        started = athena.start_query_execution(
            QueryString=query["QueryString"],
            WorkGroup=query["WorkGroup"],
            QueryExecutionContext={"Database": query["Database"]},
        )["QueryExecutionId"]
        found[query["Name"]] = _answer(athena, query["Name"], started)
    return found


def _answer(athena: Any, name: str, started: str) -> list[list[str | None]]:
    def ended() -> Mapping[str, Any] | None:
        status: Mapping[str, Any] = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        return None if status["State"] in ("QUEUED", "RUNNING") else status

    status = wait_until(f"the answer to {name}", ended)
    if status["State"] != "SUCCEEDED":
        raise DemoError(f"the query {name} failed: {status.get('StateChangeReason')}")
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def overview(world: World, until: datetime) -> Fleet:
    """All models of all members, read by the center's reader through the role of each."""
    stores = [
        open_store(f"s3://{world.bucket(account)}/result-tables", client=world.session(world.read_in(member), "s3"))
        for member, account in MEMBERS.items()
    ]
    return overview_of(read_fleet(stores, until=until, days=DAYS), until=until, days=DAYS)


def count_models(world: World) -> dict[str, Any]:
    """The center's watch, invoked as its schedule does."""
    functions = world.accounts[CENTER].client("lambda").list_functions()["Functions"]
    name = next(item["FunctionName"] for item in functions if "fleet-watch" in item["FunctionName"])
    event = {"scheduled_time": world.cloud.clock.now().isoformat()}
    answer = world.accounts[CENTER].client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DemoError(f"{name}: {found}")
    return found


def run(output: Path, console: Console) -> int:
    """Do it all; write fleet.html and summary.json. Exit status 0 if everything was as intended."""
    steps = Steps(console)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="demo-fleet-")))
        world = steps.do(
            "start the embedded AWS, open three accounts, their center's and a stranger's",
            lambda: stack.enter_context(accounts()),
            lambda found: found.organization_id,
        )
        engine = Engine(world, folder, stack)
        steps.do(
            "roll out: center, then dev and staging, then prod in two regions",
            lambda: roll_out(engine, console),
            lambda found: f"{sum(outcome.changed for outcome in found)} resources",
        )
        # The engine looks at all targets once more while the models' monitors run.
        looking = stack.enter_context(ThreadPoolExecutor(1)).submit(engine.run, "preview")
        ran = _models(world, folder, steps)
        again = steps.do(
            "preview over all targets, begun with the monitors",
            looking.result,
            lambda found: f"{sum(outcome.changed for outcome in found)} resources would change",
        )
        counted = steps.do("the center counts its models", lambda: count_models(world), _counted)
        tried = steps.do(
            "try what must work and what must be denied",
            lambda: boundaries.attempts(world),
            lambda found: f"{sum(one.is_as_intended for one in found)} of {len(found)} as intended",
        )
        answers = {
            member: steps.do(
                f"ask every named query in {member}",
                partial(ask_everything, world, member),
                lambda found: f"{len(found)} queries, {sum(map(len, found.values()))} rows",
            )
            for member in MEMBERS
        }
        fleet = overview(world, ran[-1].end + timedelta(hours=1))
        page = render_fleet(fleet, made=datetime.now(UTC))
        failures = world.cloud.failures()
        seconds = steps.seconds

    output.mkdir(parents=True, exist_ok=True)
    (output / "fleet.html").write_text(page, encoding="utf-8")
    (output / "boundaries.md").write_text(boundaries_table(tried), encoding="utf-8")
    unexpected = [one for one in tried if not one.is_as_intended]
    summary = {
        # Those with models; the center is beside them.
        "accounts": len({model.account for model in fleet.models}),
        "models": len(fleet.models),
        "allowed_as_intended": sum(one.is_as_intended and one.intended for one in tried),
        "denied_as_intended": sum(one.is_as_intended and not one.intended for one in tried),
        "unexpected": len(unexpected),
        "queries": min(len(found) for found in answers.values()),
        "page_bytes": len(page.encode()),
        "seconds": round(seconds, 1),
    }
    (output / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    complaints = [
        *(f"not as intended: {one.who} {one.does}: {one.said}" for one in unexpected),
        *(f"would change again: {outcome.target.name}" for outcome in again if outcome.changed),
        *(
            f"{len(found)} of {len(QUERIES)} queries answered"
            for found in answers.values()
            if len(found) < len(QUERIES)
        ),
        *_wrong_counts(counted, fleet),
        *(f"failed, though nobody was told: {line}" for line in failures),
    ]
    _print(console, tried, fleet, output, summary)
    for complaint in complaints:
        console.print(complaint, style="red", markup=False)
    return 1 if complaints else 0


def _models(world: World, folder: Path, steps: Steps) -> list[models.Ran]:
    people = split()
    found = models.models(people)
    place = folder / "baseline"
    place.mkdir()
    baseline = steps.do("make the baseline", lambda: models.make_baseline(people, place))
    monitors = models.Monitors(world, baseline, folder / "runs")
    alarms = [models.alarm_on(world, model) for model in found]
    ran: list[models.Ran] = steps.do(
        f"run the monitors of {len(found)} models in three accounts",
        lambda: monitors.run_all(found, models.last_hour()),
        lambda done: f"{len(done)} runs, {sum(one.violations > 0 for one in done)} with findings",
    )
    monitors.tell(ran)
    steps.do(
        "their alarms ring",
        lambda: world.cloud.clock.advance(timedelta(minutes=2)),
        lambda _: f"{len(alarms)} alarms on the teams' own topics",
    )
    return ran


def _counted(found: Mapping[str, Any]) -> str:
    return f"{found['Models']:.0f} models, {found['DriftingModels']:.0f} drift, {found['SilentModels']:.0f} silent"


def _wrong_counts(counted: Mapping[str, Any], fleet: Fleet) -> list[str]:
    """The count from metrics, and the page from tables, must say the same."""
    page = (len(fleet.models), fleet.count("drifting"))
    if (counted["Models"], counted["DriftingModels"]) == page:
        return []
    return [f"the watch counts {counted['Models']:.0f} and {counted['DriftingModels']:.0f} models, the page has {page}"]


def boundaries_table(tried: Sequence[boundaries.Attempt]) -> str:
    """What was tried, as Markdown."""
    lines = ["| who | does | must be | was | said |", "|---|---|---|---|---|"]
    for one in tried:
        words = ["allowed" if flag else "denied" for flag in (one.intended, one.allowed)]
        lines.append(f"| {one.who} | {one.does} | {words[0]} | {words[1]} | {one.said.replace('|', ' ')} |")
    return "\n".join(lines) + "\n"


def _print(
    console: Console, tried: Sequence[boundaries.Attempt], fleet: Fleet, output: Path, summary: Mapping[str, Any]
) -> None:
    shown = Table(title="Between the accounts", title_justify="left")
    for name in ("who", "does", "must be", "was", "AWS said"):
        shown.add_column(name, overflow="fold")
    for one in tried:
        words = ["allowed" if flag else "denied" for flag in (one.intended, one.allowed)]
        shown.add_row(one.who, one.does, *words, one.said)
    console.print(shown)
    for model in fleet.models:
        console.print(f"{model.account} {model.endpoint} ({model.version}): {model.state}. {model.says}", markup=False)
    console.print(f"\n{json.dumps(summary)}\n{output / 'fleet.html'}", markup=False, soft_wrap=True, highlight=False)


def main() -> int:
    """Run what the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.fleet", description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where fleet.html and summary.json are written")
    arguments = parser.parse_args()
    try:
        return run(arguments.output, Console())
    except (DemoError, local_aws.LocalAwsError, AutomationError, InputError) as error:
        print(f"\nthe demo stopped: {error}", file=sys.stderr)
        return 1
