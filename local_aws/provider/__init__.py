"""The providers aws and aws-native of the real Pulumi engine, with the embedded AWS behind them.

``Plugins`` are executables for a CLI's PATH that lead to servers in this process, ``serve`` has such servers for
``PULUMI_DEBUG_PROVIDERS``; ``python -m local_aws.provider aws`` is one as a process of its own. All carry out what
``local_aws.apply`` carries out, by the same handlers.
"""

from local_aws.provider.plugins import BUILT_CLI, Plugins
from local_aws.provider.serving import Serving, serve

__all__ = ["BUILT_CLI", "Plugins", "Serving", "serve"]
