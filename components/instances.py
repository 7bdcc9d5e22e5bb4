"""What kinds of instance can and cannot do."""

import re
from typing import Final

# Families whose instances have storage on board that their names do not tell of ("Instance store volumes" in EC2's
# guide). The others have a "d" behind the generation: m5d, c6gd, g4dn, p4d, trn1n has none.
_WITH_STORAGE: Final = frozenset({"g5", "g6", "g6e", "gr6", "p5", "p5e", "p5en", "p6-b200", "trn1", "trn1n", "trn2"})
_STORAGE_IN_NAME: Final = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")
_STORAGE_FAMILIES: Final = re.compile(r"(i|d|h|im|is)\d")


def has_local_storage(instance_type: str) -> bool:
    """Whether an instance keeps data on disks of its own.

    Those disks are encrypted in hardware, and SageMaker refuses a KMS key for them (CreateEndpointConfig,
    `KmsKeyId`; ProcessingClusterConfig, `VolumeKmsKeyId`).
    """
    family = instance_type.removeprefix("ml.").rsplit(".", 1)[0]
    return bool(family in _WITH_STORAGE or _STORAGE_IN_NAME.fullmatch(family) or _STORAGE_FAMILIES.match(family))
