"""Generated texts, and what KenLM (Heafield et al. 2013) says of them, for tests/models/test_ngram.py.

How tests/models/kenlm.csv was made:

    git clone https://github.com/kpu/kenlm      # 4cb443e of 2025-03-30; its BUILDING says how (cmake, Boost)
    python tests/helpers/kenlm.py kenlm/build/bin > tests/models/kenlm.csv

The test reads the table alone, and needs no KenLM.
"""

from __future__ import annotations

import re
import subprocess
import sys
from bisect import bisect
from itertools import accumulate
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

FIRST, WORDS, FOLLOWERS, UNSEEN = 5, 2000, 97, 3
"""The least id; how many tokens texts are made of, and how many of these follow others; how many are only asked for."""
VOCABULARY = WORDS + UNSEEN + 1
LEARNED = {"many": 2000, "few": 8}
"""By case how many texts are learned from: 20,000 tokens, and too few for the formula of the discounts."""
Texts = list[list[int]]


def learned(case: str) -> Texts:
    """What is learned from; one text is empty."""
    return [*_texts(LEARNED[case] - 1, 1), []]


def asked() -> Texts:
    """What is asked for: other texts, tokens that were never seen, contexts that hold them, and an empty text."""
    unseen = [FIRST + WORDS + at for at in range(UNSEEN)]
    return [*_texts(40, 2), unseen, [FIRST, unseen[0], FIRST, FIRST + 1, FIRST, unseen[0]], []]


def _texts(count: int, seed: int) -> Texts:
    # random() alone: Python promises its numbers for every version.
    random, shares = Random(seed), list(accumulate(1 / rank for rank in range(1, WORDS + 1)))
    texts = []
    for _ in range(count):
        text = [FIRST + int(4 * random.random())]
        while random.random() < 0.9:
            # A few tokens follow most two tokens, so that longer n-grams occur again, too.
            follower = FIRST + (7 * sum(text[-2:]) + int(2 * random.random())) % FOLLOWERS
            drawn = FIRST + bisect(shares, shares[-1] * random.random())
            text.append(follower if random.random() < 0.6 else drawn)
        texts.append(text)
    return texts


def _kenlm(programs: Path, case: str) -> list[float]:
    """log10 P of every token and end that is asked for."""
    with TemporaryDirectory() as folder:
        text, model = Path(folder, "text"), Path(folder, "model.arpa")
        text.write_text(_lines(learned(case)))
        # The unigrams' rest goes to all tokens that there may be, not to those alone that were seen.
        options = ["-o", "4", "-S", "100M", "-T", folder, "--vocab_pad", str(VOCABULARY), "--discount_fallback"]
        subprocess.run([f"{programs}/lmplz", *options, "--text", str(text), "--arpa", str(model)], check=True)
        query = [f"{programs}/query", "-v", "word", str(model)]
        found = subprocess.run(query, input=_lines(asked()), capture_output=True, text=True, check=True).stdout
    # 17=12 3 -1.234: the word, its number, the length of the n-gram that was found, log10 P.
    return [float(score) for score in re.findall(r"\S+=\d+ \d+ (\S+)", found)]


def _lines(texts: Texts) -> str:
    return "".join(" ".join(map(str, text)) + "\n" for text in texts)


def main(programs: Path) -> None:
    """Print the table: a row for each token and end that is asked for, log10 P by case."""
    places = [f"{number},{token}" for number, text in enumerate(asked()) for token in [*text, "end"]]
    print("text,token", *LEARNED, sep=",")
    for place, *scores in zip(places, *(_kenlm(programs, case) for case in LEARNED), strict=True):
        print(place, *scores, sep=",")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
