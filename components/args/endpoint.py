"""Arguments of the endpoint."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

import pulumi

from components.args.reader import ArgumentError, Reader, argument_names

_SAGEMAKER_NAME: Final = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
# SageMaker's pattern for CsvContentTypes and JsonContentTypes; it has no room for "; charset=utf-8".
_CONTENT_TYPE: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*")


class EndpointArgs(TypedDict):
    """The endpoint that is created, with the model behind it."""

    model: pulumi.Asset
    """`model.tar.gz` with the model's files and `code/inference.py`."""
    image_tag: NotRequired[str]
    """Tag of AWS's scikit-learn image. Default `1.9-0-cpu-py3`."""
    instance_type: NotRequired[str]
    """Default `ml.t2.medium`."""
    instance_count: NotRequired[int]
    """Default 1."""
    variant_name: NotRequired[str]
    """Name of the production variant. Default `Primary`."""
    sampling_percentage: NotRequired[int]
    """Share of requests that is captured, in percent. Default 100."""
    csv_content_types: NotRequired[Sequence[str]]
    """Captured as CSV. Default `["text/csv"]`. A type in neither list is captured as BASE64, which no monitor reads."""
    json_content_types: NotRequired[Sequence[str]]
    """Captured as JSON. Default `["application/json", "application/jsonlines"]`."""
    network_isolation: NotRequired[bool]
    """The model's container has no network. Default true; a `code/requirements.txt` needs false."""


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """`EndpointArgs`, checked and complete. `model_data` are the tarball's bytes."""

    model: pulumi.Asset
    model_data: bytes
    image_tag: str
    instance_type: str
    instance_count: int
    variant_name: str
    sampling_percentage: int
    csv_content_types: tuple[str, ...]
    json_content_types: tuple[str, ...]
    network_isolation: bool

    @classmethod
    def from_args(cls, args: EndpointArgs, path: str = "endpoint") -> Self:
        read = Reader(path, args, argument_names(EndpointArgs))
        model, data = read.asset("model", "name the model.tar.gz")
        if not data.startswith(b"\x1f\x8b"):
            raise ArgumentError(f"{read.name('model')} is not gzip: SageMaker needs a model.tar.gz")
        return cls(
            model=model,
            model_data=data,
            image_tag=read.text(
                "image_tag", "1.9-0-cpu-py3", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", "a tag of an image"
            ),
            instance_type=read.instance_type("ml.t2.medium"),
            instance_count=read.whole("instance_count", 1, 1, 100),
            variant_name=read.text("variant_name", "Primary", _SAGEMAKER_NAME, "letters, digits and single hyphens"),
            sampling_percentage=read.whole("sampling_percentage", 100, 1, 100),
            csv_content_types=content_types(read, "csv_content_types", ("text/csv",)),
            json_content_types=content_types(read, "json_content_types", ("application/json", "application/jsonlines")),
            network_isolation=read.flag("network_isolation", True),
        )


def content_types(read: Reader, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if not read.has(key):
        return default
    value = read.raw(key)
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= 10:
        raise read.refuse(key, "must be a list of 1 to 10 content types")
    for item in value:
        if not isinstance(item, str) or not _CONTENT_TYPE.fullmatch(item):
            raise ArgumentError(f"{read.name(key)} has {item!r}: write a type such as text/csv, without parameters")
    return tuple(value)
