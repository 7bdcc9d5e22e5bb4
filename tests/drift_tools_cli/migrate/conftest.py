"""An account with Model Monitor's schedules."""

import pytest

from tests.drift_tools_cli.migrate.account import Account


@pytest.fixture
def account() -> Account:
    return Account()
