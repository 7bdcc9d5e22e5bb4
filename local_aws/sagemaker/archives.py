"""Unpack a tarball that a request names, nothing outside of its folder."""

import io
import os
import tarfile
from pathlib import Path


def unpack(content: bytes, folder: Path) -> None:
    """Unpack a tar.gz into a folder.

    Raises
    ------
    tarfile.TarError
        If it is none, or an entry would leave the folder.
    """
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
            return
        # Debian 12's Python is older than tarfile's filters, which 3.11.4 has.
        for member in tar:
            tar.extract(_inside(member), folder)


def _inside(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Take a file or a folder inside of the archive's, with this process's owner and no rights beyond the usual."""
    name = os.path.normpath(member.name.lstrip("/"))
    if name.startswith("..") or not (member.isfile() or member.isdir()):
        raise tarfile.ExtractError(f"{member.name} is neither a file nor a folder inside of it")
    member.name, member.mode = name, 0o755 if member.isdir() else member.mode & 0o755 | 0o600
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    return member
