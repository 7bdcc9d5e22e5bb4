"""A page about one comparison of champion and challenger: self-contained, with the standard library alone."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #b42318; --soft: #8882 }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff8b82 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.verdict { border-left: .3rem solid; padding: .25rem .75rem; margin: 1rem 0 }
.good { border-color: var(--good) } .bad { border-color: var(--bad) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap;
  font-variant-numeric: tabular-nums } th:first-child, td:first-child { text-align: left; white-space: normal }
th { font-weight: 600 } .quiet { opacity: .65 } small { opacity: .75 } li { overflow-wrap: anywhere }
"""


def page(document: Mapping[str, Any]) -> str:
    """Write the page of an evaluation.json."""
    accepted = bool(document["accepted"])
    title = "The new model is better" if accepted else "The new model is refused"
    said = "".join(f"<li>{escape(text)}</li>" for text in document["gains" if accepted else "reasons"])
    parts = [
        f'<h1>{title}</h1><div class="verdict {"good" if accepted else "bad"}"><ul>{said}</ul></div>',
        f"<p>Both models answered the same {document['rows']:,} rows, the newest, from which neither has learned.</p>",
        _section("All rows", document["metrics"], "metric"),
        _section("Segments", document["segments"], "segment"),
        _section("Bias: distance from the neutral value", document["bias"], "both"),
        _snapshot(document.get("snapshot") or {}),
        _rule(document["rule"]),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


def _section(heading: str, found: Sequence[Mapping[str, Any]], named: str) -> str:
    if not found:
        return ""
    head = ("", "rows", "champion", "challenger", "difference", "interval", "p")
    rows = [_row(each, named) for each in found]
    return f"<h2>{heading}</h2>{_table(head, rows)}<small>p: adjusted over all that are judged (Holm).</small>"


def _row(each: Mapping[str, Any], named: str) -> tuple[Sequence[str], bool]:
    difference = each["difference"]
    names = {"metric": each["metric"], "segment": each.get("segment", "")}
    name = f"{each['metric']} of {each.get('segment')}" if named == "both" else names[named]
    judged = bool(each.get("judged", True))
    cells = (
        f"{name} ({each['method']})" if named == "metric" else f"{name}",
        f"{each['rows']:,}",
        _figure(each["champion"]),
        _figure(each["challenger"]),
        f"{difference['value']:+.4f}",
        f"{difference['low']:+.4f} to {difference['high']:+.4f}",
        f"{each['p_adjusted']:.2g}" if judged else "too few rows",
    )
    return cells, judged


def _figure(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.4f}"


def _table(head: Iterable[str], rows: Iterable[tuple[Sequence[str], bool]]) -> str:
    headings = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f"<tr{'' if judged else ' class=quiet'}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells, judged in rows
    )
    return f'<div class="wide"><table><thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table></div>'


def _snapshot(manifest: Mapping[str, Any]) -> str:
    if not manifest:
        return ""
    rows = manifest["rows"]
    lines = [
        f"{rows['train']:,} rows to train on, {manifest['train']['first']} to {manifest['train']['last']}",
        f"{rows['holdout']:,} to compare on, from {manifest['holdout_from']}",
        *(f"{count:,} left out: {reason}" for reason, count in rows["left_out"].items()),
        *(
            f"quarantined window {window['start']} to {window['end']}: {', '.join(window['checks'])}"
            for window in manifest["quarantine"]["windows"]
        ),
    ]
    return f"<h2>Data</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _rule(rule: Mapping[str, Any]) -> str:
    said = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in rule.items())
    return f"<h2>Rule</h2><p>No worse anywhere that matters, better somewhere: {escape(said)}.</p>"
