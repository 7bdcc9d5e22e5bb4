"""Apply a Pulumi program, unchanged, to the embedded AWS, and destroy what it created.

``deploy`` runs the program on Pulumi's mocked runtime and turns each resource into the boto3 calls that its
provider would make; ``Deployment.destroy`` deletes in the order that AWS needs; ``inventory`` asks AWS what is
there. It simulates applying, once: there is no state, update or preview, so it does not replace a test with the
Pulumi CLI. Only ``deploy`` needs Pulumi, and loads it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from local_aws.apply.deployment import DeployError, Deployment, Destroyed, Event, Resource
from local_aws.apply.errors import ApplyError, DestroyError, RequestError, SettingsError, UnsupportedError
from local_aws.apply.inventory import inventory
from local_aws.apply.settings import Settings, load_settings

if TYPE_CHECKING:
    from local_aws.apply.deploying import deploy

__all__ = [
    "ApplyError",
    "DeployError",
    "Deployment",
    "DestroyError",
    "Destroyed",
    "Event",
    "RequestError",
    "Resource",
    "Settings",
    "SettingsError",
    "UnsupportedError",
    "deploy",
    "inventory",
    "load_settings",
]


def __getattr__(name: str) -> object:
    if name == "deploy":
        return import_module("local_aws.apply.deploying").deploy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
