"""A page, as a browser's parser sees it."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img", "input", "hr"}
_FOREIGN = {"path", "use"}  # inside SVG, where a tag may close itself


class Page(HTMLParser):
    """Collects the elements, and refuses a document whose tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.sources: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self._open[-1:]:
            self.words.append(" ".join(data.split()))

    def _seen(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if "id" in found and "svg" not in self._open:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found["href"])
        self.sources += [
            found[name] for name in ("src", "href", "action", "data") if name in found and tag not in ("a", "use")
        ]

    @property
    def text(self) -> str:
        return " ".join(self.words)
