"""Which keys of S3 can be files below a folder. Whoever may write captures chooses their keys."""

from collections.abc import Iterable

_SEGMENT_BYTES = 255  # of a name in every common file system
_NAMED = 3
_SHOWN_CHARACTERS = 120


def is_plain(key: str) -> bool:
    """Whether a key below a prefix is a path that stays below the prefix, and is no other key's path.

    `..` leads out of it, `.` and an empty name vanish (`a//b` and `a/b` would be one file), and a control character or
    a backslash is read differently by whoever comes next.
    """
    return all(_is_name(name) for name in key.split("/"))


def _is_name(name: str) -> bool:
    if name in {"", ".", ".."} or len(name.encode("utf-8", "surrogatepass")) > _SEGMENT_BYTES:
        return False
    return name.isprintable() and "\\" not in name


def named(keys: Iterable[str]) -> list[str]:
    """The first few of some odd keys, as a log can show them."""
    return [ascii(key)[1:-1][:_SHOWN_CHARACTERS] for key in sorted(keys)[:_NAMED]]
