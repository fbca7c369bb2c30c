"""The command line: a user's mistake is one line on stderr and exit status 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from safetensors import SafetensorError

from hansard_bias import cli
from hansard_bias.base import command
from helpers.local_models import save_local_model

ROOT = Path(__file__).parents[1]


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hansard_bias.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path, raw: dict[str, Any]) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "probes").symlink_to(ROOT / "data" / "probes")
    save(tmp_path, raw)
    return tmp_path


def save(folder: Path, raw: dict[str, Any]) -> None:
    with (folder / "params.yaml").open("w", encoding="utf-8") as handle:
        YAML().dump(raw, handle)


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    for part in said:
        assert part in lines[0]


def test_help_names_every_stage(folder: Path) -> None:
    text = call(folder, "--help").stdout
    for stage in ("sample", "corpus", "align", "tokenizer", "encode", "train", "score", "probe", "bias", "report"):
        assert f"\n  {stage} " in text


def test_check_passes_on_the_shipped_parameters(folder: Path) -> None:
    checked = call(folder, "check")
    assert (checked.returncode, checked.stdout) == (0, "params.yaml is valid: 2 corpora, 3 models x 3 seeds\n")
    assert (folder / "data" / "params.checked").read_text() == "params.yaml is valid\n"


def test_a_missing_archive(folder: Path, raw: dict[str, Any]) -> None:
    raw["corpora"]["canada"]["path"] = "/no/such/archive.tar.bz2"
    save(folder, raw)
    refused(call(folder, "check"), "corpora.canada.path is '/no/such/archive.tar.bz2'", "expected an existing archive")
    assert not (folder / "data" / "params.checked").exists()


def test_a_missing_probe_file(folder: Path, raw: dict[str, Any]) -> None:
    raw["probe"]["prompts"] = "nowhere.yaml"
    save(folder, raw)
    refused(call(folder, "check"), "probe.prompts is 'nowhere.yaml'")


def own_probe(folder: Path, raw: dict[str, Any], key: str, name: str, text: str) -> None:
    """Another file for one kind of probe."""
    (folder / name).write_text(text, encoding="utf-8")
    raw["probe"][key] = [name] if key == "benchmarks" else name
    save(folder, raw)


GROUP = "{label: l, note: n, terms: {%s: why}}"


@pytest.mark.parametrize(
    ("key", "name", "text", "said"),
    [
        (
            "benchmarks",
            "own.csv",
            "prompt,favorable_answer,theme\n",
            "own.csv:1: the column 'unfavorable_answer' is missing",
        ),
        (
            "benchmarks",
            "own.csv",
            "prompt,favorable_answer,unfavorable_answer,theme\nno gap,a,b,t\n",
            "own.csv:2: 'no gap'",
        ),
        (
            "groups",
            "own.yaml",
            "a: {label: l, note: n, terms: {}}\nb: " + GROUP % "icy",
            "own.yaml:1: group a: terms is {}",
        ),
        (
            "groups",
            "own.yaml",
            f"a: {GROUP % 'icy'}\nb: {GROUP % 'Icy'}",
            "own.yaml:2: term 'icy' occurs more",
        ),
        ("associations", "own.yaml", "sets: {}\n", "own.yaml: the key 'templates' is missing"),
        (
            "prompts",
            "own.yaml",
            '- {id: p, theme: t, text: "no gap", paraphrases: []}',
            "own.yaml:1: prompt p: 'no gap' holds 0",
        ),
    ],
)
def test_a_mistake_in_a_probe_file_is_told_by_check(
    folder: Path, raw: dict[str, Any], key: str, name: str, text: str, said: str
) -> None:
    own_probe(folder, raw, key, name, text)
    refused(call(folder, "check"), said)
    assert not (folder / "data" / "params.checked").exists()


def test_probes_to_begin_with_are_written_once(folder: Path) -> None:
    done = call(folder, "probes", "new", "data/iu")
    assert done.returncode == 0 and "  prompts: data/iu/prompts.yaml" in done.stdout.splitlines()
    refused(call(folder, "probes", "new", "data/iu"), "data/iu/prompts.yaml: is there already")


def test_a_missing_benchmark(folder: Path, raw: dict[str, Any]) -> None:
    raw["probe"]["benchmarks"] = ["nowhere.xlsx"]
    save(folder, raw)
    refused(call(folder, "check"), "probe.benchmarks is 'nowhere.xlsx', expected an existing CSV, XLSX or JSON file")


def test_a_term_that_the_tokenizer_to_continue_with_cannot_write(folder: Path, raw: dict[str, Any]) -> None:
    raw["model"]["init"] = str(save_local_model("bert", folder / "start", ["The icy roads of the North are closed."]))
    save(folder, raw)
    assert call(folder, "check").returncode == 0
    raw["probe"]["associations"] = ""
    own_probe(folder, raw, "groups", "own.yaml", f"north: {GROUP % 'ᓄᓇᕗᑦ'}\nsouth: {GROUP % 'mild'}")
    refused(call(folder, "check"), "group north: term 'ᓄᓇᕗᑦ' encodes to an unknown token; remove it or reword it")


def test_a_model_to_continue_from_that_is_not_there(folder: Path, raw: dict[str, Any]) -> None:
    raw["model"]["init"] = "roberta-base"
    save(folder, raw)
    refused(call(folder, "check"), "model.init is 'roberta-base', expected an existing Hugging Face folder")


def test_a_rate_read_as_text(folder: Path, raw: dict[str, Any]) -> None:
    raw["train"]["lr"] = "1e-05"
    save(folder, raw)
    for arguments in (["check"], ["train", "nunavut", "1"], ["bias"]):
        refused(call(folder, *arguments), "train.lr is '1e-05', expected a number")


def test_a_run_that_params_do_not_name(folder: Path) -> None:
    refused(call(folder, "train", "nunavt", "1"), "no model 'nunavt' in params.yaml, expected one of nunavut")
    refused(call(folder, "score", "nunavut", "9"), "train.seeds is [1, 2, 3], expected a list with seed 9")
    refused(call(folder, "corpus", "france"), "no corpus 'france'")


def test_a_stage_before_its_time_names_what_to_run(folder: Path) -> None:
    refused(call(folder, "align"), "data/speeches/nunavut.parquet", "dvc repro corpus@nunavut")
    refused(call(folder, "encode", "nunavut"), "dvc repro align")
    refused(call(folder, "score", "nunavut", "1"), "models/nunavut-1", "dvc repro train@nunavut-1")
    refused(call(folder, "bias"), "dvc repro score@nunavut-1")
    refused(call(folder, "report"), "dvc repro")
    refused(call(folder, "summary"), "metrics/bias.json", "dvc repro bias")


def test_no_parameters_at_all(tmp_path: Path) -> None:
    refused(call(tmp_path, "check"), "params.yaml: no such file")


@pytest.mark.parametrize(("number", "told"), [(28, True), (5, False)])
def test_a_full_disk_below_safetensors_is_for_users(number: int, told: bool) -> None:
    error = SafetensorError(f"Error while serializing: I/O error: it went wrong (os error {number})")
    assert command._is_for_users(error) == told


def test_waiting_threads_let_others_have_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "")  # for the way back
    monkeypatch.delenv("GOMP_SPINCOUNT")
    command.bound_spinning()
    assert os.environ["GOMP_SPINCOUNT"] == "1000"
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    command.bound_spinning()
    assert os.environ["GOMP_SPINCOUNT"] == "7", "who sets it, has it"


def test_a_stage_of_a_killed_experiment_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / ".dvc" / "tmp" / "exps" / "tmpa1b2c3"
    (workspace / "metrics").mkdir(parents=True)
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")  # which main sets there

    def write() -> None:
        raise FileNotFoundError(2, "No such file or directory", "metrics")

    monkeypatch.setattr(cli, "app", write)
    for there, said in ((True, "No such file or directory: 'metrics'"), (False, "the experiment was killed")):
        (workspace / "dvc.yaml").touch() if there else (workspace / "dvc.yaml").unlink()
        with pytest.raises(SystemExit):
            cli.main()
        assert said in capsys.readouterr().err
