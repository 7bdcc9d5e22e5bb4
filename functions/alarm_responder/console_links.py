"""AWS console addresses, which differ between the partitions."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Console:
    """The console of a region, such as `eu-central-1`."""

    region: str

    @property
    def _base(self) -> str:
        if self.region.startswith("cn-"):
            return f"https://{self.region}.console.amazonaws.cn"
        if self.region.startswith("us-gov-"):
            return f"https://{self.region}.console.amazonaws-us-gov.com"
        return f"https://{self.region}.console.aws.amazon.com"

    def s3_folder(self, bucket: str, prefix: str) -> str:
        """The folder's listing."""
        return f"{self._base}/s3/buckets/{bucket}?region={self.region}&prefix={quote(prefix, safe='')}"

    def alarm(self, name: str) -> str:
        """The alarm, with its metric's graph."""
        return f"{self._base}/cloudwatch/home?region={self.region}#alarmsV2:alarm/{quote(name, safe='')}"

    def log_group(self, name: str) -> str:
        """The log group. The console wants its name quoted twice, with a dollar for the percent sign."""
        quoted = quote(quote(name, safe=""), safe="").replace("%", "$")
        return f"{self._base}/cloudwatch/home?region={self.region}#logsV2:log-groups/log-group/{quoted}"

    def processing_job(self, name: str) -> str:
        """The processing job, with links to its logs."""
        return f"{self._base}/sagemaker/home?region={self.region}#/processing-jobs/{quote(name, safe='')}"
