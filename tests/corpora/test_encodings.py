"""Text in whatever encoding: found and named, the same in all files of an archive, or refused with the setting."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from hansard_bias.corpora import encodings
from hansard_bias.corpora.archives import Findings
from hansard_bias.corpora.encodings import Encodings, as_utf8
from hansard_bias.corpora.readers.akoma import read_akoma
from hansard_bias.corpora.readers.lipad import read_lipad
from hansard_bias.corpora.readers.nrc import read_nrc
from hansard_bias.corpora.readers.parlamint import read_parlamint
from hansard_bias.corpora.readers.table import read_table
from hansard_bias.params import CleanConfig, ColumnsConfig, ConfigError, CorpusConfig
from hansard_bias.pipeline.corpus import account
from helpers.speech_tables import build_corpus

CLEAN = CleanConfig(lowercase=False, min_characters=3, drop_procedural=False, drop_roles=())
TEXTS = {
    "french": "Monsieur le Président, l’été a été très long, où « ça » va… dès demain – français, naïf.",
    "french of 15": "Mon cœur et ma sœur, Monsieur le Président : un œuf coûte 2 € à Besançon, c'était déjà très cher.",
    "german": "Herr Präsident, die Bürger möchten größere Straßen – „ähnlich wie früher“, übrigens.",
    "spanish": "Señor presidente, ¿qué año será mejor? La región está más allá de la montaña; él habló así.",
    "polish": "Panie Marszałku! Proszę o głos, żeby mówić o źródłach pieniędzy, które są potrzebne w Łodzi.",
    "czech": "Vážený pane předsedo, děkuji za slovo. Řekl bych, že síť je příliš těžká, a kůň též.",
    "hungarian": "Tisztelt Elnök Úr! A két út hosszú, és mindenki erről beszél: öt őszi felszólalás, ügyünk fűtése.",
    "croatian": "Poštovani zastupnici, riječ je o cesti koja će biti duža; čestitam, žao mi je, đaci.",
    "russian": "Уважаемый господин председатель, дорога на север длинная и холодная. Ёлки растут у дороги.",
    "ukrainian": "Шановний голово, дорога на північ є довгою і холодною, їхати далеко.",
    "greek": "Κύριε Πρόεδρε, ο δρόμος προς τον βορρά είναι μακρύς και κρύος.",
    "turkish": "Sayın Başkan, kuzeye giden yol uzun ve soğuktur; değerli milletvekilleri, teşekkür ederim. Işık.",
    "lithuanian": "Gerbiamas pirmininke, kelias į šiaurę yra ilgas; ąžuolų eilė, žmonės, čia ūkis ėmė šių metų.",
    "japanese": "議長、北への道は長くて寒いです。皆さん、よろしくお願いいたします。",
    "chinese": "主席先生，通往北方的道路漫长而寒冷。各位代表，谢谢大家。我们今天讨论的是预算问题。",
    "korean": "의장님, 북쪽으로 가는 길은 길고 춥습니다. 감사합니다. 오늘 우리는 예산을 논의합니다.",
    "english": "The member for Québec said “no”, and the café’s naïve owner left – it cost £5 for 100 m².",
}
FOUND = [
    *(("french", "cp1252", "windows-1252"), ("french", "mac_roman", "mac-roman"), ("french", "cp850", "cp850")),
    *(("french of 15", "iso8859-15", "iso-8859-15"), ("french of 15", "cp1252", "windows-1252")),
    *(
        ("german", "latin-1", "windows-1252"),
        ("german", "mac_roman", "mac-roman"),
        ("spanish", "cp1252", "windows-1252"),
    ),
    *(("polish", "cp1250", "windows-1250"), ("polish", "iso8859-2", "iso-8859-2"), ("polish", "cp852", "cp852")),
    *(("czech", "cp1250", "windows-1250"), ("czech", "iso8859-2", "iso-8859-2")),
    *(("hungarian", "cp1250", "windows-1250"), ("croatian", "cp1250", "windows-1250")),
    *(("russian", "cp1251", "windows-1251"), ("russian", "koi8-r", "koi8-r"), ("russian", "cp866", "cp866")),
    *(("russian", "iso8859-5", "iso-8859-5"), ("russian", "mac_cyrillic", "mac-cyrillic")),
    *(("ukrainian", "cp1251", "windows-1251"), ("ukrainian", "koi8-u", "koi8-u"), ("greek", "cp1253", "windows-1253")),
    *(("turkish", "cp1254", "windows-1254"), ("lithuanian", "cp1257", "windows-1257")),
    *(("english", "cp1252", "windows-1252"), ("english", "mac_roman", "mac-roman")),
    *((language, "utf-16", "utf-16") for language in ("french", "russian", "chinese")),
    *((language, "utf-16-le", "utf-16-le") for language in ("english", "greek", "korean")),
    *((language, "utf-16-be", "utf-16-be") for language in ("polish", "russian", "japanese")),
    *((language, "utf-8", "UTF-8") for language in TEXTS),
    *(("german", "utf-8-sig", "UTF-8 with a mark"), ("chinese", "utf-32", "utf-32")),
]
LIBRARY = [
    ("japanese", "shift_jis"),
    ("japanese", "euc_jp"),
    ("chinese", "gb18030"),
    ("chinese", "big5"),
    ("korean", "euc_kr"),
]


def table(text: str) -> str:
    return f"day;who;body\r\n2001-02-03;Ann;A road.\r\n2001-02-03;Bo;{text}\r\n"


@pytest.mark.parametrize(("language", "codec", "name"), FOUND)
def test_an_encoding_is_found_and_named(language: str, codec: str, name: str) -> None:
    text = table(TEXTS[language].encode(codec, "ignore").decode(codec))
    known = Encodings()
    read = as_utf8(io.BytesIO(text.encode(codec)), "a.csv", known).read().decode("utf-8-sig")
    assert (read, known.by_file) == (text, {"a.csv": name})


@pytest.mark.parametrize(("language", "codec"), [*LIBRARY, ("japanese", "iso2022_jp")])
def test_encodings_of_several_bytes_a_sign(language: str, codec: str) -> None:
    text = table(TEXTS[language].encode(codec, "ignore").decode(codec))
    assert as_utf8(io.BytesIO(text.encode(codec)), "a.csv", Encodings()).read().decode() == text


@pytest.mark.parametrize("block", [1, 2, 7, 64])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1250", "gb18030"])
def test_a_sign_may_be_cut_at_the_end_of_a_block(monkeypatch: pytest.MonkeyPatch, block: int, codec: str) -> None:
    monkeypatch.setattr(encodings, "BLOCK", block)
    text = table(TEXTS["chinese" if codec == "gb18030" else "polish"]) * 3
    known = Encodings(setting=codec if codec in ("utf-16", "gb18030") else "")
    assert as_utf8(io.BytesIO(text.encode(codec)), "a.csv", known).read().decode() == text


def test_a_sign_far_below_is_enough() -> None:
    text = "A long road.\n" * 200_000 + TEXTS["polish"]
    known = Encodings()
    assert as_utf8(io.BytesIO(text.encode("cp1250")), "a.csv", known).read().decode() == text
    assert known.by_file == {"a.csv": "windows-1250"}


def corpus(path: Path, **settings: str) -> CorpusConfig:
    return CorpusConfig("A", "table", str(path), ColumnsConfig("body", "day", "who"), **settings)


def texts(path: Path, found: Findings | None = None, **settings: str) -> list[str]:
    return [record.text for record in read_table(path, corpus(path, **settings), found)]


def test_every_reader_reads_every_encoding(tmp_path: Path) -> None:
    text, codec = TEXTS["polish"], "iso8859-2"

    def save(folder: str, name: str, content: str) -> Path:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(content.encode(codec))
        return tmp_path / folder

    lipad = save("lipad", "2004-2-9.csv", f'speechdate,speechtext\n2004-02-09,"{text}"\n')
    save("nrc", "NunavutHansard.en", f"Ms. Elm: {text}\n")
    nrc = save("nrc", "NunavutHansard.id", "Hansard_20030506\t1\n")
    declared = '<?xml version="1.0" encoding="ISO-8859-2"?>'
    tei = save("tei", "x_2015-01-05.xml", f"{declared}<TEI><text><body><u><seg>{text}</seg></u></body></text></TEI>")
    debate = f"<debate><debateBody><speech><p>{text}</p></speech></debateBody></debate>"
    akoma = save("akoma", "x_2015-01-05.xml", f"<akomaNtoso>{debate}</akomaNtoso>")
    for read, path in ((read_lipad, lipad), (read_nrc, nrc), (read_parlamint, tei), (read_akoma, akoma)):
        found = Findings()
        assert [record.text for record in read(path, None, found)] == [text]
        assert {name.lower() for name in found.encodings.by_file.values()} - {"utf-8"} == {"iso-8859-2"}


@pytest.mark.parametrize("codec", ["cp1252", "utf-16", "mac_roman", "utf-8-sig"])
def test_every_format_of_tables(tmp_path: Path, codec: str) -> None:
    text = TEXTS["french"].replace("’", "'")
    row = json.dumps({"body": text, "day": "2001-02-03", "who": "Ann"}, ensure_ascii=False)
    files = {"a.csv": table(text), "b.json": f"[{row}]", "c.jsonl": f"{row}\n{row}\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode(codec))
        assert set(texts(tmp_path / name)) - {"A road."} == {text}
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    assert texts(tmp_path / "a.csv.gz") == ["A road.", text]
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(tmp_path / "a.csv", "x/a.csv")
    assert texts(tmp_path / "a.tgz") == ["A road.", text]


def test_what_was_found_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(table(TEXTS["polish"]).encode("cp1250"))
    (tmp_path / "b.csv").write_bytes(table("The same road.").encode())
    summary = build_corpus("moor", corpus(tmp_path), CLEAN).summary
    assert summary["encodings"] == {"UTF-8": 1, "windows-1250": 1}
    assert "files read 1 as windows-1250 (`encoding` says another)" in account("moor", summary)


def test_a_setting_goes_before_what_is_found_but_not_before_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(table("Ein Ger\u00e4t und Gr\u00f6\u00dfe").encode("cp1252"))
    (tmp_path / "b.csv").write_bytes(table(TEXTS["polish"]).encode())
    found = Findings()
    assert texts(tmp_path, found, encoding="cp1250") == ["A road.", "Ein Ger\u00e4t und Gr\u00f6\u00dfe"] * 0 + [
        *("A road.", "Ein Ger\u00e4t und Gr\u00f6\u00dfe", "A road.", TEXTS["polish"])
    ]
    assert found.encodings.by_file == {"a.csv": "cp1250", "b.csv": "UTF-8"}
    assert texts(tmp_path / "a.csv", encoding="iso8859-5")[1] != texts(tmp_path / "a.csv")[1]


def test_files_of_one_archive_have_one_encoding(tmp_path: Path) -> None:
    """A few signs of the first file fit windows-1252; those of the second show that it was another."""
    (tmp_path / "a.csv").write_bytes(table("Jedna cesta je d\u011bdova").encode("cp1250"))
    (tmp_path / "b.csv").write_bytes(table(TEXTS["polish"]).encode("cp1250"))
    with pytest.raises(ValueError, match=r"b\.csv: byte \d+ is not UTF-8: it looks like windows-1250, other files as"):
        texts(tmp_path)
    assert texts(tmp_path, encoding="windows-1250")[1::2] == ["Jedna cesta je d\u011bdova", TEXTS["polish"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXTS["french"].encode("cp1252") + b" l\x9d\xe9t\xe9", r"byte 118 is not windows-1252"),
        (b"caf\xc3\xa9 caf\xc3\xa9 caf\xe9", r"byte \d+ is not UTF-8, as the text before it; mend it, or drop such"),
        (bytes(range(128, 256)), r"byte \d+ is not UTF-8, and its letters fit no other encoding; say which one it is"),
        ("l'\u00e9t\u00e9 \u00e9tait l\u00e0 ".encode("cp1252") * 200_000 + b"\x81", r"byte \d+ is not windows-1252"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_helps(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"day;who;body\n2001-02-03;Ann;" + content + b"\n")
    with pytest.raises(ValueError, match=rf"^a\.csv: {said}"):
        texts(tmp_path / "a.csv")


def test_the_byte_that_is_told_is_the_file_s(tmp_path: Path) -> None:
    content = "l'\u00e9t\u00e9 ".encode("cp1252") * 300_000
    place = content.rindex(b"t")
    (tmp_path / "a.csv").write_bytes(content[:place] + b"\x81" + content[place + 1 :])
    with pytest.raises(ValueError, match=rf"byte {place} is not windows-1252"):
        as_utf8((tmp_path / "a.csv").open("rb"), "a.csv", Encodings()).read()


@pytest.mark.parametrize("name", ["utf-9", "base64", "", "rot13"])
def test_a_setting_that_is_no_encoding_is_refused(tmp_path: Path, name: str) -> None:
    if not name:
        corpus(tmp_path, encoding=name).check("moor")
        return
    with pytest.raises(ConfigError, match=rf"corpora\.moor\.encoding is '{name}', expected the name of an encoding"):
        corpus(tmp_path, encoding=name).check("moor")
