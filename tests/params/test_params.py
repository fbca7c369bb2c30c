"""params.yaml: every mistake is one line that names the key, the value and what was expected."""

from __future__ import annotations

import datetime
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hansard_bias.params import ColumnsConfig, ConfigError, load_config, load_sections, parse_config, parse_sections


def set_key(raw: dict[str, Any], key: str, value: object) -> None:
    *sections, last = key.split(".")
    for section in sections:
        raw = raw[section]
    raw[last] = value


def test_the_shipped_file_is_valid_and_names_the_study(raw: dict[str, Any]) -> None:
    config = parse_config(raw)
    assert [config.row_key(model) for model in config.models] == ["A_nunavut", "B_canada", "C_mixed"]
    assert config.columns() == {
        "nunavut": {"nunavut": 1.0},
        "canada": {"canada": 1.0},
        "mixed": {"nunavut": 0.5, "canada": 0.5},
    }
    assert config.own_model("canada") == "canada"
    assert config.score.folds == 7


def test_sittings_are_dealt_singly_where_a_file_does_not_say(raw: dict[str, Any]) -> None:
    assert parse_config(raw).align.split.by == "sitting"
    del raw["align"]["split"]["by"]
    assert parse_config(raw).align.split.by == "sitting"


def test_order_of_names_is_that_of_labels_and_decides_which_model_is_a_corpus_s_own(raw: dict[str, Any]) -> None:
    raw["models"] = {"zoo": {"label": "Z", "mixture": {"canada": 1.0}}, **raw["models"]}
    raw["corpora"] = dict(reversed(raw["corpora"].items()))
    config = parse_config(raw)
    ordered = config.in_order_of_names()
    assert list(ordered.models) == ["nunavut", "canada", "mixed", "zoo"]
    assert list(ordered.corpora) == ["nunavut", "canada"]
    assert config.own_model("canada") == ordered.own_model("canada") == "canada"
    assert ordered == config, "the same entries"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sample.sittings", 2801, "sample.sittings is 2801, expected 12 to 2800 sitting days"),
        ("train.lr", "1e-05", "train.lr is '1e-05', expected a number; write it without quotes"),
        ("train.lr", 0, "train.lr is 0.0, expected a rate above 0"),
        ("train.lr", float("nan"), "expected a finite number"),
        ("train.epochs", True, "train.epochs is True, expected a number"),
        ("train.batch_size", 2.5, "train.batch_size is 2.5, expected a whole number"),
        ("train.seeds", [1, 1], "train.seeds is [1, 1], expected a list of different whole numbers"),
        ("train.seeds", 1, "train.seeds is 1, expected a list"),
        ("train.seeds", ["one"], "train.seeds[0] is 'one', expected a whole number"),
        ("train.precision", "half", "train.precision is 'half', expected one of auto, fp32, bf16, fp16"),
        ("models.mixed.mixture", {"nunavut": 0.5, "canda": 0.5}, "did you mean canada?"),
        ("models.mixed.mixture", {"nunavut": 0.5, "canada": 0.4}, "expected weights that sum to 1 (these sum to 0.9)"),
        ("models.mixed.mixture", {}, "expected at least one of the corpora nunavut, canada; or name the `folder` of"),
        ("models.mixed.folder", "/data/bert", "expected no mixture beside a folder"),
        ("given", {}, "expected no such key"),
        ("models.mixed.label", "A", "expected a different label for each entry"),
        ("align.split.test", 0, "align.split.test is 0.0, expected a share between 0 and 1"),
        ("align.split.test", 0.2, "align.split is"),
        ("align.split.by", "week", "align.split.by is 'week', expected one of sitting, month"),
        ("align.split", "blocks", "align.split is 'blocks', expected a section with keys"),
        ("align.first_day", "yesterday", "align.first_day is 'yesterday', expected a date in quotes"),
        ("align.first_day", datetime.date(1999, 4, 1), "align.first_day is '1999-04-01', expected a date in quotes"),
        ("model.hidden_size", 129, "expected a multiple of twice model.num_attention_heads"),
        ("tokenizer.vocab_size", 100000, "tokenizer.vocab_size is 100000, expected 301 to 65535"),
        ("score.likelihood_speeches", -1, "score.likelihood_speeches is -1, expected 0 (none) or more speeches"),
        ("clean.drop_roles", ["king"], "clean.drop_roles is 'king'"),
    ],
)
def test_a_wrong_value_is_named(raw: dict[str, Any], key: str, value: object, said: str) -> None:
    set_key(raw, key, value)
    with pytest.raises(ConfigError) as caught:
        parse_config(raw)
    message = str(caught.value)
    assert said in message
    assert message.startswith("params.yaml: ")
    assert "\n" not in message


TABLE = {"label": "T", "reader": "table", "path": "archive"}
COLUMNS = {"text": "body", "date": "day", "speaker": "name"}


