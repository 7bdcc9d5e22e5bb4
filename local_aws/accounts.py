"""The accounts beside the administrator's own, and which of them are in its organisation."""

import re
from typing import Any

from local_aws import seams
from local_aws.control import Refused

_ACCOUNT = re.compile(r"\d{12}")


class Accounts:
    """Opens accounts. `first` is the administrator's own, the management account of the organisation."""

    def __init__(self, first: str) -> None:
        self._first = first
        self._organization = seams.organization_id()
        self._members = {first}

    def organization_of(self, account: str) -> str | None:
        """The organisation of an account; None of one that is in none."""
        return self._organization if account in self._members else None

    def open(self, account: Any, region: str, *, member: bool) -> dict[str, Any]:
        """Credentials of an account's access role, as Organizations makes it. `member`: it is in the organisation.

        Raises `Refused` for what is no account.
        """
        if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
            raise Refused(f"{account!r} is no account: give twelve digits as text")
        if member:
            self._members.add(account)
        return {
            "organization_id": self.organization_of(account),
            "credentials": seams.open_account(account, region, self._first),
        }
