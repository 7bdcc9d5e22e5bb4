"""What a run reads of a data-quality baseline."""

from collections.abc import Mapping

import pulumi

from components.baselines import BaselineAddresses


def data_quality_files(baseline: BaselineAddresses | None) -> Mapping[str, pulumi.Input[str] | None]:
    """All that there is, by the fields of `jobs.Files`: with the rows of the baseline measures are exact."""
    if baseline is None:
        return {}
    return {
        "constraints": baseline.constraints_uri,
        "statistics": baseline.statistics_uri,
        "baseline_data": baseline.data_uri,
    }
