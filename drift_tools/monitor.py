"""The name under which a processing job starts the monitor: `python -m drift_tools.monitor`.

The contract of the job's container names it (`ContainerEntrypoint`), so it stays where it is, whatever moves behind it.
"""

import sys

from drift_tools.job.program import main

if __name__ == "__main__":
    sys.exit(main())
