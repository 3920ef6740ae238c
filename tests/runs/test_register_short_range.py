"""The outlook of the next days in the register: read back as said, small, absent from old blocks."""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outlook import CLEAN, EPISODE, LEVELS, SEVERE, made_city, made_section, made_week
from made_results import made_result

from forecast.errors import WorkspaceError
from forecast.runs.register import append_run, check_register, read_outlooks, read_said
from forecast.runs.register_blocks import FIRST, Block, block_line, lines_of, packed
from forecast.runs.register_short_range import KINDS, Outlooks, packed_short_range
from forecast.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def result(*air: dict[str, Any], water: tuple[dict[str, Any], ...] = (), **more: Any) -> Any:
    made = made_result(as_of="2026-01-05", **more)
    return made | {"short_range": {"air": list(air), "water": list(water)}}


def block(text: str) -> Block:
    run = {
        "id": "r",
        "as_of": "2026-01-05",
        "created": "2026-01-06T06:30:00+08:00",
        "standard": "by date",
    }
    return Block(1, "0", "0", run, {}, 0, text)


def test_what_was_said_of_the_next_days_is_read_back(workspace: Workspace) -> None:
    city = made_week()
    city["items_missing"] = ["co"]
    city["days"][0]["weather"] = "forecast"
    section = made_section() | {"period": "2026-02"}
    append_run(workspace, result(city, water=(section,)))
    cities, sections = read_outlooks(workspace)
    assert cities["lead"].tolist() == list(range(1, 8))
    assert cities["date"].dt.strftime("%Y-%m-%d").tolist() == [d["date"] for d in city["days"]]
    for k, day in enumerate(city["days"]):
        row = cities.iloc[k]
        assert [row[f"level_{n}"] for n in LEVELS] == pytest.approx(
            list(day["levels"].values()), abs=2e-4
        )
        assert [row[kind] for kind in KINDS] == pytest.approx(
            list(day["exceed"].values()), abs=1e-4
        )
        for rule, said in day["references"].items():
            assert [row[f"{rule}_{kind}"] for kind in KINDS] == pytest.approx(
                list(said.values()), abs=5e-4
            )
        assert row["aqi_median"] == pytest.approx(day["aqi"]["quantiles"]["0.5"], abs=0.5)
    assert set(cities["leading"]) == {"pm25"} and set(cities["missing"]) == {"co"}
    assert cities["weather"].tolist() == ["forecast"] + ["none"] * 6
    assert cities["created"].iloc[0].isoformat() == "2026-01-05T22:30:00+00:00"
    (row,) = sections.to_dict("records")
    assert (row["place"], row["kind"], row["period"], row["limit"]) == (
        "断面甲",
        "next_sample",
        "2026-02",
        "III",
    )
    assert (row["p_worse"], row["p_inferior_v"], row["lead"]) == (0.6, 0.06, 28)


def test_regions_and_runs_are_chosen(workspace: Workspace) -> None:
    append_run(workspace, result(made_week(), made_week(region="沧州市"), water=(made_section(),)))
    later = result(made_week(issued="2026-01-06"), run="b")
    later["run"]["as_of"] = "2026-01-06"
    append_run(workspace, later)
    cities, sections = read_outlooks(workspace, "沧州")
    assert set(cities["region"]) == {"沧州市"} and sections.empty
    cities, _ = read_outlooks(workspace, chosen=lambda run: run["as_of"] == "2026-01-06")
    assert set(cities["as_of"].dt.strftime("%Y-%m-%d")) == {"2026-01-06"} and len(cities) == 7


def test_odds_that_were_set_right_apart_from_the_levels_are_kept() -> None:
    city = made_city(CLEAN, EPISODE)
    city["days"][1]["exceed"]["heavy"] = 0.41
    read = Outlooks()
    read.add(block(packed_short_range({"air": [city]})))
    assert read.cities()["heavy"].tolist() == pytest.approx([0.005, 0.41])
    assert read.cities()["level_V"].tolist() == pytest.approx([0.004, 0.2])


