"""The server process of the embedded AWS: `python -m local_aws.server RUN_DIRECTORY`, started by the launcher.

Environment variables must be right before ministack is imported, so this module imports it late.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.sdk_files import read_files_once

# New objects, net, before garbage is looked for: requests leave few cycles behind.
_GARBAGE_OBJECTS = 50_000


def main(directory: Path) -> None:
    """Serve until killed."""
    settings: dict[str, Any] = json.loads((directory / "settings.json").read_text())
    (directory / "settings.json").unlink()  # it has the administrator's secret
    threading.Thread(target=_die_with_the_guardian, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = listener.getsockname()[1]
    os.environ.update(_environment(settings, port))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    read_files_once()
    gc.disable()  # what is imported stays: looking for garbage among it, again and again, is a part of the start
    from local_aws.gateway import build  # noqa: PLC0415 - ministack reads the environment when it is imported

    def ready() -> None:
        gc.freeze()
        gc.set_threshold(_GARBAGE_OBJECTS, 20, 20)
        gc.enable()
        temporary = directory / "port.part"
        temporary.write_text(str(port))
        temporary.rename(directory / "port")

    asyncio.run(_serve(build(settings, f"http://127.0.0.1:{port}", ready), listener))


async def _serve(app: Any, listener: socket.socket) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415 - after ministack, which patches hypercorn
    from hypercorn.config import Config  # noqa: PLC0415

    from local_aws.answers import send_whole  # noqa: PLC0415

    send_whole()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    # A client that comes back in the moment in which its connection is closed has an error, and those of a deployment
    # do not ask again. Whoever waits is a process of this machine, which takes its connections with it.
    config.keep_alive_timeout = 24 * 3600
    config.loglevel = "WARNING"
    await serve(app, config)


def _environment(settings: Mapping[str, Any], port: int) -> dict[str, str]:
    credentials = settings["credentials"]
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": settings["account_id"],
        "MINISTACK_REGION": settings["region"],
        "LOG_LEVEL": "WARNING",
        "AUTH": "true" if settings["enforce_iam"] else "false",
        # Listeners beside the one port, containers and files outside the run directory stay off.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "LAMBDA_EXECUTOR": "local",
        # AWS waits one and then two minutes between the attempts of an asynchronous invocation.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        # The configured key is ministack's root: the administrator.
        "AWS_ACCESS_KEY_ID": credentials["access_key"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"],
        "AWS_DEFAULT_REGION": settings["region"],
        "AWS_REGION": settings["region"],
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _die_with_the_guardian() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
