"""What every component takes: a name, tags, the roles' boundary, how long logs are kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import pulumi

from components.args.bounds import LENGTHS, check_length, number
from components.args.reader import ArgumentError, Reader, as_text
from components.naming import component_name_problem

# The values that CloudWatch Logs accepts, in days.
LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# Letters and digits of any script: what all services of the project take (SageMaker's pattern; the others' are wider).
_NAME: Final = LENGTHS["tag.name"]
_VALUE: Final = LENGTHS["tag.value"]
_TAG: Final = re.compile(r"[\w \xa0\u2000-\u200a\u202f\u3000.:/=+\-@]*")

COMMON_ARGUMENTS: Final = ("tags", "permissions_boundary_arn", "log_retention_in_days", "kms_key_arn")


class CommonArgs(TypedDict):
    """The arguments of `COMMON_ARGUMENTS`, as components take them."""

    tags: Mapping[str, pulumi.Input[str]]
    permissions_boundary_arn: pulumi.Input[str] | None
    log_retention_in_days: int
    kms_key_arn: pulumi.Input[str] | None


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """What every part of a stack is given: tags, the roles' boundary, how long logs are kept, the key for all data."""

    tags: Mapping[str, pulumi.Input[str]]
    permissions_boundary_arn: pulumi.Input[str] | None
    log_retention_in_days: int
    kms_key_arn: pulumi.Input[str] | None = None

    def to_args(self) -> CommonArgs:
        """The settings as arguments, for a part that takes those."""
        return {
            "tags": self.tags,
            "permissions_boundary_arn": self.permissions_boundary_arn,
            "log_retention_in_days": self.log_retention_in_days,
            "kms_key_arn": self.kms_key_arn,
        }


def check_component_name(name: str) -> None:
    """Raise ArgumentError if no resource could be named after `name`."""
    problem = component_name_problem(name)
    if problem:
        raise ArgumentError(f"the component's name is {name!r}: it {problem}")


def common_settings(args: Mapping[str, Any], path: str = "") -> CommonSettings:
    """Check the arguments that every component takes: of `args`, at `path`, those named in `COMMON_ARGUMENTS`.

    Raises
    ------
    ArgumentError
        In one line: the argument, its value and the fix.
    """
    read = Reader(path, {name: args.get(name) for name in COMMON_ARGUMENTS}, COMMON_ARGUMENTS)
    days = number(read, "log_retention_in_days", 30, "log_retention_in_days")
    if days not in LOG_RETENTION_DAYS:
        raise read.refuse("log_retention_in_days", f"CloudWatch takes {', '.join(map(str, LOG_RETENTION_DAYS))}")
    boundary = read.raw("permissions_boundary_arn")
    if boundary is not None and not isinstance(boundary, str | pulumi.Output):
        raise read.refuse("permissions_boundary_arn", "give the ARN of an IAM policy")
    if isinstance(boundary, str) and not re.fullmatch(
        r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", boundary
    ):
        raise ArgumentError(
            f"{read.name('permissions_boundary_arn')} is {boundary!r}: give the ARN of an IAM policy, "
            "arn:aws:iam::123456789012:policy/name"
        )
    return CommonSettings(
        tags=_tags(read.raw("tags") if read.has("tags") else {}, read.name("tags")),
        permissions_boundary_arn=boundary,
        log_retention_in_days=days,
        kms_key_arn=read.key_arn(),
    )


def _tags(tags: Mapping[str, pulumi.Input[str]], path: str) -> Mapping[str, pulumi.Input[str]]:
    if not isinstance(tags, Mapping):
        raise ArgumentError(f"{path} is {tags!r}: give a dictionary of names and values")
    check_length(path, tags, "tags")
    found = {key: as_text(value) for key, value in tags.items()}
    for key, value in found.items():
        if not isinstance(key, str) or not _NAME.least <= len(key) <= _NAME.most or key.lower().startswith("aws:"):
            raise ArgumentError(f"{path} has the name {key!r}: 1 to 128 characters that do not start with aws:")
        if not isinstance(value, pulumi.Output) and (not isinstance(value, str) or len(value) > _VALUE.most):
            raise ArgumentError(f"{path}.{key} is {value!r}: must be text of at most 256 characters")
        for text in (key, value):
            if isinstance(text, str) and not _TAG.fullmatch(text):
                raise ArgumentError(f"{path} has {text!r}: AWS takes letters, digits, spaces and _.:/=+-@ in tags")
    names = [key.lower() for key in found]
    if twice := [key for key in found if names.count(key.lower()) > 1]:
        raise ArgumentError(
            f"{path} has {' and '.join(map(repr, twice[:2]))}: to IAM they are one name; keep one of them"
        )
    return found
