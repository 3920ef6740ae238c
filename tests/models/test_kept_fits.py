"""Fits that are kept: the same numbers back, never those of other inputs, and nothing executed."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast.models import kept_fits
from forecast.models.air_seasonal import AirSeasonal
from forecast.models.air_weather import AirWeather
from forecast.models.class_history import ClassHistory
from forecast.models.kept_fits import KeptFits, fingerprint
from forecast.models.water_ladder import WaterLadder
from forecast.models.water_ordinal import WaterOrdinal


@dataclass(frozen=True)
class _Fit:
    values: Any
    name: str


_PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates()
    | st.frozensets(st.text(max_size=3), max_size=3)
)  # fmt: skip
_ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]), hnp.array_shapes(max_side=3)
) | st.just(np.array(["2025-01-01", "NaT"], dtype="datetime64[D]"))
_FITS = st.recursive(
    _PLAIN | _ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4) | st.integers(1990, 2030), inner, max_size=3)
        | st.builds(_Fit, inner, st.text(max_size=4))
    ),
    max_leaves=8,
)


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, _Fit):
        return a.name == b.name and _same(a.values, b.values)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(_same(a[k], b[k]) for k in a)
    return a == b if isinstance(a, frozenset) else repr(a) == repr(b)


def _never() -> Any:
    raise AssertionError("fitted a second time")


@given(_FITS)
@settings(max_examples=60)
def test_a_fit_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, fit: Any) -> None:
    fits = KeptFits(tmp_path_factory.mktemp("fits"))
    fits.get(("a",), 1, lambda: fit, (_Fit,))
    assert _same(fits.get(("a",), 1, _never, (_Fit,)), fit)


def _history(seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.date_range("2022-01-01", "2024-06-30")
    season = 40.0 + 20.0 * np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    noise = np.exp(0.3 * rng.standard_normal((len(days), 2)))
    table = pd.DataFrame(season[:, None] * noise, index=days, columns=["pm25", "pm10"])
    table.iloc[100:130] = np.nan
    return table


def _weather(history: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    speed = 2.0 + rng.gamma(2.0, 1.0, len(history))
    return pd.DataFrame({"wind_speed": speed, "temp_mean": 10.0 * rng.standard_normal(len(history))},
                        index=history.index)  # fmt: skip


def _drawn(model: AirSeasonal) -> bytes:
    days = np.arange(np.datetime64("2024-07-01"), np.datetime64("2024-09-01"))
    return model.sample(days, 20, np.random.default_rng(1)).values.tobytes()


def test_a_kept_seasonal_fit_draws_the_same_bits(tmp_path: Path) -> None:
    fits, history = KeptFits(tmp_path), _history()
    plain = _drawn(AirSeasonal("a").fit(history))
    made = _drawn(AirSeasonal("a").fit_or_take(history, fits, "R"))
    (file,) = tmp_path.iterdir()
    stamp = file.stat().st_mtime_ns
    taken = AirSeasonal("a").fit_or_take(history, fits, "R")
    assert _drawn(taken) == made == plain
    assert taken.last_day == np.datetime64("2024-06-30")
    assert file.stat().st_mtime_ns == stamp


def test_a_kept_fit_with_weather_draws_the_same_bits(tmp_path: Path) -> None:
    fits, history = KeptFits(tmp_path), _history()
    weather = _weather(history)
    plain = AirWeather("a", weather=weather).fit(history)
    AirWeather("a", weather=weather).fit_or_take(history, fits, "R")
    later = pd.concat([weather, weather.tail(1).set_axis([pd.Timestamp("2024-07-05")])])
    taken = AirWeather("a", weather=later).fit_or_take(history, fits, "R")
    assert len(list(tmp_path.iterdir())) == 1
    assert _drawn(taken) == _drawn(plain)
    pd.testing.assert_frame_equal(taken.effects, plain.effects)


@pytest.mark.parametrize("change", ["value", "day", "item", "circumstances"])
def test_another_input_is_another_fit(tmp_path: Path, change: str) -> None:
    fits, history = KeptFits(tmp_path), _history()
    AirSeasonal("a").fit_or_take(history, fits, "R")
    other, model = history.copy(), AirSeasonal("a")
    if change == "value":
        other.iloc[500, 0] += 1.0
    elif change == "day":
        other = history.iloc[:-1]
    elif change == "item":
        other = history.rename(columns={"pm10": "no2"})
    else:
        from forecast.models.circumstances import Circumstances, Span

        span = Span(np.datetime64("2023-01-01"), np.datetime64("2023-02-01"), 0.1)
        model = AirSeasonal("a", circumstances=Circumstances().with_own([span]))
    taken = model.fit_or_take(other, fits, "R")
    plain = AirSeasonal("a", circumstances=model.circumstances).fit(other)
    days = np.arange(np.datetime64("2024-07-01"), np.datetime64("2024-08-01"))
    a, b = (m.sample(days, 10, np.random.default_rng(1)) for m in (taken, plain))
    assert a.items == b.items
    assert a.values.tobytes() == b.values.tobytes()
    # One file a place: the earlier fit made room.
    assert len(list(tmp_path.iterdir())) == 1


def test_other_code_is_another_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = KeptFits(tmp_path)
    fits.get(("a",), 1, lambda: 1.0)
    monkeypatch.setattr(kept_fits, "code_digest", lambda: "another version")
    assert fits.get(("a",), 1, lambda: 2.0) == 2.0


def test_of_several_fits_those_missing_are_made_in_one_call(tmp_path: Path) -> None:
    fits = KeptFits(tmp_path)
    wanted = [(("a",), 1), (("b",), 2), (("c",), 3)]
    asked: list[list[int]] = []

    def make(missing: list[int]) -> list[float]:
        asked.append(missing)
        return [10.0 * at for at in missing]

    assert fits.get_many(wanted, make) == [0.0, 10.0, 20.0]
    assert fits.get_many(wanted, make) == [0.0, 10.0, 20.0]
    wanted[1] = (("b",), "other")
    wanted.append((("d",), 4))
    assert fits.get_many(wanted, make) == [0.0, 10.0, 20.0, 30.0]
    assert asked == [[0, 1, 2], [1, 3]]


def _monthly(seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    months = pd.date_range("2019-01-01", periods=60, freq="MS")
    places, items = ["甲", "乙", "丙"], ["codmn", "nh3n"]
    columns = pd.MultiIndex.from_product([places, items], names=["place", "item"])
    values = np.exp(1.0 + 0.3 * rng.standard_normal((60, 6)))
    return pd.DataFrame(values, index=months, columns=columns)


def test_only_the_item_that_changed_is_fitted_again(tmp_path: Path) -> None:
    fits, monthly = KeptFits(tmp_path), _monthly()
    WaterLadder(fits=fits).fit(monthly)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert len(before) == 2
    changed = monthly.copy()
    changed.loc[changed.index[-1], ("甲", "codmn")] = 9.0
    again = WaterLadder(fits=fits).fit(changed)
    after = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert sum(after[p] != before[p] for p in before) == 1
    plain = WaterLadder().fit(changed)
    ahead = np.array(["2024-01", "2024-02"], dtype="datetime64[M]").astype("datetime64[D]")
    a, b = (m.sample(ahead, 50, np.random.default_rng(1)) for m in (again, plain))
    assert a.values.tobytes() == b.values.tobytes()
    pd.testing.assert_frame_equal(again.report, plain.report)


def test_a_kept_ordinal_fit_states_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    months = pd.date_range("2018-01-01", periods=60, freq="MS")
    table = pd.DataFrame(rng.integers(2, 5, (60, 3)), index=months, columns=list("甲乙丙"))
    history, fits = ClassHistory.from_classes(table), KeptFits(tmp_path)
    plain, made, taken = (WaterOrdinal(fits=f).fit(history) for f in (None, fits, fits))
    ahead = np.array(["2023-02", "2023-07"], dtype="datetime64[M]")
    assert plain.fitted
    assert made.probabilities(ahead).tobytes() == plain.probabilities(ahead).tobytes()
    assert taken.probabilities(ahead).tobytes() == plain.probabilities(ahead).tobytes()
    assert (taken.common, taken.lasting, taken.serial) == (
        plain.common,
        plain.lasting,
        plain.serial,
    )


def test_a_file_cut_anywhere_is_made_anew(tmp_path: Path) -> None:
    fits = KeptFits(tmp_path)
    fit = {"x": np.arange(50.0), "y": (1, "二")}
    fits.get(("a",), 1, lambda: fit)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert fits.get(("a",), 1, lambda: "anew") == "anew"
    file.write_bytes(whole)
    assert fits.get(("a",), 1, _never)["y"] == (1, "二")


def test_a_flipped_byte_never_gives_other_numbers(tmp_path: Path) -> None:
    fits = KeptFits(tmp_path)
    fits.get(("a",), 1, lambda: np.arange(40.0))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for at in range(0, len(whole), 5):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x11]) + whole[at + 1 :])
        found = fits.get(("a",), 1, lambda: np.arange(40.0))
        assert found.tobytes() == np.arange(40.0).tobytes()


class _Bomb:
    """An object that makes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (os.mkdir, (str(self.target),))


