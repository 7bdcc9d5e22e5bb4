"""The components as a Pulumi plugin, and its schema as a file.

`pulumi package add` finds PulumiPlugin.yaml beside this file and runs `python <this folder> <engine's address>`, in the
working directory of the program that uses the component. `python -m components` is the same for an installed
distribution. `python -m components --schema` prints the schema.
"""

import gc
import sys
from pathlib import Path

# As in the program, which says why (__main__.py of the repository).
gc.disable()

if not __package__:
    # Run as a folder, which is then the first place where Python looks for modules. The package must be found under
    # its own name, and its modules must not hide anybody else's: Pulumi itself imports a `packaging`.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from components.plugin import main

gc.freeze()
gc.set_threshold(max(100_000, gc.get_threshold()[0]))
gc.enable()

if __name__ == "__main__":
    main()
