"""The first deployment, nothing to do after it, nothing found by a refresh, and all gone again: first time each."""

import pytest

from tests.engine.lab import Lab


@pytest.mark.parametrize("stack", ["dev"])
def test_a_life_of_an_environment(lab: Lab, stack: str) -> None:
    environment = lab.environment(stack)
    planned = environment.preview()
    assert set(planned.changes) == {"create"}
    made = environment.up()
    assert made.changes == planned.changes
    assert made.outputs["endpoint_name"].startswith(f"model-monitoring-{stack}-endpoint-")
    assert environment.preview().changed == 0
    assert environment.refresh().changed == 0
    assert environment.preview().changed == 0
    gone = environment.destroy()
    assert set(gone.changes) == {"delete"}
    assert gone.changes["delete"] == made.changes["create"]
