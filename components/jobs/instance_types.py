"""What kinds of instance can and cannot do."""

import re
from typing import Final

# Families whose instances have storage on board that their names do not tell of (EC2's DescribeInstanceTypes,
# `InstanceStorageSupported`; a test compares). The others have a "d" behind the generation: m5d, c6gd, g4dn, p4d.
_WITH_STORAGE: Final = frozenset(
    {
        *("g5", "g6", "g6e", "g6f", "gr6", "gr6f", "g7", "g7e"),
        *("p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
        *("dl1", "trn1", "trn1n", "trn2", "trn2u"),
    }
)
_STORAGE_IN_NAME: Final = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")
_STORAGE_FAMILIES: Final = re.compile(r"(i|d|h|im|is)\d")


def has_local_storage(instance_type: str) -> bool:
    """Whether an instance keeps data on disks of its own.

    Those disks are encrypted in hardware. SageMaker refuses a KMS key for them (ProcessingClusterConfig,
    `VolumeKmsKeyId`: "You can't request a VolumeKmsKeyId") or does nothing with it (CreateEndpointConfig, `KmsKeyId`:
    "does not encrypt instance local storage"; earlier it refused there too).
    """
    family = instance_type.removeprefix("ml.").rsplit(".", 1)[0]
    return bool(family in _WITH_STORAGE or _STORAGE_IN_NAME.fullmatch(family) or _STORAGE_FAMILIES.match(family))
