"""What the fuzzing found, once more: every failure of the past, and inputs that reach all corners of the readers."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from fuzz.campaign import HERE, kept
from fuzz.oracle import FoundError, judge, watched
from fuzz.patterns import READING, seconds
from fuzz.seeds import SEEDS, TARS
from fuzz.targets import TARGETS

FOUND = sorted((HERE / "found").iterdir())
# Each took the square of its length: minutes for a megabyte.
SLOW = {
    ("clean_text", "|(||english)|"): "markers inside markers",
    ("clean_text", "|( ||english )|"): "markers inside markers, with blanks",
    ("clean_text", "|(motion ||read)|"): "notes inside notes",
    ("clean_text", "(motion| read|"): "a note that does not end",
    ("clean_text", "\u0301|\u0316\u0301|"): "accents in no order",
    ("plain_text", "|<!--|"): "comments that do not end",
    ("Sitting", "|1|"): "a line of digits",
}


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path, tmp_path: Path) -> None:
    with watched(tmp_path):
        TARGETS[path.name.partition("-")[0]](path.read_bytes(), tmp_path)


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "patterns"])
def test_the_corpus_finds_nothing(name: str, tmp_path: Path) -> None:
    for number, data in enumerate([*SEEDS[name], *kept(name)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with watched(folder):
            TARGETS[name](data, folder)


@pytest.mark.parametrize(("name", "pattern"), SLOW, ids=SLOW.values())
def test_long_texts_take_no_square_of_their_length(name: str, pattern: str) -> None:
    """On a busy machine, too: a square would be twenty to a thousand times as long."""
    assert seconds(name, pattern, 200_000) < 4


@pytest.mark.parametrize("name", READING)
def test_every_reader_of_text_has_seen_every_pattern(name: str) -> None:
    assert max(seconds(name, data[1:].decode(), 2000) for data in SEEDS["patterns"] if data[0] == 0) < 1


def test_the_oracle_sees_what_must_not_be(tmp_path: Path) -> None:
    def says(message: str) -> None:
        judge(lambda: _raise(ValueError(message)), ("a.csv",))

    says("a.csv:1: a plain refusal")
    for message in ("a.csv: two\nlines", "a.csv: \x1b[2J", "a.csv: \u202e", "no name", "a.csv " + "x" * 3000):
        with pytest.raises(FoundError):
            says(message)
    with pytest.raises(TypeError):
        judge(lambda: _raise(TypeError("a.csv: not for users")), ("a.csv",))


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "code",
    [
        "open('/tmp/outside-of-the-folder', 'w')",
        "open('/etc/hostname').read()",
        "__import__('socket').create_connection(('127.0.0.1', 9), 0.1)",
        "__import__('subprocess').run(['true'])",
        "__import__('pickle').loads(b'cos\\nsystem\\n.')",
    ],
)
def test_the_oracle_sees_what_must_not_be_done(code: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises((FoundError, ConnectionRefusedError)), watched(inside):
        (inside / "a").write_text("allowed", encoding="utf-8")
        with contextlib.suppress(OSError):
            eval(code)
    Path("/tmp/outside-of-the-folder").unlink(missing_ok=True)


def test_the_seeds_are_sound(tmp_path: Path) -> None:
    """Fuzzing that starts from files which are refused at once finds nothing."""
    from fuzz.targets import archive, table

    for number, tar in enumerate(TARS):
        folder = tmp_path / str(number)
        folder.mkdir()
        archive(bytes([number]) + tar, folder)
        assert (folder / "out" / "x.parquet").is_file()
    table(SEEDS["table"][0], tmp_path)
    assert (tmp_path / "out" / "x.parquet").is_file()
