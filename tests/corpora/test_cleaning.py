from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hansard_bias.corpora.cleaning import clean_text
from hansard_bias.corpora.formulas import is_procedural

PIECES = st.sampled_from(
    [
        *"'\"()[]-.,:;/%$# abostz",
        *(
            " ' ",
            " '",
            "re",
            "ll",
            "ma",
            "60s",
            "''",
            "`",
            "000",
            " , 000",
            "(motion ",
            " agreed",
            " . 5",
            "99/",
            "1999",
            " 2000",
            "april 1",
            "thank you",
            " mr",
            "no. 3",
            "3",
            "30",
            "interpretation",
            " ( interpretation ) ",
            "( interpretation",
        ),
        *(
            " - ",
            "--",
            "pan - ",
            "self - ",
            " - of - ",
            "forty - one",
            " - year",
            "c - 12",
            " .5",
            " ,in",
            "2009/10:296",
        ),
        *("ends )", "[MASK]", "[ translation ]", "\u2019", "\u201c", "\u2014", "\u2026", "\u00a0", "\u00ad", "\u200b"),
        *("e", "\u0301", "J", "\u030c", "\u0130", "\u03a3", "\x07", "\n", "\u2028", "\ufeff"),
    ]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=14).map("".join))


@settings(deadline=None)
@given(TEXTS, st.booleans())
@example("'\u2014'", False)
@example('"\u2014"', True)
@example("'\u2014.\u2014'", False)
def test_cleaning_twice_changes_nothing(text: str, lowercase: bool) -> None:
    once = clean_text(text, lowercase)
    assert clean_text(once, lowercase) == once


@settings(deadline=None)
@given(TEXTS, st.booleans())
def test_the_surface_form_has_no_odd_characters(text: str, lowercase: bool) -> None:
    cleaned = clean_text(text, lowercase)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in cleaned)
    assert not set(cleaned) & set("\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00a0")


@pytest.mark.parametrize(
    ("tokenised", "printed"),
    [
        ("thank you , mr. speaker .", "Thank you, Mr. Speaker."),
        ("mr. o 'dell says everybody 's here", "Mr. O\u2019Dell says everybody\u2019s here"),
        ("we don 't know ; they ' re late", "We don\u2019t know; they\u2019re late"),
        ("the members ' lounge and the elders ' council", "The members\u2019 lounge and the elders\u2019 council"),
        ("since the ' 80s , ma 'na", "Since the \u201980s, ma\u2019na"),
        ("a pan - arctic road", "A pan\u2011arctic road"),
        ("a path - a long one -- leads on", "A path \u2014 a long one \u2013 leads on"),
        ("$ 5 million , 80 % of item # 3", "$5 million, 80% of item #3"),
        ("rule 44 ( 2 ) and motion 7 - 1 ( 3 ) :", "Rule 44(2) and Motion 7 \u2013 1(3):"),
        ("at 1 : 30 p.m. , fish and / or seal", "At 1:30 p.m., fish and/or seal"),
        ('he said " we agree . " and left', "He said \u201cwe agree.\u201d and left"),
        ("she asked ' who built it ? ' twice", "She asked \u2018who built it?\u2019 twice"),
        ("well ...", "Well\u2026"),
        ("( interpretation ) good day . ( interpretation ends ) good", "Good day. (interpretation ends) Good"),
        ("caf\u00e9 open", "Cafe\u0301\u00a0open"),
        ("ma ' na , mr. o ' dell", "Ma\u2019na, Mr. O\u2019Dell"),
        ("$ 10 , 000 or $ 1 , 250,000 , and 20 , 000 , 000 caribou", "$10,000 or $1,250,000, and 20,000,000 caribou"),
        ("$ 1 . 5 million , 2 . 5 % , 3 . 5 per cent", "$1.5 million, 2.5%, 3.5 per cent"),
        ("call ( 867 ) 979 - 6770 at 7 : 30", "Call (867) 979-6770 at 7:30"),
        ("act no. 3 1999 / 2000 , and 99 / 2000", "Act No. 3, 1999-2000, and 99-2000"),
        ("since april 1 1999 , north / south", "Since April 1, 1999, north/south"),
        ('they say " it works " again', "They say ``it works'' again"),
    ],
)
def test_tokenised_and_printed_text_meet(tokenised: str, printed: str) -> None:
    assert clean_text(tokenised, True) == clean_text(printed, True)
    assert " ," not in clean_text(tokenised, False)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("Bitte. \u2013 Ich danke", ["Bitte.", "Ich", "danke"]),
        ("the minister - as we know - said", ["the", "minister", "as", "we", "know", "said"]),
        ("members\u2014if I may\u2014will agree", ["members", "if", "I", "may", "will", "agree"]),
        ("one thing -- this one --and that--all", ["one", "thing", "this", "one", "and", "that", "all"]),
        ("Panowie \u2014 i panie \u2015 pos\u0142owie", ["Panowie", "i", "panie", "pos\u0142owie"]),
        ("low- and middle-income, Vor- und Nachteile", ["low", "and", "middle-income,", "Vor", "und", "Nachteile"]),
        ("bill 2 - boards act - notice", ["bill", "2", "boards", "act", "notice"]),
        ("non - nous ne voulons pas", ["non", "nous", "ne", "voulons", "pas"]),
        ("it rose by .4 percent, to .08", ["it", "rose", "by", ".4", "percent,", "to", ".08"]),
        ("we say ,in short ,no \u2026and then", ["we", "say,", "in", "short,", "no...", "and", "then"]),
        ("\u2014 Herr Eiche, bitte \u2014", ["Herr", "Eiche,", "bitte"]),
    ],
)
def test_words_that_stood_apart_stay_apart(printed: str, words: list[str]) -> None:
    assert [word for word in clean_text(printed, False).split() if word != "-"] == words


