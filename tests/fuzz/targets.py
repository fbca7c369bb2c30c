"""Everything that reads files of other people as functions of bytes: all readers, params.yaml, probes, benchmarks.

Compressed and packed formats are damaged below their checksums too: a mutated tar is compressed afterwards.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from ruamel.yaml import YAML

from fuzz.oracle import FoundError, invisible, judge, judge_corpus
from fuzz.patterns import patterns
from fuzz.seeds import COLUMNS, CUT, PARTS, TABLES
from hansard_bias.base.messages import unseen
from hansard_bias.calibration.config import load_calibration
from hansard_bias.operations.look import look
from hansard_bias.operations.presets import apply_preset
from hansard_bias.params import ColumnsConfig, CorpusConfig, JoinConfig, load_config
from hansard_bias.params.validation import parse
from hansard_bias.probing.benchmarks import load_benchmark
from hansard_bias.probing.files import load_associations
from hansard_bias.probing.prompts import load_groups, load_prompts

ANY_FILE = (".csv", ".xml", "NunavutHansard", ".json", ".tsv", ".parquet")
PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda raw: gzip.compress(raw, 1, mtime=0),
    ".bz2": lambda raw: bz2.compress(raw, 1),
    ".xz": lambda raw: lzma.compress(raw, preset=0),
    ".zst": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
}


def _corpus(reader: str, path: Path, names: Sequence[str], folder: Path) -> None:
    columns = COLUMNS if reader == "table" else None
    judge_corpus(CorpusConfig("X", reader, str(path), columns), (*names, str(path)), folder / "out")


def _files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    (folder / "in").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "in" / name).write_bytes(content)
    return folder / "in"


def nrc(data: bytes, folder: Path) -> None:
    """Text, and the sitting of each line where the input says so."""
    text, _, ids = data.partition(CUT)
    lines = len(io.BytesIO(text).readlines())
    ids = ids or b"".join(b"Hansard_20030506\t%d\n" % number for number in range(lines))
    files = {"NunavutHansard.en": text, "NunavutHansard.id": ids}
    _corpus("nrc", _files(folder, files), list(files), folder)


def lipad(data: bytes, folder: Path) -> None:
    """One day or several."""
    files = {f"2004-2-{day}.csv": part for day, part in enumerate(data.split(CUT)[:4], 9)}
    _corpus("lipad", _files(folder, files), list(files), folder)


def parlamint(data: bytes, folder: Path) -> None:
    """A sitting, and a list of persons."""
    debate, _, people = data.partition(CUT)
    files = {"ParlaMint-XX_2015-01-05.xml": debate} | ({"ParlaMint-XX-listPerson.xml": people} if people else {})
    _corpus("parlamint", _files(folder, files), list(files), folder)


def tei(data: bytes, folder: Path) -> None:
    """Two files, of which none has a day in its name."""
    _undated("tei", data, folder)


def akoma(data: bytes, folder: Path) -> None:
    """The same."""
    _undated("akoma", data, folder)


def _undated(reader: str, data: bytes, folder: Path) -> None:
    files = {f"debate-{number}.xml": part for number, part in enumerate(data.split(CUT)[:2], 1)}
    _corpus(reader, _files(folder, files), [*files, "/in:"], folder)


def table(data: bytes, folder: Path) -> None:
    """The first byte says which format and compression, and whether the compressed bytes are the input."""
    kind, body = data[0] if data else 0, data[1:]
    suffix = TABLES[kind % 5]
    packer = list(PACKERS)[kind // 5 % 5]
    name = f"speeches{suffix}{packer}"
    path = folder / name
    path.write_bytes(body if kind >= 128 else PACKERS[packer](body))
    _corpus("table", path, [name], folder)


def beside(data: bytes, folder: Path) -> None:
    """Nested rows, a second table, a day in the file's name, rows by a value; the first byte says which."""
    kind, body = data[0] if data else 0, data[1:]
    speeches, _, members = body.partition(CUT)
    files = {f"d2004-02-09{TABLES[kind % 5]}": speeches, "members.csv": members}
    path = _files(folder, files)
    columns = ColumnsConfig("a.text", "" if kind & 32 else "date", ("first", "join.last"), "post", "a.tags.name")
    corpus = CorpusConfig(
        "X",
        "table",
        str(path),
        columns,
        encoding="koi8-r" if kind & 64 else "",
        file_date="%Y-%m-%d" if kind & 32 else "",
        join=JoinConfig(str(path / "members.csv"), "key") if members else None,
        where={"house": ("Commons", "x")} if kind & 128 else {},
    )
    judge_corpus(corpus, (*files, "join: ", "`where`", str(path)), folder / "out")