def test_a_table_names_its_columns(raw: dict[str, Any]) -> None:
    raw["corpora"]["moor"] = TABLE | {"columns": COLUMNS | {"role": "office", "date_format": "%d/%m/%Y"}}
    config = parse_config(raw)
    assert config.corpora["moor"].columns == ColumnsConfig("body", "day", "name", "office", date_format="%d/%m/%Y")
    assert config.corpora["nunavut"].columns is None


@pytest.mark.parametrize(
    ("corpus", "said"),
    [
        (TABLE | {"columns": "body"}, "columns is 'body', expected a section with keys"),
        (TABLE | {"columns": {"text": "body", "speaker": "name"}}, "columns.date is '', expected the name of a column"),
        (TABLE | {"columns": COLUMNS | {"speaker": [1]}}, "columns.speaker[0] is 1, expected text"),
        (TABLE | {"columns": COLUMNS | {"speaker": {"a": "b"}}}, "columns.speaker is {'a': 'b'}, expected text"),
        (
            TABLE | {"columns": COLUMNS | {"rôle": "office"}},
            "no such key (known: text, date, speaker, role, topic, id,",
        ),
        (TABLE | {"columns": COLUMNS | {"topics": "on"}}, "columns.topics is 'on', expected no such key"),
        (TABLE | {"columns": COLUMNS | {"topics": "on"}}, "did you mean topic?"),
        (TABLE | {"columns": COLUMNS | {"text": ""}}, "columns.text is '', expected the name of a column"),
        (TABLE | {"columns": COLUMNS | {"id": 3}}, "columns.id is 3, expected text"),
        (TABLE | {"columns": COLUMNS | {"date_format": "%d.%m"}}, "columns.date_format is '%d.%m', expected codes of"),
        (TABLE | {"columns": COLUMNS | {"date_format": "dd/mm/yyyy"}}, "is 'dd/mm/yyyy', expected codes of strptime"),
    ],
)
def test_wrong_columns_are_named(raw: dict[str, Any], corpus: dict[str, Any], said: str) -> None:
    raw["corpora"]["moor"] = corpus
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        parse_config(raw)
    assert str(caught.value).startswith("params.yaml: corpora.moor.columns")
    assert "\n" not in str(caught.value)


def test_an_unknown_key_suggests_the_right_one(raw: dict[str, Any]) -> None:
    raw["train"]["learning_rat"] = 1
    raw["train"]["epoch"] = 3
    with pytest.raises(ConfigError, match=r"train\.learning_rat is 1, expected no such key"):
        parse_config(raw)
    del raw["train"]["learning_rat"]
    with pytest.raises(ConfigError, match=r"train\.epoch is 3.*did you mean epochs\?"):
        parse_config(raw)


def test_a_missing_key_and_section_are_named(raw: dict[str, Any]) -> None:
    del raw["train"]["lr"]
    with pytest.raises(ConfigError, match=r"train\.lr is None, expected a value; this key is missing"):
        parse_config(raw)
    del raw["train"]
    with pytest.raises(ConfigError, match=r"params.yaml: train is None"):
        parse_config(raw)


@pytest.mark.parametrize(
    "name", ["a/b", 2015, "1999_moor", "", "_", True, None, "no", "Off", "a-b", "a b", "é", "x" * 101]
)
@pytest.mark.parametrize("section", ["models", "corpora"])
def test_a_name_that_cannot_be_a_file_a_stage_and_a_metric_is_refused(
    raw: dict[str, Any], section: str, name: object
) -> None:
    raw[section][name] = raw[section]["canada"] | {"label": "D"}
    with pytest.raises(ConfigError, match="letters, digits and underscores that begins with a letter") as caught:
        parse_config(raw)
    assert f"params.yaml: {section} is {str(name)[:300]!r}" in str(caught.value)


def test_a_corpus_is_not_called_as_the_file_of_the_mixtures(raw: dict[str, Any]) -> None:
    raw["corpora"]["mixtures"] = raw["corpora"]["canada"] | {"label": "D"}
    with pytest.raises(ConfigError, match="corpora is 'mixtures', expected a name"):
        parse_config(raw)


@pytest.mark.parametrize("label", ["", "  ", "two\nlines", "a\tb", "x" * 61, "\u202eA"])
@pytest.mark.parametrize("section", ["models", "corpora"])
def test_a_label_is_one_line(raw: dict[str, Any], section: str, label: str) -> None:
    raw[section]["canada"]["label"] = label
    with pytest.raises(ConfigError, match=rf"{section}\.canada\.label is .*, expected one line of 1 to 60 characters"):
        parse_config(raw)


