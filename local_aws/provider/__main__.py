"""`python -m local_aws.provider aws` (or aws-native): the plugin that the engine starts.

It prints its port, as every plugin does, and reaches the embedded AWS that AWS_ENDPOINT_URL and the credentials name.
"""

import os
import signal
import sys

from local_aws.apply.errors import ApplyError
from local_aws.apply.providers import PACKAGES
from local_aws.provider.running import RunningCloud
from local_aws.provider.serving import Serving


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in PACKAGES:  # the engine adds its own address, which is not needed here
        print(f"usage: python -m local_aws.provider {'|'.join(PACKAGES)}", file=sys.stderr)
        return 2
    # The engine ends a plugin with SIGINT and waits seconds for one that does not go. Nothing is lost by going at once:
    # it asks only when no call is under way, or when the user gave up waiting.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    try:
        cloud = RunningCloud()
    except ApplyError as error:
        print(f"pulumi-resource-{sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    with Serving(cloud, (sys.argv[1],)) as serving:
        print(serving.ports[sys.argv[1]], flush=True)
        serving.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
