"""S3: buckets, the settings that pulumi-aws has as resources of their own, and objects."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.apply.assets import archive_bytes, asset_bytes
from local_aws.apply.calls import Api
from local_aws.apply.errors import ApplyError, RequestError
from local_aws.apply.reading import answer_or_none, covers, from_api, same_text
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    keys,
    put_again,
    with_tags,
)
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
    return Created(name, {**_bucket_outputs(name, region), "tagsAll": request.tags})


def _retag_bucket(existing: Existing, request: Request) -> None:
    if tags := request.tag_list():
        request.api("s3", "PutBucketTagging", Bucket=existing.id, Tagging={"TagSet": tags})
    else:
        request.api("s3", "DeleteBucketTagging", Bucket=existing.id)


def _update_bucket(_existing: Existing, _request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    if beyond := sorted(changed - {"forceDestroy"}):  # which only says how to delete it
        raise ApplyError(f"a bucket's {', '.join(beyond)} cannot be changed here")
    return {}


def _read_bucket(existing: Existing) -> Found | None:
    api, name = existing.api, existing.id
    head = answer_or_none(api, "s3", "HeadBucket", Bucket=name)
    if head is None:
        return None
    try:
        tagged = {tag["Key"]: tag["Value"] for tag in api("s3", "GetBucketTagging", Bucket=name)["TagSet"]}
    except RequestError as error:
        if error.code != "NoSuchTagSet":
            raise
        tagged = {}
    where = head.get("BucketRegion") or api.region
    outputs = {**_bucket_outputs(name, where), "tagsAll": tagged}
    if not existing.inputs:
        return Found({"bucket": name, **({"tags": tagged} if tagged else {})}, outputs)
    return Found({} if tagged == (existing.outputs.get("tagsAll") or {}) else {"tags": tagged}, outputs)


def _bucket_outputs(name: str, region: str) -> dict[str, Any]:
    return {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "bucketRegion": region,
        "region": region,
    }


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
    kind: str,
    inputs: str,
    *,
    put: str,
    get: str,
    member: str,
    build: Callable[[Mapping[str, Any]], Any],
    remove: str,
) -> ResourceType:
    """A part of a bucket's configuration: operations to put and get it, and one to delete that takes the bucket."""

    def body(bucket: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return to_api("s3", put, {"bucket": bucket, member: build(values)})

    def create(request: Request) -> Created:
        bucket = request.inputs["bucket"]
        request.api("s3", put, **body(bucket, request.inputs))
        return Created(bucket)

    def read(existing: Existing) -> Found | None:
        answer = answer_or_none(existing.api, "s3", get, Bucket=existing.id)
        if answer is None:
            return None
        wanted = next(
            value for name, value in body(existing.id, existing.inputs).items() if name.lower() == member.lower()
        )
        # The lifecycle's rules are answered without the object around them that is sent.
        has = next((value for name, value in answer.items() if name.lower() == member.lower()), answer)
        if covers(has, wanted):
            return Found()
        if isinstance(wanted, str):
            return Found({member: has})
        rest = {key: from_api(has, like=build(existing.inputs)).get(key) for key in build(existing.inputs)}
        return Found({"rule": rest["rules"][0]} if "rule" in existing.inputs and rest["rules"] else rest)

    def delete(existing: Existing) -> None:
        existing.api("s3", remove, Bucket=existing.id)

    return ResourceType(
        kind=f"aws:s3/{kind}",
        inputs=keys(inputs),
        create=create,
        delete=delete,
        read=read,
        update=put_again(create),
    )


def _delete_versioning(existing: Existing) -> None:
    # A bucket that was versioned once can only be suspended, as the provider does.
    if existing.inputs["versioningConfiguration"]["status"] == "Enabled":
        existing.api("s3", "PutBucketVersioning", Bucket=existing.id, VersioningConfiguration={"Status": "Suspended"})


def _put_versioning(request: Request) -> Created:
    bucket = request.inputs["bucket"]
    configuration = to_api(
        "s3",
        "PutBucketVersioning",
        {"bucket": bucket, "versioningConfiguration": request.inputs["versioningConfiguration"]},
    )
    request.api("s3", "PutBucketVersioning", **configuration)
    return Created(bucket)


def _read_versioning(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "s3", "GetBucketVersioning", Bucket=existing.id)
    if answer is None:
        return None
    said, has = existing.inputs["versioningConfiguration"]["status"], answer.get("Status", "Disabled")
    return Found({} if has == said else {"versioningConfiguration": {"status": has}})


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


# What is part of the object and uploads it again; the last two only say that its content is another.
UPLOADED = keys(
    "content contentBase64 source contentType contentEncoding contentDisposition contentLanguage cacheControl metadata"
    " serverSideEncryption bucketKeyEnabled kmsKeyId storageClass checksumAlgorithm sourceHash etag"
)


def _update_object(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    """What is part of the object uploads it again, tags change by an operation of their own."""
    if changed & UPLOADED:
        return _create_object(request).outputs
    if "tags" not in changed:
        return {}
    where = {"Bucket": existing.inputs["bucket"], "Key": existing.inputs["key"]}
    if tags := request.tag_list():
        request.api("s3", "PutObjectTagging", **where, Tagging={"TagSet": tags})
    else:
        request.api("s3", "DeleteObjectTagging", **where)
    return {"tagsAll": request.tags}


def _read_object(existing: Existing) -> Found | None:
    where = {"Bucket": existing.inputs["bucket"], "Key": existing.inputs["key"]}
    answer = answer_or_none(existing.api, "s3", "HeadObject", **where)
    if answer is None:
        return None
    said, has = existing.inputs.get("contentType"), answer.get("ContentType")
    outputs = {"etag": answer["ETag"].strip('"'), "versionId": answer.get("VersionId", "")}
    return Found({} if not said or same_text(has, said) else {"contentType": has}, outputs)


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
        read=_read_bucket,
        update=with_tags(_retag_bucket, rest=_update_bucket),
        importable=True,
        auto_name=AutoName(63, property="bucket", lower=True),
    ),
    ResourceType(
        kind="aws:s3/bucketVersioning:BucketVersioning",
        inputs=keys("bucket versioningConfiguration"),
        create=_put_versioning,
        delete=_delete_versioning,
        read=_read_versioning,
        update=put_again(_put_versioning),
    ),
    _setting(
        "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "bucket rules",
        put="PutBucketEncryption",
        get="GetBucketEncryption",
        member="serverSideEncryptionConfiguration",
        build=lambda inputs: {"rules": inputs["rules"]},
        remove="DeleteBucketEncryption",
    ),
    _setting(
        "bucketPublicAccessBlock:BucketPublicAccessBlock",
        "bucket blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
        put="PutPublicAccessBlock",
        get="GetPublicAccessBlock",
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
        get="GetBucketLifecycleConfiguration",
        member="lifecycleConfiguration",
        build=lambda inputs: {"rules": inputs["rules"]},
        remove="DeleteBucketLifecycle",
    ),
    _setting(
        "bucketPolicy:BucketPolicy",
        "bucket policy",
        put="PutBucketPolicy",
        get="GetBucketPolicy",
        member="policy",
        build=lambda inputs: inputs["policy"],
        remove="DeleteBucketPolicy",
    ),
    _setting(
        "bucketOwnershipControls:BucketOwnershipControls",
        "bucket rule",
        put="PutBucketOwnershipControls",
        get="GetBucketOwnershipControls",
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
        read=_read_object,
        update=_update_object,
        stale=frozenset({"etag", "versionId"}),
    ),
)
