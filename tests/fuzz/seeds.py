"""Small sound files of every format, from which the fuzzing starts, and words that the formats know."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from itertools import product

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from ruamel.yaml import YAML

from fuzz.patterns import PATTERNS, READING
from hansard_bias.params import ColumnsConfig
from helpers.project import ROOT

CUT = b"\n%%%%\n"
"""Between the files of one input."""
COLUMNS = ColumnsConfig("text", "date", "speaker", "role", "topic", "id")
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
NRC = b"""Nunavut Hansard
Monday, May 6, 2003
>>House commenced at 13:30
Item 2: Ministers' Statements
Hon. Anna Moss (interpretation): Thank you, Mr. Speaker. (interpretation ends) The road is long.
Speaker: Thank you. Mr. Reed.
Mr. Reed: I rise , don 't I , to ask $ 1 , 250 , 000 in 1999/2000 .
>>Applause
Question 064 - 2(3): The Road (Moss)
orders of the day for tuesday , may 7 .
1. Prayer
>>House adjourned at 18:00
"""
LIPAD = b"""basepk,hid,speechdate,pid,opid,speakeroldname,speakerposition,maintopic,subtopic,speechtext,speakername
1,ca,2004-02-09,a,1,"Mr. Reed (Elk Bay, Lib.)",,Roads,Winter,"Mr. Speaker, (1430) the road is long.",Ann Reed
2,ca,2004-02-09,a,1,The Speaker,,Roads,,"Order. [Translation] * * * Agreed. (Motion agreed to)",The Speaker
3,ca,2004-02-09,a,1,,stagedirection,,,[English],
4,ca,NA,,,,,,,a row without a day,
"""
TEI = b"""<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0" xml:id="ParlaMint-XX_2015-01-05"><teiHeader><setting><date when="2015-01-05"/>
</setting></teiHeader><text><body><div><head>Roads &amp; more</head><note type="speaker">The Chair:</note>
<u who="#ReedAnn" ana="#regular" xml:id="u1"><seg>The <kinesic><desc>applause</desc></kinesic> road.</seg><seg>
<s><w join="right">It</w><pc>,</pc><w>can't<w norm="can"/><w norm="not"/></w></s></seg><gap/></u></div></body>
</text></TEI>
"""
PEOPLE = b"""<TEI><listPerson><person xml:id="ReedAnn"><persName><surname>Reed</surname>
<forename>Ann</forename></persName></person></listPerson></TEI>"""
SP = b"""<TEI><teiHeader><publicationStmt><date when="">1994-11-10</date></publicationStmt><listPerson>
<person xml:id="oak"><persName>Bo Oak</persName><affiliation role="minister" from="1994"/></person></listPerson>
</teiHeader><text><body><div desc="Roads"><sp who="Elm" role="presidency" name="Ann Elm" xml:id="s1" next="#s2">
<speaker>The Chair:</speaker><p>The road<lb/>is</p><stage>(Applause)</stage></sp><p>Nobody's.</p>
<sp who="Elm" xml:id="s2" prev="#s1"><p>long.</p></sp><sp who="#oak"><l>A sea</l></sp></div></body></text></TEI>
"""
AKOMA = b"""<akomaNtoso><debate><meta><FRBRWork><FRBRdate date="1995-10-31"/></FRBRWork><references>
<TLCPerson eId="elm" showAs="Mr. Elm"/><TLCRole eId="chair" showAs="The Speaker"/></references></meta>
<preface><docDate date="1995-10-30"/></preface><debateBody><debateSection><heading>Roads</heading>
<question by="#elm" eId="q.1"><p>When?</p></question><speech by="#oak" as="#chair" eId="s.1"><from>Mr. Oak:</from>
<p>A road <remark>(applause)</remark> is long.</p></speech><summary>They rose.</summary></debateSection><p>Noise</p>
</debateBody></debate></akomaNtoso>
"""
ROWS = [
    {"text": "The <b>road</b> is long &amp; cold.", "date": "2004-02-09", "speaker": "Ms. Reed", "role": "Chair"},
    {"text": "A road", "date": "2004-02-10T10:00:00", "speaker": "Moss", "role": "x", "topic": "Roads", "id": "7"},
]


def _table(suffix: str) -> bytes:
    """The rows in one of the formats."""
    names = list(COLUMNS.names())
    full = [{name: row.get(name, "") for name in names} for row in ROWS]
    if suffix == ".parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(full), sink)
        return sink.getvalue()
    if suffix in (".json", ".jsonl"):
        lines = [json.dumps(row) for row in full]
        return ("[" + ",\n".join(lines) + "]" if suffix == ".json" else "\n".join(lines)).encode()
    sign = "\t" if suffix == ".tsv" else ","
    return "\n".join([sign.join(names), *(sign.join(f'"{row[name]}"' for name in names) for row in full)]).encode()


def _tar(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return sink.getvalue().rstrip(b"\0") + bytes(1536)


def _ids() -> bytes:
    return b"".join(b"Hansard_20030506\t%d\n" % n for n in range(NRC.count(b"\n")))


TARS = (
    _tar({"x/NunavutHansard.en": NRC, "x/NunavutHansard.id": _ids()}),
    _tar({"2004/2/2004-2-9.csv": LIPAD, "2004/2/2004-2-10.csv": LIPAD}),
    _tar({"ParlaMint-XX_2015-01-05.xml": TEI, "ParlaMint-XX.xml": PEOPLE}),
)


def workbook_parts() -> dict[str, bytes]:
    book, sink = Workbook(), io.BytesIO()
    book.active.append(["prompt", "favorable_answer", "unfavorable_answer", "theme"])
    book.active.append(["They are [MASK].", "good", "bad", 1.5])
    book.save(sink)
    with zipfile.ZipFile(sink) as source:
        kept = {name: source.read(name) for name in source.namelist()}
    needed = [name for name in kept if "theme" not in name and "docProps" not in name]
    order = sorted(needed, key=lambda name: ("sheet1" not in name, "sharedStrings" not in name, name))
    return {name: kept[name] for name in order}


PARTS = workbook_parts()
_PROMPT = b"""- id: a
  theme: b
  text: "In [MASK] c."
  paraphrases: ["<mask> d", "e [MASK]", "f [MASK]", "g [MASK]", "h [MASK]"]
