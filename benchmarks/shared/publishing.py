"""Tables of measurements, and the pages in docs/ that show them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table, its first column left-aligned and the others right-aligned.

    >>> print(markdown_table(["size", "time"], [["1", "2 s"]]))
    | size | time |
    | :-- | --: |
    | 1 | 2 s |
    """
    rows = [header, [":--", *["--:"] * (len(header) - 1)], *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def publish(page: Path, sections: Mapping[str, str]) -> None:
    """Put each section between the page's `<!-- name -->` and `<!-- /name -->`.

    Raises `ValueError` if the page does not have both of a section's marks.
    """
    text = page.read_text(encoding="utf-8")
    for name, content in sections.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise ValueError(f"{page}: has no single {start} … {end}: add them where the section belongs")
        before, rest = text.split(start)
        text = f"{before}{start}\n{content}\n{end}{rest.split(end)[1]}"
    page.write_text(text, encoding="utf-8")
