"""Everything in metrics/, and of DVC's experiments, gets its run."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hansard_bias.operations import integrity
from hansard_bias.tracking import Store, backfill, mirror
from hansard_bias.tracking.mirror import checked_out, experiments
from helpers.project import Project

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")


@pytest.fixture
def copy(project: Project, store_root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """What a clone without data holds of the tiny project, as a git repository."""
    shutil.copytree(project.root / "metrics", store_root / "metrics")
    shutil.copy(project.root / "params.yaml", store_root / "params.yaml")
    monkeypatch.chdir(store_root)
    subprocess.run(["git", "init", "-q"], check=True)
    commit()
    return Project(store_root, project.raw)


def commit() -> str:
    state = [name for name in ("metrics", "params.yaml", "dvc.lock") if Path(name).exists()]
    subprocess.run([*GIT, "add", "-A", *state], check=True)
    subprocess.run([*GIT, "commit", "-qm", "state"], check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


def test_all_results_without_a_run_get_one_once(copy: Project) -> None:
    titles = [*backfill(copy.config)]
    assert len(titles) == 7
    assert {"mixed · seed 2", "comparison"} <= set(titles)
    assert [*backfill(copy.config)] == []


def test_a_comparison_that_was_logged_before_gets_the_companion_s_numbers(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = mirror.comparison_measures
    with monkeypatch.context() as patch:
        patch.setattr(mirror, "comparison_measures", lambda bias: earlier({"models": bias["models"]}))
        assert "comparison" in [*backfill(copy.config)]
    store = Store(copy.config.tracking.experiment)
    (known,) = store.find_all("stage", "comparison")
    assert not any(name.startswith("companion_") for name in known.data.metrics)
    for _ in range(2):
        assert [*backfill(copy.config)] == []
    run = store.client.get_run(known.info.run_id)
    assert (
        run.data.metrics.keys() - known.data.metrics.keys()
        == {name for name in run.data.metrics if name.startswith("companion_")}
        != set()
    )
    assert all(len(store.client.get_metric_history(run.info.run_id, name)) == 1 for name in run.data.metrics)


def test_a_study_that_is_not_finished_is_mirrored_as_far_as_it_is(copy: Project) -> None:
    (copy.root / "metrics" / "bias.json").unlink()
    (copy.root / "metrics" / "training" / "mixed-2.json").unlink()
    commit()
    assert len([*backfill(copy.config)]) == 5


def test_what_git_does_not_hold_is_taken_from_the_cache_of_dvc(copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are in DVC's cache: the trainings of an experiment's commit are found there, and nowhere outside it."""
    cache, outs = copy.root / "cache", []
    monkeypatch.setattr(integrity, "_cache", lambda root: cache)
    for file in sorted((copy.root / "metrics" / "training").iterdir()):
        digest = hashlib.md5(file.read_bytes()).hexdigest()
        (cache / digest[:2]).mkdir(parents=True, exist_ok=True)
        file.rename(cache / digest[:2] / digest[2:])
        outs.append({"path": f"metrics/training/{file.name}", "hash": "md5", "md5": digest})
    outs.append(outs[0] | {"path": "metrics/../../outside.json"})
    YAML().dump({"stages": {"train@all": {"outs": outs}}}, copy.root / "dvc.lock")
    commit()
    with checked_out(copy.root, commit_of("HEAD")) as folder:
        assert folder is not None and len(list((folder / "metrics" / "training").iterdir())) == len(outs) - 1
        assert not (folder.parent / "outside.json").exists()
    assert "mixed · seed 2" in [*backfill(copy.config)]


def test_experiments_are_mirrored_under_their_own_names(copy: Project) -> None:
    base = commit_of("HEAD")
    params = copy.root / "params.yaml"
    bias = copy.root / "metrics" / "bias.json"
    summary = copy.root / "metrics" / "training" / "mixed-1.json"
    params.write_text(re.sub(r"lr: 0\.003", "lr: 0.009", params.read_text()))
    bias.write_text(bias.read_text() + "\n")
    summary.write_text(re.sub(r'"fingerprint": "\w+"', '"fingerprint": "' + "e" * 64 + '"', summary.read_text()))
    experiment = commit()
    subprocess.run(["git", "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/quiet-otter", experiment], check=True)
    subprocess.run(["git", "update-ref", "refs/exps/stash", experiment], check=True)
    subprocess.run(["git", "reset", "-q", "--hard", base], check=True)
    assert experiments(copy.root) == [("quiet-otter", experiment)]
    titles = [*backfill(copy.config)]
    assert {"mixed · seed 1 · quiet-otter", "mixed · seed 1", "comparison · quiet-otter", "comparison"} <= set(titles)
    logged = Store(copy.config.tracking.experiment).find("weights", "e" * 64)
    assert logged is not None
    assert logged.data.params["train.lr"] == "0.009"
    assert logged.data.tags["commit"] == experiment
    assert [*backfill(copy.config)] == []


def test_parameters_of_another_version_are_left_out(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    params = copy.root / "params.yaml"
    good = params.read_text()
    params.write_text(good + "\nunheard_of: 1\n")
    commit()
    params.write_text(good)
    assert len([*backfill(copy.config)]) == 7
    (warning,) = capsys.readouterr().err.splitlines()
    assert "is left out" in warning and "unheard_of" in warning


def commit_of(revision: str) -> str:
    done = subprocess.run(["git", "rev-parse", revision], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_outside_git_there_are_no_experiments(tmp_path: Path) -> None:
    assert experiments(tmp_path) == []


def lock(root: Path, rate: float, finished: bool = False) -> None:
    """A dvc.lock whose training ran with this rate; finished: with the page of these results."""
    params = {"params.yaml": {"train.lr": rate}}
    stages: dict[str, object] = {"train@mixed-1": {"params": params}}
    # Of a model that is no longer asked for.
    stages["train@gone-1"] = {"params": {"params.yaml": {"train.lr": 0.5}}}
    if finished:
        train = {**YAML(typ="safe").load(root / "params.yaml")["train"], "lr": rate}
        md5 = hashlib.md5((root / "metrics" / "bias.json").read_bytes()).hexdigest()
        deps = [{"path": "metrics/bias.json", "md5": md5}]
        stages["report"] = {"deps": deps, "params": {"params.yaml": {"train": train}}}
    YAML().dump({"stages": stages}, root / "dvc.lock")


def test_results_are_logged_with_the_parameters_that_made_them(copy: Project) -> None:
    lock(copy.root, 1e-5, finished=True)
    commit()
    assert len([*backfill(copy.config)]) == 7
    trained = Store(copy.config.tracking.experiment).find_all("label", "C")
    assert [run.data.params["train.lr"] for run in trained] == ["1e-05", "1e-05"]


def test_results_of_other_parameters_are_left_out(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    lock(copy.root, 0.003)
    assert len([*backfill(copy.config)]) == 7
    capsys.readouterr()
    lock(copy.root, 0.005)
    (copy.root / "metrics" / "bias.json").write_text("{}")
    assert [*backfill(copy.config)] == []
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if "metrics/" in line]
    assert "train@mixed-1 ran with train.lr 0.005, params.yaml has 0.003 by now" in warning
