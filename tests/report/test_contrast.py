"""The page's colours can be told apart by eyes that are not the best: WCAG 2.2, 1.4.3 and 1.4.11."""

import re
from pathlib import Path

import pytest

from drift_tools import report

CSS = (Path(report.__file__).parent / "page.css").read_text()
# The blocks of variables, in the order of the file: the light scheme, then what the dark one and print change.
SCHEMES = dict(zip(("light", "dark", "print"), re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL), strict=True))
TEXTS = [
    *(("--ink", ground) for ground in ("--paper", "--card", "--bad-wash", "--good-wash", "--unsure-wash")),
    *(("--muted", ground) for ground in ("--paper", "--card", "--bad-wash", "--good-wash", "--band")),
    *(("--accent", ground) for ground in ("--paper", "--card", "--bad-wash", "--good-wash")),
    *((f"--{tone}", f"--{tone}-wash") for tone in ("bad", "good", "unsure")),
    *((f"--series-{number}", "--paper") for number in range(1, 5)),  # the names of lines
]
SHAPES = [("--baseline-edge", "--card"), ("--current", "--card"), ("--current", "--band"), ("--ink", "--band")]


def colours(scheme: str) -> dict[str, str]:
    variables = re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{3,6});", SCHEMES["light"] + SCHEMES[scheme])
    return {
        name: value if len(value) == 7 else "#" + "".join(2 * digit for digit in value[1:]) for name, value in variables
    }


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("colour", "ground"), TEXTS)
def test_texts_can_be_read(scheme: str, colour: str, ground: str) -> None:
    values = colours(scheme)
    assert contrast(values[colour], values[ground]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("colour", "ground"), SHAPES)
def test_shapes_can_be_seen(scheme: str, colour: str, ground: str) -> None:
    values = colours(scheme)
    assert contrast(values[colour], values[ground]) >= 3
