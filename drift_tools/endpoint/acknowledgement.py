"""Says that somebody has seen an alarm: recorded in the stack's bucket, and shown in the episode's further messages."""

from datetime import UTC, datetime

from contract.acknowledgement import MAX_NOTE, Acknowledgement, acknowledgement_key
from contract.bucket_layout import RESPONDER_STATE
from drift_tools.aws import aws_client, one_line, s3_paths
from drift_tools.errors import InputError
from drift_tools.result_rows import acknowledgement_line


def acknowledge(
    bucket: str, endpoint: str, schedule: str, *, by: str, note: str = "", tables: str | None = None
) -> str:
    """Record it for a schedule of an endpoint, and return where. `tables`: an `s3://` place of result tables, where it
    stays after the episode.

    Raises `InputError` for names that are no names, a note of more than 500 characters, and what S3 refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is optional

    for option, name in (("--bucket", bucket), ("--endpoint", endpoint), ("--schedule", schedule), ("--by", by)):
        if not name.strip() or (option != "--by" and "/" in name):
            raise InputError(f"{option} {name!r}: is no name: give one without slashes")
    if len(note) > MAX_NOTE:
        raise InputError(f"--note: has {len(note)} characters: give at most {MAX_NOTE}")
    key = acknowledgement_key(RESPONDER_STATE, endpoint, schedule)
    record = Acknowledgement(by=by, at=datetime.now(UTC).isoformat(timespec="seconds"), note=note)
    try:
        s3 = aws_client("s3")
        s3.put_object(Bucket=bucket, Key=key, Body=record.to_json(), ContentType="application/json")
        if tables is not None:
            place, (name, line) = s3_paths.S3Uri.parse(tables), acknowledgement_line(endpoint, schedule, record)
            where = s3_paths.join(place.key, name).lstrip("/")
            s3.put_object(Bucket=place.bucket, Key=where, Body=line, ContentType="application/json")
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"s3://{bucket}/{key}: {one_line(error)}") from error
    return f"s3://{bucket}/{key}"
