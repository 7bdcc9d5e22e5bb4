"""Compute tests/drift_tools/bias/oracle.json with AWS's own open-source implementation.

Run it in an environment of its own (smclarify needs pandas below 3): pip install smclarify==0.5 'pandas<3';
python tests/drift_tools/bias/make_oracle.py > tests/drift_tools/bias/oracle.json
"""

import json
import math
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
from smclarify.bias.metrics import call_metric, posttraining, pretraining  # type: ignore[import-not-found]

ROWS = (12, 40, 60, 200, 30, 25)


def table(seed: int, rows: int) -> dict[str, list[Any]]:
    """A random table; groups, labels and predictions depend on each other."""
    rng = np.random.default_rng(seed)
    group = rng.random(rows) < 0.4
    label = rng.random(rows) < np.where(group, 0.35, 0.6)
    predicted = np.where(rng.random(rows) < 0.75, label, ~label)
    return {
        "group": group.astype(int).tolist(),
        "label": label.astype(int).tolist(),
        "predicted": predicted.astype(int).tolist(),
        "stratum": rng.integers(0, 4, rows).tolist(),
        "features": np.round(rng.normal(size=(rows, 2)) + group[:, None] * 0.5, 4).tolist(),
    }


def values(rows: dict[str, list[Any]]) -> dict[str, object]:
    """Every metric of smclarify, None where it refuses."""
    group = pd.Series(rows["group"]) == 1
    label = pd.Series(rows["label"])
    positive, predicted = label == 1, pd.Series(rows["predicted"]) == 1
    features = pd.DataFrame(rows["features"])
    arguments = {
        "feature": features,
        "df": features,
        "sensitive_facet_index": group,
        "label": label,
        "label_series": label,
        "positive_label_index": positive,
        "predicted_label": pd.Series(rows["predicted"]),
        "positive_predicted_label_index": predicted,
        "group_variable": pd.Series(rows["stratum"]),
        "verbose": 0,
    }
    found: dict[str, object] = {}
    for module, names in (
        (pretraining, "CI DPL KL JS LP TVD KS CDDL"),
        (posttraining, "DPPL DI DCA DCR RD SD AD DAR DRR TE CDDPL GE FT"),
    ):
        for name in names.split():
            # The distances take the label's distribution, here that of the binary label.
            value = float(
                call_metric(
                    getattr(module, name), **{**arguments, "label": positive if module is pretraining else label}
                )
            )
            found[name] = value if math.isfinite(value) else str(value)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    tables = [table(seed, rows) for seed, rows in enumerate(ROWS)]
    json.dump([{"rows": rows, "values": values(rows)} for rows in tables], sys.stdout, separators=(",", ":"))
