"""The overview as one HTML file that opens without a network.

The table of models is in the page as it is; each model's report is drawn by the page's own script, when somebody opens
it, from numbers that lie beside it, compressed: a thousand models with fifty features each are more than a page can
hold as elements. The script is the only one that the page's policy allows, by its hash; it writes text and no markup.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from contract.plain_text import visible
from drift_tools.fleet import (
    DRIFTING,
    LEARNING,
    SILENT,
    STATES,
    STEADY,
    WORSE,
    FeatureNow,
    Fleet,
    Model,
    VersionView,
)
from drift_tools.report.html import environment
from drift_tools.report.words import DRIFTED as BAD
from drift_tools.report.words import STEADY as GOOD
from drift_tools.report.words import UNKNOWN as UNSURE
from drift_tools.report.words import count

HERE: Final = Path(__file__).parent
TONES: Final[Mapping[str, str]] = {WORSE: BAD, DRIFTING: BAD, SILENT: UNSURE, LEARNING: UNSURE, STEADY: GOOD}
_BLOCKS: Final = "▁▂▃▃▄▅▅▆▇█"
_NO_RUN: Final = "·"
_REASON: Final = 160
_FINDINGS: Final = 20
# Of a report: so many metrics have a chart, the others stand in its table.
_CHARTS: Final = 12
_NO_DRIFT: Final = "no drift"


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
            data=_packed(_data(fleet)),
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
    """What the script draws reports from; texts by number, days as bits, distances in thousandths: they are many."""
    texts: dict[str, int] = {}
    return {
        "first": f"{fleet.first:%Y-%m-%d}",
        "days": fleet.days,
        "models": [_report(model, texts) for model in fleet.models],
        "texts": list(texts),
    }


def _report(model: Model, texts: dict[str, int]) -> dict[str, Any]:
    facts = {
        "team": model.team,
        "account": model.account,
        "region": model.region,
        "variant": model.variant,
        "version": model.version,
        "monitors": ", ".join(model.kinds),
        "runs": f"{model.runs:,}",
        "last run": f"{model.last_run[:16].replace('T', ' ')} UTC",
    }
    return {
        "n": visible(model.endpoint),
        "t": TONES[model.state],
        "i": {name: visible(value) for name, value in facts.items() if value},
        "f": [_feature(feature, texts) for feature in model.features],
        "v": [_version(version) for version in model.versions],
        "g": [
            [visible(str(row.get(name) or "")) for name in ("kind", "subject", "check_type", "description")]
            for row in model.findings[:_FINDINGS]
        ],
        "r": {kind: visible(uri) for kind, uri in model.results.items()},
        "m": {visible(name): _short(value) for name, value in sorted(model.metrics.items())},
    }


def _feature(feature: FeatureNow, texts: dict[str, int]) -> list[Any]:
    def text(content: str) -> int:
        return texts.setdefault(visible(content), len(texts))

    entry: list[Any] = [
        text(feature.name),
        text(feature.state),
        f"{sum(1 << day for day in feature.days):x}" if feature.days else 0,
        _thousandths(feature.psi),
        _thousandths(feature.ks),
        _thousandths(feature.jensen_shannon),
        _thousandths(feature.wasserstein),
        _thousandths(feature.l_infinity),
        None if feature.p_value is None else float(f"{feature.p_value:.2g}"),
    ]
    if feature.drifted or feature.state != _NO_DRIFT:
        entry += [(feature.since or "")[:16].replace("T", " "), text(feature.reason[:_REASON])]
    return entry


def _thousandths(value: float | None) -> int | None:
    return None if value is None else round(value * 1000)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _version(view: VersionView) -> dict[str, Any]:
    return {
        "variant": visible(view.variant),
        "version": visible(view.version),
        "first": view.first[:10],
        "last": view.last[:10],
        "runs": view.runs,
        "drifted": view.drifted_runs,
        "share": round(view.drifted_share, 4),
        "findings": view.violations,
        "metrics": {visible(name): _short(value) for name, value in view.metrics.items()},
        "days": "".join("." if level is None else str(level) for level in view.days),
        "daily": {
            visible(name): [[day, _short(value)] for day, value in days.items()]
            for name, days in list(view.daily.items())[:_CHARTS]
        },
    }


def _packed(data: Any) -> str:
    """JSON, compressed, in characters that no element ends at."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(errors="replace"), compresslevel=6, mtime=0)).decode()
