"""Files that are made to do harm: bombs, names for terminals, code beside a model, text that is not what it shows."""

from __future__ import annotations

import ast
import io
import json
import re
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from fuzz.oracle import invisible, judge
from fuzz.seeds import COLUMNS, LIPAD, NRC, PARTS
from hansard_bias.base.yaml import MAX_BYTES
from hansard_bias.corpora.align.audits import form_rates
from hansard_bias.corpora.build import write_corpus
from hansard_bias.corpora.readers.lipad import read_lipad
from hansard_bias.operations.presets import apply_preset
from hansard_bias.params import CleanConfig, CorpusConfig, TokenizerConfig, load_config
from hansard_bias.probing import sheets
from hansard_bias.probing.benchmarks import load_benchmark
from hansard_bias.probing.prompts import load_prompts
from hansard_bias.tokens.tokenizer import train_tokenizer
from helpers.archive_files import read_table
from helpers.local_models import save_local_model
from helpers.project import ROOT

SHEET = next(name for name in PARTS if "sheet1" in name)
STRINGS = "xl/sharedStrings.xml"
_TYPES = "[Content_Types].xml"
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def nested(opening: str, entry: str, levels: int) -> str:
    """A document of a few hundred bytes, each level ten times the one below."""
    lines = [f"a0: &a0 {opening}"]
    lines += [f"a{n}: &a{n} {entry.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


BOMBS = {
    "lists of aliases": nested("[1]", "[{}]", 12),
    "texts of aliases": nested("x" * 500, "[{}]", 9),
    "merged keys": nested("{x: 1}", "{{<<: [{}], y: 1}}", 12),
    "itself": "a: &a [*a]\n",
    "ten thousand dashes": "- " * 10_000,
    "a number": "a: 0x" + "f" * 200_000,
    "a decimal number": "a: " + "1" * 10_000,
    "a large file": "a: b\n" * MAX_BYTES,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bombs_of_yaml_are_refused_at_once(bomb: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(bomb, encoding="utf-8")
    begun = time.process_time()
    assert not judge(lambda: load_config(path), ("params.yaml",))
    assert time.process_time() - begun < 15


@pytest.mark.parametrize("load", [load_prompts, lambda path: apply_preset("small", [], path, force=True)])
@pytest.mark.parametrize("bomb", ["lists of aliases", "merged keys", "itself"])
def test_bombs_of_probes_are_refused_at_once(load: Any, bomb: str, tmp_path: Path) -> None:
    path = tmp_path / "probe.yaml"
    path.write_text(BOMBS[bomb], encoding="utf-8")
    with pytest.raises(ValueError, match=r"probe\.yaml: .*aliases unfold to more than"):
        load(path)


def test_aliases_that_unfold_to_little_are_fine(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8").replace("seeds: [1, 2, 3]", "seeds: &s [1, 2, 3]")
    path = tmp_path / "params.yaml"
    path.write_text(text.replace("clean:", "clean: &c", 1), encoding="utf-8")
    assert load_config(path).train.seeds == (1, 2, 3)


def workbook(folder: Path, **changes: bytes) -> Path:
    """A sound workbook with some parts changed or added."""
    path = folder / "asked.xlsx"
    parts = PARTS | changes
    if STRINGS in parts:
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        named = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b" /></Types>' % kind
        parts[_TYPES] = PARTS[_TYPES].replace(b"</Types>", named)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return path


def rows(added: bytes) -> bytes:
    """The sheet without the note of its size, with these rows."""
    start, end = PARTS[SHEET].index(b"<dimension"), PARTS[SHEET].index(b"</sheetData>")
    after = PARTS[SHEET].index(b"/>", start) + 2
    return PARTS[SHEET][:start] + PARTS[SHEET][after:end] + added + PARTS[SHEET][end:]


CELL = b'<row r="%d"><c r="%b%d" t="inlineStr"><is><t>x</t></is></c></row>'
SHEETS = {
    "row a thousand million": {SHEET: rows(CELL % (10**9, b"A", 10**9))},
    "the last column of many rows": {SHEET: rows(b"".join(CELL % (n, b"XFD", n) for n in range(3, 200)))},
    "a hundred thousand open tags": {SHEET: rows(b"<row>" * 100_000)},
    "six million letters": {STRINGS: b'<sst xmlns="%b"><si><t>%b</t></si></sst>' % (_MAIN, b"x" * 6_000_000)},
    "two hundred thousand texts inside one another": {STRINGS: b'<sst xmlns="%b">%b' % (_MAIN, b"<si>" * 200_000)},
    "another part, of fifty megabytes": {"xl/media/picture.png": bytes(50_000_000)},
}


@pytest.mark.parametrize("changes", SHEETS.values(), ids=SHEETS)
def test_bombs_of_workbooks_are_refused(changes: dict[str, bytes], tmp_path: Path) -> None:
    path = workbook(tmp_path, **changes)
    assert path.stat().st_size < 200_000
    assert not judge(lambda: load_benchmark(path), ("asked.xlsx",))


def test_sizes_that_a_zip_file_claims_are_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path, **{STRINGS: bytes(sheets.MAX_BYTES)})
    raw = path.read_bytes().replace(sheets.MAX_BYTES.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(raw)
    assert not judge(lambda: load_benchmark(path), ("asked.xlsx",))


@pytest.mark.parametrize("text", ["a\u202eb [MASK]", "a\x1b[2J [MASK]", "a\x00 [MASK]"])
def test_prompts_that_do_not_say_what_they_show_are_refused(text: str, tmp_path: Path) -> None:
    path, yaml = tmp_path / "asked.csv", tmp_path / "prompts.yaml"
    path.write_text(f"prompt,favorable_answer,unfavorable_answer,theme\n{text},b,c,d\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"asked\.csv:2: prompt holds the invisible character U\+[0-9A-F]{4};"):
        load_benchmark(path)
    yaml.write_text(f"- {{id: a, text: {json.dumps(text)}}}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"prompts\.yaml: .*the invisible character U\+[0-9A-F]{4}; remove it"):
        load_prompts(yaml)


@pytest.mark.parametrize("name", ["2004-2-9\x1b[2J.csv", "2004-2-9\n.csv", "\u202e2004-2-9.csv", "2004-2-9\udce9.csv"])
def test_names_of_files_cannot_write_to_the_terminal(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(LIPAD)
        tar.addfile(info, io.BytesIO(LIPAD))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_bytes(LIPAD)
    tasks = [lambda: read_lipad(path), lambda: read_lipad(folder), lambda: read_table(folder, COLUMNS)]
    for task in tasks:
        with pytest.raises(ValueError, match="expected a name that can be printed; rename it") as caught:
            list(task())
        assert not invisible(str(caught.value))


HOSTILE = "=1+1 \u202egnorw\u202c \x1b[2J \x00 \u200f \u2028 \ud800 <script>alert(1)</script> \ufeff \x85 a long road"


def test_a_hostile_table_passes_through_what_comes_after_it(tmp_path: Path) -> None:
    """Tables, the audit of their form and the tokenizer take what the reader lets through."""
    row = dict.fromkeys(COLUMNS.names(), HOSTILE) | {"date": "2004-02-09"}
    (tmp_path / "a.jsonl").write_text("\n".join([json.dumps(row)] * 30), encoding="utf-8")
    corpus = CorpusConfig("X", "table", str(tmp_path / "a.jsonl"), COLUMNS)
    write_corpus("x", corpus, CleanConfig(True, 2, False, ()), tmp_path)
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "x.parquet")
    texts = table["text"].to_pylist()
    shown = [text for column in ("text", "speaker", "topic") for text in table[column].to_pylist()]
    assert len(texts) == 30 and not any(map(invisible, shown))
    raw = table["raw"].to_pylist()
    assert len(form_rates(raw)) == 30 and "\0" not in raw[0]
    json.dumps(table.drop_columns(["sitting"]).to_pylist(), ensure_ascii=False).encode("utf-8")
    tokenizer: Tokenizer = train_tokenizer([*texts, NRC.decode()], TokenizerConfig(301, 1))
    assert tokenizer.decode(tokenizer.encode(texts[0]).ids)


def test_code_beside_a_model_is_not_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor is anybody asked whether it should be: a stage may run where nobody sits at the terminal."""
    from hansard_bias.models.scorer import TransformersScorer
    from hansard_bias.pipeline.tokenizer import take_tokenizer

    folder = save_local_model("bert", tmp_path / "start", ["the long road is cold"])
    planted = tmp_path / "planted"
    (folder / "evil.py").write_text(f"open({str(planted)!r}, 'w')\n", encoding="utf-8")
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch %b'\ntR." % str(planted).encode())
    for name, code in (("config.json", "AutoModelForMaskedLM"), ("tokenizer_config.json", "AutoTokenizer")):
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        content["auto_map"] = {"AutoConfig": "evil.Config", code: ["evil.Class", "evil.Class"]}
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    try:
        take_tokenizer(str(folder))
    except ValueError as error:
        assert "code" in str(error)
    assert TransformersScorer.load(folder).positions
    assert not planted.exists() and "Do you wish" not in "".join(capfd.readouterr())


SERVES = ("HTTPServer", "ThreadingHTTPServer", "TCPServer", "create_server", "start_server", "bind", "listen")


def test_nothing_listens_but_mlflow_on_this_machine_alone() -> None:
    """The one server that the project starts is MLflow's; that it listens on 127.0.0.1 alone, test_server looks at."""
    for path in (path for folder in ("src", "benchmarks") for path in (ROOT / folder).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        called = {node.func for node in nodes if isinstance(node, ast.Call)}
        names = {getattr(function, "attr", getattr(function, "id", "")) for function in called}
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert not names & set(SERVES), path
        assert not texts & {"0.0.0.0", "::", "[::]"}, path
        assert "--host" not in texts or "127.0.0.1" in texts, path


@pytest.mark.parametrize(
    ("reader", "name", "start", "said"),
    [
        ("table", "a.csv", b"text,date,speaker,role,topic,id\n", ""),
        ("nrc", "NunavutHansard.en", b"Mr. Moss: ", r"NunavutHansard\.en:1: a line of more than 1000000 bytes"),
        ("lipad", "2004-2-9.csv", b"speechdate,speechtext\n2004-02-09,", r"2004-2-9\.csv:2: field larger than"),
        ("parlamint", "x_2004-02-09.xml", b"<TEI><text><body><u>", r"x_2004-02-09\.xml:1: <u> of more than 5000000"),
    ],
)
def test_lines_of_ten_megabytes(reader: str, name: str, start: bytes, said: str, tmp_path: Path) -> None:
    """A table may hold such a speech; the other archives never do, and each says so at once."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(start + b"road " * 1_990_000 + b",2004-02-09,Moss,,,\n")
    if reader == "nrc":
        (folder / "NunavutHansard.id").write_bytes(b"Hansard_20030506\t1\n")
    corpus = CorpusConfig("X", reader, str(folder), COLUMNS if reader == "table" else None)
    begun = time.process_time()
    try:
        assert write_corpus("x", corpus, CleanConfig(True, 2, True, ()), tmp_path)["tokens"] == 1_990_000 and not said
    except ValueError as error:
        assert said and re.search(said, str(error))
    assert time.process_time() - begun < 10
