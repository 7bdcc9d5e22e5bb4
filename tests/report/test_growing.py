"""The page of a comparison over windows names what grows and is not yet material, in its first box and below."""

import re

import numpy as np

from drift_tools import compare, compare_windows, render_comparison


def page(slope: float) -> str:
    rng = np.random.default_rng(6)
    baseline = {"<income>": rng.normal(size=20_000), "age": rng.normal(size=20_000)}
    days = [
        (f"2026-03-{day + 1:02d}", {"<income>": rng.normal(slope * day, size=2400), "age": rng.normal(size=2400)})
        for day in range(11)
    ]
    whole = {name: np.concatenate([table[name] for _, table in days]) for name in baseline}
    return render_comparison(compare(baseline, whole), timeline=compare_windows(baseline, days))


def test_it_is_in_the_first_box_and_in_the_section_on_time() -> None:
    html = page(0.02)
    box = html.partition('<section class="verdict')[2].partition("</section>")[0]
    text = re.sub(r"<[^>]+>", "", box)
    assert "No drift" in text
    assert "Growing, not yet material:" in text
    assert re.search(r"&lt;income&gt;: PSI 0\.0\d+ beyond what chance explains, and growing", text)
    assert re.search(r"material in about \d+ windows if it goes on so", text)
    assert re.search(r"Look for a trend or a season in \W*&lt;income&gt;\W*, while there is time", box)
    assert "Nothing. The current rows look like the baseline" not in html


def test_nothing_is_said_where_nothing_grows() -> None:
    assert "Growing" not in page(0.0)
