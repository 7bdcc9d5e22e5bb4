"""Takes arguments one after the other and refuses what is wrong with them, in one line."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.archives import asset_bytes
from contract.json_fields import TwiceError, once


class ArgumentError(ValueError):
    """An argument that cannot be used; the message is one line: which, what was given, and the fix."""


NUMBER: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
# The bucket's naming rules of S3: no two dots, no dot beside a hyphen, no IP address, no prefix or suffix of AWS's own.
_BUCKET: Final = (
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+(?:/|$))(?![a-z0-9.-]*(?:\.\.|\.-|-\.))"
    r"(?![a-z0-9.-]*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)(?:/|$))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?=/|$)"
)
# SageMaker's S3Uri has 1024 characters at the most. A `*` or `?` would be a wildcard in the roles' policies.
S3_FILE: Final = rf"(?=.{{1,1024}}$)s3://{_BUCKET}/[^*?]*[^/*?]"
S3_FOLDER: Final = rf"s3://{_BUCKET}(/[^*?]*)?"


_SIZES: Final = ("medium", "large", r"(?:[2-9]|[1-9]\d{1,2})?xlarge")
# Families that an endpoint may have and a processing job may not, as botocore's models list them.
HOSTING_ONLY: Final = frozenset(
    (
        *("c5d", "c6g", "c6gd", "c6gn", "c6in", "c7g", "c8g", "dl1", "inf1", "inf2", "m5d", "m6g", "m6gd", "m8g"),
        *("p4d", "p4de", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200", "r6g", "r6gd", "r7gd", "r8g", "t2"),
        *("trn1", "trn1n", "trn2"),
    )
)

# Of these a training job may have some.
TRAINING_TOO: Final = frozenset(
    ("p4d", "p4de", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2")
)


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script that is uploaded, with its bytes."""

    asset: pulumi.Asset
    content: bytes


