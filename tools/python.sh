#!/bin/sh
# Say which Python to work with: `python3`; but the system's own, where it is new enough, in place of one that was built
# without optimizations, as pyenv builds them unless told otherwise. Such a one takes half as long again for all that is
# Python: on two cores `make test` took 7 min 18 s with pyenv's, and 5 min 21 s with Debian's a day later.
set -eu
optimized='import sys, sysconfig; sys.exit("--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""))'
usable='import ensurepip, sys; sys.exit(sys.version_info < (3, 11))'
if ! python3 -c "$optimized" 2>/dev/null && /usr/bin/python3 -c "$usable" 2>/dev/null; then
	echo /usr/bin/python3
else
	echo python3
fi
