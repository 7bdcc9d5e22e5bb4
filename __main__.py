"""The Pulumi program: stack configuration → ModelMonitoringStack → stack outputs."""

import gc
import sys

# The SDK makes some hundred thousand classes and annotations that stay: looking for garbage among them, again and
# again, is a fifth of the program's time. In a process that has it already, the garbage is somebody else's business.
# The plugin (components/__main__.py) and the demo do the same. It comes before all imports of Pulumi, and of what the
# three may import only `contract` has none; that travels in every function's archive, and is no place for this.
starts = "pulumi_aws" not in sys.modules
if starts:
    gc.disable()

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import pulumi
from pulumi.runtime.config import is_config_secret

from components import ArgumentError, ModelMonitoringStack, ModelMonitoringStackArgs
from components.archives import numpy_layer, write_model_archive, write_source_archive
from components.args import KIND_ARGUMENTS, BaselineSettings, ModelQualityBaselineSettings
from components.args.reader import as_text
from components.baselines import BaselineJob, data_quality_baseline, model_quality_baseline
from components.configuration import (
    check_configuration_keys,
    check_key_regions,
    check_native_region,
    region_of_stack,
)
from components.naming import content_hash
from contract.monitor_kinds import DATA_QUALITY, KINDS

if starts:
    gc.freeze()
    gc.set_threshold(max(100_000, gc.get_threshold()[0]))
    gc.enable()

PROJECT = Path(__file__).resolve().parent
# The rest of the arguments, by the names that the component has for them, in one object.
MONITORING: Final = "monitoring"
# The keys of Pulumi.yaml, with the files that it names where a stack names none. A stack that has its endpoint or its
# baseline from elsewhere does not need those, and the engine does not say whether a value is one's own or the default.
FILES: Final = {
    "model_artifact": "model/artifact",
    "baseline_data": "model/baseline.csv",
    "baseline_quality_data": "model/baseline_quality.csv",
}
S3: Final = "s3://"
SCALARS: Final = ("engine", "retain_data", "protect", "log_retention_in_days")
KEYS: Final = (*SCALARS, *FILES, "alert_emails", "compute_baselines_here", MONITORING)
# Arguments that are files: in a stack's configuration they are paths.
ASSETS: Final = (
    ("baseline", "statistics"),
    ("baseline", "constraints"),
    *((KINDS[kind].argument, *path) for kind, found in KIND_ARGUMENTS.items() for path in found.settings.FILES),
)
ARCHIVES: Final = (("open_engine", "small_windows", "layer"), ("real_time", "layer"))


def stack_args(config: pulumi.Config, project: Path) -> ModelMonitoringStackArgs:
    """The component's arguments from a stack's configuration; paths in it are relative to the project.

    Raises
    ------
    ArgumentError
        If a key is not one of the program's, or a file is missing; what else is wrong the component finds.
    """
    check_configuration_keys(config.name, KEYS)
    monitoring = config.get_object(MONITORING, {})
    args = _with_assets(_with(monitoring, MONITORING, **_set(config)), project)
    _add_small_windows(args)
    _add_numpy_layer(args)
    _add_model(args, config, project)
    _add_training_source(args, project)
    _add_baseline(args, config, project)
    _add_quality_baseline(args, config, project)
    emails = config.get_object("alert_emails")
    if emails:
        if is_config_secret(config.full_key("alert_emails")):
            _keep_confirmed(emails)
            emails = [pulumi.Output.secret(email) for email in emails]
        args["alerting"] = _with(args.get("alerting", {}), "alerting", emails=emails)
    _keep_secrets(args, config)
    _check_places(args)
    native = [KINDS[kind].argument for kind in KINDS if kind != DATA_QUALITY and KINDS[kind].argument in args]
    if native and args.get("engine") in {"model-monitor", "both"}:
        check_native_region(native[0])
    return cast(ModelMonitoringStackArgs, args)


def _keep_secrets(args: dict[str, Any], config: pulumi.Config) -> None:
    """Hand on as secrets what was set as secrets, such as `--secret --path monitoring.endpoint.environment.TOKEN`.

    Pulumi decrypts a key for the program and says that something in it is a secret, not what. All is one that may be;
    what decides which resources there are and what they are called cannot be. URLs are anyway.
    """
    if not is_config_secret(config.full_key(MONITORING)):
        return
    environment = args["endpoint"].get("environment")
    if isinstance(environment, dict):
        args["endpoint"]["environment"] = {key: _secret(value) for key, value in environment.items()}
    alerting = args.get("alerting", {})
    if isinstance(alerting.get("emails"), list):
        _keep_confirmed(alerting["emails"])
        alerting["emails"] = [_secret(email) for email in alerting["emails"]]
    if isinstance(args.get("tags"), dict):
        args["tags"] = {key: _secret(value) for key, value in args["tags"].items()}
        pulumi.runtime.register_stack_transformation(_hide_all_tags)
    subscriptions = alerting.get("subscriptions")
    for item in subscriptions if isinstance(subscriptions, list) else ():
        # What is not text the component refuses.
        if isinstance(item, dict) and isinstance(item.get("endpoint"), str):
            item["endpoint"] = pulumi.Output.secret(item["endpoint"])


