"""Names of charts and pages: none is given to two, and every disk takes them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from forecast.report.figure_parts import stem
from forecast.report.page_names import page_names

_NAMES = st.text(st.sampled_from("ab- /_:?城x-2d71642"), min_size=1, max_size=12)


def test_ordinary_names_stand_as_they_are() -> None:
    assert stem("target_tracker", "衡水", "衡水", "pm25_annual_mean") == (
        "target_tracker-衡水-衡水-pm25_annual_mean"
    )


@given(_NAMES, _NAMES, _NAMES, _NAMES)
@example("a b", "x", "a/b", "x")
@example("a-b", "c", "a", "b-c")
@example("a_b", "x", "a b", "x")
def test_two_places_never_share_a_chart(a: str, b: str, c: str, d: str) -> None:
    assert (stem("scenario", a, b) == stem("scenario", c, d)) == ((a, b) == (c, d))


@given(st.text(min_size=1, max_size=300))
@example("城" * 200)
@example("." * 300)
def test_a_name_fits_into_every_disk(name: str) -> None:
    made = stem("target_tracker", name, name, "pm25_annual_mean")
    assert len(f"{made}-en.png".encode()) < 200
    assert not set(made) & set('<>:"/\\|?*#%\n\t\0')


@given(st.lists(_NAMES, unique=True, min_size=1, max_size=4))
@example(["x", "X", "x-2d711642"])
@example(["a:b", "a_b", "a_b-6783a31e"])
def test_two_regions_never_share_a_page(names: list[str]) -> None:
    pages = page_names(names)
    assert len({page.casefold() for page in pages.values()}) == len(names)
