"""Programs that run in the tests' own process, many in a row: what the SDK leaves of one must not reach the next."""

import asyncio
import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pulumi.automation import _server
from pulumi.runtime import settings, stack
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS

from tests.quiet_sdk import quiet_sdk

# By default gRPC's channels to one address share what connects them, and with it how long that waits after a failure.
OWN_CONNECTION = ("grpc.use_local_subchannel_pool", 1)


@contextlib.contextmanager
def programs_here() -> Iterator[None]:
    """Let a program in this process begin as in a process of its own, and leave out what no test asks for.

    Two things are the SDK's own (3.272), and meet whoever runs inline programs in a process that stays:

    - It never closes a channel to an engine, and what refers to channels is garbage that may lie for long. If a program
      calls its engine once more after that has gone, the channel tries to connect for ever. Linux gives engines some
      7,000 ports, again and again: a later program whose engine has that port got the old channel's failure for its
      first call, "Resource monitor has terminated, shutting down".
    - When a program has failed and its tasks are told to stop, one that fails at that is raised: the tasks after it,
      the loop and the loop's threads stay.

    A twentieth of these tests' processor time is that the SDK looks at each of a program's hundreds of outputs whenever
    one of them is there. It ends when all are there, or at the first that fails; so does this.
    """

    async def until_all_are_there_or_one_fails(outputs: Any, **_: Any) -> Any:
        return await asyncio.wait(outputs, return_when=asyncio.FIRST_EXCEPTION)

    # For the SDK alone: others in this process may ask `asyncio.wait` for something else.
    waiting = SimpleNamespace(**{**vars(asyncio), "wait": until_all_are_there_or_one_fails})
    with (
        quiet_sdk(),
        patch.object(settings, "_GRPC_CHANNEL_OPTIONS", [*_GRPC_CHANNEL_OPTIONS, OWN_CONNECTION]),
        patch.object(_server, "suppress", lambda stopped: contextlib.suppress(stopped, Exception)),
        patch.object(stack, "asyncio", waiting),
    ):
        yield