def _keep_confirmed(emails: Sequence[Any]) -> None:
    """Let addresses that were deployed before they were secrets keep their subscriptions, which people have confirmed.

    They were called by their hash then. Under another name AWS would answer with the subscription that there is, and
    the engine would end just that one after it, as the old one: nobody would be told, and nobody asked to confirm.
    """
    hashes = [content_hash(email) if isinstance(email, str) else "" for email in emails]

    def known_as_before(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        stem, found, index = resource.name.rpartition("-email-address-")
        if not found or resource.type_ != "aws:sns/topicSubscription:TopicSubscription":
            return None
        before = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{stem}-email-{hashes[int(index)]}")])
        return pulumi.ResourceTransformationResult(resource.props, pulumi.ResourceOptions.merge(resource.opts, before))

    pulumi.runtime.register_stack_transformation(known_as_before)


def _secret(value: Any) -> Any:
    """A text as a secret; what is none the component refuses."""
    text = as_text(value)
    return pulumi.Output.secret(text) if isinstance(text, str) else value


def _hide_all_tags(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """The provider repeats a resource's tags, with its own, in an output that no input makes a secret."""
    hidden = pulumi.ResourceOptions(additional_secret_outputs=["tagsAll"] if "tags" in resource.props else [])
    return pulumi.ResourceTransformationResult(resource.props, pulumi.ResourceOptions.merge(resource.opts, hidden))


def _check_places(args: dict[str, Any]) -> None:
    """A key or an image of another region exists, and nothing here can use it: it would fail resource by resource."""
    region = region_of_stack()
    endpoint = args["endpoint"]
    existing = endpoint.get("existing")
    keys = {
        "kms_key_arn": args.get("kms_key_arn"),
        "endpoint.existing.kms_key_arn": existing.get("kms_key_arn") if isinstance(existing, dict) else None,
    }
    check_key_regions(keys)
    found = re.match(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.", str(endpoint.get("image_uri")))
    if found and region and found[1] != region:
        raise ArgumentError(
            f"endpoint.image_uri is an image of {found[1]} and the stack is in {region}: SageMaker takes images of its "
            f"own region; push it to {region}, too"
        )


def _set(config: pulumi.Config) -> dict[str, Any]:
    """The scalars of the configuration that are set; for the others the component has defaults."""
    found = {
        "engine": config.get("engine"),
        "retain_data": config.get_bool("retain_data"),
        "protect": config.get_bool("protect"),
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


def _with_assets(args: dict[str, Any], project: Path) -> dict[str, Any]:
    """The arguments with files in place of their paths."""
    copied = cast(dict[str, Any], json.loads(json.dumps(args)))
    for (*groups, key), is_archive in (*((path, False) for path in ASSETS), *((path, True) for path in ARCHIVES)):
        for group in _groups(copied, groups):
            if isinstance(group.get(key), str):
                path = project / group[key]
                group[key] = _archive(path, ".".join([*groups, key])) if is_archive else _file(path)
    return copied


def _groups(args: Any, path: Sequence[str]) -> list[dict[str, Any]]:
    """The groups of arguments at a path, in which `*` is every name; none where there is no group."""
    found = [args]
    for name in path:
        inside = [group for group in found if isinstance(group, dict)]
        found = [other for group in inside for other in (group.values() if name == "*" else [group.get(name)])]
    return [group for group in found if isinstance(group, dict)]


def _needed(config: pulumi.Config, key: str, *, given: bool) -> str | None:
    """The path under a key of FILES; None where the stack has it from elsewhere and the path is only the default.

    A path of one's own beside that is handed on, and the component says what is in the way of what.
    """
    path = config.get(key)
    return None if not path or (given and path == FILES[key]) else path


def _add_model(args: dict[str, Any], config: pulumi.Config, project: Path) -> None:
    endpoint = _with(args.get("endpoint", {}), "endpoint")
    if isinstance(endpoint.get("model"), str):
        text = endpoint.pop("model")
        endpoint["model_uri" if text.startswith(S3) else "model"] = _model(project, text)
    given = any(key in endpoint for key in ("existing", "image_uri", "model", "model_uri"))
    path = _needed(config, "model_artifact", given=given)
    if path is not None:
        key = "model_uri" if path.startswith(S3) else "model"
        endpoint = _with(endpoint, "endpoint", **{key: _model(project, path)})
    args["endpoint"] = endpoint


def _add_training_source(args: dict[str, Any], project: Path) -> None:
    """The training script of retraining: a tar.gz, or a directory that becomes one."""
    training = args.get("retraining", {})
    training = training.get("training", {}) if isinstance(training, dict) else {}
    if not isinstance(training, dict) or not isinstance(training.get("source"), str):
        return
    path = project / training["source"]
    if not path.is_dir():
        training["source"] = _file(path)
        return
    program = str(training.get("program", "train.py"))
    try:
        training["source"] = _file(write_source_archive(path, program, PROJECT / "build" / "training"))
    except FileNotFoundError as error:
        raise ArgumentError(f"retraining.training.source: {error}") from error


def _add_baseline(args: dict[str, Any], config: pulumi.Config, project: Path) -> None:
    baseline = _with(args.get("baseline", {}), "baseline")
    data_quality = args.get("data_quality")
    off = isinstance(data_quality, dict) and data_quality.get("enabled") is False
    given = off or any(way in baseline for way in ("captures", "existing", "statistics"))
    path = _needed(config, "baseline_data", given=given)
    if path is not None:
        baseline = _with(baseline, "baseline", data=_file(project / path))
        if config.get_bool("compute_baselines_here"):
            settings = BaselineSettings.from_args(cast(Any, baseline))
            made = compute(data_quality_baseline(settings), project / path)
            baseline = {key: _file(made / f"{key}.json") for key in ("statistics", "constraints")}
    if baseline:
        args["baseline"] = baseline


def _add_quality_baseline(args: dict[str, Any], config: pulumi.Config, project: Path) -> None:
    model_quality = args.get("model_quality")
    if not isinstance(model_quality, dict):
        return
    baseline = _with(model_quality.get("baseline", {}), "model_quality.baseline")
    given = "existing" in baseline or "constraints" in baseline or "thresholds" in model_quality
    path = _needed(config, "baseline_quality_data", given=given)
    if path is not None:
        baseline = _with(baseline, "model_quality.baseline", data=_file(project / path))
        if config.get_bool("compute_baselines_here"):
            problem_type = str(model_quality.get("problem_type"))
            settings = ModelQualityBaselineSettings.from_args(cast(Any, baseline), problem_type)
            named = model_quality.get("positive_label")
            job = model_quality_baseline(settings, problem_type, as_text(named) if named is not None else None)
            made = compute(job, project / path)
            baseline = {"constraints": _file(made / "constraints.json")}
    if baseline:
        args["model_quality"] = {**model_quality, "baseline": baseline}


def compute(job: BaselineJob, data: Path) -> Path:
    """Run a baseline job in this process, with this project's own monitor, and return the folder of its results."""
    from drift_tools.errors import InputError  # noqa: PLC0415 - numpy and scipy, only where they are asked for
    from drift_tools.job import Job  # noqa: PLC0415 - and here
    from drift_tools.job.program import run  # noqa: PLC0415 - and here

    results = PROJECT / "build" / job.results_prefix
    environment = {**job.analysis, "dataset_source": str(data), "output_path": str(results)}
    try:
        run(Job(results, environment))
    except InputError as error:
        raise ArgumentError(f"no baseline can be computed from {data}: {error}") from error
    return results


def _add_small_windows(args: dict[str, Any]) -> None:
    """Small windows in a function are the program's default: they cost a fortieth of processing jobs."""
    if args.get("engine") != "model-monitor":
        engine = args.setdefault("open_engine", {})
        if isinstance(engine, dict):  # the component refuses anything else
            windows = engine.setdefault("small_windows", {})
            if windows == {} and not numpy_layer.place().exists():
                pulumi.log.info("downloading numpy and scipy for the layer of small windows (42 MB, once) ...")


def _add_numpy_layer(args: dict[str, Any]) -> None:
    """Numpy for the function that watches the stream, from locked wheels, where no layer is given."""
    stream = args.get("real_time")
    if not isinstance(stream, dict) or stream.get("layer") is not None:
        return
    try:
        stream["layer"] = pulumi.FileArchive(str(numpy_layer.built_numpy()))
    except numpy_layer.LayerError as error:
        raise ArgumentError(
            f"real_time has no layer, and none could be made ({error}): make one where there is a package index and "
            "give its path, or remove real_time"
        ) from error


def _file(path: Path) -> pulumi.FileAsset:
    return pulumi.FileAsset(str(path))


def _archive(path: Path, name: str) -> pulumi.FileArchive:
    """A zip file or a directory; one that is not there would be noticed only when it is uploaded."""
    if not path.exists():
        raise ArgumentError(f"{name} is {path}: there is no such file; `make layer` builds it")
    return pulumi.FileArchive(str(path))


def _model(project: Path, text: str) -> pulumi.FileAsset | str:
    """A `model.tar.gz`, or a directory that becomes one; one that lies in S3 is its address."""
    if text.startswith(S3):
        return text
    path = project / text
    if not path.exists():
        raise ArgumentError(f"model_artifact is {path}: there is no such file or directory")
    if not path.is_dir():
        return _file(path)
    try:
        return _file(write_model_archive(path, PROJECT / "build" / "model"))
    except FileNotFoundError as error:
        raise ArgumentError(f"model_artifact: {error}") from error


def main() -> None:
    stack = ModelMonitoringStack(f"{pulumi.get_project()}-{pulumi.get_stack()}", stack_args(pulumi.Config(), PROJECT))
    for name, value in stack.outputs().items():
        pulumi.export(name, value)


if __name__ == "__main__":
    main()
