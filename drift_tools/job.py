"""What every job inside a SageMaker Processing container shares: its environment, its paths and its last words.

Contract: SageMaker developer guide, "Container contract inputs" and "… outputs" of custom monitoring containers.
"""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drift_tools.errors import InputError

_MESSAGE_BYTES = 1024
_CONTAINER_ROOT = "/opt/ml"


@dataclass(frozen=True, slots=True)
class Job:
    """One run: its variables, and where `/opt/ml` is (elsewhere when the job runs outside a container)."""

    ml_root: Path
    variables: Mapping[str, str]

    @classmethod
    def load(cls, ml_root: Path, environment: Mapping[str, str]) -> "Job":
        """The environment, and below it what the job's own configuration file says."""
        variables: dict[str, str] = {}
        path = ml_root / "config" / "processingjobconfig.json"
        if path.is_file():
            try:
                configured = json.loads(path.read_bytes()).get("Environment") or {}
            except (ValueError, AttributeError) as error:
                raise InputError(f"{path}: not a processing job's configuration ({error})") from error
            variables.update({str(name): str(value) for name, value in configured.items()})
        return cls(ml_root, variables | dict(environment))

    def get(self, name: str) -> str | None:
        """A variable; None if it is not set or empty."""
        return self.variables.get(name) or None

    def path(self, name: str) -> Path:
        """A variable that holds a path in the container, as a path here."""
        value = self.get(name)
        if value is None:
            raise InputError(f"the environment variable {name} is not set: see the monitor's container contract")
        return self.here(value)

    def here(self, path: str) -> Path:
        """A path in the container, as a path here."""
        if path == _CONTAINER_ROOT or path.startswith(_CONTAINER_ROOT + "/"):
            return self.ml_root / path[len(_CONTAINER_ROOT) + 1 :]
        return Path(path)

    @property
    def is_leader(self) -> bool:
        """Whether this is the instance that writes; with several instances only the first does."""
        path = self.ml_root / "config" / "resourceconfig.json"
        if not path.is_file():
            return True
        try:
            hosts = json.loads(path.read_bytes())
            return bool(hosts["current_host"] == sorted(hosts["hosts"])[0])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(f"{path}: not a job's resource configuration ({error!r})") from error


def run_job(function: Callable[[Job], str], ml_root: Path, environment: Mapping[str, str]) -> int:
    """Run a job and leave its message in `output/message`; 0 if it ran, 1 if not, with the reason in one line."""
    try:
        job = Job.load(ml_root, environment)
        message = function(job) if job.is_leader else "Completed: another instance of this job writes the results."
        status = 0
    except InputError as error:
        message, status = f"Error: {error}", 1
    except Exception as error:  # the boundary of the process: the platform shows only this file, the log has the rest
        traceback.print_exc()
        message, status = f"Error: {type(error).__name__}: {error}", 1
    line = " ".join(message.split())
    path = ml_root / "output" / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(line.encode()[:_MESSAGE_BYTES].decode(errors="ignore").encode())
    os.write(1 if status == 0 else 2, (line + "\n").encode())
    return status
