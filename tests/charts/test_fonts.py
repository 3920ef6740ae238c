"""Fonts: the choice, the check for glyphs, the subset that goes into a page."""

from __future__ import annotations

import io
from itertools import pairwise

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from forecast.charts.fonts import (
    ONLY_PACKAGED_VARIABLE,
    chart_fonts,
    missing_glyphs,
    packaged_font,
    subset_woff,
)
from forecast.charts.line_labels import spread
from forecast.charts.style import AQI_LEVELS_EN, AQI_LEVELS_ZH, wrap
from forecast.charts.words import VERDICTS, percent
from forecast.standards.indicators import INDICATORS
from forecast.standards.items import ITEMS


def test_packaged_font_has_all_words_of_the_tables() -> None:
    words = [i.zh + i.en + i.unit for i in (*INDICATORS.values(), *ITEMS.values())]
    words += [v.zh + v.en for v in VERDICTS.values()]
    words += [*AQI_LEVELS_ZH, *AQI_LEVELS_EN, "ⅠⅡⅢⅣⅤ劣≤≥µ³·—–：，；（）「」〔〕"]
    assert missing_glyphs("".join(words)) == set()


def test_missing_glyphs_are_named_and_white_space_is_not() -> None:
    assert missing_glyphs("好 天\n\u3000\ue000x\U0001f600") == {"\U0001f600"}


def _families(only_packaged: bool | None = None) -> list[str]:
    with chart_fonts(only_packaged) as families:
        assert mpl.rcParams["font.family"] == families
        return families


def test_the_packaged_font_stands_behind_every_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(mpl.rcParams["font.family"])
    monkeypatch.delenv(ONLY_PACKAGED_VARIABLE, raising=False)
    assert _families()[-1] == "Noto Sans SC"
    monkeypatch.setattr(
        "matplotlib.font_manager.get_font_names", lambda: ["SimHei", "Microsoft YaHei"]
    )
    assert _families() == ["Microsoft YaHei", "Noto Sans SC"]
    assert _families(only_packaged=True) == ["Noto Sans SC"]
    monkeypatch.setenv(ONLY_PACKAGED_VARIABLE, "1")
    assert _families() == ["Noto Sans SC"]
    assert mpl.rcParams["font.family"] == before


def test_subset_has_the_characters_and_little_else() -> None:
    data = subset_woff(["优良天数", "75 %"])
    assert data[:4] == b"wOFF" and len(data) < 20_000
    with TTFont(io.BytesIO(data)) as font:
        known = font.getBestCmap()
    assert set(map(ord, "优良天数75 %")) == set(known)
    assert subset_woff(["75 %", "优良天数"]) == data
    assert packaged_font().stat().st_size > 1_000_000


@given(
    st.lists(st.floats(-100, 100), max_size=12),
    st.floats(0.1, 5),
)
def test_spread_keeps_order_and_distance(positions: list[float], gap: float) -> None:
    placed = spread(positions, gap, -200.0, 200.0)
    order = sorted(range(len(positions)), key=lambda k: positions[k])
    for a, b in pairwise(order):
        assert placed[b] - placed[a] >= gap - 1e-9
    apart = all(abs(a - b) > gap for i, a in enumerate(positions) for b in positions[:i])
    if apart:
        assert placed == pytest.approx(positions)


@given(st.text(st.sampled_from("优良天数，。（） abc def 12.5"), max_size=80), st.integers(12, 60))
def test_wrap_loses_no_character_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        longest = max(len(word) for word in line.split()) if line.split() else 0
        cells = sum(2 if ord(c) > 0x2E7F else 1 for c in line)
        # A word that is longer than a line, or punctuation that may not open one, hangs over.
        assert cells <= width or longest >= 3


def test_percent_never_prints_what_is_open_as_certain() -> None:
    assert percent(1 / 4000) == "<1 %" and percent(1 - 1 / 4000) == ">99 %"
    assert percent(0.0) == "0 %" and percent(1.0) == "100 %"
