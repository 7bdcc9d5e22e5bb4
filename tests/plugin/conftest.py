from collections.abc import Iterator

import pytest

from tests.plugin.plugin_process import Plugin, from_source, running_plugin


@pytest.fixture(scope="package")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The plugin as it is run from a checkout, in the folder of a program elsewhere."""
    with running_plugin(from_source(), tmp_path_factory.mktemp("program")) as running:
        yield running