def looked_at(data: bytes, folder: Path) -> None:
    """Whatever it is; what is printed is plain, and its entry is YAML."""
    kind, body = data[0] if data else 0, data[1:]
    name = ("a.csv", "a.json", "a.xml", "a.tsv", "a.jsonl", "a.tar", "a.zip", "a.parquet")[kind % 8]
    path = _files(folder, {name: body, "b.csv": body[: kind // 8]} if kind & 8 else {name: body})
    lines: list[str] = []
    if judge(lambda: lines.extend(look(path)), (name, "b.csv", str(path), *ANY_FILE)):
        if sign := invisible("".join(lines)):
            raise FoundError(f"{sign} in what is said: {lines!r}")
        (entry,) = YAML(typ="safe", pure=True).load("\n".join(lines[lines.index("corpora:") :]))["corpora"].values()
        parse(CorpusConfig, entry, "look").check("look")


def archive(data: bytes, folder: Path) -> None:
    """A tar for one of three readers, compressed after its mutation, or as it is."""
    kind, body = data[0] if data else 0, data[1:]
    reader = ("nrc", "lipad", "parlamint")[kind % 3]
    suffix = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz")[kind // 3 % 4]
    path = folder / f"corpus{suffix}"
    packed = body if kind >= 128 else PACKERS[suffix.removeprefix(".tar")](body)
    path.write_bytes(packed)
    files = ["NunavutHansard.en", "NunavutHansard.id", ".csv:", ".csv", ".xml"]
    _corpus(reader, path, files, folder)


def params(data: bytes, folder: Path) -> None:
    """params.yaml, read as the stages do."""
    (folder / "params.yaml").write_bytes(data)
    judge(lambda: load_config(folder / "params.yaml"), ("params.yaml",))


def preset(data: bytes, folder: Path) -> None:
    """params.yaml, changed by a preset."""
    (folder / "params.yaml").write_bytes(data)
    judge(lambda: apply_preset("small", [], folder / "params.yaml", force=True), ("params.yaml",))


def calibration(data: bytes, folder: Path) -> None:
    """The calibration's params.yaml."""
    (folder / "calibration").mkdir(exist_ok=True)
    (folder / "calibration" / "params.yaml").write_bytes(data)
    judge(lambda: load_calibration(folder), ("params.yaml",))


def probes(data: bytes, folder: Path) -> None:
    """Prompts, groups or word sets."""
    path = folder / "probe.yaml"
    path.write_bytes(data[1:])
    readers = (load_prompts, load_groups, lambda path: load_associations(path, []))
    judge(lambda: _plain(readers[(data[0] if data else 0) % 3](path)), ("probe.yaml",))


def benchmark(data: bytes, folder: Path) -> None:
    """A benchmark of any form."""
    (folder / "asked.csv").write_bytes(data)
    judge(lambda: _plain(load_benchmark(folder / "asked.csv")), ("asked.csv",))


def workbook(data: bytes, folder: Path) -> None:
    """A workbook: its bytes, or one of its parts changed inside a sound zip file."""
    kind, body = data[0] if data else 0, data[1:]
    path = folder / "asked.xlsx"
    parts = PARTS if kind < 128 else {}
    if parts:
        changed = list(parts)[kind % len(parts)]
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as target:
            for name, content in parts.items():
                target.writestr(name, body if name == changed else content)
        body = sink.getvalue()
    path.write_bytes(body)
    judge(lambda: _plain(load_benchmark(path)), ("asked.xlsx",))


def _plain(asked: object) -> None:
    """What is asked is shown on the page and given to a model."""
    if sign := unseen(_texts(asked)):
        raise FoundError(f"{sign} in what is asked: {asked!r}")


def _texts(value: object) -> str:
    """All texts in nested records, in one."""
    if isinstance(value, str):
        return value
    if hasattr(value, "__dataclass_fields__"):
        return "".join(_texts(getattr(value, name)) for name in value.__dataclass_fields__)
    return "".join(map(_texts, value)) if isinstance(value, list | tuple) else ""


TARGETS: Mapping[str, Callable[[bytes, Path], None]] = {
    target.__name__: target
    for target in (
        *(nrc, lipad, parlamint, tei, akoma, table, beside, looked_at, archive),
        *(params, preset, calibration, probes, benchmark, workbook, patterns),
    )
}
