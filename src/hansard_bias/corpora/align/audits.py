"""Checks of an alignment: its statistics, leakage, and how well form and content give a corpus away."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hansard_bias.base.parallel import in_order
from hansard_bias.corpora.align.duplicates import Codes, Flags, Part, Rows, Texts, hash_words, ngram_hashes, take
from hansard_bias.corpora.align.splits import hash_order
from hansard_bias.params import SPLITS, Config
from hansard_bias.writing import is_character, terms

LEAK_NGRAM = 13
SAMPLE = {"train": 2800, "test": 1200}  # speeches of each corpus and split

_MARKS = ",.;:?!"
# Characters whose share of the stops, or of the other marks, is a feature.
_SHARES = {mark: mark for mark in '?!,;:(/-"\u2026'} | {"curly_double": "\u201c\u201d\u201e\u00ab\u00bb"}
_WHITE = {"space": " ", "break": "\t\n\r\x0b\x0c\x85\u00a0\u2028\u2029", "end": "\x00"}
_OTHERS = {".": ".", "dash": "\u2013\u2014\u2212", "straight_single": "'`", "curly_single": "\u2018\u2019"}


def statistics_table(
    corpora: Mapping[str, pd.DataFrame], mixtures: pd.DataFrame, config: Config
) -> list[dict[str, object]]:
    """One record for each corpus and mixture and split: speeches, words, bytes, speakers, sittings, first and last day.

    A mixture's speakers and sittings are counted by corpus.
    """
    records: list[dict[str, object]] = []
    for column in config.columns():
        ids = mixtures.loc[mixtures["model"] == column, "speech_id"]
        parts = [corpora[column]] if column in corpora else [table[_among(table, ids)] for table in corpora.values()]
        every = pd.concat(parts)
        for split in SPLITS:
            table = every[every["split"] == split]
            records.append(
                {
                    **{"name": column, "split": split},
                    **{"speeches": len(table), "words": int(table["words"].sum()), "bytes": int(table["bytes"].sum())},
                    "speakers": len(table.loc[table["speaker"] != "", ["corpus", "speaker"]].drop_duplicates()),
                    "sittings": len(table[["corpus", "sitting"]].drop_duplicates()),
                    "first_day": str(table["sitting"].min()) if len(table) else None,
                    "last_day": str(table["sitting"].max()) if len(table) else None,
                }
            )
    return records


def _among(table: pd.DataFrame, ids: pd.Series) -> Flags:
    """Which of the speeches have these ids (as objects: on Arrow strings `isin` takes five times as long)."""
    return np.asarray(table["speech_id"].astype(object).isin(ids.astype(object)), dtype=bool)


def leakage(
    corpora: Mapping[str, pd.DataFrame], mixtures: pd.DataFrame, texts: Texts
) -> tuple[dict[str, object], dict[str, Flags]]:
    """Look for the test speeches of each corpus in the training text of every corpus and model.

    Returns the report and, for each corpus (speeches,), the test speeches with a run of 13 words in training text. In
    the report `shared_speeches`: test speeches of any corpus with the letters and digits of a training or validation
    speech of any corpus or model. `shared_13grams`: the share of the runs of 13 words in the test speeches that occur
    in a training speech too, for each corpus and `overall`; None where no test speech is that long.
    """
    tests = {name: _hashes(texts, table.loc[table["split"] == "test", "row"]) for name, table in corpora.items()}
    # Training text is read in parts and compared with the test's hashes: only those are held in memory.
    keys, grams = (np.unique(np.concatenate([test[kind] for test in tests.values()])) for kind in (0, 1))
    leaked_keys, leaked_grams = np.zeros(len(keys), dtype=bool), np.zeros(len(grams), dtype=bool)
    for split in ("train", "validation"):
        for own_keys, own_grams, _ in in_order(_hash_part, texts.parts(_used_as(split, corpora, mixtures))):
            _mark(keys, leaked_keys, own_keys)
            # Phrases are what a model learns by heart, and it learns from training text alone.
            if split == "train":
                _mark(grams, leaked_grams, own_grams)
    shared = sum(int(leaked_keys[np.searchsorted(keys, own)].sum()) for own, _, _ in tests.values())
    hits = {name: leaked_grams[np.searchsorted(grams, own)] for name, (_, own, _) in tests.items()}
    sharing = {name: np.isin(table["row"].to_numpy(), tests[name][2][hits[name]]) for name, table in corpora.items()}
    hits["overall"] = np.concatenate([*hits.values()])
    shares = {name: float(each.mean()) if len(each) else None for name, each in hits.items()}
    return {"shared_speeches": shared, "shared_13grams": shares}, sharing


def _hashes(texts: Texts, rows: pd.Series) -> tuple[Codes, Codes, Rows]:
    """Keys and 13-grams of these texts, and the text that each 13-gram stands in."""
    ordered = [*texts.parts(rows.to_numpy())]
    parts = [*in_order(_hash_part, ordered)]
    owners = [np.repeat(part.rows, counts) for part, (_, _, counts) in zip(ordered, parts, strict=True)]
    nothing = np.zeros(0, dtype=np.uint64)
    keys, grams = (np.concatenate([nothing, *(part[kind] for part in parts)]) for kind in (0, 1))
    return keys, grams, np.concatenate([np.zeros(0, dtype=np.int64), *owners])


def _hash_part(part: Part) -> tuple[Codes, Codes, Rows]:
    hashed = hash_words(part.read())
    return hashed.keys, *ngram_hashes(hashed, LEAK_NGRAM)


def _used_as(split: str, corpora: Mapping[str, pd.DataFrame], mixtures: pd.DataFrame) -> Rows:
    """The texts of a split, and those that any model uses as such, whatever their split."""
    ids = mixtures.loc[mixtures["split"] == split, "speech_id"]
    used = [table.loc[(table["split"] == split) | _among(table, ids), "row"] for table in corpora.values()]
    return np.concatenate([rows.to_numpy() for rows in used])


def _mark(known: Codes, found: Flags, hashes: Codes) -> None:
    """Set `found` where a sorted known hash is among the hashes."""
    if len(known):
        hashes = np.sort(hashes)
        places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        found[places[known[places] == hashes]] = True


def audit_sample(corpora: Mapping[str, pd.DataFrame], texts: Texts, seed: int) -> pd.DataFrame:
    """What the audits of form and content look at: `name` (of the corpus), `split`, `raw` (as read), `text` (cleaned).

    Of each corpus and split the SAMPLE speeches with the lowest hashes.
    """
    parts = []
    for (name, table), (split, size) in itertools.product(corpora.items(), SAMPLE.items()):
        rows = table[table["split"] == split]
        # A sample, as the audits are a look at the form and would otherwise take longer than the alignment.
        order = np.argsort(hash_order(rows["speech_id"], seed, "audit"))[:size]
        parts.append(rows.iloc[order][["row", "split"]].assign(name=name))
    sample = pd.concat(parts, ignore_index=True)
    numbers = sample.pop("row").to_numpy()
    return sample.assign(**{column: take(texts, numbers, column) for column in ("raw", "text")})


def format_audit(sample: pd.DataFrame) -> dict[str, object]:
    """How well form alone (case, spacing, quotes, dashes, punctuation, digit groups) tells the corpora apart.

    Logistic regression trained on training sittings; area under the ROC curve on test sittings, one corpus against the
    rest where there are more than two. `auc_before`: the texts as read (`raw`); `auc_after`: cleaned (`text`); 0.5 is
    chance. `features`: the standardised weights of the most telling (for two corpora, positive speaks for the second).
    """
    if sample["name"].nunique() < 2:
        return {"auc_before": None, "auc_after": None, "features": [], "reason": "there is only one corpus"}
    (before, weights_before), (after, weights_after) = (_form(sample, column) for column in ("raw", "text"))
    strongest = sorted(weights_after, key=lambda name: -max(abs(weights_before[name]), abs(weights_after[name])))
    weights = [(name, weights_before[name], weights_after[name]) for name in strongest[:10]]
    keys = ("feature", "weight_before", "weight_after")
    features = [dict(zip(keys, each, strict=True)) for each in weights if any(each[1:])]
    return {"auc_before": before, "auc_after": after, "features": features}


def content_audit(sample: pd.DataFrame) -> dict[str, object]:
    """The same with the words: what is left to find. `telling`: the 20 words that speak most for each corpus."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    corpora = sample["name"].unique().tolist()
    if len(corpora) < 2:
        return {"auc": None, "telling": {}, "reason": "there is only one corpus"}
    vectorizer = TfidfVectorizer(tokenizer=terms, token_pattern=None, sublinear_tf=True, max_features=30_000)
    # The words of the test speeches must not help to choose the features.
    vectorizer.fit(sample.loc[sample["split"] == "train", "text"])
    auc, weights = _tell_apart(vectorizer.transform(sample["text"]), sample)
    words = vectorizer.get_feature_names_out()
    rows = weights if len(weights) > 1 else np.vstack([-weights, weights])
    telling = {name: words[np.argsort(-row)[:20]].tolist() for name, row in zip(corpora, rows, strict=True)}
    return {"auc": auc, "telling": telling}


