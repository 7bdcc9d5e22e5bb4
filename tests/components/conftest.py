"""A stack with everything switched on, run once on the mocked runtime; and the smallest one that is valid."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import ModelMonitoringStack, ModelMonitoringStackArgs
from components.packaging import write_model_archive
from tests.components.mocked_runtime import Run, run_program

PROJECT = Path(__file__).resolve().parents[2]
TAGS = {"team": "risk", "environment": "test"}
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"

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

    def run(*, preview: bool = False, opts: pulumi.ResourceOptions | None = None, **changes: Any) -> Run:
        return run_program(
            lambda: ModelMonitoringStack("churn", make_args(**changes), opts), preview=preview, stack="test"
        )

    return run


@pytest.fixture(scope="session")
def full(run_stack: Callable[..., Run]) -> Run:
    """The stack with everything in it."""
    return run_stack()


@pytest.fixture(scope="session")
def smallest(run_stack: Callable[..., Run]) -> Run:
    """The stack with nothing but what is required."""
    return run_stack(model_quality=None, alerting=None, tags=None, permissions_boundary_arn=None)
