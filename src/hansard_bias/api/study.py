"""A finished study as pandas frames and charts: `study = hb.load_study(PATH)`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hansard_bias.analysis.record_files import existing, read_rows
from hansard_bias.analysis.stage_records import CurveRow
from hansard_bias.api import tables
from hansard_bias.api.frames import frame
from hansard_bias.api.revisions import files_of
from hansard_bias.base.files import METRICS, MODELS, TOKENIZER, run_name
from hansard_bias.base.messages import require_known
from hansard_bias.params import PARAMS_FILE, Config, load_config
from hansard_bias.report.results import Results, load_results

if TYPE_CHECKING:
    from hansard_bias.api.scoring import Companion


def load_study(path: str | os.PathLike[str] = ".", *, revision: str = "") -> Study:
    """The study in a project's folder, or what git holds of it at a revision.

    path: the folder with params.yaml and metrics. revision: a commit, branch or tag, or the name of one of DVC's
    experiments: its results, without what DVC keeps (speeches, scores, models).

    Raises ValueError, one line, for a folder that is no study, one that is not finished, and results of another schema.

    >>> study = hb.load_study(".")
    >>> study.models, study.corpora, study.seeds
    (('nunavut', 'canada', 'mixed'), ('nunavut', 'canada'), (1, 2))
    >>> study
    <study of nunavut and canada: 3 models, 2 seeds>
    """
    folder = Path(path)
    if not (folder / PARAMS_FILE).is_file():
        found = f"no {PARAMS_FILE} there" if folder.is_dir() else "no such folder"
        expected = f"the folder of a project, with {PARAMS_FILE} and {METRICS}"
        raise ValueError(f"{folder}: {found}, expected {expected}; name the one in which you ran `make repro`")
    if not revision:
        return _load(folder, folder)
    with files_of(folder, revision) as files:
        return _load(files, None, f"{folder} at {revision}")


def _load(folder: Path, data: Path | None, name: str = "") -> Study:
    metrics = folder / METRICS
    # First of all: what a study is that has not come to its end.
    existing(metrics / "bias.json", "bias")
    config = load_config(folder / PARAMS_FILE)
    runs = [(model, seed) for model in config.models for seed in config.train.seeds]
    summaries = all((metrics / "training" / f"{run_name(*run)}.json").is_file() for run in runs)
    paths = {run: metrics / "curves" / f"{run_name(*run)}.csv" for run in runs}
    curves = {run: read_rows(path, CurveRow, f"train@{path.stem}") for run, path in paths.items() if path.is_file()}
    return Study(load_results(metrics, config, trainings=summaries), curves, data, name or str(folder))


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """A finished study; every frame is made anew when it is asked for, and is yours to change.

    docs/api.md says what each column means. Where a number has an interval, its bounds stand beside it, in columns
    that end in `_low` and `_high`: at the confidence of params.yaml, missing where nothing is known of the error.
    """

    results: Results
    """The same as typed records, with all that no frame holds (docs/results.md)."""
    _curves: Mapping[tuple[str, int], tuple[CurveRow, ...]]
    _data: Path | None
    """The project's folder; None for a revision, whose data are not there."""
    name: str
    """Where it was loaded from."""

    def __repr__(self) -> str:
        read = " and ".join(self.corpora)
        return f"<study of {read}: {len(self.models)} models, {len(self.seeds)} seeds>"

    @property
    def config(self) -> Config:
        """params.yaml, typed."""
        return self.results.config

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that were trained, as in params.yaml and in every column `model`."""
        return tuple(self.config.models)

    @property
    def corpora(self) -> tuple[str, ...]:
        """The names of the corpora."""
        return tuple(self.config.corpora)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that every model was trained with."""
        return self.config.train.seeds

    @property
    def folder(self) -> Path:
        """The project's folder. Raises ValueError for a revision, of which there are results alone."""
        if self._data is None:
            remedy = "take it into a folder (`dvc exp apply`, or `git checkout` and `dvc checkout`) and load that"
            raise ValueError(f"{self.name}: only results are kept in git, no speeches, scores or models; {remedy}")
        return self._data

    @property
    def answer(self) -> str:
        """The page's answer in one sentence."""
        from hansard_bias.report.verdict import answer

        return answer(self.results)[0]

    @property
    def matrix(self) -> pd.DataFrame:
        """How well every model reads every text: perplexities and bits per byte, one row a model and text.

        >>> study.matrix.pivot(index="model", columns="corpus", values="perplexity").shape
        (3, 3)
        >>> bool((study.matrix.perplexity_low < study.matrix.perplexity_high).all())
        True
        """
        return frame("matrix", tables.matrix_rows(self.results))

    @property
    def excess(self) -> pd.DataFrame:
        """How much worse than the text's own model, with test, companion and yardstick; one row a model and text.

        >>> own = study.excess.query("model == corpus == 'canada'")
        >>> own.nats.tolist()
        [0.0]
        """
        return frame("excess", tables.excess_rows(self.results))

    @property
    def yardsticks(self) -> pd.DataFrame:
        """What two halves of one legislature's own debates differ by, one row a corpus with a model of its own."""
        return frame("yardsticks", tables.yardstick_rows(self.results))

    @property
    def given(self) -> pd.DataFrame:
        """How models that are there already (`folder` in params.yaml) read every text; no rows without such models.

        What they say of prompts and benchmarks stands in `prompts`, `pairs` and `answers`, beside the others.

        >>> len(study.given)
        0
        """
        return frame("given", tables.given_rows(self.results))

    @property
    def tests(self) -> pd.DataFrame:
        """All tests, p corrected within each family.

        >>> bool((study.tests.p_holm >= study.tests.p).all())
        True
        """
        return frame("tests", tables.test_rows(self.results))

    @property
    def words(self) -> pd.DataFrame:
        """The words behind the gaps."""
        return frame("words", tables.line_rows(self.results, self.results.words))

    @property
    def slices(self) -> pd.DataFrame:
        """Perplexity and excess by year, topic, role and speaker."""
        return frame("slices", tables.line_rows(self.results, self.results.slices))

    @property
    def prompts(self) -> pd.DataFrame:
        """Which group of terms the models prefer in every prompt, one row a prompt and model."""
        return frame("prompts", tables.prompt_rows(self.results))

    @property
    def pairs(self) -> pd.DataFrame:
        """Benchmarks of sentences (CrowS-Pairs, StereoSet, one's own): how often each model prefers the stereotype.

        One row a benchmark, model and way to score, of all items and of each part and theme; no rows without such.
        """
        return frame("pairs", tables.pair_rows(self.results))

    @property
    def answers(self) -> pd.DataFrame:
        """Benchmarks of two answers: which one the models expect, one row a prompt and model.

        >>> sorted(set(study.answers.model))
        ['canada', 'mixed', 'nunavut']
        """
        return frame("answers", tables.answer_rows(self.results))

    @property
    def curves(self) -> pd.DataFrame:
        """The training curves, one row an evaluation."""
        runs = self._curves.items()
        rows = ({"model": model, "seed": seed, **vars(line)} for (model, seed), lines in runs for line in lines)
        return frame("curves", rows)

    def speeches(self, corpus: str) -> pd.DataFrame:
        """The aligned speeches of a corpus, of all splits, in the order of the debates.

        >>> canada = study.speeches("canada")
        >>> sorted(set(canada.split))
        ['test', 'train', 'validation']
        """
        from hansard_bias.api.speeches import speeches

        require_known("corpus", corpus, self.corpora)
        return speeches(self.folder, corpus)

    def scores(
        self, model: str, seed: int | None = None, *, corpus: str = "", by: str = "speech", companion: bool = False
    ) -> pd.DataFrame:
        """What a model read of the test speeches, with their day, speaker, role and topic.

        model: one that was trained, or is there already. seed: the first of `seeds` by default. corpus: of one alone;
        all by default. by: one row a `speech` or a `token`. companion: those of the model's n-gram companion, which has
        no seed.

        >>> by_speech = study.scores("nunavut", seed=1)
        >>> by_token = study.scores("nunavut", seed=1, by="token")
        >>> len(by_token) == int(by_speech.tokens.sum())
        True
        """
        from hansard_bias.api.speeches import scores

        require_known("model", model, self.models if companion else self.config.all_models)
        require_known("corpus", corpus, ["", *self.corpora])
        require_known("rows by", by, ("speech", "token"))
        already = model in self.config.given
        seeds = self.seeds[:1] if already else self.seeds
        if seed is not None and seed not in seeds:
            raise ValueError(f"no seed {seed} of {model}, expected one of {', '.join(map(str, seeds))}")
        run = None if companion else run_name(model, seeds[0] if seed is None else seed)
        tokenizer = MODELS / str(run) if already else TOKENIZER
        return scores(self.folder, run or model, companion, [corpus] if corpus else [*self.corpora], by, tokenizer)

    def companion(self, model: str) -> Companion:
        """The n-gram model of exactly the text that a model was trained on, learned anew in seconds; for `hb.score`."""
        from hansard_bias.api.scoring import learned_companion

        require_known("model", model, self.models)
        return learned_companion(self.folder, self.config, model)

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of the figures that this study has.

        >>> "matrix" in study.figures
        True
        """
        from hansard_bias.report.figures import charts

        return tuple(name for name, draw in charts(self.results).items() if draw() is not None)

    def figure(self, name: str) -> Any:
        """A figure of the page as an Altair chart, to show, to change or to save.

        >>> chart = study.figure("matrix")
        >>> type(chart).__name__
        'LayerChart'
        """
        from hansard_bias.report.figures import charts

        known = charts(self.results)
        require_known("figure", name, known)
        chart = known[name]()
        if chart is None:
            raise ValueError(f"{self.name}: nothing to show in the figure {name!r}; it has {', '.join(self.figures)}")
        return chart
