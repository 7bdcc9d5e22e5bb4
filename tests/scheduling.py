"""Which worker runs what: tests that share servers, stacks or wheels together, since each worker would make its own."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SHARING = (
    "tests/apply/",
    "tests/components/",
    "tests/distribution/",
    "tests/engine/",
    "tests/fleet/",
    "tests/local_aws/",
    "tests/plugin/",
)


class TogetherScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out whole files, and as a whole the folders that share; in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by the number of tests, which says nothing about their time

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return next((folder for folder in SHARING if file.startswith(folder)), file)