@pytest.mark.parametrize(
    "dash", [" - ", " \u2013 ", " \u2014 ", "\u2014", " -- ", "--", "\u2014 ", " \u2015 ", " \u2212 "]
)
def test_all_dashes_are_written_alike(dash: str) -> None:
    assert clean_text(f"The minister{dash}as we know", False) == "The minister - as we know"


@pytest.mark.parametrize(
    ("tokenised", "printed"),
    [
        ("out - of - territory care , day - to - day .", "Out-of-territory care, day-to-day."),
        ("in twenty - five , a five - year , long - term plan", "In twenty-five, a five\u2011year, long-term plan"),
        ("a self - reliant , community - based co - op .", "A self-reliant, community-based co-op."),
        ("bill c - 12 , section 7 - 1 ( 3 ) .", "Bill C-12, Section 7\u20131(3)."),
        ("the sergeant - at - arms - he said so - left .", "The sergeant-at-arms \u2014 he said so \u2013 left."),
        ("a vice - president and semi - annual reports", "A vice-president and semi-annual reports"),
    ],
)
def test_compounds_of_tokenised_text_meet_printed_ones(tokenised: str, printed: str) -> None:
    assert clean_text(tokenised, True) == clean_text(printed, True)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Bet. 2009/10:296 och 2009/10:FiU5", "Bet. 2009/10:296 och 2009/10:FiU5"),
        ("prop. 1999/2000:45", "prop. 1999/2000:45"),
        ("prop. 1998 / 99 : 296 , 12", "prop. 1998/99: 296, 12"),
        ("the 1999/2000: it grew; 1998/99, too", "the 1999-2000: it grew; 1998-99, too"),
    ],
)
def test_numbers_of_documents_keep_their_slash(text: str, cleaned: str) -> None:
    assert clean_text(text, False) == cleaned


def test_the_exact_form() -> None:
    text = "\u201cThe pan - arctic road , \u201d she said ( twice ) :\n\t$ 5 isn 't much ."
    assert clean_text(text, False) == '"The pan-arctic road, " she said (twice): $5 isn\'t much.'
    assert clean_text("A  B\x00C\u200bD\u00adE", False) == "A B C DE"
    assert clean_text("Every 'quoted' word stays", False) == "Every 'quoted' word stays"


@pytest.mark.parametrize("marker", ["(interpretation)", "( Interpretation Ends )", "[Translation]", "[ english ]"])
def test_markers_are_removed(marker: str) -> None:
    assert clean_text(f"Good {marker} day", False) == "Good day"
    assert clean_text(f"{marker} : Good day", False) == "Good day"


@pytest.mark.parametrize(
    "text",
    [
        "In 1999, 200 people came; 14, 582 of them.",
        "Pages 106, 110 and 112. 8 million more.",
        "One half is 1/2, three quarters 3/4, a day 11/12/99.",
        "Both 1998/2000 and 24/7 stay",
        "On page 12 2000 names stand",
    ],
)
def test_numbers_that_mean_something_else_stay(text: str) -> None:
    assert clean_text(text, False) == text


def test_a_tokenised_list_of_numbers_is_no_large_number() -> None:
    assert clean_text("in 1999 , 200 people , on pages 233 , 236 and 4 . 5 more", False) == (
        "in 1999, 200 people, on pages 233, 236 and 4. 5 more"
    )