class Reader:
    """Takes the arguments of one dictionary, one after the other, and refuses what is wrong with them."""

    def __init__(self, path: str, values: Mapping[str, Any] | None, names: Sequence[str]) -> None:
        if not isinstance(values, Mapping):
            raise ArgumentError(f"{path or 'args'} is {values!r}: give a dictionary with {', '.join(names)}")
        self._path = path
        self._values = values
        for name in values:
            if name not in names:
                near = difflib.get_close_matches(str(name), names, n=1)
                fix = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
                raise ArgumentError(f"{self.name(str(name))} is not an argument: {fix}")

    def name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def refuse(self, key: str, problem: str) -> ArgumentError:
        return ArgumentError(f"{self.name(key)} is {self._values.get(key)!r}: {problem}")

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> Any:
        return self._values.get(key)

    def group(self, key: str) -> Any:
        """A dictionary of its own; one that is left out has no entries."""
        return self._values.get(key, {})

    def _figure(self, key: str) -> Any:
        """The value; a text that is a number is that number: `pulumi config set` keeps a decimal as text."""
        value = self._values.get(key)
        return float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self._figure(key)
        if value is None:
            return default
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole:
            raise self.refuse(key, f"must be a whole number from {least} to {most}")
        if not least <= value <= most:
            raise self.refuse(key, f"must be from {least} to {most}")
        return int(value)

    def number(self, key: str, default: float | None, least: float, most: float) -> float | None:
        value = self._figure(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.refuse(key, f"must be a number from {least} to {most}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(key, "must be true or false")
        return value

    def text(
        self, key: str, default: str | None, pattern: str = r".*\S.*", form: str = "text that is not empty"
    ) -> str:
        value = self._values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.refuse(key, f"must be {form}")
        return value

    def optional_text(self, key: str, default: str | None) -> str | None:
        return self.text(key, default) if self.has(key) else default

    def choice(self, key: str, default: str | None, choices: Sequence[str]) -> str:
        value = self._values.get(key, default)
        if value not in choices:
            raise self.refuse(key, f"must be one of {', '.join(choices)}")
        return str(value)

    def asset(self, key: str, form: str) -> tuple[pulumi.Asset, bytes]:
        value = self._values.get(key)
        if not isinstance(value, pulumi.Asset):
            raise self.refuse(key, f"must be a pulumi.FileAsset: {form}")
        described = value.path if isinstance(value, pulumi.FileAsset) else type(value).__name__
        try:
            data = asset_bytes(value)
        except OSError as error:
            raise ArgumentError(f"{self.name(key)} is {described}: {error.strerror}; {form}") from error
        except TypeError as error:
            raise ArgumentError(f"{self.name(key)} is {described}: {error}") from error
        if not data:
            raise ArgumentError(f"{self.name(key)} is {described}: it is empty; {form}")
        return value, data

    def document(self, key: str, form: str) -> dict[str, Any]:
        """The JSON object in an asset."""
        _, data = self.asset(key, form)
        try:
            found = json.loads(data, object_pairs_hook=once)
        except TwiceError as error:
            raise ArgumentError(f"{self.name(key)}: {error}") from error
        except ValueError as error:
            raise ArgumentError(f"{self.name(key)} is not JSON ({error}): {form}") from error
        if not isinstance(found, dict):
            raise ArgumentError(f"{self.name(key)} is a JSON {type(found).__name__}, not an object: {form}")
        return found

    @contextmanager
    def file(self, key: str) -> Iterator[None]:
        """Within, a `ValueError` is what is wrong in the file of an argument."""
        try:
            yield
        except ValueError as error:
            raise ArgumentError(f"{self.name(key)}: {error}") from error

    def script(self, key: str) -> Script | None:
        """A Python script in an asset; one that does not compile is refused, as every run of it would fail."""
        if not self.has(key):
            return None
        asset, data = self.asset(key, "name a Python script")
        try:
            compile(data, self.name(key), "exec")
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f" in line {line}" if line else ""
            raise ArgumentError(f"{self.name(key)} is not Python{where}: {getattr(error, 'msg', error)}") from error
        return Script(asset=asset, content=data)

    def listed(self, key: str, form: str) -> tuple[Any, ...]:
        """The entries of a list; a single value is none, however easily YAML is written without the dash."""
        value = self._values.get(key)
        if value is None:
            return ()
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
            raise self.refuse(key, f"must be {form}")
        return tuple(value)

    def names(self, key: str, form: str) -> tuple[str, ...]:
        """A list of texts that are not empty, each once."""
        given = self.listed(key, form)
        if not all(isinstance(name, str) and name.strip() for name in given):
            raise self.refuse(key, f"must be {form}")
        if len(set(given)) < len(given):
            raise self.refuse(key, "names one of them twice; name each once")
        return given

    def late_text(self, key: str, pattern: str, form: str) -> pulumi.Input[str]:
        """Text that may come from another resource; what is known already must match."""
        value = self._values.get(key)
        if isinstance(value, pulumi.Output):
            return value
        return self.text(key, None, pattern, form)

    def optional_late_text(self, key: str, pattern: str, form: str) -> pulumi.Input[str] | None:
        return self.late_text(key, pattern, form) if self.has(key) else None

    def late_texts(self, key: str, pattern: str, form: str) -> tuple[pulumi.Input[str], ...]:
        """A list of texts, each of which may come from another resource."""
        value = self.listed(key, f"a list; {form}")
        for item in value:
            if not isinstance(item, pulumi.Output) and not (isinstance(item, str) and re.fullmatch(pattern, item)):
                raise ArgumentError(f"{self.name(key)} has {item!r}: {form}")
        return value

    def s3_file(self, key: str) -> pulumi.Input[str]:
        return self.late_text(key, S3_FILE, "the URI of a file such as s3://bucket/baseline/constraints.json")

    def key_arn(self, key: str = "kms_key_arn") -> pulumi.Input[str] | None:
        """A KMS key's ARN. No alias: an IAM policy cannot name a key by one."""
        form = "the ARN of a KMS key, arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        return self.optional_late_text(
            key, r"arn:aws[a-z-]*:kms:[a-z]{2,4}(?:-[a-z]+)+-\d:\d{12}:key/[A-Za-z0-9-]{1,256}", form
        )

    def one_of(self, keys: Sequence[str], needed: str) -> str:
        """The one of these that is given; none, or more than one, is refused."""
        given = [key for key in keys if self.has(key)]
        if not given:
            raise ArgumentError(f"{self._path} has none of {', '.join(keys)}: {needed}")
        if len(given) > 1:
            raise ArgumentError(f"{self.name(given[0])} is given with {self.name(given[1])}: remove one of the two")
        return given[0]

    def only_with(self, key: str, keys: Sequence[str]) -> None:
        """Refuse those of `keys` that are given though `key`, without which they mean nothing, is not."""
        for other in keys:
            if self.has(other) and not self.has(key):
                raise ArgumentError(f"{self.name(other)} is given without {self.name(key)}: remove it, or give both")

    def instance_type(self, default: str) -> str:
        """Read an instance type of hosting: sizes that there are, of whatever family, for AWS goes on making them."""
        form = "an instance type such as ml.m5.xlarge"
        return self.text("instance_type", default, rf"ml\.[a-z][a-z0-9-]*\.(?:{'|'.join(_SIZES)})", form)

    def training_instance_type(self, default: str) -> str:
        """Read an instance type of a training job, which knows others still."""
        found = self.instance_type(default)
        if found.split(".")[1] in HOSTING_ONLY - TRAINING_TOO:
            raise self.refuse("instance_type", "SageMaker has it for endpoints and not for training; give ml.m5.xlarge")
        return found

    def job_instance_type(self, default: str) -> str:
        """Read an instance type of a processing job, which knows fewer families than hosting does."""
        found = self.instance_type(default)
        if found.split(".")[1] in HOSTING_ONLY:
            raise self.refuse(
                "instance_type", "SageMaker has it for endpoints and not for jobs; give ml.m5.xlarge, say"
            )
        return found


def as_text(value: Any) -> Any:
    """A number or a truth value as its text: `pulumi config set` keeps 4711 as a number; anything else as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Pulumi's wire format has no integers
    return str(value) if isinstance(value, int | float) else value


def argument_names(args: type) -> list[str]:
    return list(args.__annotations__)
