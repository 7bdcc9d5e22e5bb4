"""Line breaks are found where they are, whatever stands around them."""

import numpy as np
import pytest

from drift_tools.capture.files import line_ends

LINES = {
    "one line, shorter than a fold": [b"a\n"],
    "no line break": [b"x" * 1000],
    "a break at both ends": [b"\n", b"x" * 998, b"\n"],
    "short lines": [b"ab\n"] * 999,
    "long lines of many lengths": [b"x" * length + b"\n" for length in range(300, 900)],
    "tabs and control characters, which are no breaks": [
        b"\t\x00\x0b\r" * 200 + b"x" * length + b"\n" for length in range(40)
    ],
    "some short lines among long ones": [b"x" * 700 + b"\n\n\n\r\n"] * 50,
    "more than a part, and no whole fold at its end": [b"x" * 533 + b"\n"] * 9000 + [b"\n1234"],
    "a break where a part ends": [b"x" * ((1 << 21) - 1) + b"\n", b"x" * 7],
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_line_breaks_are_found_where_they_are(lines: list[bytes]) -> None:
    content = b"".join(lines)
    assert line_ends(content).tolist() == np.flatnonzero(np.frombuffer(content, np.uint8) == 10).tolist()
