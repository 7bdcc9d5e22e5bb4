"""Records that are alike are read alike: what stands around their two payloads is learnt once, and compared after.

Of a stream's records nearly all differ in their payloads, id and time only. One that was read with care shows where the
payloads stand; another that begins, goes on and ends in the same words has its payloads in the same places, and JSON
need not be parsed. Whatever is otherwise (another type, an escape, several rows) is read with care.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

_DATA: Final = '"data":"'
_AFTER: Final = 24
_END: Final = 16
_MOST_LAYOUTS: Final = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """The words before the first payload, between the two, after the second, and at the end; which comes first."""

    before: str
    between: str
    after: str
    end: str
    output_first: bool
    quotes: int

    def row(self, text: str) -> str | None:
        """The row of a record, outputs first, as one line of CSV; None for one that is laid out otherwise."""
        if not text.startswith(self.before) or not text.endswith(self.end):
            return None
        start = len(self.before)
        middle = text.find(self.between, start)
        if middle < 0:
            return None
        second = middle + len(self.between)
        last = text.find(self.after, second)
        if last < 0 or text.count('"') != self.quotes:
            return None
        first, other = text[start:middle], text[second:last]
        if not first or not other:
            return None
        return f"{first},{other}" if self.output_first else f"{other},{first}"


class Layouts:
    """The layouts that a stream's records have shown so far, a handful of them."""

    def __init__(self) -> None:
        self._known: list[Layout] = []

    def row(self, text: str) -> str | None:
        """The row of a record of a known layout, as one line of CSV; None if it has to be read with care."""
        text = _without_line_ends(text)
        if "\\" in text:
            return None
        for layout in self._known:
            row = layout.row(text)
            if row is not None:
                return row
        return None

    def learn(self, text: str) -> None:
        """Take the layout of a record that was read with care, if it is one of two CSV payloads of one row each."""
        text = _without_line_ends(text)
        if len(self._known) >= _MOST_LAYOUTS or "\\" in text:
            return
        layout = _layout(text)
        if layout is not None and layout not in self._known and layout.row(text) is not None:
            self._known.append(layout)


def _without_line_ends(text: str) -> str:
    """A payload of one row mostly ends its line, which JSON writes as an escape."""
    return text.replace('\\n"', '"') if '\\n"' in text else text


def _layout(text: str) -> Layout | None:
    captured = json.loads(text).get("captureData", {})
    sides = [captured.get(name) or {} for name in ("endpointOutput", "endpointInput")]
    if any(side.get("encoding") != "CSV" or not _is_plain(side.get("data")) for side in sides):
        return None
    places = [text.find(_DATA), text.rfind(_DATA)]
    if places[0] < 0 or places[0] == places[1]:
        return None
    starts = [place + len(_DATA) for place in places]
    ends = [text.index('"', start) for start in starts]
    found = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    output, given = (side["data"] for side in sides)
    if found not in ([output, given], [given, output]):
        return None
    return Layout(
        before=text[: starts[0]],
        between=text[ends[0] : starts[1]],
        after=text[ends[1] : ends[1] + _AFTER],
        end=text[-_END:],
        output_first=text.find('"endpointOutput"') < text.find('"endpointInput"'),
        quotes=text.count('"'),
    )


def _is_plain(data: Any) -> bool:
    return isinstance(data, str) and bool(data) and "\n" not in data and '"' not in data
