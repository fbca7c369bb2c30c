"""`model.init`: a local BERT and a local RoBERTa carried through every stage that touches a model or its tokenizer."""

from __future__ import annotations

import json
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from hansard_bias.params import Config, ConfigError, parse_config
from hansard_bias.probing.files import PLANTED
from hansard_bias.randomness import stable_hashes
from hansard_bias.scoring.scoring import deal_folds
from helpers.local_models import POSITIONS, save_local_model
from helpers.project import Project, merged, write_params

STARTS = {"lr": 1e-9, "max_steps": 1, "eval_every": 1, "seeds": [1, 2]}
LEARNS = {"lr": 0.005, "max_steps": 30, "eval_every": 10}


@dataclass(frozen=True)
class Continued:
    """A project of one model that went on from `init`: run 1 took one step of nothing, run 2 learned."""

    root: Path
    init: Path
    config: Config

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.root / "data" / name)

    def loss(self, seed: int) -> float:
        summary = json.loads((self.root / "metrics" / "training" / f"mixed-{seed}.json").read_text(encoding="utf-8"))
        return float(summary["validation_loss"])


@pytest.fixture(scope="module", params=["roberta", "bert", "modernbert"])
def continued(request: Any, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Continued:
    """The stages from the tokenizer on, each by its own `run`."""
    from hansard_bias.pipeline import check, encode, probe, score, tokenizer, train

    root = tmp_path_factory.mktemp(request.param)
    shutil.copytree(project.root / "data" / "aligned", root / "data" / "aligned")
    (root / PLANTED.parent).mkdir(parents=True)
    shutil.copy(project.root / PLANTED, root / PLANTED)
    texts = pd.read_parquet(root / "data" / "aligned" / "nunavut.parquet")["text"].tolist()
    init = save_local_model(request.param, root / "outside" / "start", texts)
    dropout = "mlp_dropout" if request.param == "modernbert" else "hidden_dropout_prob"
    changes = {"model": {"init": "outside/start", dropout: 0.05}, "train": STARTS}
    changes["align"] = {"budget": "full"}
    raw = merged(project.raw, changes)
    before = Path.cwd()
    os.chdir(write_params(root, raw))
    try:
        config = parse_config(raw)
        check.run(config)
        tokenizer.run(config)
        for corpus in config.corpora:
            encode.run(corpus)
        train.run(config, "mixed", 1)
        config = parse_config(merged(raw, {"train": LEARNS}))
        train.run(config, "mixed", 2)
        score.run(config, "mixed", 2)
        probe.run(config, "mixed", 2)
    finally:
        os.chdir(before)
    return Continued(root, init, config)


def auto_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


def test_speeches_are_encoded_as_the_folder_s_tokenizer_does_and_whole(continued: Continued) -> None:
    known = auto_tokenizer(continued.init)
    texts = continued.table("aligned/canada.parquet")["text"].tolist()
    own = known(texts, add_special_tokens=False, truncation=False, padding=False)["input_ids"]
    pieces = np.load(continued.root / "data" / "encoded" / "canada" / "pieces.npy")
    assert pieces.tolist() == [piece for ids in own for piece in ids]
    assert max(map(len, own)) > POSITIONS


def test_training_begins_at_the_folder_s_weights(continued: Continued) -> None:
    given = load_file(continued.init / "model.safetensors")
    kept = load_file(continued.root / "models" / "mixed-1" / "model.safetensors")
    assert given.keys() == kept.keys()
    for name, tensor in given.items():
        torch.testing.assert_close(kept[name], tensor, rtol=0, atol=1e-7)


def test_continuing_lowers_the_loss_from_the_start_value(continued: Continued) -> None:
    assert continued.loss(2) < continued.loss(1) - 0.3


@torch.inference_mode()
def test_scores_are_those_of_hugging_face_s_own_forward(continued: Continued) -> None:
    from transformers import AutoModelForMaskedLM

    folder = continued.root / "models" / "mixed-2"
    known, model = auto_tokenizer(continued.init), AutoModelForMaskedLM.from_pretrained(str(folder)).eval()
    texts = continued.table("aligned/nunavut.parquet").set_index("speech_id")["text"]
    scores = continued.table("scores/mixed-2.parquet")
    room = POSITIONS - 2
    for speech, rows in list(scores[scores["corpus"] == "nunavut"].groupby("speech_id"))[:6]:
        ids = torch.tensor(known(texts[speech], add_special_tokens=False, truncation=False, padding=False)["input_ids"])
        fold = torch.tensor(deal_folds(17, stable_hashes([str(speech)]), np.arange(len(ids))[None], 7)[0])
        expected = torch.zeros(len(ids))
        for start in range(0, len(ids), room):
            part, dealt = ids[start : start + room], fold[start : start + room]
            for k in range(7):
                shown = torch.where(dealt == k, known.mask_token_id, part).tolist()
                inputs = torch.tensor([[known.cls_token_id, *shown, known.sep_token_id]])
                logp = model(input_ids=inputs).logits[0, 1:-1].log_softmax(-1)
                expected[start : start + room][dealt == k] = -logp[dealt == k, part[dealt == k]]
        np.testing.assert_allclose(rows["surprisals"].iloc[0], expected.numpy(), rtol=1e-4, atol=1e-5)


def test_probes_are_answered(continued: Continued) -> None:
    answers = continued.table("probed/mixed-2.parquet")
    assert np.isfinite(answers[["log_odds", "prior_log_odds"]]).all(axis=None)
    assert answers["log_odds"].nunique() > 10
    fillings = {filling["token"] for top in answers["top"] for filling in top}
    assert not fillings & {"<s>", "</s>", "<mask>", "[CLS]", "[MASK]"}


def test_the_result_loads_without_a_network_and_without_pickle(
    continued: Continued, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants
    from transformers import AutoModelForMaskedLM, pipeline

    def refuse(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    folder, known = continued.root / "models" / "mixed-2", auto_tokenizer(continued.init)
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(str(folder)), auto_tokenizer(folder)
    assert type(model) is type(AutoModelForMaskedLM.from_pretrained(str(continued.init)))
    assert (tokenizer.mask_token, tokenizer.model_max_length) == (known.mask_token, POSITIONS)
    assert tokenizer("The roads")["input_ids"] == known("The roads", padding=False)["input_ids"]
    fill = pipeline("fill-mask", model=str(folder), tokenizer=str(folder))
    assert len(fill(f"The {tokenizer.mask_token} asks about roads.")) == 5
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".safetensors", ".md"}


def test_card_and_settings_say_where_it_began_but_not_on_which_machine(continued: Continued) -> None:
    folder = continued.root / "models" / "mixed-2"
    written = {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix != ".safetensors"
    }
    assert str(continued.root) not in "".join(written.values())
    assert "trained from the weights and with the tokenizer of `start`" in written["README.md"]
    config = json.loads(written["config.json"])
    assert config["mlp_dropout" if config["model_type"] == "modernbert" else "hidden_dropout_prob"] == 0.05


def test_other_weights_are_another_run(continued: Continued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hansard_bias.models.architectures import initial_digests
    from hansard_bias.training.run_key import identify

    monkeypatch.chdir(continued.root)
    assert json.loads(Path("data/initial.json").read_text()) == initial_digests("outside/start")
    key = identify(continued.config, "mixed", 1).key
    weights = continued.init / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    try:
        assert identify(continued.config, "mixed", 1).key != key
    finally:
        weights.write_bytes(good)
    assert identify(continued.config, "mixed", 1).key == key
    weights.rename(weights.with_suffix(".away"))
    try:
        with pytest.raises(ConfigError, match=r"model\.init is 'outside/start'.*no model\.safetensors there"):
            identify(continued.config, "mixed", 1)
    finally:
        weights.with_suffix(".away").rename(weights)


def test_a_tokenizer_with_more_tokens_than_its_model_is_told_by_the_check(tmp_path: Path) -> None:
    from hansard_bias.pipeline.check import check_initial_tokens
    from hansard_bias.tokens.tokenizer import vocabulary_size

    folder = save_local_model("bert", tmp_path / "start", ["the road is long and the sea is cold"] * 9)
    check_initial_tokens(str(folder))
    check_initial_tokens("")
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokens = vocabulary_size(folder)
    for size, fits in ((tokens + 7, True), (tokens, True), (tokens - 1, False), (6, False)):
        (folder / "config.json").write_text(json.dumps(content | {"vocab_size": size}), encoding="utf-8")
        if fits:
            check_initial_tokens(str(folder))
        else:
            with pytest.raises(ConfigError, match=rf"model.init is .*no more tokens \(\d+\) than the model \({size}\)"):
                check_initial_tokens(str(folder))
