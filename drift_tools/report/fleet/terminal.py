"""The overview for a terminal, and as JSON."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from contract.plain_text import visible
from drift_tools.fleet import Fleet
from drift_tools.report.fleet.page import headline, strip
from drift_tools.report.terminal import plain_table, show

_LAST_DAYS = 30


def print_fleet(fleet: Fleet, out: Console) -> None:
    """A line a model, the worst first."""
    table = plain_table(
        "model", "team", "account", "version", "state", "drifted", "findings", f"last {_LAST_DAYS} days", "last run",
        right=("drifted", "findings"), title=headline(fleet),
    )  # fmt: skip
    for model in fleet.models:
        cells = (
            model.endpoint,
            model.team,
            model.account,
            model.version,
            model.state,
            f"{model.drifted} of {model.compared}" if model.compared else "–",
            str(model.violations),
            strip(model)[-_LAST_DAYS:],
            model.last_run[:16].replace("T", " "),
        )
        table.add_row(*(Text(visible(cell)) for cell in cells))  # Text: a name is no markup
    show(out, table)


def fleet_document(fleet: Fleet) -> dict[str, Any]:
    """The JSON object that `fleet --format json` prints; `days` has a level a day, null without a run."""
    return {
        "until": f"{fleet.until:%Y-%m-%dT%H:%M:%SZ}",
        "first_day": f"{fleet.first:%Y-%m-%d}",
        "days": fleet.days,
        "runs": fleet.runs,
        "models": [asdict(model) for model in fleet.models],
    }
