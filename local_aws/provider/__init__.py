"""The providers aws and aws-native of the real Pulumi engine, with the embedded AWS behind them.

``serve`` has both in this process, for ``PULUMI_DEBUG_PROVIDERS``; ``python -m local_aws.provider aws`` is one as the
plugin that the engine starts. Both carry out what ``local_aws.apply`` carries out, by the same handlers.
"""

from local_aws.provider.serving import Serving, serve

__all__ = ["Serving", "serve"]
