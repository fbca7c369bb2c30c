"""Days as archives write them: read where they can mean one day only, and the forms that others may have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import product

from hansard_bias.corpora.roles import folded

# The months of many languages, as they stand behind the number of a day; `_`: no form of its own. The first lines hold
# short forms, too. A word that means two months (listopada: Polish or Croatian) is left out.
_MONTHS = """
    january february march april may june july august september october november december
    jan feb mar apr _ jun jul aug sep oct nov dec
    _ _ _ _ _ _ _ _ sept _ _ _
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    janv fevr _ avr _ _ juil _ _ _ _ _
    januar februar marz april mai juni juli august september oktober november dezember
    janner feber maerz _ _ _ _ _ _ okt _ dez
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    ene _ _ abr _ _ _ ago _ _ _ dic
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
    gen _ _ _ mag giu lug _ set ott _ _
    janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
    _ fev _ _ _ _ _ _ _ out _ _
    januari februari maart april mei juni juli augustus september oktober november december
    _ _ mrt _ maj _ _ augusti _ _ _ _
    januar februar marts april maj juni juli agust september oktober november desember
    tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta _ _
    _ _ _ _ _ _ _ _ _ _ marraskuuta joulukuuta
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
    ledna února března dubna května června července srpna září října listopadu prosince
    siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca
    január február március április május június július augusztus szeptember október november december
    ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
    ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
    януари февруари март април май юни юли август септември октомври ноември декември
    ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
"""
_FIRST_YEAR, _LAST_YEAR = 1200, 2199  # of a form that is proposed
_LONGEST = 60  # characters of a day; nothing longer is looked at
_MOST_WORDS = 6
_TIME = re.compile(r"t?\d{1,2}[:h]\d{2}(?::\d{2})?(?:[.,]\d+)? ?(?:[ap]\.?m\b\.?)? ?(?:[+-]\d{2}:?\d{2}(?!\d))?")
_NUMBERS = re.compile(r"(\d{4})([-/. ]) ?(\d{1,2})\2 ?(\d{1,2})\D{0,8}")
_MONTH_ALONE = re.compile(r"(\d{4})[-/](\d{1,2})|(\d{1,2})[-/.](\d{4})")
_IDEOGRAPHS = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일].*")
_WORDS_AND_NUMBERS = re.compile(r"[^\W\d_]+|\d+")


@lru_cache(maxsize=4096)
def read_day(text: str, date_format: str = "") -> date | None:
    """The day that a text tells, in the codes of `strptime` or, without these, wherever it can be only one.

    Times are left off. A month without a day is its first day, and so is a year, which only a `date_format` lets stand
    alone.
    """
    try:
        return (datetime.strptime(text, date_format) if date_format else datetime.fromisoformat(text)).date()
    except ValueError:
        return None if date_format or len(text) > _LONGEST else _told(text)


def _told(text: str) -> date | None:
    """The only day that a text can mean."""
    if found := _IDEOGRAPHS.fullmatch(text):
        return _day(*found.groups())
    text = _TIME.sub(" ", folded(text)).strip(" ,")
    if found := _NUMBERS.fullmatch(text):
        return _day(found[1], found[3], found[4])
    if found := _MONTH_ALONE.fullmatch(text):
        return _day(found[1] or found[4], found[2] or found[3])
    words = _WORDS_AND_NUMBERS.findall(text)
    numbers = [word for word in words if word.isdecimal()]
    months = [_months()[word] for word in words if word in _months()]
    years, days = ([number for number in numbers if len(number) in sizes] for sizes in ((4,), (1, 2)))
    if len(months) != 1 or len(years) != 1 or len(days) > 1 or len(words) > _MOST_WORDS or len(numbers) > 2:
        return None
    return _day(years[0], months[0], *days)


def _day(year: str, month: str | int, day: str = "1") -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


@cache
def _months() -> dict[str, int]:
    """The months by their names."""
    named = [(word, month) for line in _MONTHS.split("\n") for month, word in enumerate(folded(line).split(), start=1)]
    found: dict[str, set[int]] = {}
    for word, month in named:
        found.setdefault(word, set()).add(month)
    return {word: min(months) for word, months in found.items() if len(months) == 1 and word != "_"}


# Forms in which other archives write their days, the likelier first.
_ORDERS = ("dmY", "mdY", "Ydm", "Ymd", "dmy", "mdy", "ymd")
_SIGNS = ("/", "-", ".", " ", ". ", "")
_NAMED = (
    "%d{}%b{}%Y",
    "%d{}%B{}%Y",
    "%d{}%b{}%y",
    "%d{}%B{}%y",
    "%b{}%d{}%y",
    "%b{}%d,{}%Y",
    "%B{}%d,{}%Y",
    "%B{}%d{}%y",
)
_TIMES = ("", *(f"{before}{time}" for time in ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p") for before in " T"))
_TIMES += (", %H:%M", ", %H:%M:%S", " %H:%M:%S.%f", " %H.%M", " - %H:%M")
_WEEKDAYS = ("", "%A, ", "%A ", "%a, ", "%a ")
_CODE = re.compile("%[a-z]")
_ALONE = ("%Y", "%Y.0", "%Y%m", "%Y%m%d.0", "%Y%m%d%H%M%S", "%y-%m", "%m/%y")


def _forms() -> Iterator[str]:
    yield from _ALONE
    for order, sign in product(_ORDERS, _SIGNS):
        day = sign.join(f"%{code}" for code in order)
        yield from (day + time for time in _TIMES)
        yield from (weekday + day for weekday in _WEEKDAYS[1:])
    for named, sign, weekday in product(_NAMED, ("-", " ", "/", ". "), _WEEKDAYS):
        yield from (weekday + named.format(sign, sign) + time for time in _TIMES[:3])


def forms_of(values: Sequence[str], share: float = 1.0) -> list[str]:
    """The forms, in the codes of `strptime`, that fit each of these days, or such a share of them, likelier first."""
    # A few values rule out nearly all of them, so that the others cost little.
    left = [form for form in _forms() if any(fits(value, form) for value in values[: 1 if share == 1 else 3])]
    return [form for form in left if sum(fits(value, form) for value in values) >= share * len(values)]


def fits(value: str, form: str) -> bool:
    """Whether a day is written in a form, and a plausible one."""
    # Far quicker than to ask for a thousand forms.
    if not {*_CODE.sub("", form.casefold())} <= {*value.casefold()}:
        return False
    try:
        read = datetime.strptime(value, form)
    except ValueError:
        return False
    if not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        return False
    # Without a sign between them, numbers of any length would fit; and a weekday may contradict its day.
    is_exact = "%A" in form or "%a" in form or re.fullmatch(r"(?:%[a-zA-Z])+(?:\.0)?", form)
    return not is_exact or _padded(read.strftime(form)) == _padded(value)


def _padded(text: str) -> str:
    return re.sub(r"(?<!\d)0(?=\d)", "", text.casefold())
