"""Control requests under `/_local/`: what a test or the demo may ask of the embedded AWS beside AWS's own API.

GET  /_local/clock              {"now": ISO 8601}
POST /_local/clock              {"advance_to": ISO 8601} or {"advance_by": seconds}: runs what falls due until then
                                and answers the new time; 400 if that is in the past
POST /_local/accounts           {"account": twelve digits, "member": bool}: credentials of that account's administrator
GET  /_local/denied-calls       {"calls": [{"principal", "action", "resource"}], "dropped": number}
GET  /_local/failures           {"failures": [one line each], "dropped": number}
GET  /_local/used-actions       {"uses": [{"role", "action", "resource", "calls"}], "dropped": number of calls}
GET  /_local/invalid-requests   {"requests": [one line each], "dropped": number}
GET  /_local/changes            {"changes": [{"operation": "service.Operation", "parameters": {…}}], "dropped": number}
GET  /_local/observed           {"operations": {"service.Operation": number}}
GET  /_local/unread-requests    {"requests": [one line each], "dropped": number}

A list has the first entries of its kind; "dropped" is how many came after them.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from local_aws.clock import VirtualClock, parse_time
from local_aws.journal import Journal, Kept, Uses


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A control request that cannot be done; the message is the one line that the caller gets."""


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
        self._observed = journal.observed
        # By the request: what its list is called, and where that is.
        self._written: Mapping[str, tuple[str, Kept[Any] | Uses]] = {
            "denied-calls": ("calls", journal.denied_calls),
            "failures": ("failures", journal.failures),
            "used-actions": ("uses", journal.used_actions),
            "invalid-requests": ("requests", journal.invalid_requests),
            "changes": ("changes", journal.changes),
            "unread-requests": ("requests", journal.unread_requests),
        }
        self._advance = advance
        self._open_account, self._region = open_account, region

    async def handle(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and JSON body for one request."""
        try:
            return 200, json.dumps(await self._answer(method, path.removeprefix("/_local/"), body)).encode()
        except Refused as refusal:
            return 400, json.dumps({"error": str(refusal)}).encode()

    async def _answer(self, method: str, name: str, body: bytes) -> dict[str, Any]:
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
        if name == "clock":
            return {"now": self._clock.now().isoformat()}
        if name == "observed":
            return {"operations": dict(self._observed)}
        if name not in self._written:
            raise Refused(f"there is no control request {method} /_local/{name}")
        called, kept = self._written[name]
        entries, dropped = kept.told()
        return {called: entries, "dropped": dropped}

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