@given(
    odds=st.lists(
        st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6).filter(lambda v: sum(v) > 0.01),
        min_size=1, max_size=7,
    )
)  # fmt: skip
def test_any_odds_come_back_within_what_is_kept(odds: list[list[float]]) -> None:
    days = [[p / sum(one) for p in one] for one in odds]
    read = Outlooks()
    read.add(block(packed_short_range({"air": [made_city(*days)]})))
    table = read.cities()
    told = table[[f"level_{n}" for n in LEVELS]].to_numpy()
    # Five are kept to half a ten-thousandth, the first is what they leave.
    assert np.abs(told - np.array(days)).max() <= 3e-4
    assert (told >= 0.0).all()
    assert table[list(KINDS)].le(1.0).all(axis=None)


def test_a_block_without_an_outlook_is_the_one_of_before(workspace: Workspace) -> None:
    """Blocks of runs without an outlook have the same bytes as ever, and are read as ever."""
    run = {"id": "x", "as_of": "2026-01-01", "created": "2026-01-02T06:30:00+08:00"}
    plain, _ = block_line(1, FIRST, run, {}, 0)
    assert b"short_range" not in plain and plain == block_line(1, FIRST, run, {}, 0, "")[0]
    append_run(workspace, made_result(as_of="2026-01-04"))
    append_run(workspace, result({"region": "衡水", "place": "衡水", "days": []}, run="b"))
    append_run(workspace, result(made_week(), run="c"))
    assert len(read_outlooks(workspace)[0]) == 7
    assert len(read_said(workspace)[0]) == 0
    assert check_register(workspace).faults == () and check_register(workspace).blocks == 3


def test_an_outlook_that_was_altered_is_noticed(workspace: Workspace) -> None:
    append_run(workspace, result(made_week()))
    (path,) = (workspace.reports / "register").glob("*.jsonl")
    line = path.read_bytes()
    at = line.index(b'"short_range":"') + 40
    path.write_bytes(line[:at] + (b"A" if line[at : at + 1] != b"A" else b"B") + line[at + 1 :])
    assert [f.at for f in check_register(workspace).faults if f.at] == [1]
    assert read_outlooks(workspace)[0].empty


def test_a_whole_block_that_can_not_be_understood_is_said(workspace: Workspace) -> None:
    append_run(workspace, result(made_week()))
    (path,) = (workspace.reports / "register").glob("*.jsonl")
    (found,) = lines_of(path)
    assert found.block is not None
    line, _ = block_line(1, FIRST, found.block.run, {}, 0, packed({"air": {"days": [1]}}))
    path.write_bytes(line)
    with pytest.raises(WorkspaceError, match="line 1: the forecasts can't be read"):
        read_outlooks(workspace)


def test_a_nation_stays_small() -> None:
    """At most 60 bytes a city and day ahead, though the odds are random and deflate badly."""
    rng = np.random.default_rng(1)
    air = []
    for k in range(100):
        city = made_city(*rng.dirichlet(np.full(6, 0.7), 7), region=f"城市{k}")
        for day in city["days"]:
            for rule in day["references"].values():
                rule |= {kind: float(rng.uniform()) for kind in KINDS}
        air.append(city)
    text = packed_short_range({"air": air})
    assert len(text) / 700 < 60
    assert zlib.crc32(text.encode()) == zlib.crc32(packed_short_range({"air": air}).encode())


def test_the_days_of_a_late_reading_begin_at_their_lead() -> None:
    city = made_city(CLEAN, SEVERE, CLEAN)
    city["days"] = city["days"][1:]
    read = Outlooks()
    read.add(block(packed_short_range({"air": [city]})))
    first = date(2026, 1, 5) + timedelta(days=2)
    assert read.cities()["date"].dt.date.tolist() == [first, first + timedelta(days=1)]
    assert read.cities()["lead"].tolist() == [2, 3]
    assert Outlooks().cities().empty and Outlooks().sections().empty
