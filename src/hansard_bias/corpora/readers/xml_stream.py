"""XML as a stream of tags and text, never as a tree: no entities, no document type, nothing fetched, bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Mapping
from typing import NoReturn, Protocol
from xml.parsers import expat

from hansard_bias.base.messages import shown
from hansard_bias.corpora.archives import ForeignFileError
from hansard_bias.corpora.packed import Readable

MAX_TAG = 1_000_000  # characters of one tag or comment, which the parser must hold; a real one has a few hundred
MAX_DEPTH = 200  # elements inside each other; TEI has about 20
MAX_NAMES = 10_000  # different names of tags and attributes, which the parser keeps; TEI has about 700
# Characters between two tags that are held until the second one comes: what is longer comes in parts, and no name or
# paragraph is. A handler that keeps text has its own bound.
MAX_RUN = 5_000_000
# What a part of such text takes in memory beside its characters: comments may cut it into millions.
_PART = 60

_BLOCK = 1 << 16


class Handler(Protocol):
    """What a document is told to. Names of tags come without their namespace prefix, text whole from tag to tag."""

    def start(self, tag: str, attributes: Mapping[str, str], line: int) -> None: ...
    def end(self, tag: str) -> None: ...
    def text(self, text: str) -> None: ...


def read_xml(content: Readable, name: str, handler: Handler, roots: Collection[str] = ()) -> Iterator[None]:
    """Tell a document to `handler`; yields after each block, so that the caller can take what is finished.

    Raises ForeignFileError for a document type by another name than those of `roots`, where these are given, and
    ValueError with file and line where the XML is malformed, declares a document type or an entity, or holds
    something that memory should not, and with file and byte where it is not UTF-8.
    """
    source = _Source(name, handler, roots)
    try:
        for block in _blocks(content, name):
            source.feed(block)
            yield
        # Only at its end does the parser complain of a document that is cut off.
        source.parser.Parse("", True)
    except expat.ExpatError as error:
        problem = expat.ErrorString(error.code)
        raise ValueError(f"{name}:{error.lineno}: malformed XML ({problem}); export or download it again") from None
    yield


def _blocks(content: Readable, name: str) -> Iterator[str]:
    """The text in blocks. Whatever encoding the document declares, it must be UTF-8, as public archives are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, more = 0, True
    while more:
        raw = content.read(_BLOCK)
        more = bool(raw)
        # Bytes of a character that the block before began.
        begun = len(decoder.getstate()[0])
        try:
            block = decoder.decode(raw, final=not more)
        except UnicodeDecodeError as error:
            place = offset - begun + error.start
            raise ValueError(f"{name}: byte {place} is not UTF-8; convert the file to UTF-8") from None
        yield block if offset else block.removeprefix("\ufeff")
        offset += len(raw)


class _Source:
    def __init__(self, name: str, handler: Handler, roots: Collection[str]) -> None:
        self.name, self.handler, self.depth, self.silent = name, handler, 0, 0
        self.roots, self.is_foreign = roots, False
        # The parser tells what it has at the end of each block, in the middle of a name or a word.
        self.run, self.held = list[str](), 0
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler, parser.ProcessingInstructionHandler = self._pass, self._pass
        parser.EntityDeclHandler, parser.StartDoctypeDeclHandler = self._entity, self._doctype

    def feed(self, block: str) -> None:
        """Parse one more block."""
        # A tag that does not end, or ever new names, would fill the memory.
        self.silent += len(block)
        self.parser.Parse(block, False)
        if self.silent > MAX_TAG:
            self._refuse(f"a tag or comment of more than {MAX_TAG} characters")
        if len(self.parser.intern) > MAX_NAMES:
            self._refuse(f"more than {MAX_NAMES} different names of tags and attributes")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.run:
            self._tell_text()
        self.silent, self.depth = 0, self.depth + 1
        if self.depth > MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} elements inside each other")
        self.handler.start(tag.rpartition(":")[2], attributes, self.parser.CurrentLineNumber)

    def _end(self, tag: str) -> None:
        if self.run:
            self._tell_text()
        self.silent, self.depth = 0, self.depth - 1
        self.handler.end(tag.rpartition(":")[2])

    def _text(self, text: str) -> None:
        self.silent, self.held = 0, self.held + len(text) + _PART
        self.run.append(text)
        if self.held > MAX_RUN:
            self._tell_text()

    def _tell_text(self) -> None:
        self.handler.text("".join(self.run))
        self.run.clear()
        self.held = 0

    def _pass(self, *_: str) -> None:
        self.silent = 0

    def _entity(self, entity: str, *_: object) -> None:
        self._refuse(f"the declaration of an entity, {shown(entity)}")

    def _doctype(self, doctype: str, *_: object) -> None:
        self.is_foreign = bool(self.roots) and doctype.rpartition(":")[2] not in self.roots
        # Refused at its end, so that an entity declared in it is what is named.
        self.parser.EndDoctypeDeclHandler = lambda: self._refuse(f"the document type declaration {shown(doctype)}")

    def _refuse(self, what: str) -> NoReturn:
        error = ForeignFileError if self.is_foreign else ValueError
        raise error(f"{self.name}:{self.parser.CurrentLineNumber}: {what}; expected plain XML without it")
