"""Lives of stacks with every kind of monitor: made, nothing to do after it, and gone again."""

import json
from pathlib import Path

import pytest

from tests.engine.lab import Lab

METRICS = {"label": "label", "facets": {"feature_3": []}, "label_value_or_threshold": "1"}
SHAP = {"global_shap_values": {"feature_1": 0.2, "feature_2": 0.1, "feature_3": 0.1}, "expected_value": 0.5}


@pytest.mark.matrix
def test_a_life_with_both_kinds_on_both_engines(lab: Lab, tmp_path: Path) -> None:
    bias, attribution = tmp_path / "bias.json", tmp_path / "attribution.json"
    bias.write_text(json.dumps({"version": "1.0", "post_training_bias_metrics": METRICS}))
    attribution.write_text(json.dumps({"version": "1.0", "explanations": {"kernel_shap": {"label0": SHAP}}}))
    features = [f"feature_{number}" for number in (1, 2, 3)]
    environment = lab.environment("dev")
    environment.configure(
        {
            "engine": "both",
            "monitoring.bias.facets[0].name": "feature_3",
            "monitoring.bias.facets[0].values[0]": "0.5",
            "monitoring.bias.positive_labels[0]": "1",
            "monitoring.bias.baseline.constraints": str(bias),
            "monitoring.attribution.baseline.constraints": str(attribution),
            **{f"monitoring.bias.features[{at}]": name for at, name in enumerate(features)},
            **{f"monitoring.attribution.features[{at}]": name for at, name in enumerate(features)},
        }
    )
    made = environment.up()
    assert sorted(made.outputs["schedule_names"]) == ["attribution", "bias", "data-quality", "model-quality"]
    assert environment.preview().changed == 0
    assert environment.refresh().changed == 0
    gone = environment.destroy()
    assert gone.changes == {"delete": made.changes["create"]}


@pytest.mark.matrix
@pytest.mark.parametrize("batches", ["of transform jobs", "in partitions"])
def test_a_life_with_what_the_open_engine_alone_has(lab: Lab, tmp_path: Path, batches: str) -> None:
    script = tmp_path / "people.py"
    script.write_text("def measure(table):\n    return {'rows': float(len(table))}\n")
    environment = lab.environment("dev")
    partitions = {"monitoring.batch.partitions.keys[0]": "dt", "monitoring.batch.partitions.keys[1]": "hour"}
    environment.configure(
        {
            "engine": "open",
            "monitoring.batch.output_uri": "s3://scores/out/",
            **(partitions if batches == "in partitions" else {}),
            "monitoring.custom.monitors.people.script": str(script),
            "monitoring.custom.monitors.people.above.rows": 1_000_000,
            "monitoring.data_quality.segments[0]": "feature_3",
        }
    )
    made = environment.up()
    assert sorted(made.outputs["schedule_names"]) == ["batch", "custom", "data-quality", "model-quality"]
    assert environment.preview().changed == 0
    assert environment.refresh().changed == 0
    gone = environment.destroy()
    assert gone.changes == {"delete": made.changes["create"]}
