"""Repeated speeches: as often as planned, exact or with one word changed, planted terms untouched."""

from __future__ import annotations

from random import Random

from hansard_bias.sample.legislature import REPEATED_OTHER_DAY, REPEATED_SAME_DAY, Sample, with_duplicates


def _differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one.split(), other.split(), strict=True))


def test_duplicates_keep_order_and_change_at_most_a_word(default_sample: Sample) -> None:
    days = default_sample.sittings["canada"]
    earlier, today = days[0].speeches, days[1].speeches
    known = {speech.text for speech in (*earlier, *today)}
    exact = near = 0
    for seed in range(60):
        printed = with_duplicates(today, earlier, Random(seed))
        copies = [speech for speech in printed if speech not in today]
        exact += sum(speech.text in known for speech in copies)
        for copy in (speech for speech in copies if speech.text not in known):
            near += 1
            same_length = [text for text in known if len(text.split()) == len(copy.text.split())]
            source = min(same_length, key=lambda text: _differences(text, copy.text))
            assert _differences(source, copy.text) == 1
            assert all(f" {filling.term} " in copy.text for filling in copy.fillings)
        assert list(dict.fromkeys(speech for speech in printed if speech in today)) == list(today)
        assert {speech.sitting for speech in printed} == {today[0].sitting}
    assert exact > 5
    assert near > 5


def test_rates(default_sample: Sample) -> None:
    speeches = default_sample.speeches("nunavut")
    added = len(with_duplicates(speeches, speeches[:50], Random(1))) - len(speeches)
    expected = len(speeches) * (REPEATED_SAME_DAY + REPEATED_OTHER_DAY)

    assert abs(added - expected) < 4 * expected**0.5


def test_the_first_day_repeats_no_earlier_one(default_sample: Sample) -> None:
    today = default_sample.sittings["canada"][0].speeches
    own = {speech.person for speech in today}

    for seed in range(20):
        assert {speech.person for speech in with_duplicates(today, [], Random(seed))} == own
