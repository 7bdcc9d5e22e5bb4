"""docs/limits.md says in which regions which engine can run: those of AWS's images, recorded with their source."""

import json
import re
from pathlib import Path

from local_aws.apply.lookups import IMAGES

PROJECT = Path(__file__).resolve().parents[2]
ANALYZER, SCIKIT_LEARN = "sagemaker-model-monitor-analyzer", "sagemaker-scikit-learn"


def test_the_regions_are_those_of_the_images() -> None:
    recorded = json.loads(IMAGES.read_text(encoding="utf-8"))["repositories"]
    everywhere, analyzer = set(recorded[SCIKIT_LEARN]), set(recorded[ANALYZER])
    page = (PROJECT / "docs" / "limits.md").read_text(encoding="utf-8")
    [of_open] = [line for line in page.splitlines() if f"`{SCIKIT_LEARN}` |" in line]
    [of_analyzer] = [line for line in page.splitlines() if f"`{ANALYZER}` |" in line]
    assert f"| {len(everywhere)}, " in of_open
    assert f"| {len(analyzer)}: not " in of_analyzer
    assert set(re.findall(r"[a-z]{2}-[a-z-]+-\d", of_analyzer.split(": not ")[1])) == everywhere - analyzer
    assert analyzer < everywhere
