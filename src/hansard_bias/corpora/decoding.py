"""UTF-8 from other people's files, a line at a time: what is no text is an error that names its place."""

from __future__ import annotations

from collections.abc import Iterator

from hansard_bias.corpora.archives import Readable

_CONVERT = "for example by `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`, or save it as `CSV UTF-8` in a spreadsheet"


def text_lines(content: Readable, name: str, limit: int) -> Iterator[str]:
    """UTF-8 lines with their ends; one of more than `limit` bytes is an error, so that memory stays bounded."""
    offset = number = 0
    while raw := content.readline(limit + 1):
        number += 1
        if len(raw) > limit:
            raise ValueError(f"{name}:{number}: a line of more than {limit} bytes; expected a text file of debates")
        yield decode(raw, name, offset)
        offset += len(raw)


def decode(raw: bytes, name: str, offset: int = 0) -> str:
    """UTF-8 text; what is not UTF-8 is an error that names the byte. `offset` is where `raw` starts in its file."""
    try:
        return raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        place = offset + error.start
        raise ValueError(f"{name}: byte {place} is not UTF-8; convert the file, {_CONVERT}") from None