def _stored_key(file: Path) -> str:
    with np.load(file, allow_pickle=False) as members:
        return str(json.loads(members["tree"].tobytes())["key"])


def _archive(tree: object, compress: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as archive:
        told = io.BytesIO()
        np.save(told, np.frombuffer(json.dumps(tree).encode(), np.uint8))
        archive.writestr("tree.npy", told.getvalue())
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def test_a_hostile_file_executes_nothing(tmp_path: Path) -> None:
    folder, trace = tmp_path / "fits", tmp_path / "executed"
    fits = KeptFits(folder)
    fits.get(("a",), 1, lambda: 1.0)
    (file,) = folder.iterdir()
    key = _stored_key(file)
    pickled = io.BytesIO()
    np.save(pickled, np.array([_Bomb(trace)], dtype=object), allow_pickle=True)
    hostile = {
        "a pickled array": _archive({"key": key, "fit": {"array": 0}}, a0=pickled.getvalue()),
        "a plain pickle": pickle.dumps(_Bomb(trace)),
        "a class of its choice": _archive({"key": key, "fit": {"object": ["Popen", {}]}}),
        "an unknown part": _archive({"key": key, "fit": {"call": ["os.mkdir", str(trace)]}}),
        "an array that is not there": _archive({"key": key, "fit": {"array": 7}}),
        "a bomb": _archive(
            {"key": key, "fit": {"array": 0}}, zipfile.ZIP_DEFLATED, a0=bytes(10**6)
        ),
    }
    for what, data in hostile.items():
        file.write_bytes(data)
        assert fits.get(("a",), 1, lambda: "anew") == "anew", what
        assert not trace.exists(), what


def test_a_full_disk_costs_the_file_and_not_the_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert KeptFits(tmp_path / "fits").get(("a",), 1, lambda: 2.0) == 2.0
    assert not list((tmp_path / "fits").iterdir())


def test_a_fit_is_not_waited_for_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be made again, and one that a power cut tore is none: nothing is synchronised."""
    synchronised: list[int] = []
    monkeypatch.setattr(os, "fsync", synchronised.append)
    fits = KeptFits(tmp_path)
    fits.get(("a",), 1, lambda: np.arange(3.0))
    assert not synchronised
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(b"\0" * path.stat().st_size)
    assert fits.get(("a",), 1, lambda: np.arange(4.0)).size == 4


def test_what_can_not_be_told_is_no_input() -> None:
    with pytest.raises(TypeError, match="can't be kept"):
        fingerprint(object())