def _tell_apart(features: Any, sample: pd.DataFrame) -> tuple[float, NDArray[np.float64]]:
    """AUC on the test speeches, and the weights: (1, features) for two corpora, else (corpora, features)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    train = (sample["split"] == "train").to_numpy()
    labels, names = pd.factorize(sample["name"])
    # Balanced, as corpora differ in size and an AUC should not.
    model = LogisticRegression(class_weight="balanced", max_iter=300).fit(features[train], labels[train])
    chances = model.predict_proba(features[~train])
    chances = chances[:, 1] if len(names) == 2 else chances
    return float(roc_auc_score(labels[~train], chances, multi_class="ovr")), model.coef_


def _form(sample: pd.DataFrame, column: str) -> tuple[float, dict[str, float]]:
    """AUC of form alone, and the weight of each feature (the largest over the corpora, where there are several)."""
    rates = form_rates(sample[column].to_list())
    # A speech without the mark in question says nothing: it gets the mean, which standardisation makes zero.
    values = rates.fillna(rates.mean()).fillna(0.0).to_numpy()
    auc, weights = _tell_apart((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-12), sample)
    strongest = weights[np.abs(weights).argmax(axis=0), np.arange(weights.shape[1])]
    return auc, dict(zip(rates.columns, strongest.tolist(), strict=True))


def form_rates(texts: list[str]) -> pd.DataFrame:
    """Rates that describe the form of each text, one row a text; NaN where there is nothing to take a rate of.

    Case, spacing, quotes, dashes, punctuation and digit groups, no word: each is a share of marks, spaces, digits or
    word beginnings of a kind, so that none grows with the length.
    """
    plane = [chr(code) for code in range(0x10000)]
    tables = np.array([[*map(test, plane)] for test in (str.isupper, str.islower, str.isdigit, is_character)])
    # A number of texts that bounds the memory: some 60 bytes a character.
    parts = [_rates(texts[start : start + 512], tables) for start in range(0, len(texts), 512)]
    return pd.concat(parts, ignore_index=True)


def _rates(texts: list[str], tables: Flags) -> pd.DataFrame:
    # All texts as one array of characters: a loop over them would be far slower.
    codes = np.frombuffer(("\0".join(texts) + "\0").encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
    rates = {}
    # What lies beyond the first plane counts as its last character, which has no case and is no digit.
    for name, (some, of_all) in _form_flags(np.minimum(codes, 0xFFFF), tables).items():
        hits, chances = (np.bincount(owner[flags], minlength=len(texts)) for flags in (some & of_all, of_all))
        rates[name] = np.divide(hits, chances, out=np.full(len(texts), np.nan), where=chances > 0)
    return pd.DataFrame(rates)


def _form_flags(codes: NDArray[np.uint32], tables: Flags) -> dict[str, tuple[Flags, Flags]]:
    """For each rate the characters that count, and those among which they are counted."""
    classes = _WHITE | _OTHERS | _SHARES
    kind = {name: np.isin(codes, [ord(character) for character in members]) for name, members in classes.items()}
    upper, lower, digit, character = tables[:, codes]
    letter = upper | lower
    white = kind["space"] | kind["break"]
    marks = np.logical_or.reduce([kind[mark] for mark in _MARKS])
    stops: Flags = kind["."] | kind["?"] | kind["!"]
    single = kind["straight_single"] | kind["curly_single"]
    # Stops apart: their share of all marks grows with the number of sentences.
    symbols = ~(letter | character | digit | white | kind["end"] | stops)
    start = _before(kind["end"])
    start[:1] = True
    after_stop = letter & _before(white) & _before(_before(stops))
    number_end = _before(digit) & ~digit
    separated = _after(digit) & _before(digit)
    flags = {
        "capital_at_start": (upper, start & letter),
        "capital_after_stop": (upper, after_stop),
        "capital_inside": (upper, letter & _before(white) & ~after_stop),
        "capital_after_capital": (upper, letter & _before(upper)),
        "space_before_mark": (_before(white), marks),
        "no_space_after_mark": (_after(letter), marks & ~_after(kind["end"])),
        "space_after_space": (_before(white), white),
        "line_break": (kind["break"], white),
        "space_after_open": (_after(white), kind["("]),
        "straight_double_quote": (kind['"'], kind['"'] | kind["curly_double"]),
        "straight_apostrophe": (kind["straight_single"], single),
        "space_before_apostrophe": (_before(white), single),
        "long_dash": (kind["dash"], kind["dash"] | kind["-"]),
        "space_around_hyphen": (_before(white) & _after(white), kind["-"]),
        "double_hyphen": (_before(kind["-"]), kind["-"]),
        "stop_at_end": (stops, _after(kind["end"]) & ~kind["end"]),
        "digit_after_digit": (_before(digit), digit),
        "comma_in_number": (kind[","] & separated, number_end),
        "space_in_number": (kind["space"] & separated, number_end),
    }
    return flags | {f"share_of_{name}": (kind[name], stops if name in "?!" else symbols) for name in _SHARES}


def _before(flags: Flags) -> Flags:
    # The flag of the character before: nothing stands before the first one.
    return np.concatenate([[False], flags[:-1]])


def _after(flags: Flags) -> Flags:
    return np.concatenate([flags[1:], [False]])
