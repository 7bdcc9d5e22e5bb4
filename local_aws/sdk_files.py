"""What makes boto3's clients quickly: the SDK's descriptions of services are read once, whoever asks for them.

Run by path by the processes that functions' workers and jobs are forked from (local_aws/seams/functions.py,
local_aws/sagemaker/container.py), after boto3 is imported there, so that every fork has them. A function or a job that
brings its own SDK gets nothing of this: its process is no fork. The server, where ministack, moto and this package
would read them each for itself, imports it.
"""

from typing import Any

import boto3
from botocore.loaders import JSONFileLoader, Loader

# Most functions and jobs here make clients of these; the files of others are kept from the first reading on.
_SERVICES = ("s3", "sagemaker", "cloudwatch")


def _read_once(original: Any) -> Any:
    known: dict[tuple[Any, ...], Any] = {}

    def read(self: Any, *given: Any, **named: Any) -> Any:
        key = (tuple(getattr(self, "search_paths", ())), *given, *sorted(named.items()))
        found = known.get(key)
        if found is None:  # a file that is not there may come
            found = known[key] = original(self, *given, **named)
        return _for_one(found)

    return read


def _for_one(found: Any) -> Any:
    """What was read, with what a client changes of it its own: S3's take the bucket out of their operations' paths,
    and whoever reads requests by the same description needs it there.
    """
    if not isinstance(found, dict) or "operations" not in found:
        return found
    own = {
        name: operation | {"http": dict(operation.get("http", ()))} for name, operation in found["operations"].items()
    }
    return found | {"operations": own}


def read_files_once() -> None:
    """Have all loaders of the SDK's files share what one has read."""
    file_loader, loader = JSONFileLoader, Loader
    file_loader.load_file = _read_once(JSONFileLoader.load_file)
    loader.list_available_services = _read_once(Loader.list_available_services)


def _prepare() -> None:
    """Read what the clients of most forks need."""
    read_files_once()
    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")  # noqa: S106
    for service in _SERVICES:
        session.client(service)


if __name__ == "preparation":  # as the process calls it that runs this
    _prepare()
