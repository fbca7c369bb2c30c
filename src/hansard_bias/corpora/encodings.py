"""Texts in any encoding, given on as UTF-8: found from marks, from what the text looks like, or as params.yaml says.

Bytes that are no UTF-8 may be read in many encodings without an error. Letters tell the right one: `é` where others
have `Ž` in the middle of a word, or `³` and `¹` where Polish has `ł` and `ą`.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hansard_bias.corpora.packed import Readable
from hansard_bias.params.corpora import is_encoding

UTF8, MARKED = "UTF-8", "UTF-8 with a mark"
BLOCK = 1 << 16
# Bytes of a file from its first sign beyond ASCII on that tell its encoding, and those of its words that are looked at.
SAMPLE, MOST_LOOKED_AT = 1 << 20, 1 << 15
# Share of the signs beyond ASCII that belong to one language from which an encoding is believed, at once or where it is
# ahead of the next one.
SURE, LIKELY, AHEAD = 0.8, 0.5, 0.15

_BOMS = (
    *((codecs.BOM_UTF8, MARKED), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
# Encodings of one byte a sign, the likelier first where several fit as well: windows-1252 is Latin-1 with more signs.
_SINGLE = (
    *("windows-1252", "iso-8859-15", "mac-roman", "windows-1250", "iso-8859-2", "windows-1251", "koi8-r", "koi8-u"),
    *("iso-8859-5", "cp866", "mac-cyrillic", "windows-1253", "iso-8859-7", "windows-1254", "windows-1257"),
    *("iso-8859-13", "iso-8859-4", "iso-8859-16", "mac-latin2", "cp850", "cp437", "cp852", "mac-turkish", "mac-greek"),
    *("iso-8859-3", "iso-8859-10", "iso-8859-14", "windows-1255", "windows-1256", "iso-8859-6", "cp775", "cp865"),
    "cp737",
)
_LATIN_1 = ("latin-1", "latin1", "iso-8859-1", "iso8859-1", "iso_8859-1", "us-ascii", "ascii")
_BEYOND = re.compile(rb"[^\x80-\xff]?[\x80-\xff]+[^\x80-\xff]?")
_ESCAPES = re.compile(rb"\x1b\$[@AB(]")
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
# The letters beyond ASCII of languages that write with ours.
_LATIN = (
    *("àâæçéèêëîïôœùûü", "äöüßé", "áéíñóúü", "àçèéíïòóúü", "áâãàçéêíóôõú", "àèéìíîòóùú", "áéëèïíóöüú", "åäöé"),
    *("æøåéèòóôü", "áðéíóúýþæö", "áðíóúýæø", "äõöüšž", "áéíóúàèìòù", "âêîôûŵŷáëïöẃ", "áčðŋšŧž"),
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîșțşţ", "çë", "ċġħżàèìòù"),
    *("ąčęėįšųūž", "āčēģīķļņōŗšūž", "çğıöşüâîû", "ĉĝĥĵŝŭ", "áàảãạăắằẳẵặâấầẩẫậđéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợ"),
)
# Those of other languages, and the ones that make up two fifths of a text or more: read in a wrong encoding, a text
# may have all letters of another script, but not as often.
_OTHERS = (
    *(("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "оеаинтр"), ("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "оанивітер")),
    *(("абвгдеёжзійклмнопрстуўфхцчшыьэюя", "анеіоырт"), ("абвгдђежзијклљмнњопрстћуфхцчџш", "аиоенрст")),
    *(("абвгдѓежзѕијклљмнњопрстќуфхцчџш", "аоиенртс"), ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", "αοιετνσςηρ")),
    *(("".join(map(chr, range(0x5D0, 0x5EB))), "יוהלארםתבמ"), ("".join(map(chr, range(0x621, 0x653))), "اليمونرتب")),
    ("".join(map(chr, range(0xE01, 0xE5C))), "านรอกเงมย่วดทสต"),
)
_COMMON = 0.4
_JAPANESE, _KOREAN = re.compile("[\u3041-\u30ff\u4e00-\u9fff]"), re.compile("[\uac00-\ud7a3]")  # or Chinese
# Signs that may stand inside a word, around words, before them, or behind numbers.
_INSIDE = "\u00a0\u00ad’´·–—…、。「」『』（），：；？！"
_OUTSIDE = "«»‹›“”‘•§°€£©®™×′″−№"
_BEFORE_WORDS = "„‚¿¡"
_BEHIND_NUMBERS = "½¼¾²³¹ºª"


@dataclass
class Encodings:
    """How the files of an archive are written, while they are read: one encoding for all that are no UTF-8."""

    setting: str = ""  # as params.yaml has it
    by_file: dict[str, str] = field(default_factory=dict)
    found: str = ""  # of the files that are no UTF-8

    def of(self, name: str, start: bytes, head: bytes, offset: int) -> str:
        """The encoding of a file, from its first bytes and those that hold, from `offset` on, signs beyond ASCII."""
        wrong = _first_wrong(head)
        if wrong is None:
            return UTF8
        if self.setting:
            return self.setting
        declared = _DECLARED.match(start)
        if declared and is_encoding(told := declared[1].decode().lower()):
            return "windows-1252" if told in _LATIN_1 else told
        place = f"{name}: byte {offset + wrong} is not UTF-8"
        looked_at = b"".join(_snippets(head))
        if self.found and _share(looked_at, self.found) >= SURE:
            return self.found
        found = _detected(head, looked_at)
        if not found:
            say = "say which one it is by `encoding:` in params.yaml, or mend the file"
            raise ValueError(f"{place}, and its letters fit no other encoding; {say}")
        if self.found and found != self.found:
            others = f"other files as {self.found}"
            raise ValueError(f"{place}: it looks like {found}, {others}; say which by `encoding:` in params.yaml")
        self.found = found
        return found


class Utf8(io.RawIOBase):
    """A file's content as UTF-8, whatever its encoding; ValueError where a byte has no meaning in it."""

    def __init__(self, raw: Readable, name: str, encodings: Encodings, key: str = "") -> None:
        self._raw, self._name, self._encodings, self._key = raw, name, encodings, key or name
        self._start, self._ready, self._offset, self._is_decided = b"", b"", 0, False
        self._decoder: codecs.IncrementalDecoder | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        is_last = False
        while not self._ready and not is_last:
            block = self._raw.read(BLOCK)
            is_last = not block
            self._ready = self._converted(block)
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _converted(self, block: bytes) -> bytes:
        """The next bytes as UTF-8."""
        if not self._is_decided:
            block = self._decide(block)
        converted = block if self._decoder is None else self._decoded(self._decoder, block)
        self._offset += len(block)
        return converted

    def _decide(self, block: bytes) -> bytes:
        """Look for what tells the encoding, which may take more bytes; returns those read."""
        name = ""
        if not self._offset:
            self._start = block[:200]
            name = self._encodings.by_file.get(self._key, "") or _marked(block) or self._from_the_start(block)
        if not name and not _is_plain(block):
            first = next(place for place, byte in enumerate(block) if byte > 127 or byte == 27)
            block += self._raw.read(SAMPLE)
            # What stands before a sign tells what it may be.
            first = max(0, first - 1)
            name = self._encodings.of(self._name, self._start, block[first:], self._offset + first)
        if name or not block:
            self._is_decided = True
            self._encodings.by_file[self._key] = name or UTF8
            self._decoder = None if name in ("", UTF8, MARKED) else codecs.getincrementaldecoder(name)()
        return block

    def _from_the_start(self, block: bytes) -> str:
        """The encoding where not even the letters of ASCII are bytes of their own."""
        setting = self._encodings.setting
        return setting if setting and "a\x1b".encode(setting, "replace") != b"a\x1b" else _sixteen_bits(block)

    def _decoded(self, decoder: codecs.IncrementalDecoder, block: bytes) -> bytes:
        begun = len(decoder.getstate()[0])
        try:
            return decoder.decode(block, not block).encode("utf-8", "surrogatepass")
        except UnicodeError as error:
            place = self._offset - begun + getattr(error, "start", 0)
            known = self._encodings.by_file[self._key]
            advice = "say which encoding it is by `encoding:` in params.yaml, or mend the file"
            raise ValueError(f"{self._name}: byte {place} is not {known}, as the text before it; {advice}") from None


