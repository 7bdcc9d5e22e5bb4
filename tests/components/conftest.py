"""A stack with everything switched on, run once on the mocked runtime; and the smallest one that is valid."""

import functools
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import ModelMonitoringStack, ModelMonitoringStackArgs
from components.archives.model import write_model_archive
from tests.components.mocked_runtime import Run, run_program
from tests.components.retraining.training_source import training_source

PROJECT = Path(__file__).resolve().parents[2]
TAGS = {"team": "risk", "environment": "test"}
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CAPTURES_KEY = "arn:aws:kms:us-east-1:123456789012:key/abcd1234-ab12-cd34-ef56-abcdef123456"
PREPROCESSOR = "def preprocess_handler(inference_record):\n    return {}\n"
STATISTICS = {"version": 0.0, "dataset": {"item_count": 2}, "features": [{"name": "age", "inferred_type": "Integral"}]}
CONSTRAINTS = {
    "version": 0.0,
    "features": [{"name": "age", "inferred_type": "Integral", "completeness": 1.0}],
    "monitoring_config": {"distribution_constraints": {"comparison_threshold": 0.1, "comparison_method": "Robust"}},
}

# Stacks as different as they can be; the fixture `variants` has what each of them is.
VARIANTS = (
    "full",
    "everything",
    "adopted",
    "files",
    "model quality only",
    "open",
    "both",
    "open, adopted",
    "retraining",
)

MakeArgs = Callable[..., ModelMonitoringStackArgs]


