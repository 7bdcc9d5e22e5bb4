"""Links of the documentation lead to files, and to headings, that exist."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md"), *PROJECT.glob("*/README.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, spaces as hyphens, no punctuation."""
    found = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(heading.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_there_are_pages_and_links() -> None:
    names = {str(page.relative_to(PROJECT)) for page in PAGES}
    assert {"README.md", "docs/operations.md", "functions/README.md"} <= names
    assert "dead-letters" in anchors(PROJECT / "docs" / "operations.md")


def test_every_kind_of_message_has_its_section_of_the_runbook() -> None:
    """Messages carry their kind as an attribute; people look under it for what to do."""
    kinds = PROJECT / "functions" / "alarm_responder" / "kinds"
    sent = {
        kind
        for path in kinds.glob("*.py")
        for kind in re.findall(r'attributes_of\(alarm, "([\w-]+)"', path.read_text())
    }
    headings = [
        line for line in (PROJECT / "docs" / "operations.md").read_text().splitlines() if line.startswith("## ")
    ]
    assert {"violations", "job-failure", "silent-monitor", "no-data"} <= sent
    assert [kind for kind in sorted(sent) if not any(f"`{kind}`" in heading for heading in headings)] == []
