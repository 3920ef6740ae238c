"""Water under packages: drawn months alone, classes and shares by the official rules, the inverse."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scenario_fakes import target

from forecast.errors import InputError, UsageError
from forecast.projection.scenario_sections import WaterYear, changed_record
from forecast.projection.scenario_water import compare_water, solve_water, water_rows
from forecast.projection.section_shares import SectionSet, SetMembers, section_shares
from forecast.projection.settings import Settings
from forecast.projection.water_classes import section_results
from forecast.projection.water_record import Facts, SectionRecord
from forecast.scenario.water_response import apply_water

ITEMS = ("ph", "do", "codmn", "nh3n", "tp")
CLEAN = np.array([7.5, 8.0, 3.0, 0.4, 0.05])
MONTHS = np.arange("2025-01", "2026-01", dtype="datetime64[M]")
N = 400


@dataclass(frozen=True)
class Fake:
    """Factors of a section: the same share of an item is left in every month."""

    values: NDArray[np.float32]
    background: NDArray[np.float32]
    items: tuple[str, ...] = ("nh3n", "tp")
    months: NDArray[np.datetime64] = field(default_factory=MONTHS.copy)


def fake(left: float, n: int = N, background: float = 0.0) -> Fake:
    return Fake(
        np.full((n, 12, 2), left, dtype=np.float32), np.full((n, 2), background, dtype=np.float32)
    )


def record(name: str, ammonia: NDArray[np.float64], seen: int = 6) -> SectionRecord:
    """Six months sampled, six drawn; NH3-N of the drawn ones as given for each path."""
    observed = np.full((12, 5), np.nan)
    observed[:seen] = CLEAN
    joined = np.repeat(np.where(np.isfinite(observed), observed, CLEAN)[None], len(ammonia), axis=0)
    joined[:, seen:, 3] = ammonia[:, None]
    last = np.repeat(CLEAN[None], 12, axis=0)
    return SectionRecord(
        name, ITEMS, observed, joined, {2024: last}, last, Facts(last=date(2025, 6, 20)),
        frozenset({2024, 2025}),
    )  # fmt: skip


SETTINGS = Settings(date(2025, 6, 30), 2025, n_paths=N)
#: Mean of the year 0.2 + half of these: class III (at most 1.0) holds for drawn months up to 1.61.
AMMONIA = np.linspace(0.8, 2.8, N)


def year(*records: SectionRecord) -> WaterYear:
    return WaterYear(
        [section_results("城", r, SETTINGS, "m").section_class for r in records], 2025
    )  # fmt: skip


def class_target(**more: Any) -> Any:
    return target(
        "section_class", "<=", 3, domain="water", unit="class", **{"place": "甲桥", **more}
    )


def test_values_by_hand_and_what_was_sampled_stays() -> None:
    """0.1 + (C − 0.1)·0.5 in drawn months; sampled months and items without a factor stay."""
    own = record("甲桥", AMMONIA)
    assert own.joined is not None
    found = changed_record(own, fake(0.5, background=0.1), 2025)
    assert found.joined is not None
    np.testing.assert_allclose(found.joined[:, 6:, 3].T, [0.1 + (AMMONIA - 0.1) * 0.5] * 6)
    assert found.joined[:, :6].tobytes() == own.joined[:, :6].tobytes()
    assert found.joined[:, :, :3].tobytes() == own.joined[:, :, :3].tobytes()
    # Phosphorus lies below its background of 0.1.
    assert found.joined[:, :, 4].tobytes() == own.joined[:, :, 4].tobytes()


def test_nothing_cut_is_the_record_itself() -> None:
    own = record("甲桥", AMMONIA)
    assert changed_record(own, fake(1.0), 2025) is own
    assert changed_record(own, fake(0.5), 2024) is own
    with pytest.raises(InputError, match="draws"):
        changed_record(own, fake(0.5, n=7), 2025)


def test_the_same_as_the_response_applies_it() -> None:
    """What the water response itself makes of the drawn months, to the precision of float32."""
    own = record("甲桥", AMMONIA)
    cut = fake(0.7, background=0.2)
    found = changed_record(own, cut, 2025)
    assert own.joined is not None
    assert found.joined is not None
    theirs = apply_water(
        own.joined[:, :, 3].astype(np.float32), cut.values[:, :, 0], cut.background[:, 0]
    )
    np.testing.assert_allclose(found.joined[:, 6:, 3], theirs[:, 6:], rtol=1e-6)


def test_chance_of_a_class_by_hand() -> None:
    """Before: months to 1.60 meet III (mean to 1.00); after a cut of 30 %: to 1.60/0.7."""
    made = year(record("甲桥", AMMONIA), record("乙桥", AMMONIA))
    out, left = compare_water(made, {"A": {"甲桥": fake(0.7)}}, [class_target()])
    assert left == []
    before, after = out
    # The mean is rounded to two decimals: 1.004 is 1.00, 1.006 is not.
    by_hand = float((0.2 + AMMONIA / 2 <= 1.005).mean())
    assert before.probability == pytest.approx(by_hand, abs=1 / N)
    assert after.probability == pytest.approx(
        float((0.2 + 0.7 * AMMONIA / 2 <= 1.005).mean()), abs=1 / N
    )
    assert after.change == pytest.approx(after.probability - before.probability)
    assert after.change_error is not None
    assert after.change_error > 0
    assert sum(after.classes.values()) == pytest.approx(1.0)
    assert after.classes["III"] > before.classes["III"]
    assert water_rows(out)[1]["package"] == "A"


def test_baseline_and_changed_shares_are_those_of_the_projection() -> None:
    """Shares of three sections, one cut: what section_shares says of the changed records."""
    rng = np.random.default_rng(1)
    records = [record(n, AMMONIA + rng.normal(0, 0.4, N)) for n in ("甲桥", "乙桥", "丙桥")]
    made = year(*records)
    group = SectionSet("国考断面", tuple(r.name for r in records))
    for factors in (None, {"乙桥": fake(0.6)}):
        changed = [
            changed_record(r, factors[r.name], 2025) if factors and r.name in factors else r
            for r in records
        ]
        results = {r.name: section_results("城", r, SETTINGS, "m").section_class for r in changed}
        official = {
            s.indicator: s.samples
            for s in section_shares("城", SetMembers(group, results), SETTINGS, "m")
        }
        samples = made.samples(factors)
        for rule in ("share_class_iii", "share_inferior_v", "inferior_v_sections"):
            np.testing.assert_array_equal(made.share(rule, samples, group), official[rule])


def test_share_and_mean_targets() -> None:
    made = year(record("甲桥", AMMONIA), record("乙桥", np.full(N, 0.4)))
    share = target("share_class_iii", ">=", 100, domain="water", unit="%", id="share")
    mean = target("nh3n_mean", "<=", 0.8, domain="water", unit="mg/L", place="甲桥", id="mean")
    other = target("cwqi", "<=", 5, domain="water", unit="-", id="other")
    out, left = compare_water(made, {"A": {"甲桥": fake(0.5)}}, [share, mean, other])
    assert [x[0] for x in left] == ["other"]
    by_id = {(o.package, o.target.id): o for o in out}
    assert by_id["", "share"].probability == pytest.approx(
        float((0.2 + AMMONIA / 2 <= 1.005).mean()), abs=1 / N
    )
    assert by_id["A", "share"].probability == 1 - 1 / (2 * N)
    assert by_id["", "mean"].probability == pytest.approx(
        float((0.2 + AMMONIA / 2 <= 0.805).mean()), abs=1 / N
    )
    assert by_id["A", "mean"].mean == pytest.approx(0.2 + AMMONIA.mean() / 4)


def test_own_classes_are_asked_of_their_sections() -> None:
    made = year(record("甲桥", AMMONIA), record("乙桥", AMMONIA))
    group = SectionSet("清单", ("甲桥", "乙桥"), own_class=(("甲桥", 4), ("乙桥", 2)))
    samples = made.samples()
    meets_four = samples["甲桥"] <= 4
    meets_two = samples["乙桥"] <= 2
    got = made.share("sections_meeting_own_class", samples, group)
    np.testing.assert_array_equal(got, meets_four.astype(float) + meets_two)
    with pytest.raises(UsageError, match="does not say which class"):
        made.share("share_own_class", samples, SectionSet("清单"))
    with pytest.raises(UsageError, match="No section of the set"):
        made.share("share_class_iii", samples, SectionSet("别处", ("丁桥",)))


def test_the_inverse_by_hand_and_fed_forward() -> None:
    """80 % of the paths have drawn months up to 2.4: 2.4·(1 − λ) = 1.61 at λ = 0.33."""
    made = year(record("甲桥", AMMONIA))

    def source(scale: float) -> dict[str, Fake]:
        return {"甲桥": fake(1.0 - scale)}

    found = solve_water(made, source, class_target(), rng=np.random.default_rng(1))
    assert found.scale == pytest.approx(1 - 1.61 / 2.4, abs=0.01)
    out, _ = compare_water(made, {"A": source(found.scale)}, [class_target()])
    assert out[1].probability == pytest.approx(0.8, abs=3 * found.error)
    never = solve_water(
        made, lambda s: {"甲桥": fake(1.0 - 0.1 * s)}, class_target(), rng=np.random.default_rng(1)
    )
    assert never.scale is None
    with pytest.raises(UsageError, match="can't be solved"):
        solve_water(made, source, class_target(place="丁桥"), rng=np.random.default_rng(1))


def test_more_cut_is_never_worse() -> None:
    made = year(record("甲桥", AMMONIA))
    before = made.samples()["甲桥"]
    for left in (0.9, 0.6, 0.3):
        after = made.samples({"甲桥": fake(left)})["甲桥"]
        assert (after <= before).all()
        before = after


def test_a_year_without_a_drawn_section_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to change"):
        WaterYear([], 2025)