def as_utf8(raw: Readable, name: str, encodings: Encodings, key: str = "") -> io.BufferedReader:
    """A file to be read as UTF-8. `name`: as messages call it; `key`: by which it is known, where that says more."""
    return io.BufferedReader(Utf8(raw, name, encodings, key), BLOCK)


def _is_plain(block: bytes) -> bool:
    return block.isascii() and not _ESCAPES.search(block)


def _marked(block: bytes) -> str:
    """The encoding that a mark at the beginning tells."""
    return next((name for mark, name in _BOMS if block.startswith(mark)), "")


def _sixteen_bits(block: bytes) -> str:
    """UTF-16 without a mark: nearly every second byte of its blanks, digits and line ends is zero."""
    zeros = [block[::2].count(0), block[1::2].count(0)]
    if max(zeros) < max(4, len(block) / 100) or min(zeros) > max(zeros) / 4:
        return ""
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _first_wrong(head: bytes) -> int | None:
    """The first byte that is not UTF-8; None where that is damage in a text of UTF-8, or there is none."""
    try:
        # A sign may be cut at the end of what was read.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        text = head.decode("utf-8", "replace")
        beyond = sum(not sign.isascii() for sign in text)
        return None if beyond > 2 * text.count("\ufffd") else error.start
    return len(head) if _ESCAPES.search(head) else None


