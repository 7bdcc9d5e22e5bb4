"""A measure is a module and a line in the list: results, JSON, metrics, tables and pages take it from there."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from drift_tools.comparison import compare
from drift_tools.measures import MEASURES

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "compare.schema.json").read_text(encoding="utf-8"))
COLORS = {"color": ["red"] * 60 + ["blue"] * 40}, {"color": ["red"] * 36 + ["blue"] * 64}
# The Hellinger distance: a module of its own would have the function and the entry.
PROGRAM = """
import io, json
import numpy as np
from drift_tools import measures
from drift_tools.measures import registry

def hellinger(samples):
    first, second = (np.sqrt(counts / counts.sum()) for counts in samples.counts)
    return float(np.sqrt(((first - second) ** 2).sum() / 2))

entry = measures.Measure(name="hellinger", heading="Hell.", function=hellinger, digits=2, is_published=True)
measures.MEASURES = registry.MEASURES = (*registry.MEASURES, entry)  # the line in the list, and nothing else

from rich.console import Console
from drift_tools.comparison import compare, compare_with_profile
from drift_tools.job.cloudwatch import Metrics
from drift_tools.monitors.data_quality import Constraints
from drift_tools.profiles import Profile
from drift_tools.report import print_comparison, render_comparison
from drift_tools.tables import as_table

colors = json.loads(input())
comparison = compare(*colors)
constraints = Constraints.from_dict({"features": [{"name": "color", "inferred_type": "String"}]})
out = io.StringIO()
print_comparison(comparison, Console(file=out, width=200))
print(json.dumps({
    "result": comparison.features["color"].to_dict(),
    "of profiles": compare_with_profile(*map(Profile.of, map(as_table, colors))).features["color"].to_dict(),
    "metrics": Metrics("ep", "s", "2026-01-01T10:00:00Z").of_comparison(comparison, constraints),
    "table": out.getvalue(),
    "page": render_comparison(comparison),
}))
"""


def test_a_new_measure_is_in_every_view() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(COLORS),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    seen = json.loads(done.stdout)
    expected = math.sqrt(((math.sqrt(0.6) - 0.6) ** 2 + (math.sqrt(0.4) - 0.8) ** 2) / 2)
    assert seen["result"]["hellinger"] == pytest.approx(expected)
    assert seen["of profiles"]["hellinger"] == pytest.approx(expected)
    published = {entry["MetricName"]: entry["Value"] for entry in seen["metrics"]}
    assert published["feature_hellinger_color"] == seen["result"]["hellinger"]
    assert "feature_l_infinity_color" not in published
    assert "Hell." in seen["table"]
    assert f" {expected:.2f}\n" in seen["table"].replace(" \n", "\n")
    assert '<th class="number">Hell.</th>' in seen["page"]
    assert f'<td class="number">{expected:.2f}</td>' in seen["page"]


def test_the_list_is_what_the_schema_of_the_results_describes() -> None:
    feature = SCHEMA["$defs"]["feature"]
    for measure in MEASURES:
        assert feature["properties"][measure.name]["type"] == ["number", "null"]
        assert (measure.name in feature["required"]) is (measure.kinds == {"numerical", "categorical"})


def test_a_measure_of_numbers_is_none_of_categories() -> None:
    feature = compare(*COLORS).features["color"]
    assert math.isnan(feature.wasserstein)
    assert "wasserstein" not in feature.to_dict()
    assert feature.jensen_shannon == feature.distance("jensen_shannon") > 0
