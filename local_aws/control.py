"""Control requests under `/_local/`: what a test or the demo may ask of the embedded AWS beside AWS's own API.

GET  /_local/clock              {"now": ISO 8601}
POST /_local/clock              {"advance_to": ISO 8601} or {"advance_by": seconds}: runs what falls due until then
                                and answers the new time; 400 if that is in the past
POST /_local/accounts           {"account": twelve digits, "member": bool}: credentials of that account's administrator
GET  /_local/denied-calls       {"calls": [{"principal", "action", "resource"}]}
GET  /_local/function-errors    {"errors": [{"function", "error"}]}
GET  /_local/used-actions       {"uses": [{"role", "action", "resource", "calls"}]}
GET  /_local/invalid-requests   {"requests": [one line each]}
GET  /_local/changes            {"changes": [{"operation": "service.Operation", "parameters": {…}}]}
GET  /_local/observed           {"operations": {"service.Operation": number}, "unread": [one line each]}
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from local_aws.clock import VirtualClock, parse_time


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A control request that cannot be done; the message is the one line that the caller gets."""


class Journal(Protocol):
    """What the server wrote down since its start."""

    denied_calls: list[dict[str, str]]
    function_errors: list[dict[str, str]]
    invalid_requests: list[str]
    changes: list[dict[str, Any]]
    observed: Counter[str]
    unread_requests: list[str]

    @property
    def used_actions(self) -> list[dict[str, Any]]:
        """What the policies of roles have allowed."""


class Control:
    """Answers control requests."""

    def __init__(
        self,
        clock: VirtualClock,
        journal: Journal,
        advance: Callable[[datetime], Awaitable[None]],
        open_account: Callable[..., dict[str, Any]],
        region: str,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._advance = advance
        self._open_account, self._region = open_account, region

    async def handle(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and JSON body for one request."""
        try:
            return 200, json.dumps(await self._answer(method, path.removeprefix("/_local/"), body)).encode()
        except Refused as refusal:
            return 400, json.dumps({"error": str(refusal)}).encode()

    async def _answer(self, method: str, name: str, body: bytes) -> dict[str, Any]:
        journal = self._journal
        if (method, name) == ("POST", "clock"):
            await self._advance(self._target(body))
            name = "clock"
        elif (method, name) == ("POST", "accounts"):
            try:
                request = json.loads(body)
                account, member = request["account"], bool(request.get("member", True))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise Refused(f'open an account with {{"account": twelve digits}}: {error!r}') from error
            return self._open_account(account, self._region, member=member)
        elif method != "GET":
            raise Refused(f"there is no control request {method} /_local/{name}")
        match name:
            case "clock":
                answer: dict[str, Any] = {"now": self._clock.now().isoformat()}
            case "denied-calls":
                answer = {"calls": list(journal.denied_calls)}
            case "function-errors":
                answer = {"errors": list(journal.function_errors)}
            case "used-actions":
                answer = {"uses": journal.used_actions}
            case "invalid-requests":
                answer = {"requests": list(journal.invalid_requests)}
            case "changes":
                answer = {"changes": list(journal.changes)}
            case "observed":
                answer = {"operations": dict(journal.observed), "unread": list(journal.unread_requests)}
            case _:
                raise Refused(f"there is no control request {method} /_local/{name}")
        return answer

    def _target(self, body: bytes) -> datetime:
        now = self._clock.now()
        try:
            request = json.loads(body)
            if "advance_by" in request:
                when = now + timedelta(seconds=float(request["advance_by"]))
            else:
                when = parse_time(request["advance_to"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f'advance the clock with {{"advance_to": an ISO 8601 time}} or {{"advance_by": seconds}}: {error}'
            ) from error
        if when < now:
            raise Refused(f"the clock cannot go back from {now.isoformat()} to {when.isoformat()}")
        return when
