"""The Pulumi program: stack configuration → ModelMonitoringStack → stack outputs."""

from pathlib import Path
from typing import Any, cast

import pulumi

from components import ArgumentError, ModelMonitoringStack, ModelMonitoringStackArgs
from components.packaging import write_model_archive

PROJECT = Path(__file__).resolve().parent
# The rest of the arguments, by the names that the component has for them, in one object.
MONITORING = "monitoring"


def stack_args(config: pulumi.Config, project: Path) -> ModelMonitoringStackArgs:
    """The component's arguments from a stack's configuration; paths in it are relative to the project.

    Raises
    ------
    ArgumentError
        If a file is missing; what else is wrong the component finds.
    """
    monitoring = config.get_object(MONITORING) or {}
    if not isinstance(monitoring, dict):
        raise ArgumentError(f"{MONITORING} is {monitoring!r}: give an object with arguments of ModelMonitoringStack")
    args: dict[str, Any] = {
        **monitoring,
        "engine": config.get("engine") or "model-monitor",
        "retain_data": _flag(config, "retain_data", True),
        "log_retention_in_days": config.get_int("log_retention_in_days") or 30,
        "endpoint": {**monitoring.get("endpoint", {}), "model": _model(project / config.require("model_artifact"))},
        "baseline": {**monitoring.get("baseline", {}), "data": _file(project / config.require("baseline_data"))},
        "alerting": {**monitoring.get("alerting", {}), "emails": config.get_object("alert_emails") or []},
    }
    labelled = config.get("baseline_quality_data")
    if labelled and "model_quality" in monitoring:
        baseline = {**monitoring["model_quality"].get("baseline", {}), "data": _file(project / labelled)}
        args["model_quality"] = {**monitoring["model_quality"], "baseline": baseline}
    return cast(ModelMonitoringStackArgs, args)


def _flag(config: pulumi.Config, key: str, default: bool) -> bool:
    value = config.get_bool(key)
    return default if value is None else value


def _file(path: Path) -> pulumi.FileAsset:
    return pulumi.FileAsset(str(path))


def _model(path: Path) -> pulumi.FileAsset:
    """A `model.tar.gz`, or a directory that becomes one."""
    if not path.exists():
        raise ArgumentError(f"model_artifact is {path}: there is no such file or directory")
    return _file(write_model_archive(path, PROJECT / "build" / "model") if path.is_dir() else path)


def main() -> None:
    stack = ModelMonitoringStack(f"{pulumi.get_project()}-{pulumi.get_stack()}", stack_args(pulumi.Config(), PROJECT))
    for name, value in stack.outputs().items():
        pulumi.export(name, value)


main()