@pytest.fixture(scope="session")
def model_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample model as a tarball."""
    return write_model_archive(PROJECT / "model" / "artifact", tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def baseline_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("baseline") / "baseline.csv"
    path.write_text("prediction,probability,age\n1,0.9,41\n0,0.2,23\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def labelled_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "labelled.csv"
    path.write_text("prediction,probability,label\n1,0.9,1\n0,0.2,1\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def make_args(model_archive: Path, baseline_csv: Path, labelled_csv: Path) -> MakeArgs:
    """Arguments of a stack with everything in it; keyword arguments replace groups, None leaves one out."""

    def make(**changes: Any) -> ModelMonitoringStackArgs:
        args: dict[str, Any] = {
            "engine": "model-monitor",
            "endpoint": {"model": pulumi.FileAsset(str(model_archive))},
            "baseline": {"data": pulumi.FileAsset(str(baseline_csv))},
            "model_quality": {
                "problem_type": "BinaryClassification",
                "baseline": {"data": pulumi.FileAsset(str(labelled_csv))},
            },
            "alerting": {"emails": ["risk@example.com"]},
            "tags": TAGS,
            "permissions_boundary_arn": BOUNDARY,
            **changes,
        }
        kept: Any = {key: value for key, value in args.items() if value is not None}
        return kept  # type: ignore[no-any-return]  # a test may make any arguments, wrong ones too

    return make


@pytest.fixture(scope="session")
def run_stack(make_args: MakeArgs) -> Callable[..., Run]:
    """Run a stack named `churn`; keyword arguments change its arguments."""

    def run(
        *,
        preview: bool = False,
        opts: pulumi.ResourceOptions | None = None,
        replaced: Collection[tuple[str, str]] = (),
        **changes: Any,
    ) -> Run:
        return run_program(
            lambda: ModelMonitoringStack("churn", make_args(**changes), opts),
            preview=preview,
            stack="test",
            replaced=replaced,
        )

    return run


@pytest.fixture(scope="session")
def variants(model_archive: Path, labelled_csv: Path) -> dict[str, dict[str, Any]]:
    """Changes of arguments that make stacks as different as they can be."""

    def documents(*contents: dict[str, Any]) -> list[pulumi.Asset]:
        return [pulumi.StringAsset(json.dumps(content)) for content in contents]

    statistics, constraints = documents(STATISTICS, CONSTRAINTS)
    script = pulumi.StringAsset(PREPROCESSOR)
    layer = pulumi.AssetArchive({"python/numpy/__init__.py": pulumi.StringAsset("")})
    # Nothing of the endpoint or of the baselines is the stack's own.
    adopted = {
        "endpoint": {
            "existing": {
                "name": "fraud",
                "capture_uri": "s3://fraud-captures/endpoints/",
                "kms_key_arn": CAPTURES_KEY,
            }
        },
        "baseline": {
            "existing": {
                "statistics_uri": "s3://fraud-baseline/v7/statistics.json",
                "constraints_uri": "s3://fraud-baseline/v7/constraints.json",
            }
        },
        "model_quality": {
            "problem_type": "BinaryClassification",
            "baseline": {"existing": {"constraints_uri": "s3://fraud-baseline/v7/quality.json"}},
        },
    }
    return {
        "full": {},
        # Everything that can be switched on with an endpoint and baselines of the stack's own.
        "everything": {
            "endpoint": {
                "model": pulumi.FileAsset(str(model_archive)),
                "instance_type": "ml.m5.large",
                "autoscaling": {"max_capacity": 4},
            },
            "data_quality": {"record_preprocessor": script},
            "model_quality": {
                "problem_type": "BinaryClassification",
                "baseline": {"data": pulumi.FileAsset(str(labelled_csv))},
                "record_preprocessor": script,
            },
            "network": {
                "subnet_ids": ["subnet-0a", "subnet-0b"],
                "security_group_ids": ["sg-0c"],
                "encrypt_inter_container_traffic": True,
                "isolation": True,
            },
            "kms_key_arn": KEY,
            "protect": True,
        },
        "adopted": adopted,
        # Baselines as files, with thresholds in them.
        "files": {
            "baseline": {"statistics": statistics, "constraints": constraints},
            "data_quality": {"thresholds": {"comparison_threshold": 0.25}},
            "model_quality": {"problem_type": "Regression", "thresholds": {"rmse": 3.5}},
        },
        "model quality only": {"baseline": None, "data_quality": {"enabled": False}},
        "open": {"engine": "open"},
        # Both engines with all that they can be asked for together; an isolated job could not publish its metrics.
        "both": {
            "engine": "both",
            "open_engine": {
                "small_windows": {"layer": layer, "max_megabytes": 8},
                "instance_count": 2,
                "alarm_on_no_data": True,
            },
            "data_quality": {"record_preprocessor": script},
            "model_quality": {
                "problem_type": "BinaryClassification",
                "baseline": {"data": pulumi.FileAsset(str(labelled_csv))},
                "record_preprocessor": script,
            },
            "network": {
                "subnet_ids": ["subnet-0a", "subnet-0b"],
                "security_group_ids": ["sg-0c"],
                "encrypt_inter_container_traffic": True,
            },
            "kms_key_arn": KEY,
            "protect": True,
        },
        "open, adopted": {
            **adopted,
            "engine": "open",
            "open_engine": {"small_windows": {"layer": layer}, "grace_in_minutes": 45},
        },
        # With everything that asks for a retraining, in a network, with a key.
        "retraining": {
            "engine": "open",
            "retraining": {
                "training": {"source": training_source(), "hyperparameters": {"max_depth": "3"}},
                "triggers": {
                    "alarms": [{"kind": "data-quality"}, {"kind": "model-quality", "runs": 1}],
                    "quality_floor": {"metric": "accuracy", "floor": 0.8},
                    "schedule": "rate(30 days)",
                },
            },
            "network": {"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0c"]},
            "kms_key_arn": KEY,
        },
    }


@pytest.fixture(scope="session")
def run_variant(run_stack: Callable[..., Run], variants: dict[str, dict[str, Any]]) -> Callable[..., Run]:
    """Run a variant of the stack by its name; every run once."""
    return functools.cache(lambda variant, preview=False: run_stack(preview=preview, **variants[variant]))


@pytest.fixture(scope="session", params=VARIANTS)
def any_stack(request: pytest.FixtureRequest, run_variant: Callable[..., Run]) -> Run:
    """Each variant in turn."""
    return run_variant(request.param)


@pytest.fixture(scope="session")
def full(run_variant: Callable[..., Run]) -> Run:
    """The stack with everything in it."""
    return run_variant("full")


@pytest.fixture(scope="session")
def smallest(run_stack: Callable[..., Run]) -> Run:
    """The stack with nothing but what is required."""
    return run_stack(model_quality=None, alerting=None, tags=None, permissions_boundary_arn=None)
