"""The page about the demo: what happened to each candidate, what people were told, and the comparisons behind it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from examples.demo_retraining.machine import Ended

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --soft: #8881 }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem }
.card b { display: block; overflow-wrap: anywhere }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; min-width: 38rem }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
td.short { white-space: nowrap } p { overflow-wrap: anywhere }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; font-size: .85rem;
  white-space: pre-wrap; overflow-wrap: anywhere } summary { cursor: pointer }
@media (max-width: 40rem) { table { min-width: 0 } thead { display: none }
  td { display: block; border: 0; padding: .15rem 0 } td:first-child { font-weight: 600 }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line) } }
"""
_WHAT: Final = {
    "refused": "A deliberately worse model: one tree of depth one",
    "expired": "A better model that nobody answered for",
    "rolled back": "A model that fails in its canary",
    "deployed": "The model that the alarm asked for, approved by a person",
}


def page(found: Mapping[str, Any], runs: Mapping[str, Ended], messages: Sequence[tuple[str, str]], created: int) -> str:
    """Write the page."""
    champion, challenger = found["champion"], found["challenger"]
    cards = [
        (f"{champion['metric'].upper()} on 2018", f"{champion['value']:.4f} → {challenger['value']:.4f}"),
        ("Approved by", str(found["approved_by"])),
        ("From alarm to deployment", f"{found['alarm_to_deployed_seconds_of_aws'] / 60:.0f} min of AWS's clock"),
        ("pulumi up afterwards", _changes(found["pulumi_up_after"])),
    ]
    boxes = "".join(f'<div class="card">{escape(name)}<b>{escape(value)}</b></div>' for name, value in cards)
    rows = "".join(
        f'<tr><td>{escape(_WHAT[name])}</td><td class="short">{escape(run.outcome)}</td><td>{escape(_why(run))}</td>'
        f'<td class="short"><a href="{name.replace(" ", "-")}.html">comparison</a></td></tr>'
        for name, run in runs.items()
    )
    told = "".join(
        f"<details><summary>{escape(subject)}</summary><pre>{escape(body)}</pre></details>"
        for subject, body in messages
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>From drift to a better model</title>"
        f"<style>{_STYLE}</style><body><h1>From drift to a better model</h1>"
        "<p>A classifier of 2015 is retrained on the captured people of 2016 and 2017 and compared on those of 2018, "
        f'whom neither has seen. {created} resources, on this machine.</p><div class="cards">{boxes}</div>'
        '<h2>Four candidates</h2><div class="wide"><table><thead><tr><th scope="col">candidate</th>'
        '<th scope="col">ended</th><th scope="col">why</th><th scope="col"></th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        f"<p>Asked while one waited, the guard said: {escape(found['guard_said'])}. The monitors compare now with "
        f"{escape(found['monitors_compare_with'])}.</p>"
        f"<h2>What people were told</h2>{told}</body></html>\n"
    )


def _changes(number: int | None) -> str:
    return "no CLI here" if number is None else f"{number} changes"


def _why(run: Ended) -> str:
    """Why it ended so; of what was deployed the comparison, not the words of who approved it."""
    if run.outcome == "deployed":
        return str(run.evaluation.get("summary", ""))
    return str(run.record["reason"])
