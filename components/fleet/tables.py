"""Results as tables: a bucket by convention, Glue tables with projected partitions, a workgroup, named queries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings, Reader, argument_names, check_component_name, common_settings
from components.fleet.named_queries import QUERIES
from components.iam import PolicyDocument, Statement, deny_insecure_transport, look_up_context, policy_document
from components.storage import clean_up, expire, harden_bucket
from contract.bucket_layout import RESULT_TABLES
from contract.result_tables import DAY, TABLES, ResultTable, day_prefix

ATHENA_RESULTS: Final = "athena-results"
JSON_SERDE: Final = "org.openx.data.jsonserde.JsonSerDe"
TEXT_INPUT: Final = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT: Final = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
OLD_VERSION_DAYS: Final = 30
GIBIBYTE: Final = 1024**3
# Athena takes no less as a limit.
LEAST_SCAN_BYTES: Final = 10_000_000


class ResultTablesArgs(TypedDict):
    """Where the runs of an account leave their results for SQL, and how they are asked."""

    most_gigabytes_a_query: NotRequired[float]
    """A query that would read more is stopped; at 5 USD a terabyte, 10 GB are 5 cents. Default 10."""
    keep_days: NotRequired[int]
    """How long lines are kept. Default 800: two years, and some weeks to compare with."""
    keep_answers_days: NotRequired[int]
    """How long the answers of queries are kept. Default 7."""
    retain_data: NotRequired[bool]
    """A destroy keeps the bucket with its data. Default true."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for lines and answers; the stacks that write to it need the same. Default none: S3's own key."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


@dataclass(frozen=True, kw_only=True)
class ResultTablesSettings:
    """`ResultTablesArgs`, checked and complete."""

    most_gigabytes_a_query: float
    keep_days: int
    keep_answers_days: int
    retain_data: bool
    common: CommonSettings

    @classmethod
    def from_args(cls, args: ResultTablesArgs, path: str = "tables") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(ResultTablesArgs))
        return cls(
            most_gigabytes_a_query=read.number("most_gigabytes_a_query", 10.0, 0.01, 10_000.0) or 10.0,
            keep_days=read.whole("keep_days", 800, 1, 3650),
            keep_answers_days=read.whole("keep_answers_days", 7, 1, 365),
            retain_data=read.flag("retain_data", True),
            common=common_settings(args, path),
        )


def table_parameters(table: ResultTable, location: str, keep_days: int) -> dict[str, str]:
    """Partition projection: the days are computed, no crawler finds them and none is listed."""
    return {
        "classification": "json",
        "projection.enabled": "true",
        f"projection.{DAY}.type": "date",
        f"projection.{DAY}.format": "yyyy-MM-dd",
        f"projection.{DAY}.range": f"NOW-{keep_days}DAYS,NOW+1DAYS",
        f"projection.{DAY}.interval": "1",
        f"projection.{DAY}.interval.unit": "DAYS",
        "storage.location.template": f"{location}/{day_prefix(table.name, '${' + DAY + '}')}/",
    }


def table_storage(table: ResultTable, location: str) -> dict[str, Any]:
    """The storage descriptor: JSON Lines, plain or compressed, in the columns of the contract."""
    return {
        "location": f"{location}/{table.name}/",
        "input_format": TEXT_INPUT,
        "output_format": TEXT_OUTPUT,
        "ser_de_info": {"serialization_library": JSON_SERDE, "parameters": {"ignore.malformed.json": "false"}},
        "columns": [{"name": column.name, "type": column.type, "comment": column.holds} for column in table.columns],
    }


def results_bucket_policy(bucket_arn: str) -> PolicyDocument:
    """TLS, and principals of the bucket's own account; others come through its reader role, or not at all.

    The account is in the bucket's name: the policy holds whatever somebody adds to it later.
    """
    account = re.search(r"-(\d{12})-", bucket_arn)
    if account is None:
        raise ValueError(f"{bucket_arn} is not the ARN of a fleet's bucket")
    resources = [bucket_arn, f"{bucket_arn}/*"]
    strangers: Statement = {
        "Sid": "DenyOtherAccounts",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*"],
        "Resource": resources,
        # AWS's services have no account: what they do there goes by the roles that they are given.
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalAccount": account[1]},
                      "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
    }  # fmt: skip
    return policy_document(deny_insecure_transport(["s3:*"], resources), strangers)