def test_labels_are_free_text_and_reach_no_identifier(raw: dict[str, Any]) -> None:
    from mlflow.utils.validation import _validate_metric_name

    for label in ("Nunavut (1999)", "C+", "A & B", "Ünavut", "50 %", "A_b", "A.b", "{A}", "a/b", "<b>"):
        raw["models"]["canada"]["label"] = label
        config = parse_config(raw)
        rows = [config.row_key(model) for model in config.models]
        assert rows == ["A_nunavut", "model_canada", "C_mixed"]
        for row in rows:
            _validate_metric_name(f"perplexity.{row}.on_nunavut")


@pytest.mark.parametrize("text", ["1e-05", "3e-5", "1.0e-5"])
def test_what_dvc_writes_for_a_small_rate_is_a_number(tmp_path: Path, raw: dict[str, Any], text: str) -> None:
    """`dvc exp run -S train.lr=1e-5` writes 1e-05, which a YAML 1.1 parser reads as text."""
    shipped = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
    path = tmp_path / "params.yaml"
    path.write_text(re.sub(r"\blr: .*", f"lr: {text}", shipped), encoding="utf-8")
    assert load_config(path).train.lr == pytest.approx(float(text))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file"):
        load_config(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("train: [1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not valid YAML"):
        load_config(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("just text", encoding="utf-8")
    with pytest.raises(ValueError, match="expected a section with keys"):
        load_config(tmp_path / "params.yaml")


def test_a_stage_loads_only_its_sections(tmp_path: Path, raw: dict[str, Any]) -> None:
    raw["train"]["lr"] = "fast"
    raw["models"]["mixed"]["mixture"] = {"atlantis": 1.0}
    del raw["align"]
    raw["unknown"] = 1
    path = tmp_path / "params.yaml"
    YAML().dump(raw, path)
    config = load_sections(["corpora", "clean"], path)
    assert config.corpora["canada"].reader == "lipad"
    assert config.clean.drop_roles == ("crowd",)
    with pytest.raises(AttributeError, match="train: this section was not loaded; name it in load_sections"):
        _ = config.train
    with pytest.raises(ConfigError, match=r"train\.lr is 'fast'"):
        load_sections(["train"], path)
    with pytest.raises(ConfigError, match="align is None, expected a value; this key is missing"):
        load_sections(["align"], path)


def test_mixtures_are_held_against_corpora_where_both_are_loaded(raw: dict[str, Any]) -> None:
    raw["models"]["mixed"]["mixture"] = {"atlantis": 1.0}
    assert parse_sections(raw, ["models"]).row_key("mixed") == "C_mixed"
    with pytest.raises(ConfigError, match=r"models.mixed.mixture is 'atlantis', expected a corpus of params.yaml"):
        parse_sections(raw, ["corpora", "models"])
    raw["models"]["mixed"]["mixture"] = {"atlantis": 0.5}
    with pytest.raises(ConfigError, match="weights that sum to 1"):
        parse_sections(raw, ["models"])


def test_a_copy_of_a_part_is_checked_too(raw: dict[str, Any]) -> None:
    part = parse_sections(raw, ["corpora", "models"])
    assert set(vars(part.with_sections(corpora=part.corpora))) == {"corpora", "models", "given"}
    with pytest.raises(ConfigError, match="expected at least one archive"):
        part.with_sections(corpora={})


def test_a_model_s_own_settings_are_those_that_its_architecture_looks_at(raw: dict[str, Any]) -> None:
    """Each setting is of one architecture or of both, and none of neither."""
    model = parse_config(raw).model
    bert, modern = (set(replace(model, architecture=name).own()) for name in ("bert", "modernbert"))
    assert bert | modern == {field.name for field in fields(model)}
    assert bert - modern == {"hidden_dropout_prob", "attention_probs_dropout_prob"}
    assert {"local_attention", "layer_types", "global_rope_theta"} <= modern - bert
    assert {"hidden_size", "architecture", "init", "unigram_bias"} <= bert & modern


def test_a_model_that_is_there_already_is_no_model_to_train(raw: dict[str, Any]) -> None:
    raw["models"] |= {"base": {"label": "D", "folder": "/data/bert"}}
    config = parse_config(raw)
    assert [*config.models] == ["nunavut", "canada", "mixed"] and [*config.given] == ["base"]
    assert [*config.all_models] == ["nunavut", "canada", "mixed", "base"] and config.row_key("base") == "D_base"
    assert [*config.columns()] == ["nunavut", "canada", "mixed"]
    for copy in (config.with_sections(train=config.train), config.in_order_of_names(), replace(config)):
        assert (copy.given, {*copy.models}) == (config.given, {*config.models})
    raw["models"]["base"]["label"] = "A"
    with pytest.raises(ConfigError, match=r"models is \['A', 'B', 'C', 'A'\], expected a different label"):
        parse_config(raw)


def test_models_that_are_there_already_are_enough(raw: dict[str, Any]) -> None:
    raw["models"] = {"base": {"label": "D", "folder": "/data/bert"}}
    assert not parse_config(raw).models
