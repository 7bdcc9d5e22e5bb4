"""S3: closed to the public, encrypted, TLS only, and nothing of it forgotten."""

from collections.abc import Sequence
from typing import Final

from .documents import statements
from .rule import (
    Finding,
    Level,
    Properties,
    Rule,
    Severity,
    StackResource,
    StackRule,
    group,
    groups,
    refers_to,
)
from .transport import denies_insecure_transport

BUCKET: Final = "aws:s3/bucket:Bucket"
ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ENCRYPTION: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
# What a bucket must have beside it, as pulumi-aws divides it.
COMPANIONS: Final = {
    ACCESS_BLOCK: "its public access is not blocked: add a BucketPublicAccessBlock",
    OWNERSHIP: "its ACLs are not switched off: add BucketOwnershipControls with BucketOwnerEnforced",
    ENCRYPTION: "its encryption is not set: add a BucketServerSideEncryptionConfiguration",
    POLICY: "it answers to plain HTTP: add a BucketPolicy that denies requests without TLS",
    VERSIONING: "an overwritten object is lost: add BucketVersioning",
}
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS: Final = ("public-read", "public-read-write", "authenticated-read")
_ALGORITHMS: Final = ("AES256", "aws:kms", "aws:kms:dsse")


def public_access(resource_type: str, properties: Properties) -> list[str]:
    """All four blocks are on, and no ACL opens what they close."""
    if resource_type == ACCESS_BLOCK:
        return [f"{key} is off: set it to true" for key in _BLOCKS if properties.get(key) is not True]
    if resource_type.startswith("aws:s3/") and properties.get("acl") in _PUBLIC_ACLS:
        return [f"acl is {properties['acl']}: remove it"]
    if resource_type == OWNERSHIP:
        ownership = group(properties, "rule").get("objectOwnership")
        if ownership != "BucketOwnerEnforced":
            return [f"object_ownership is {ownership}, which lets ACLs count: set BucketOwnerEnforced"]
    return []


def encrypted(resource_type: str, properties: Properties) -> list[str]:
    """Objects are encrypted at rest by an algorithm of S3's."""
    if resource_type != ENCRYPTION:
        return []
    found = [
        group(rule, "applyServerSideEncryptionByDefault").get("sseAlgorithm") for rule in groups(properties, "rules")
    ]
    if not found:
        return [f"there are no rules: add one with {', '.join(_ALGORITHMS)}"]
    return [
        f"sse_algorithm is {name}: use one of {', '.join(_ALGORITHMS)}" for name in found if name not in _ALGORITHMS
    ]


def tls_only(resource_type: str, properties: Properties) -> list[str]:
    """The bucket's policy refuses every request without TLS, for the bucket and for what is in it."""
    if resource_type != POLICY:
        return []
    denials = [
        item
        for item in statements(resource_type, properties)
        if denies_insecure_transport(item, frozenset({"s3:*", "*"}))
    ]
    resources = {resource for item in denials for resource in item.resources}
    if not denials:
        return ["plain HTTP is not refused: deny s3:* to everybody when aws:SecureTransport is false"]
    objects = {resource for resource in resources if resource.endswith("/*")}
    if "*" in resources or (objects and resources - objects):
        return []
    missing = "the bucket itself" if objects else "its objects"
    return [f"plain HTTP is refused but for {missing}: deny it on the bucket's ARN and on ARN/*"]


def complete(resources: Sequence[StackResource]) -> list[Finding]:
    """Every bucket has all its companions; what is not there no rule about one resource can see."""
    return [
        Finding(urn=bucket.urn, message=message)
        for bucket in resources
        if bucket.type == BUCKET
        for kind, message in COMPANIONS.items()
        if not any(item.type == kind and refers_to(item, "bucket", bucket, "bucket", "id") for item in resources)
    ]


RULES: Final = (
    Rule(
        name="buckets-closed",
        title="Buckets are closed to the public",
        description="S3 buckets block public access in all four ways, and have no ACLs.",
        fix="Set all four blocks of BucketPublicAccessBlock to true and ownership to BucketOwnerEnforced.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=public_access,
    ),
    Rule(
        name="buckets-encrypted",
        title="Buckets are encrypted",
        description="S3 buckets encrypt what is put into them.",
        fix="Set AES256, or aws:kms with a key of your own.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=encrypted,
    ),
    Rule(
        name="buckets-tls-only",
        title="Buckets answer to TLS only",
        description="A bucket's policy refuses requests without TLS.",
        fix="Deny s3:* on the bucket and on its objects when aws:SecureTransport is false.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=tls_only,
    ),
)
STACK_RULES: Final = (
    StackRule(
        name="buckets-complete",
        title="Buckets have everything beside them",
        description="Every S3 bucket has its access block, ownership, encryption, versioning and policy.",
        fix="Add what is missing; pulumi-aws has each as a resource of its own.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=complete,
    ),
)
