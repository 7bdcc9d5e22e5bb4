"""What every job inside a SageMaker Processing container shares: its environment, its paths and its last words.

Contract: SageMaker developer guide, "Container contract inputs" and "… outputs" of custom monitoring containers.
"""

import argparse
import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from contract.plain_text import visible
from drift_tools.errors import InputError

_MESSAGE_BYTES = 1024
_CONTAINER_ROOT = "/opt/ml"
_REGION_IN_ARN = 3
OTHERS_WORDS = "Completed: another instance of this job writes the results."


@dataclass(frozen=True)
class Job:
    """What the platform gives a run: its variables, where `/opt/ml` is (elsewhere when the job runs outside a
    container), its region and its instances.
    """

    ml_root: Path
    variables: Mapping[str, str]

    @classmethod
    def load(cls, ml_root: Path, environment: Mapping[str, str]) -> "Job":
        """The environment, and below it what the job's own configuration file says."""
        configured = _configuration(ml_root).get("Environment") or {}
        return cls(ml_root, {str(name): str(value) for name, value in configured.items()} | dict(environment))

    @cached_property
    def configuration(self) -> Mapping[str, Any]:
        """The job's request, as the platform leaves it for its containers; empty where there is none."""
        return _configuration(self.ml_root)

    @property
    def region(self) -> str | None:
        """The job's region, None for what boto3 finds elsewhere. A container is told `AWS_REGION`, of which boto3 knows
        nothing: it reads `AWS_DEFAULT_REGION`.
        """
        arn = str(self.configuration.get("ProcessingJobArn") or "").split(":")
        own = arn[_REGION_IN_ARN] if len(arn) > _REGION_IN_ARN else None
        return self.variables.get("AWS_DEFAULT_REGION") or self.variables.get("AWS_REGION") or own or None

    def client(self, service: str, config: Any = None) -> Any:
        """A boto3 client in the job's region, one a service: to make one takes half a second of CPU."""
        if service not in self._clients:
            from boto3.session import Session  # noqa: PLC0415 - a run that only reads and writes files needs none

            self._clients[service] = Session(region_name=self.region).client(service, config=config)
        return self._clients[service]

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def here(self, path: str) -> Path:
        """A path in the container, as a path here."""
        if path == _CONTAINER_ROOT or path.startswith(_CONTAINER_ROOT + "/"):
            return self.ml_root / path[len(_CONTAINER_ROOT) + 1 :]
        return Path(path)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The job's instances, the leader first; this one alone where the platform says nothing of others."""
        return self._instances[1]

    @property
    def host(self) -> str:
        """The name of this instance."""
        return self._instances[0]

    @property
    def is_leader(self) -> bool:
        """Whether this is the instance that writes; with several instances only the first does."""
        return self.host == self.hosts[0]

    @cached_property
    def _instances(self) -> tuple[str, tuple[str, ...]]:
        path = self.ml_root / "config" / "resourceconfig.json"
        if not path.is_file():
            return "algo-1", ("algo-1",)
        try:
            resources = json.loads(path.read_bytes())
            hosts = tuple(sorted(map(str, resources["hosts"]), key=_by_number))
            if str(resources["current_host"]) not in hosts:
                raise ValueError("current_host is none of the hosts")
            return str(resources["current_host"]), hosts
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: not a job's resource configuration ({error!r})") from error


def _configuration(ml_root: Path) -> Mapping[str, Any]:
    path = ml_root / "config" / "processingjobconfig.json"
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path}: not a processing job's configuration ({error})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: not a processing job's configuration (not a JSON object)")
    return document


def _by_number(host: str) -> tuple[int, str]:
    """algo-10 comes after algo-2."""
    number = host.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0, host


def run_program(
    function: Callable[[Job], str],
    module: str,
    description: str | None,
    arguments: Sequence[str] | None,
    environment: Mapping[str, str] | None,
) -> int:
    """Run a job that is called as `python -m module`; None: with the process's own arguments and variables."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument(
        "--ml-root",
        type=Path,
        default=Path(_CONTAINER_ROOT),
        help=f"where the job's {_CONTAINER_ROOT} is (default: {_CONTAINER_ROOT})",
    )
    options = parser.parse_args(arguments)
    return run_job(function, options.ml_root, os.environ if environment is None else environment)


def run_job(function: Callable[[Job], str], ml_root: Path, environment: Mapping[str, str]) -> int:
    """Run a job and leave its message in `output/message`; 0 if it ran, 1 if not, with the reason in one line."""
    try:
        message, status = function(Job.load(ml_root, environment)), 0
    except InputError as error:
        message, status = f"Error: {error}", 1
    except Exception as error:  # the boundary of the process: the platform shows only this file, the log has the rest
        traceback.print_exc()
        message, status = f"Error: {type(error).__name__}: {error}", 1
    line = visible(" ".join(message.split()))
    path = ml_root / "output" / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(line.encode()[:_MESSAGE_BYTES].decode(errors="ignore").encode())
    os.write(1 if status == 0 else 2, (line + "\n").encode())
    return status
