"""The published effect sizes of WEAT from the vectors and word lists that the package wefe ships.

It wants `pip install --no-deps wefe==1.0.1`, whose data alone is read; without it these tests are skipped.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest

from hansard_bias.statistics.associations import effect_size

# Caliskan, Bryson & Narayanan 2017, Science 356, 183, supplement: word2vec of Google News.
PUBLISHED = {
    "flowers and insects": (("flowers", "insects"), ("pleasant_5", "unpleasant_5a"), 1.54),
    "instruments and weapons": (("instruments", "weapons"), ("pleasant_5", "unpleasant_5a"), 1.63),
    "career and family": (("male_names", "female_names"), ("career", "family"), 1.89),
    "mathematics and arts": (("math", "arts"), ("male_terms", "female_terms"), 0.97),
    "science and arts": (("science", "arts_2"), ("male_terms_2", "female_terms_2"), 1.24),
    "mental and physical disease": (("mental_disease", "physical_disease"), ("temporary", "permanent"), 1.30),
}


@lru_cache(maxsize=1)
def shipped() -> Path:
    try:
        return Path(str(distribution("wefe").locate_file("wefe/datasets/data")))
    except PackageNotFoundError:
        pytest.skip("wefe is not installed: pip install --no-deps wefe==1.0.1")


@lru_cache(maxsize=1)
def vectors() -> dict[str, np.ndarray]:
    lines = (shipped() / "weat_w2v____old.txt").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        word, *numbers = line.split()
        # The first line of such files may be their size.
        if len(numbers) > 10:
            found[word] = np.array(numbers, dtype=np.float64)
    return found


def unit(words: list[str]) -> np.ndarray:
    """Unit vectors of the words that have one."""
    known = np.array([vectors()[word] for word in words if word in vectors()])
    return np.asarray(known / np.linalg.norm(known, axis=1, keepdims=True))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_effect_size(name: str) -> None:
    lists = json.loads((shipped() / "WEAT.json").read_text(encoding="utf-8"))
    targets, attributes, published = PUBLISHED[name]
    near, far = (unit(lists[each]) for each in attributes)
    first, second = (
        (unit(lists[each]) @ near.T).mean(axis=1) - (unit(lists[each]) @ far.T).mean(axis=1) for each in targets
    )
    assert effect_size(first, second) == pytest.approx(published, abs=0.01)
