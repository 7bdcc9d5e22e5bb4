"""S3: buckets, the settings that pulumi-aws has as resources of their own, and objects."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.apply.assets import archive_bytes, asset_bytes
from local_aws.apply.calls import Api
from local_aws.apply.errors import ApplyError, RequestError
from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
from local_aws.apply.shapes import to_api

FIRST_REGION = "us-east-1"  # the one region that CreateBucket does not take as a location


def _create_bucket(request: Request) -> Created:
    name, region = request.inputs["bucket"], request.api.region
    location = None if region == FIRST_REGION else {"LocationConstraint": region}
    request.api(
        "s3",
        "CreateBucket",
        Bucket=name,
        CreateBucketConfiguration=location,
        ObjectLockEnabledForBucket=request.inputs.get("objectLockEnabled"),
    )
    request.keep(name)
    if tags := request.tag_list():
        request.api("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
    return Created(
        name,
        {
            "bucket": name,
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "bucketRegion": region,
            "region": region,
            "tagsAll": request.tags,
        },
    )


def _delete_bucket(existing: Existing) -> None:
    if existing.inputs.get("forceDestroy"):
        _delete_versions(existing.api, existing.id, "")
    try:
        existing.api("s3", "DeleteBucket", Bucket=existing.id)
    except RequestError as error:
        if error.code == "BucketNotEmpty":
            raise ApplyError(
                f"bucket {existing.id} still has objects that the program did not create: empty it or set force_destroy"
            ) from error
        raise


def _delete_versions(api: Api, bucket: str, key: str) -> None:
    """Delete every version and delete marker, of one key or (with an empty ``key``) of the whole bucket."""
    for page in api.pages("s3", "ListObjectVersions", Bucket=bucket, **({"Prefix": key} if key else {})):
        found = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if not key or item["Key"] == key
        ]
        if found:
            answer = api("s3", "DeleteObjects", Bucket=bucket, Delete={"Objects": found, "Quiet": True})
            for problem in answer.get("Errors", [])[:1]:
                raise ApplyError(
                    f"s3://{bucket}/{problem['Key']} cannot be deleted: {problem['Code']}: {problem['Message']}"
                )


def _setting(
    kind: str, inputs: str, *, put: str, member: str, build: Callable[[Mapping[str, Any]], Any], remove: str
) -> ResourceType:
    """A part of a bucket's configuration: a Put operation, and a Delete operation that takes only the bucket."""

    def create(request: Request) -> Created:
        bucket = request.inputs["bucket"]
        body = to_api("s3", put, {"bucket": bucket, member: build(request.inputs)})
        request.api("s3", put, **body)
        return Created(bucket)

    def delete(existing: Existing) -> None:
        existing.api("s3", remove, Bucket=existing.id)

    return ResourceType(kind=f"aws:s3/{kind}", inputs=keys(inputs), create=create, delete=delete)


def _delete_versioning(existing: Existing) -> None:
    # A bucket that was versioned once can only be suspended, as the provider does.
    if existing.inputs["versioningConfiguration"]["status"] == "Enabled":
        existing.api("s3", "PutBucketVersioning", Bucket=existing.id, VersioningConfiguration={"Status": "Suspended"})


def _create_versioning(request: Request) -> Created:
    bucket = request.inputs["bucket"]
    configuration = to_api(
        "s3",
        "PutBucketVersioning",
        {"bucket": bucket, "versioningConfiguration": request.inputs["versioningConfiguration"]},
    )
    request.api("s3", "PutBucketVersioning", **configuration)
    return Created(bucket)


def _create_object(request: Request) -> Created:
    inputs = request.inputs
    settings = request.pick(
        "bucket",
        "key",
        "contentType",
        "contentEncoding",
        "contentDisposition",
        "contentLanguage",
        "cacheControl",
        "metadata",
        "serverSideEncryption",
        "bucketKeyEnabled",
        "storageClass",
        "checksumAlgorithm",
    )
    settings["ssekmskeyid"] = inputs.get("kmsKeyId")
    if request.tags:
        settings["tagging"] = "&".join(f"{name}={value}" for name, value in sorted(request.tags.items()))
    put = to_api("s3", "PutObject", settings)
    answer = request.api("s3", "PutObject", **put, Body=_object_body(request))
    bucket, key = inputs["bucket"], inputs["key"]
    return Created(
        f"{bucket}/{key}",
        {
            "key": key,
            "arn": f"arn:aws:s3:::{bucket}/{key}",
            "etag": answer["ETag"].strip('"'),
            "versionId": answer.get("VersionId", ""),
            "tagsAll": request.tags,
        },
    )


def _object_body(request: Request) -> bytes:
    given = request.pick("content", "contentBase64", "source")
    if len(given) > 1:
        raise ApplyError(f"only one of {', '.join(sorted(given))} can be the content of an object")
    if "source" in given:
        source = given["source"]
        return archive_bytes(source) if hasattr(source, "assets") else asset_bytes(source)
    if "contentBase64" in given:
        return base64.b64decode(given["contentBase64"], validate=True)
    return str(given.get("content", "")).encode()


def _delete_object(existing: Existing) -> None:
    _delete_versions(existing.api, existing.inputs["bucket"], existing.inputs["key"])


TYPES = (
    ResourceType(
        kind="aws:s3/bucket:Bucket",
        inputs=keys("bucket forceDestroy tags objectLockEnabled"),
        create=_create_bucket,
        delete=_delete_bucket,
        auto_name=AutoName(63, property="bucket", lower=True),
    ),
    ResourceType(
        kind="aws:s3/bucketVersioning:BucketVersioning",
        inputs=keys("bucket versioningConfiguration"),
        create=_create_versioning,
        delete=_delete_versioning,
    ),
    _setting(
        "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "bucket rules",
        put="PutBucketEncryption",
        member="serverSideEncryptionConfiguration",
        build=lambda inputs: {"rules": inputs["rules"]},
        remove="DeleteBucketEncryption",
    ),
    _setting(
        "bucketPublicAccessBlock:BucketPublicAccessBlock",
        "bucket blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
        put="PutPublicAccessBlock",
        member="publicAccessBlockConfiguration",
        build=lambda inputs: {
            name: bool(inputs.get(name))
            for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        },
        remove="DeletePublicAccessBlock",
    ),
    _setting(
        "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "bucket rules",
        put="PutBucketLifecycleConfiguration",
        member="lifecycleConfiguration",
        build=lambda inputs: {"rules": inputs["rules"]},
        remove="DeleteBucketLifecycle",
    ),
    _setting(
        "bucketPolicy:BucketPolicy",
        "bucket policy",
        put="PutBucketPolicy",
        member="policy",
        build=lambda inputs: inputs["policy"],
        remove="DeleteBucketPolicy",
    ),
    _setting(
        "bucketOwnershipControls:BucketOwnershipControls",
        "bucket rule",
        put="PutBucketOwnershipControls",
        member="ownershipControls",
        build=lambda inputs: {"rules": [inputs["rule"]]},
        remove="DeleteBucketOwnershipControls",
    ),
    ResourceType(
        kind="aws:s3/bucketObjectv2:BucketObjectv2",
        inputs=keys(
            "bucket key content contentBase64 source contentType contentEncoding contentDisposition contentLanguage"
            " cacheControl"
            " metadata serverSideEncryption bucketKeyEnabled kmsKeyId storageClass checksumAlgorithm tags forceDestroy"
            # the provider only compares these two with the content to find out whether it changed
            " etag sourceHash"
        ),
        create=_create_object,
        delete=_delete_object,
    ),
)
