"""What an endpoint was declared with, so that a deployment fails whose change would not reach it.

While retraining decides what serves, Pulumi leaves model, configuration and endpoint alone. A changed declaration would
be passed over in silence, and somebody would believe that a new model serves.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from components import naming
from components.args import CommonSettings, EndpointSettings, NetworkSettings

Declared = Mapping[str, str]


def declared(settings: EndpointSettings, network: NetworkSettings, common: CommonSettings) -> pulumi.Output[Declared]:
    """Hash, by part of the declaration, all that a deployment leaves alone."""
    parts: dict[str, Any] = {
        "model": [naming.content_hash(settings.model_data), settings.model_uri, settings.model_version],
        "image": [settings.image_uri or settings.image_tag],
        "environment": dict(settings.environment),
        "instances": [
            settings.instance_type,
            settings.instance_count,
            settings.volume_size_in_gb,
            settings.model_data_download_timeout_in_seconds,
            settings.container_startup_health_check_timeout_in_seconds,
        ],
        "data capture": [
            settings.sampling_percentage,
            list(settings.csv_content_types),
            list(settings.json_content_types),
        ],
        "network": [settings.network_isolation, list(network.subnet_ids), list(network.security_group_ids)],
        "kms_key_arn": [common.kms_key_arn],
    }
    return pulumi.Output.from_input(parts).apply(
        lambda found: {
            name: naming.content_hash(json.dumps(value, sort_keys=True)) for name, value in sorted(found.items())
        }
    )
