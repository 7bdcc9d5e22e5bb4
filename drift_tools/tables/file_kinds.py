"""What a file is that was handed over as CSV and is none, told by how it begins."""

import codecs
import re
from pathlib import Path
from typing import Final

from drift_tools.errors import InputError

# The published signatures of formats, and what to do with each.
_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "a zip archive, as Excel's .xlsx is one: save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of Excel's (.xls) or another of Office: save the sheet as CSV"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it, zstd -d"),
    (b"BZh", "packed with bzip2: unpack it, bunzip2"),
    (b"\xfd7zXZ\x00", "packed with xz: unpack it, unxz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"),
    (b"\x04\x22\x4d\x18", "packed with lz4: unpack it, lz4 -d"),
    (b"\xff\x06\x00\x00sNaPpY", "packed with snappy: unpack it"),
    (b"ARROW1", "an Arrow file (Feather): write Parquet or CSV"),
    (b"ORC", "an ORC file: write Parquet or CSV"),
    (b"Obj\x01", "an Avro file: write Parquet or CSV"),
    (b"SQLite format 3\x00", "an SQLite database: write its table as CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file: write Parquet or CSV"),
    (b"\x93NUMPY", "an array of numpy's: write Parquet or CSV, with the names of the columns"),
    (b"%PDF-", "a PDF: write its table as CSV"),
    (b"version https://git-lfs.github.com/spec/", "a pointer of Git LFS: fetch the file itself, git lfs pull"),
)
# Formats of three letters and no zero byte, in which a CSV may begin: they go on with bytes that are no text.
_SHORT: Final = (b"BZh", b"ORC")
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype\s+html|html|\?xml)[\s>]", re.IGNORECASE)
_JSON: Final = re.compile(rb'\s*(?:\[\s*\{\s*["}]|\{\s*"[^"]*"\s*:)')
_LOOKED_AT, _WIDE_LOOKED_AT, _FEWEST = 512, 64, 4
_UTF16: Final = "{}, line 1: {} and not UTF-8: convert the file, for example with iconv -f {} -t UTF-8"


def refuse_other_kinds(head: bytes, path: Path) -> None:
    """Raise `InputError` if a file that begins like this is no CSV, but something else that is known; the first row
    would be taken for names, and nobody would be told what the file is.
    """
    is_text = head.isascii() and b"\0" not in head
    for signature, what in _SIGNATURES:
        if head.startswith(signature) and not (signature in _SHORT and is_text):
            raise InputError(f"{path}: is no CSV but {what}")
    if _MARKUP.match(head):
        raise InputError(f"{path}: is no CSV but a page (HTML or XML): save the data, not the page about them")
    if _JSON.match(head):
        raise InputError(
            f"{path}: is no CSV but JSON: write CSV or Parquet, or one object a line (*.jsonl, as captured records)"
        )
    if name := _wide(head):
        raise InputError(_UTF16.format(path, name, name))


def _wide(head: bytes) -> str | None:
    """The encoding of text of two or four bytes a character, with its mark or without."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    some = head[:_WIDE_LOOKED_AT]
    even, odd = some[0::2], some[1::2]
    if len(odd) >= _FEWEST and not any(odd) and all(even):
        return "UTF-16LE"
    return "UTF-16BE" if len(odd) >= _FEWEST and not any(even) and all(odd) else None
