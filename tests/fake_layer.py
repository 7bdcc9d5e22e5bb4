"""A layer as the build makes it for another machine, without the 42 MB of numpy and scipy in it."""

import zipfile
from pathlib import Path

# An ELF file's header: 64 bits, little endian, for MIPS: of another machine than any that
# runs these tests, so that the embedded AWS takes this machine's packages in their place.
FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (8).to_bytes(2, "little")


def write_layer(path: Path) -> Path:
    """Write the layer's zip file and return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for package in ("numpy", "scipy"):
            archive.writestr(f"python/{package}/__init__.py", "")
            archive.writestr(f"python/{package}/_core.cpython-313-aarch64-linux-gnu.so", FOREIGN)
    return path