@pytest.mark.parametrize(
    "note",
    [
        "(Motion agreed to)",
        "( motion no. 3 negatived )",
        "(Bill read the second time and referred to a committee)",
        "(The House divided on the motion,\nwhich was agreed to on the following division:)\n Division No. 581",
    ],
)
def test_notes_of_votes_are_removed(note: str) -> None:
    assert clean_text(f"I declare it carried. {note}", False) == "I declare it carried."


@pytest.mark.parametrize(
    "text", ["the (first) interpretation", "it (motion 3) is read", "the bill (agreed in May)", "motions (a) and (b)"]
)
def test_other_parentheses_stay(text: str) -> None:
    assert clean_text(text, False) == text


def test_a_mask_stays_a_mask() -> None:
    assert clean_text("The [MASK] of Nunavut , [MASK] .", True) == "the [MASK] of nunavut, [MASK]."
    assert clean_text("The [MASK]", False) == "The [MASK]"
    assert clean_text("( motion 3 on [MASK] agreed )", False) == "(motion 3 on [MASK] agreed)"


@pytest.mark.parametrize(
    "text",
    [
        *["Agreed.", "Agreed!", "thank you.", "Thank you, Mr. Speaker.", "Motion carried.", "Hear, hear!", "Question."],
        *[
            "the motion is carried.",
            "thank you mr. pike. oral questions. mr. moss.",
            "Order, please. The hon. member for Elm.",
        ],
        *[
            "item 5, petitions.",
            "All those in favour of the motion will please say yea.",
            "I declare Motion No. 4 lost.",
        ],
        *["minister of roads, ms. pike.", "your final supplementary, mr. moss.", "Is that agreed?"],
    ],
)
def test_formulas_are_procedural(text: str) -> None:
    assert is_procedural(text)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "D'accord.",
            "Merci, Monsieur le Président.",
            "Merci, M. le Président.",
            "Merci beaucoup, madame la Présidente.",
        ],
        *["Non.", "Oui, monsieur le Président.", "M. l'Orateur.", "À l'ordre, s'il vous plaît.", "Bravo!"],
        *["Je vous remercie, M. Tremblay.", "Merci, madame la ministre. Questions orales. M. Roy.", "Est-ce d'accord?"],
        *[
            "La motion est adoptée.",
            "Les articles 4 à 7 sont adoptés.",
            "Je déclare la motion rejetée.",
            "Adopté avec dissidence.",
        ],
        *["L'honorable député de Mont-Royal.", "La parole est à Mme Gagnon.", "Y a-t-il consentement unanime?"],
        "Que tous ceux qui appuient la motion veuillent bien dire oui. À mon avis, les oui l'emportent.",
    ],
)
def test_french_formulas_are_procedural(text: str) -> None:
    assert is_procedural(clean_text(text, False))
    assert is_procedural(clean_text(text.replace("'", "\u2019").replace(".", " ."), False)), "as a tokeniser writes it"


@pytest.mark.parametrize(
    "text",
    [
        *["Merci, mais la route est fermée.", "Oui, nous allons bâtir l'école.", "D'accord, mais qui paie la route?"],
        *["Je remercie le ministre de sa réponse.", "La motion est une erreur.", "Le ministre des Routes a tort."],
        *["M. Tremblay est absent.", "Monsieur, nous avons perdu.", "Le député de Mont-Royal ne dit rien de sa ville."],
        *["Merci, Monsieur le Président. Le traversier est en retard.", "Madame vous avez raison."],
        "La motion est adoptée et la route sera bâtie.",
    ],
)
def test_french_speech_is_not_procedural(text: str) -> None:
    assert not is_procedural(clean_text(text, False))


@pytest.mark.parametrize("note", ["(La motion est adoptée.)", "(L'article 5 est adopté)", "( La séance est levée )"])
def test_french_notes_and_markers_are_removed(note: str) -> None:
    assert clean_text(f"[Traduction] : Je la déclare adoptée. {note}", False) == "Je la déclare adoptée."
    assert clean_text("la (motion) adoptée, le (français) parlé", False) == "la (motion) adoptée, le parlé"


@pytest.mark.parametrize(
    "text",
    [
        *["", "...", "I agree with the plan.", "Agreed, but who pays for the road?", "Thank you for the new school."],
        *["The minister of roads is wrong about ice.", "Thank you, Mr. Speaker. The ferry is late.", "Agreed. " * 60],
        "The member for Elm has spoken of her town.",
    ],
)
def test_speech_is_not_procedural(text: str) -> None:
    assert not is_procedural(text)
