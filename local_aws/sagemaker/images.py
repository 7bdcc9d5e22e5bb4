"""Container images: which there are, and what stands for them on this machine."""

import json
import re
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
_ACCOUNTS = PROJECT / "local_aws" / "apply" / "prebuilt_images.json"
ANALYZER = "sagemaker-model-monitor-analyzer"
MERGER = "sagemaker-model-monitor-groundtruth-merger"
SKLEARN = "sagemaker-scikit-learn"
CLARIFY = "sagemaker-clarify-processing"
_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<name>[^:@]+)(?:[:@].+)?"
)
# AWS's analyzer, merger and Clarify cannot be pulled; this project's programs fulfil the same contract.
_MODULES = {ANALYZER: "drift_tools.monitor", MERGER: "drift_tools.job.inputs.merge", CLARIFY: "drift_tools.monitor"}
_OPT_ML = re.compile(r"(?<![\w/])/opt/ml(?=/|$)")


class UnknownImage(ValueError):  # noqa: N818 - says what it is
    """An image that nothing stands for here."""


def repository(uri: str) -> str:
    """The repository's name in an image URI of ECR; UnknownImage if it is none."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise UnknownImage(f"the image {uri!r} is not an image in ECR (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG)")
    return match["name"]


def repository_arn(uri: str) -> str:
    """The ARN that a role needs for pulling an image."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise UnknownImage(f"the image {uri!r} is not an image in ECR (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG)")
    return f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['name']}"


def merger(image_uri: str) -> str:
    """The image of the job that joins captures with labels, before one in this image: it lies beside the analyzer, and
    Clarify's lies in another account.
    """
    match = _URI.fullmatch(image_uri)
    if match is None or match["name"] != CLARIFY:
        return image_uri.replace(ANALYZER, MERGER)
    accounts = json.loads(_ACCOUNTS.read_text())["repositories"][ANALYZER]
    registry = image_uri.partition("/")[0].partition(".")[2]
    return f"{accounts[match['region']]}.{registry}/{MERGER}"


def local_path(text: str, ml_root: Path) -> str:
    """Text with every `/opt/ml` in it replaced by a directory of this machine."""
    return _OPT_ML.sub(str(ml_root), text)


def command(app: Mapping[str, Any], ml_root: Path) -> list[str]:
    """The command line of a processing job's container; UnknownImage if nothing stands for the image."""
    name = repository(app["ImageUri"])
    if name in _MODULES:
        return [sys.executable, "-m", _MODULES[name], "--ml-root", str(ml_root)]
    if name != SKLEARN:
        raise UnknownImage(
            f"nothing here stands for the image {name}; there are {ANALYZER}, {MERGER}, {CLARIFY} and {SKLEARN}"
        )
    entrypoint = list(app.get("ContainerEntrypoint") or [])
    if not entrypoint:
        raise UnknownImage(f"the image {SKLEARN} needs a ContainerEntrypoint to run a processing job")
    words = [local_path(word, ml_root) for word in entrypoint + list(app.get("ContainerArguments") or [])]
    if words[0].rpartition("/")[2].startswith("python"):
        words[0] = sys.executable
    # This machine has no /opt/ml. This project's programs take the place of theirs; what a script of somebody else's
    # has in its text and not in an argument or a variable cannot be helped.
    ours = any(flag == "-m" and module.startswith("drift_tools.") for flag, module in pairwise(words))
    if ours and "--ml-root" not in words:
        words += ["--ml-root", str(ml_root)]
    return words


def environment(app: Mapping[str, Any], variables: Mapping[str, str], ml_root: Path) -> dict[str, str]:
    """The container's environment: as given for AWS's own images, with paths of this machine for scripts."""
    if repository(app["ImageUri"]) in _MODULES:
        return dict(variables) | {"PYTHONPATH": str(PROJECT)}
    return {name: local_path(value, ml_root) for name, value in variables.items()}
