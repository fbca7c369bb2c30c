from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansard_bias.corpora.texts import plain_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No sign of it.", "No sign of it."),
        ("<p>The road</p><p class='x'>is <b>lo</b>ng.<br/>Yes.", "The road is long. Yes."),
        ("Fish &amp; chips &#8211; caf&eacute;&nbsp;too", "Fish & chips \N{EN DASH} caf\xe9 too"),
        ("a<script>let x = '<b>';</script>b<style>p {}</style>c", "a b c"),
        ("a<!-- not <i>read</i> -->b", "ab"),
        ("5 < 6 and 7 > 6, x <y, R&D, AT&T, &copy that", "5 < 6 and 7 > 6, x <y, R&D, AT&T, &copy that"),
        ("<p>less than 5 <6, or x<y and <i>more</i></p>", "less than 5 <6, or x<y and more"),
        ("<table><tr><td>one</td><td>two</td></tr></table>", "one two"),
        ("an open tag at the <p", "an open tag at the <p"),
        ("</script>still read", "still read"),
        ("<script>never closed, so read", "never closed, so read"),
        ("<two metres and rising>, he said", "<two metres and rising>, he said"),
        ("<a rising tide>", "<a rising tide>"),
        ("<laughter> and <Applause>", "<laughter> and <Applause>"),
        ("<a href='x' hidden>one</a> <IMG SRC=y>two<INPUT disabled>", "one two"),
        ("a<o:p></o:p>b", "ab"),
        ("&notanentity; &notin; &nosuch; &#12", "&notanentity; \N{NOT AN ELEMENT OF} &nosuch; &#12"),
        ("<!DOCTYPE html><p>one", "one"),
        ("<![CDATA[kept]]> <?kept?>", "<![CDATA[kept]]> <?kept?>"),
    ],
)
def test_what_a_reader_of_the_page_sees(text: str, expected: str) -> None:
    assert " ".join(plain_text(text).split()) == expected


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs", "Cc"])))
def test_escaped_text_comes_back(text: str) -> None:
    assert plain_text(html.escape(text)) == text
