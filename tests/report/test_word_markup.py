"""Texts as runs of a Word file: nothing is lost, nothing breaks it."""

from __future__ import annotations

import re
from itertools import count

import pytest
from docx.oxml import parse_xml
from docx.text.paragraph import Paragraph as Read
from hypothesis import given
from hypothesis import strategies as st

from forecast.report.document import Language
from forecast.report.word_markup import NAMESPACES, Setting, cleaned, said, words


@given(st.text(max_size=40), st.sampled_from(["zh", "en"]))
def test_words_lose_nothing_that_can_be_printed(text: str, lang: Language) -> None:
    made = parse_xml(f"<w:p {NAMESPACES}>{words(text, lang)}</w:p>")
    back = Read(made, None).text  # type: ignore[arg-type]
    whole = cleaned(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    assert back == whole


@pytest.mark.parametrize(
    ("text", "lowered"),
    [("PM2.5和PM10", ["2.5", "10"]), ("SO2、NO2、O3-8h、NOx", ["2", "2", "3", "x"]),
     ("NH3-N、CODMn、BOD5", ["3", "Mn", "5"]), ("CO、CO2、XPM10、O34、SO2a、HJ 663", [])],
)  # fmt: skip
def test_formulas_have_lowered_figures(text: str, lowered: list[str]) -> None:
    found = re.findall(r'subscript"/></w:rPr><w:t[^>]*>([^<]*)<', words(text, "zh"))
    assert found == lowered


def test_marks_that_both_scripts_share_take_the_form_of_the_language() -> None:
    assert words("“Ⅲ”类", "zh").count('w:hint="eastAsia"') == 1
    assert "hint" not in words("“Ⅲ” class", "en")


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    def shown(text: str, lang: Language) -> str:
        setting = Setting(lang, {}, {}, 9000, 9000, 9000, count(1))
        return "".join(re.findall("<w:t[^>]*>([^<]*)<", said(text, setting)))

    assert shown("为71.3 %，37 µg/m³，4 天", "zh") == "为71.3%，37\u00a0µg/m³，4 天"
    assert shown("is 71.3 % or 0.2 mg/L", "en") == "is 71.3\u00a0% or 0.2\u00a0mg/L"
