"""What a transform job does to records around its model: `InputFilter`, `JoinSource`, `OutputFilter`.

Source: developer guide, "Associate Prediction Results with Input Records": the filters are a part of JSONPath, over the
columns of CSV or the members of JSON; of a joined record the output filter sees input and answer.
"""

import json
import re
from typing import Any

_PART = re.compile(
    r"\.(?P<name>\w+)|\['(?P<names>[^\]]*)'\]|\[(?P<slice>-?\d*:-?\d*)\]|\[(?P<places>-?\d+(?:,-?\d+)*)\]"
)


class FilterFailed(ValueError):  # noqa: N818 - the name of what happened
    """A filter that cannot be read, or that finds nothing in a record."""


def filtered(line: bytes, content_type: str, path: str | None) -> bytes:
    """What a filter keeps of a record; all without one."""
    if path in (None, "", "$"):
        return line
    is_json = "json" in content_type
    record: Any = json.loads(line) if is_json else line.decode().split(",")
    found = _select(record, str(path))
    if is_json:
        return json.dumps(found).encode()
    return ",".join(found if isinstance(found, list) else [found]).encode()


def joined(line: bytes, answer: bytes, content_type: str) -> bytes:
    """A record with its answer."""
    if "json" not in content_type:
        return line.strip() + b"," + answer
    given, said = json.loads(line), json.loads(answer)
    if isinstance(given, dict):
        return json.dumps({**given, "SageMakerOutput": said}).encode()
    return json.dumps({"SageMakerInput": given, "SageMakerOutput": said}).encode()


def _select(record: Any, path: str) -> Any:
    rest = path.replace(" ", "").removeprefix("$")
    found = record
    try:
        while rest:
            match = _PART.match(rest)
            if match is None:
                raise FilterFailed(f"the filter {path!r} is no JSONPath that SageMaker takes")
            found, rest = _step(found, match), rest[match.end() :]
    except (KeyError, IndexError, TypeError) as error:
        raise FilterFailed(f"the filter {path!r} finds nothing in a record: {error!r}") from error
    return found


def _step(value: Any, match: re.Match[str]) -> Any:
    if match["name"] is not None:
        return value[match["name"]]
    if match["names"] is not None:
        names = match["names"].split("','")
        return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}
    if match["slice"] is not None:
        start, end = (int(part) if part else None for part in match["slice"].split(":"))
        return value[start:end]
    places = [int(part) for part in match["places"].split(",")]
    return value[places[0]] if len(places) == 1 else [value[place] for place in places]