def _snippets(head: bytes) -> Iterator[bytes]:
    """The bytes beyond ASCII with what stands around them."""
    left = MOST_LOOKED_AT
    for found in _BEYOND.finditer(head):
        yield found[0] + b" "
        if (left := left - len(found[0])) < 0:
            return


def _detected(head: bytes, looked_at: bytes) -> str:
    """The encoding in which the signs beyond ASCII are most often those of one language; empty: none is likely."""
    if _ESCAPES.search(head):
        return "iso2022_jp_2"
    found = _best(looked_at, _SINGLE)
    if not found:
        lines = b"\n".join([line for line in head.split(b"\n") if not line.isascii()][:-1] or [head])
        found = _best(lines[:MOST_LOOKED_AT], _candidates(lines[:MOST_LOOKED_AT]))
    return found


def _best(sample: bytes, names: Iterable[str]) -> str:
    shares = {name: _share(sample, name) for name in names}
    first, *others = sorted(shares, key=lambda name: -shares[name]) or [""]
    if not first or shares[first] < LIKELY:
        return ""
    # What reads the same text is no rival.
    rivals = (shares[name] for name in others if not _same(sample, first, name))
    return first if shares[first] >= SURE or shares[first] > max(rivals, default=0) + AHEAD else ""


def _candidates(sample: bytes) -> Sequence[str]:
    """Encodings of several bytes a sign, as a library of them ranks them by the language that they make."""
    from charset_normalizer import from_bytes

    # Where most signs are ASCII, pairs of them with others would pass for rare ideographs.
    if 3 * sum(byte > 127 for byte in sample) < len(sample):
        return ()
    matches = from_bytes(sample)
    names = dict.fromkeys(name for match in matches for name in (match.encoding, *match.could_be_from_charset))
    # Thai comes last: nearly every text of two bytes a sign could be read in it.
    return [*(name for name in names if name not in _SINGLE), "cp874"]


def _same(sample: bytes, first: str, second: str) -> bool:
    try:
        return sample.decode(first) == sample.decode(second)
    except UnicodeError:
        return False


def _share(sample: bytes, name: str) -> float:
    """Share of the signs beyond ASCII that are letters of one language, or signs that stand where such signs do."""
    try:
        # One byte without a meaning is damage, and no reason to take the text for one in another encoding.
        text = sample.decode(name, "replace" if name in _SINGLE else "strict")
    except UnicodeError:
        return 0.0
    around = Counter(near for near in zip(" " + text, text, text[1:] + " ", strict=False) if not near[1].isascii())
    signs, letters = 0, Counter[str]()
    for (before, sign, after), times in around.items():
        if _is_in_place(before, sign, after):
            signs += times
        elif sign.isalpha() and not (sign.isupper() and before.islower()):
            letters[sign.lower()] += times * (_is_latin(sign) or not _is_english(before, after))
    # Signs without letters say little: some encodings have a blank where others have a letter.
    signs *= bool(letters.total()) or name in _SINGLE[:3]
    return (signs + _of_one_language(letters)) / max(1, around.total())


def _of_one_language(letters: Counter[str]) -> float:
    """How many of these letters are of the language of which most are."""
    most = [float(sum(map(letters.__getitem__, known))) for known in _LATIN]
    for known, common in _OTHERS:
        of_one, usual = (sum(map(letters.__getitem__, these)) for these in (known, common))
        most.append(min(of_one, usual / _COMMON))
    spans = [sum(times for letter, times in letters.items() if span.match(letter)) for span in (_JAPANESE, _KOREAN)]
    return max(*most, *spans)


def _is_latin(letter: str) -> bool:
    return letter < "\u0370" or "\u1e00" <= letter < "\u1f00"


def _is_english(*signs: str) -> bool:
    # No word is written in two scripts.
    return any(sign.isascii() and sign.isalpha() for sign in signs)


def _is_in_place(before: str, sign: str, after: str) -> bool:
    if sign in _BEHIND_NUMBERS:
        return not before.isalpha() or before in "mMnN"
    if sign in _BEFORE_WORDS:
        return not before.isalnum()
    return sign in _INSIDE or (sign in _OUTSIDE and not (before.isalpha() and after.isalpha()))
