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
    monitoring = config.get_object(MONITORING, {})
    args = _with(monitoring, MONITORING, **_set(config))
    model = _model(project / config.require("model_artifact"))
    args["endpoint"] = _with(args.get("endpoint", {}), "endpoint", model=model)
    data = _file(project / config.require("baseline_data"))
    args["baseline"] = _with(args.get("baseline", {}), "baseline", data=data)
    emails = config.get_object("alert_emails")
    if emails:
        args["alerting"] = _with(args.get("alerting", {}), "alerting", emails=emails)
    labelled = config.get("baseline_quality_data")
    model_quality = args.get("model_quality")
    if labelled and isinstance(model_quality, dict):
        known = model_quality.get("baseline", {})
        baseline = _with(known, "model_quality.baseline", data=_file(project / labelled))
        args["model_quality"] = {**model_quality, "baseline": baseline}
    return cast(ModelMonitoringStackArgs, args)


def _set(config: pulumi.Config) -> dict[str, Any]:
    """The scalars of the configuration that are set; for the others the component has defaults."""
    found = {
        "engine": config.get("engine"),
        "retain_data": config.get_bool("retain_data"),
        "log_retention_in_days": config.get_int("log_retention_in_days"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _with(group: Any, path: str, **more: Any) -> dict[str, Any]:
    """A group of arguments and what the configuration has for it elsewhere; neither may hide the other."""
    if not isinstance(group, dict):
        raise ArgumentError(f"{path} is {group!r}: give an object with arguments of ModelMonitoringStack")
    for key in more:
        if key in group:
            raise ArgumentError(f"{path}.{key} is set twice: remove it from the {MONITORING} object")
    return {**group, **more}


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


if __name__ == "__main__":
    main()
