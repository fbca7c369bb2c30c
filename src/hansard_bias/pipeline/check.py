"""Validate params.yaml and the probes' files before any stage touches its outputs: `dvc repro check`.

Its outputs change only with what a stage behind it depends on: the files of `model.init` and of `probe`, `corpora` and
`models` without their labels (a file for each model, with the digests of one that is there already), `model` without
the settings of the other architecture. DVC can name a section of params.yaml as a dependency, but not a section without
one of its keys.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

from tokenizers import Tokenizer

from hansard_bias.analysis.word_classes import read_lists
from hansard_bias.base import files
from hansard_bias.base.files import (
    CHECKED,
    INITIAL,
    METRICS,
    MODEL_SECTIONS,
    MODELS,
    PROBE_FILES,
    SAMPLE,
    TRAINING_SECTION,
    write_json,
)
from hansard_bias.base.messages import warn
from hansard_bias.base.yaml import told_by_line
from hansard_bias.corpora.archives import digest
from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.corpora.readers import SETTINGS, all_readers, find_reader
from hansard_bias.given.folders import check_folder
from hansard_bias.given.taking import taken_from
from hansard_bias.models.architectures import (
    MOST_TOKENS,
    TOKENIZER,
    check_initial,
    init_error,
    initial_digests,
    read_settings,
)
from hansard_bias.params import Config, ConfigError, CorpusConfig
from hansard_bias.params.validation import require
from hansard_bias.probing.benchmarks import left_out_lines
from hansard_bias.probing.files import check_writable, load_probing, probe_digests


def run(config: Config, output: Path = CHECKED, initial: Path = INITIAL, probe_files: Path = PROBE_FILES) -> None:
    """Check what can be known without reading the archives: that they, the probes and `model.init` are there."""
    for name, corpus in config.corpora.items():
        find_reader(name, corpus)
        path = Path(corpus.path)
        if not path.is_relative_to(SAMPLE) and not path.exists():
            home = f"write ~ out: {path.expanduser()}" if corpus.path.startswith("~") else "correct the path"
            remedy = f"{home}, or go back to the sample with `git checkout params.yaml`"
            raise ConfigError(f"corpora.{name}.path", corpus.path, "an existing archive or folder", remedy)
        if corpus.join:
            is_there = Path(corpus.join.path).exists()
            require(is_there, f"corpora.{name}.join.path", corpus.join.path, "an existing table", "correct the path")
    check_initial(config.model.init)
    check_initial_tokens(config.model.init)
    for name, model in config.given.items():
        # Tokens are stored in two bytes.
        check_folder(Path(model.folder), f"params.yaml: models.{name}.folder", MOST_TOKENS)
    check_probes(config)
    files.require_writable([output.parent, MODELS, *files.with_folders_below(METRICS)])
    # These change only with what a stage behind depends on: else a remark in params.yaml would rerun all.
    write_sections(config, output.parent / files.SECTIONS.name)
    write_json(initial, initial_digests(config.model.init))
    classes = config.word_classes()
    write_json(probe_files, probe_digests(config.probe.in_language()) | {classes: files.sha256(Path(classes))})
    with files.atomic_write(output) as partial:
        partial.write_text("params.yaml is valid\n", encoding="utf-8")


def check_initial_tokens(init: str) -> None:
    """Raise ConfigError where the tokenizer of `model.init` has tokens that its model does not know."""
    if not init:
        return
    tokenizer = Tokenizer.from_file(str(Path(init) / TOKENIZER))
    # The largest id, not the number of tokens: ids may have holes.
    size, room = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1, read_settings(init)["vocab_size"]
    if size > room:
        raise init_error(init, f"a tokenizer with no more tokens ({size}) than the model ({room})", "take another")


def write_sections(config: Config, folder: Path) -> None:
    """What stages depend on of `corpora`, `models` and `model`, a file for each kind of stage; without labels."""
    sample = [name for name, corpus in config.corpora.items() if Path(corpus.path).is_relative_to(SAMPLE)]
    with files.atomic_folder(folder) as partial:
        write_json(partial / "corpora.json", {"corpora": list(config.corpora), "of the sample": sample})
        write_json(partial / "mixtures.json", {name: model.mixture for name, model in config.models.items()})
        write_json(partial / TRAINING_SECTION.name, config.of_training())
        for name, corpus in config.corpora.items():
            write_json(partial / "archives" / f"{name}.json", archive_section(corpus))
        sections = {name: config.of_model(name) for name in config.models} | taken_from(config)
        for name, section in sections.items():
            write_json(partial / MODEL_SECTIONS.name / f"{name}.json", section)


def archive_section(corpus: CorpusConfig) -> dict[str, object]:
    """What the text of a corpus depends on; of a second table, which DVC does not know of, also the digest."""
    whole = asdict(corpus)
    section = {name: whole[name] for name in ("reader", "path", "columns")}
    # What is not set changes no file that was written before the setting was known.
    section |= {name: whole[name] for name in SETTINGS if whole[name]}
    if corpus.join:
        beside = Path(corpus.join.path)
        section["joined"] = digest(beside, all_readers(corpus.reader)[corpus.reader].sources(beside))
    return section


def check_probes(config: Config) -> None:
    """Read all that the models will be asked; where the tokenizer is known already, it must be able to write it."""
    probe, classes = config.probe.in_language(), Path(config.word_classes())
    remedy = "the project's own are in data/probes"
    require(classes.is_file(), "bias.word_classes", str(classes), "an existing YAML file", remedy)
    with told_by_line(classes):
        read_lists(classes)
    named = [("prompts", probe.prompts), ("groups", probe.groups), *(("benchmarks", path) for path in probe.benchmarks)]
    named += [("associations", probe.associations)] if probe.associations else []
    for key, path in named:
        kind = "CSV, XLSX or JSON" if key == "benchmarks" else "YAML"
        require(Path(path).is_file(), f"probe.{key}", path, f"an existing {kind} file", remedy)
    with told_by_line(*(Path(path) for _, path in named)):
        asked = load_probing(probe)
    for line in left_out_lines(problem for benchmark in asked.benchmarks for problem in benchmark.told):
        warn(line)
    # As the models will meet it: a term is written as cleaned text has it.
    surface = partial(clean_text, lowercase=config.clean.lowercase)
    for folder in filter(None, [config.model.init, *(model.folder for model in config.given.values())]):
        check_writable(asked, Path(folder) / TOKENIZER, surface)
