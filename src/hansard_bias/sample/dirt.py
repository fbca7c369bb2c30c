"""What real archives hold beside speeches: repeated speeches, exact or nearly so, and formulas of procedure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from random import Random

from hansard_bias.sample.records import Speech

# Per speech: the chance that it is printed twice, and the share of those copies with a word or two changed.
REPEATED_SAME_DAY = 0.012
REPEATED_OTHER_DAY = 0.01
NEAR_SHARE = 0.45
LONG_ENOUGH = 15
REPLACEMENTS = ("indeed", "perhaps", "rather", "truly", "maybe", "simply")
FORMULAS = ("Agreed.", "Thank you, Mr. Speaker.", "Thank you.", "Carried.", "Yes.", "Agreed. Carried.")


def with_duplicates(speeches: Sequence[Speech], earlier: Sequence[Speech], rng: Random) -> list[Speech]:
    """A day's speeches with copies among them: of the day's own speeches, and of `earlier` ones.

    A copy takes the place in the debate where it is put; its words and its speaker stay.
    """
    printed: list[Speech] = []
    for speech in speeches:
        printed.append(speech)
        if rng.random() < REPEATED_SAME_DAY:
            printed.append(_copy(rng.choice(speeches[: len(printed)]), speech, rng))
        if earlier and rng.random() < REPEATED_OTHER_DAY:
            printed.append(_copy(rng.choice(earlier), speech, rng))
    return printed


def _copy(original: Speech, place: Speech, rng: Random) -> Speech:
    sentences = original.sentences
    if rng.random() < NEAR_SHARE and len(original.text.split()) >= LONG_ENOUGH:
        sentences = _with_changed_word(original, rng)
    return dataclasses.replace(
        place, person=original.person, role=original.role, sentences=sentences, fillings=original.fillings
    )


def _with_changed_word(speech: Speech, rng: Random) -> tuple[str, ...]:
    """Replace one word; never a planted term, whose frequency is the sample's truth."""
    planted = {filling.term for filling in speech.fillings}
    places = [
        (number, position)
        for number, sentence in enumerate(speech.sentences)
        for position, word in enumerate(sentence.split())
        if word.isalpha() and word.islower() and len(word) > 3 and word not in planted
    ]
    number, position = rng.choice(places)
    words = speech.sentences[number].split()
    words[position] = rng.choice(REPLACEMENTS)
    return (*speech.sentences[:number], " ".join(words), *speech.sentences[number + 1 :])
