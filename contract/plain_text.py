"""Names from data are data, wherever a person reads them: in a message, on a page, in a terminal, in a log."""

import unicodedata
from typing import Final

_KEPT: Final = "\u200c\u200d\u00ad"  # joiners that some scripts need, and soft hyphens


def visible(text: str, *, keep: str = "") -> str:
    r"""A text in which nothing works on the reader's screen unseen: control characters become their pictures, what
    turns the direction of writing around and halves of surrogate pairs become U+FFFD. `keep` names characters to
    leave.

    >>> visible("a\x1b[2Jb\n")
    'a␛[2Jb␊'
    """
    return text if text.isprintable() else "".join(c if c in keep or c in _KEPT else _visible(c) for c in text)


def _visible(character: str) -> str:
    code, kind = ord(character), unicodedata.category(character)
    if kind == "Cc":
        return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
    return "\ufffd" if kind in ("Cf", "Cs", "Zl", "Zp") else character
