"""Access to AWS: clients, and `s3://` paths beside those of files."""

from drift_tools.aws.s3_paths import aws_client, join, local_copy, one_line, write_parts

__all__ = [
    "aws_client",
    "join",
    "local_copy",
    "one_line",
    "write_parts",
]