"""
_GROUPS = b"x: {label: y, note: z, terms: {a: b}}\nw: {label: y, note: z, terms: {c: b}}\n"
_SETS = b"""sets: {a: {note: b, words: [c, d]}, e: {note: b, words: [f, g]}, h: {note: b, words: [i, j]},
  k: {note: b, words: [l, m]}}
templates: ["This is [WORD]."]
tests: [{id: t, targets: [a, e], attributes: [h, k]}]
pairs: [[c, d]]
"""
_SMALL = b"""sample: {seed: 5, speeches: 360, sittings: 24}
corpora: {a: {label: A, reader: table, path: x, columns: {text: t, date: d, speaker: s, date_format: "%d/%m/%Y"}}}
models: {a: {label: A, mixture: {a: 1.0}}}
"""
_BENCHMARK = b'prompt,favorable_answer,unfavorable_answer,theme\n"They are [MASK].",good,bad,x\nA <mask>,b,c,d\n'
_CROWS = (
    b',sent_more,sent_less,stereo_antistereo,bias_type,annotations\n0,"A, b.","C, b.",stereo,race-color,[[\'x\']]\n'
)
_OWN = "preferred;other;theme\nThe road is long.;The road is caf\u00e9.;roads\n"
_OPTIONS = [
    {"gold_label": label, "sentence": f"A {label} b."} for label in ("stereotype", "anti-stereotype", "unrelated")
]
_ITEM = {"id": "x", "target": "t", "bias_type": "race", "context": "A BLANK b.", "sentences": _OPTIONS}
_STEREOSET = json.dumps({"data": {"intrasentence": [_ITEM], "intersentence": [_ITEM | {"id": "y"}]}}).encode()
_WEAT = json.dumps(
    {
        name: {"category": name, "examples": [f"{name} a", f"This is {name}."]}
        for name in ("targ1", "targ2", "attr1", "attr2")
    }
).encode()


def _shipped(name: str) -> bytes:
    """A YAML file of the project without its comments."""
    yaml, sink = YAML(typ="safe", pure=True), io.StringIO()
    yaml.dump(yaml.load((ROOT / name).read_text(encoding="utf-8")), sink)
    return sink.getvalue().encode()


_NESTED = [
    {
        "date": "2004-02-09",
        "key": "7",
        "house": "Commons",
        "a": [{"text": "A long road.", "tags": [{"name": "Roads"}]}],
    },
    {
        "date": "10 February 2004",
        "key": 8,
        "first": "Bo",
        "a": {"text": ["The sea", "is wide."], "tags": []},
        "house": "x",
    },
]
_FLAT = "key;date;house;first;a.text;a.tags.name\n7;2004-02-09;Commons;Ann;Eine lange Straße.;Wege\n"
_MEMBERS = b"key,last,post\n7,Elm,Speaker\n8,Ash,Whip\n"


def _beside() -> list[bytes]:
    """Objects in a list, objects a line, one object around the list; a flat table in two encodings."""
    lines = "\n".join(map(json.dumps, _NESTED)).encode()
    whole = [json.dumps(_NESTED).encode(), json.dumps({"days": _NESTED}).encode()]
    inputs = [b"\2" + each for each in whole] + [b"\3" + lines, b"\x83" + lines]
    inputs += [b"\0" + _FLAT.encode(codec) for codec in ("cp1252", "utf-16")] + [
        b"\x60" + _FLAT.encode("koi8-r", "replace")
    ]
    return [*inputs, *(each + CUT + _MEMBERS for each in inputs)]


_LOOKED_AT = [
    *(b"\0" + _FLAT.encode("cp1250"), b"\0" + LIPAD, b"\1" + json.dumps(_NESTED).encode(), b"\2" + TEI, b"\2" + SP),
    *(b"\2" + AKOMA, b"\3" + _table(".tsv"), b"\x84" + _table(".jsonl"), b"\7" + _table(".parquet")),
    *(b"\x5c" + _table(".jsonl"), *(b"\5" + tar for tar in TARS)),
]
SEEDS: Mapping[str, Sequence[bytes]] = {
    "nrc": [NRC, NRC + CUT + _ids()],
    "lipad": [LIPAD, LIPAD + CUT + LIPAD],
    "parlamint": [TEI, TEI + CUT + PEOPLE],
    "tei": [SP, SP + CUT + SP],
    "akoma": [AKOMA, AKOMA + CUT + AKOMA],
    "table": [bytes([number]) + _table(suffix) for number, suffix in enumerate(TABLES)],
    "beside": _beside(),
    "looked_at": _LOOKED_AT,
    "archive": [bytes([number]) + tar for number, tar in enumerate(TARS)],
    "params": [_shipped("params.yaml"), _SMALL],
    "preset": [_shipped("params.yaml"), _SMALL],
    "calibration": [_shipped("calibration/params.yaml")],
    "probes": [b"\0" + _PROMPT, b"\1" + _GROUPS, b"\2" + _SETS],
    "benchmark": [
        *(_BENCHMARK, _BENCHMARK.replace(b",", b";"), _CROWS, _STEREOSET, _WEAT),
        *(_OWN.encode(encoding) for encoding in ("utf-8", "utf-16", "cp1252")),
    ],
    "workbook": [bytes([number]) + part for number, part in enumerate(PARTS.values())],
    "patterns": [bytes([n]) + pattern.encode() for n, pattern in product(range(len(READING)), PATTERNS)],
}

_SIGNS = ["\u202e", "\u200f", "\ufeff", "\u2028", "\x00", "\x1b[2J", "\u0301", "\u0130", "\u00df", "[MASK]", "<mask>"]
_HTML = ["<b>", "</p>", "<script>", "<!--", "-->", "&#x110000;", "&#55296;", "&lt;", "<![CDATA[", "<?"]
_SPOKEN = ["(interpretation)", "[Translation]", "Speaker:", "Hon. A B:", ">>", "(Motion agreed to)", "1999/2000", " '"]
_YAML = [
    *("!!python/object:x", "&a", "*a", "<<: ", "!!float ", "!!int ", "!!timestamp ", "2001-99-99", "1e999", "0x", "- "),
    *(r'"\ud800"', r'"\u202e"', r'"\e"', r'"\0"', "{", "[", ": ", "? ", "|", ">", "!!binary ", "!!set ", "!!omap "),
    *("---",),
]
_TEI = [
    *("<u>", "</u>", "<seg>", "<w>", "<note>", "<head>", "<!DOCTYPE x>", "<!ENTITY x 'y'>", "&#0;", "&#xFFFE;"),
    *("when=", "join=", "who=", "ana=", "xml:id=", "next=", "prev=", "part=", "<TEI>", "</TEI>", "<text>", "</text>"),
]
_SP = ["<sp>", "</sp>", "<speaker>", "<stage>", "<p>", "</p>", "<lb/>", "<div>", "</div>", "desc=", "name=", "role="]
_AKOMA = ["<speech>", "</speech>", "<from>", "<heading>", "<summary>", "<li>", "</li>", "<debateSection>", "by=", "as="]
WORDS: Mapping[str, Sequence[str]] = {
    "nrc": [*_SPOKEN, *_SIGNS],
    "lipad": [*_SPOKEN, *_SIGNS],
    "parlamint": [*_TEI, *_SIGNS],
    "tei": [*_TEI, *_SP, *_SIGNS],
    "akoma": [*_TEI, *_AKOMA, *_SIGNS],
    "table": [*_HTML, *_SPOKEN, *_SIGNS],
    "beside": [*_HTML, *_SIGNS, '{"a":', '"text":', "[{", "}]", "Commons", ";", "key", "join.", "2004"],
    "looked_at": [*_SIGNS, *_TEI, "text", "date", "speaker", ";", "\t", "|", '"', "[{", "}]", "19/02/2004", "\n"],
    "archive": ["ustar  ", "../", "path=", "size=", "GNU.sparse."],
    "params": _YAML,
    "preset": _YAML,
    "calibration": _YAML,
    "probes": _YAML,
    "benchmark": [*_SIGNS, "BLANK", '"gold_label"', "null", "{}", "[]", r'"\ud800"', r'"\u202e"', "1e999"],
    "workbook": ['t="d"', 't="e"', 't="b"', 't="n"', 't="inlineStr"', 'r="XFD1048576"', 's="1"', "<f>", *_SIGNS],
    "patterns": [*_SPOKEN, "|", *_HTML],
}