def workgroup_configuration(location: str, most_gigabytes: float, kms_key_arn: str | None) -> dict[str, Any]:
    """What every query is held to, whatever its client asks for."""
    encryption: dict[str, Any] = {"encryption_option": "SSE_S3"}
    if kms_key_arn:
        encryption = {"encryption_option": "SSE_KMS", "kms_key_arn": kms_key_arn}
    return {
        "enforce_workgroup_configuration": True,
        "publish_cloudwatch_metrics_enabled": True,
        "bytes_scanned_cutoff_per_query": max(LEAST_SCAN_BYTES, round(most_gigabytes * GIBIBYTE)),
        "result_configuration": {"output_location": f"{location}/", "encryption_configuration": encryption},
    }


class ResultTables(pulumi.ComponentResource):
    """The account's results as tables of Athena."""

    bucket_name: pulumi.Output[str]
    tables_uri: pulumi.Output[str]
    """Where runs leave their lines; `open_engine.result_tables_uri: account` means this."""
    database_name: pulumi.Output[str]
    workgroup_name: pulumi.Output[str]
    query_ids: dict[str, pulumi.Output[str]]
    """Athena's identifier of each named query, by its name."""

    def __init__(self, name: str, args: ResultTablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = ResultTablesSettings.from_args(args)
        super().__init__("model-monitoring:index:ResultTables", name, {}, opts)
        self._stem, self._common = name, settings.common

        self.bucket_name = self._bucket(settings.retain_data, settings.keep_days, settings.keep_answers_days)
        self.tables_uri = self.bucket_name.apply(lambda bucket: naming.s3_uri(bucket, RESULT_TABLES))
        self.database_name = self._tables(settings.keep_days)
        self.workgroup_name = self._workgroup(settings.most_gigabytes_a_query, force_destroy=not settings.retain_data)
        self.query_ids = self._queries()
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "tables_uri": self.tables_uri,
                "database_name": self.database_name,
                "workgroup_name": self.workgroup_name,
            }
        )

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _bucket(self, retain: bool, keep_days: int, answers_days: int) -> pulumi.Output[str]:
        options = pulumi.ResourceOptions(parent=self, retain_on_delete=retain)
        bucket = aws.s3.Bucket(
            f"{self._stem}-results",
            # A convention: the account's stacks know it without being told.
            bucket=look_up_context(self).apply(lambda place: naming.fleet_bucket(place.account_id, place.region)),
            force_destroy=not retain,
            tags=self._common.tags,
            opts=options,
        )
        rules = [expire(RESULT_TABLES, keep_days), expire(ATHENA_RESULTS, answers_days), clean_up(OLD_VERSION_DAYS)]
        ready = harden_bucket(
            f"{self._stem}-results",
            bucket,
            rules=rules,
            policy=results_bucket_policy,
            kms_key_arn=self._common.kms_key_arn,
            options=options,
        )
        return pulumi.Output.all(bucket.bucket, ready.id).apply(lambda found: str(found[0]))

    def _tables(self, keep_days: int) -> pulumi.Output[str]:
        database = aws.glue.CatalogDatabase(
            f"{self._stem}-results",
            name=f"{self._stem.replace('-', '_')}_results",
            description="What the monitors of this account's models have found",
            tags=self._common.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        for table in TABLES.values():
            aws.glue.CatalogTable(
                f"{self._stem}-{table.name}",
                name=table.name,
                database_name=database.name,
                description=table.holds,
                table_type="EXTERNAL_TABLE",
                partition_keys=[{"name": DAY, "type": "string", "comment": "the UTC day on which the window ends"}],
                parameters=self.tables_uri.apply(_parameters_of(table, keep_days)),
                storage_descriptor=self.tables_uri.apply(_storage_of(table)),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        return database.name

    def _workgroup(self, gigabytes: float, *, force_destroy: bool) -> pulumi.Output[str]:
        key = self._common.kms_key_arn
        workgroup = aws.athena.Workgroup(
            f"{self._stem}-results",
            name=f"{self._stem}-results",
            description="Questions about monitored models",
            configuration=pulumi.Output.all(self.bucket_name, key).apply(_configuration_of(gigabytes)),
            force_destroy=force_destroy,
            tags=self._common.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return workgroup.name

    def _queries(self) -> dict[str, pulumi.Output[str]]:
        return {
            query.name: aws.athena.NamedQuery(
                f"{self._stem}-{query.name}",
                name=query.name,
                description=query.asks,
                database=self.database_name,
                workgroup=self.workgroup_name,
                query=query.sql,
                opts=self._child,
            ).id
            for query in QUERIES
        }


def _configuration_of(gigabytes: float) -> Any:
    return lambda found: workgroup_configuration(naming.s3_uri(found[0], ATHENA_RESULTS), gigabytes, found[1])


def _parameters_of(table: ResultTable, keep_days: int) -> Any:
    return lambda location: table_parameters(table, location, keep_days)


def _storage_of(table: ResultTable) -> Any:
    return lambda location: table_storage(table, location)
