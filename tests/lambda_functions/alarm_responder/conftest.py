"""A run's results, as the responder finds them."""

import pytest

from tests.lambda_functions.conftest import RUN, categories, drift, numeric, statistics
from tests.lambda_functions.fakes import FakeS3


@pytest.fixture
def results(s3: FakeS3) -> FakeS3:
    """Two runs with violations after a clean one, and the baseline."""
    for hour in ("02", "03", "04"):
        s3.put(f"{RUN}/2026/11/23/{hour}/statistics.json", statistics(numeric("AGEP", 62, 17, 930)))
    for hour in ("03", "04"):
        s3.put(f"{RUN}/2026/11/23/{hour}/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    baseline = statistics(numeric("AGEP", 41.25, 17, 94), categories("RELP", own=3))
    s3.put("baseline-data/results/ab12/statistics.json", baseline)
    return s3
