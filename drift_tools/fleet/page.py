"""The overview as one HTML file that opens without a network.

The table of models is in the page as it is; what a model unfolds to is drawn by the page's own script from numbers that
lie beside it: a thousand models with fifty features each are more than a page can hold as elements. The script is the
only one that the page's policy allows, by its hash; it writes text and no markup.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from contract.plain_text import visible
from drift_tools.fleet.overview import DRIFTING, LEARNING, SILENT, STATES, STEADY, WORSE, Fleet, Model
from drift_tools.report import DRIFTED as BAD
from drift_tools.report import STEADY as GOOD
from drift_tools.report import UNKNOWN as UNSURE
from drift_tools.report import count, environment

HERE: Final = Path(__file__).parent
TONES: Final[Mapping[str, str]] = {WORSE: BAD, DRIFTING: BAD, SILENT: UNSURE, LEARNING: UNSURE, STEADY: GOOD}
_BLOCKS: Final = "▁▂▃▃▄▅▅▆▇█"
_NO_RUN: Final = "·"
_REASON: Final = 160
_FINDINGS: Final = 20


def render_fleet(fleet: Fleet, *, made: datetime | None = None) -> str:
    """The overview of `overview_of` as one page."""
    script = (HERE / "fleet.js").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment(HERE)
        .get_template("fleet.html")
        .render(
            fleet=fleet,
            rows=[_row(number, model) for number, model in enumerate(fleet.models)],
            states=[(state, fleet.count(state)) for state in STATES if fleet.count(state)],
            teams=sorted({model.team for model in fleet.models if model.team}),
            says=headline(fleet),
            verdict=TONES[fleet.models[0].state] if fleet.models else UNSURE,
            facts=_facts(fleet),
            data=Markup(_embedded(_data(fleet))),  # noqa: S704 - escaped by _embedded
            script=Markup(script),  # noqa: S704 - this package's own file
            digest=digest,
            made=(made or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )


def headline(fleet: Fleet) -> str:
    """The overview in one line."""
    total = len(fleet.models)
    if not total:
        return "No models"
    bad, silent = fleet.count(DRIFTING) + fleet.count(WORSE), fleet.count(SILENT)
    quiet = f", {silent} {'is' if silent == 1 else 'are'} silent" if silent else ""
    if not bad:
        return f"None of {count(total, 'model')} drifts{quiet}"
    return f"{bad} of {count(total, 'model')} {'drifts' if bad == 1 else 'drift'}{quiet}"


def strip(model: Model) -> str:
    """The model's days as characters: the higher, the more features drifted."""
    return "".join(_NO_RUN if level is None else _BLOCKS[level] for level in model.days)


def _facts(fleet: Fleet) -> Sequence[tuple[str, str]]:
    accounts = {model.account for model in fleet.models if model.account}
    return [
        ("models", f"{len(fleet.models):,}"),
        ("accounts", f"{len(accounts) or 1:,}"),
        ("runs", f"{fleet.runs:,}"),
        ("days", f"{fleet.first:%Y-%m-%d} to {fleet.until:%Y-%m-%d}"),
    ]


def _row(number: int, model: Model) -> dict[str, Any]:
    where = [model.team, model.account, model.region, model.variant, model.version]
    bad = sum(1 for level in model.days if level)
    ran = sum(1 for level in model.days if level is not None)
    return {
        "id": f"m{number}",
        "name": model.endpoint,
        "where": " · ".join(part for part in where if part),
        "team": model.team,
        "state": model.state,
        "tone": TONES[model.state],
        "says": model.says,
        "features": f"{model.drifted} of {model.compared}" if model.compared else "–",
        "violations": model.violations,
        "worst": ", ".join(feature.name for feature in model.features[:3] if feature.drifted),
        "strip": strip(model),
        "days": f"findings on {bad} of {count(ran, 'day')} with runs",
        "last": model.last_run[:16].replace("T", " "),
    }


def _data(fleet: Fleet) -> dict[str, Any]:
    """What the script draws a model from; features by number, days as bits, PSI in thousandths: short, since many."""
    names: dict[str, int] = {}
    states: dict[str, int] = {}
    models = []
    for model in fleet.models:
        features = []
        for feature in model.features:
            entry: list[Any] = [
                names.setdefault(visible(feature.name), len(names)),
                None if feature.psi is None else round(feature.psi * 1000),
                states.setdefault(visible(feature.state), len(states)),
                f"{sum(1 << day for day in feature.days):x}" if feature.days else 0,
            ]
            if feature.drifted:
                entry += [(feature.since or "")[:16].replace("T", " "), visible(feature.reason)[:_REASON]]
            features.append(entry)
        models.append(
            {
                "f": features,
                "v": [_version(version) for version in model.versions],
                "g": [
                    [visible(str(row.get(name) or "")) for name in ("subject", "check_type", "description")]
                    for row in model.findings[:_FINDINGS]
                ],
                "r": {kind: visible(uri) for kind, uri in model.results.items()},
                "m": {visible(name): float(f"{value:.4g}") for name, value in sorted(model.metrics.items())},
            }
        )
    return {
        "first": f"{fleet.first:%Y-%m-%d}",
        "days": fleet.days,
        "names": list(names),
        "states": list(states),
        "models": models,
    }


def _version(view: Any) -> list[Any]:
    return [
        visible(view.variant),
        visible(view.version),
        view.first[:10],
        view.last[:10],
        view.runs,
        view.drifted_runs,
        round(view.drifted_share, 4),
        view.violations,
        {visible(name): float(f"{value:.4g}") for name, value in view.metrics.items()},
    ]


def _embedded(data: Any) -> str:
    """JSON that no name in it can leave: a script element ends at its first `</`."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
