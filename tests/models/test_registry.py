"""All models by name: what each must do with good, bad and missing records."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from made_air import ahead_of, made_record

from forecast.errors import UsageError
from forecast.models.registry import AIR_MODELS, air_model

PAIR = ("pm25", "o3_8h")
LIBRARIES = {"prophet": "prophet", "ucm": "statsmodels", "sarimax": "statsmodels", "hgb": "sklearn"}


@pytest.fixture(params=AIR_MODELS)
def name(request: pytest.FixtureRequest) -> str:
    """Each model whose library is installed."""
    model = str(request.param)
    if model in LIBRARIES:
        pytest.importorskip(LIBRARIES[model], reason=f"{model} needs {LIBRARIES[model]}")
    return model


def year_of(name: str, record: pd.DataFrame, *, dispersed: bool = True) -> np.ndarray:
    """40 paths of the 60 days after a record."""
    model = air_model(name).make("made", dispersed=dispersed).fit(record)
    return model.sample(ahead_of(record, 60), 40, np.random.default_rng(1)).values


def test_the_names_are_those_that_configurations_use() -> None:
    """Adding a model is one line here; the default is the first."""
    assert AIR_MODELS == ("seasonal", "panel", "past_years", "prophet", "ucm", "sarimax", "hgb")
    assert all(air_model(n).zh and air_model(n).en for n in AIR_MODELS)
    assert [n for n in AIR_MODELS if air_model(n).extra] == ["prophet", "ucm", "sarimax", "hgb"]
    assert [n for n in AIR_MODELS if air_model(n).make_panel] == ["panel", "hgb"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no air model called 'arima'.*sarimax"):
        air_model("arima")


def test_paths_hold_what_was_asked_for(name: str) -> None:
    """Shape, type, items, place, days and the model's own name, whatever the engine."""
    record = made_record(1, years=1.5, items=PAIR)
    model = air_model(name).make("made").fit(record)
    days = ahead_of(record, 20)[[19, 3]]
    paths = model.sample(days, 5, np.random.default_rng(0))
    assert paths.values.shape == (5, 2, 2)
    assert paths.values.dtype == np.float32
    assert (paths.items, paths.places, paths.model) == (PAIR, ("made", "made"), name)
    assert (paths.times == days).all()
    assert (model.items, model.last_day, model.name) == (PAIR, days[1] - 4, name)


def test_same_generator_same_paths(name: str) -> None:
    """Paths are a function of the record and the generator; numpy's global one is left alone."""
    record = made_record(2, years=1.1, items=PAIR)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, again = year_of(name, record), year_of(name, record)
    assert np.array_equal(one, again)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_level_is_found(name: str) -> None:
    """A year ahead of a record without a trend has the mean of the record within a tenth.

    The seasonal and the panel model expect the falling trend of real cities: a fifth for them.
    """
    record = made_record(3, years=4)
    model = air_model(name).make("made", dispersed=False).fit(record)
    drawn = model.sample(ahead_of(record, 365), 200, np.random.default_rng(1)).values
    ratio = float(drawn.mean()) / float(record["pm25"].mean())
    assert ratio == pytest.approx(1.0, abs=0.2 if name in ("seasonal", "panel") else 0.1)


def test_the_slow_error_widens_the_year(name: str) -> None:
    """Without it the mean of a year is narrower: by 0.025 of ln C at least, in squares."""
    record = made_record(4, years=1.5, items=PAIR)
    spread = {}
    for dispersed in (False, True):
        model = air_model(name).make("made", dispersed=dispersed).fit(record)
        drawn = model.sample(ahead_of(record, 365), 300, np.random.default_rng(1)).values
        spread[dispersed] = np.log(drawn.mean(axis=1)).std(axis=0)
    assert np.all(spread[True] > np.hypot(spread[False], 0.025))


def _holes(record: pd.DataFrame) -> pd.DataFrame:
    return record.mask(np.random.default_rng(0).random(record.shape) < 0.4)


def _constant(record: pd.DataFrame) -> pd.DataFrame:
    return record * 0.0 + 7.0


def _one_constant(record: pd.DataFrame) -> pd.DataFrame:
    return record.assign(o3_8h=100.0)


def _short(record: pd.DataFrame) -> pd.DataFrame:
    return record.iloc[-70:]


def _one_year(record: pd.DataFrame) -> pd.DataFrame:
    return record.iloc[-365:]


def _stopped(record: pd.DataFrame) -> pd.DataFrame:
    stopped = record.copy()
    stopped.loc[stopped.index[-90:], "pm25"] = np.nan
    return stopped


def _zeros(record: pd.DataFrame) -> pd.DataFrame:
    return record.mask(np.arange(len(record))[:, None] % 40 == np.array([3, 9]), 0.0)


@pytest.mark.parametrize(
    "change", [_holes, _constant, _one_constant, _short, _one_year, _stopped, _zeros]
)
def test_bad_records_still_give_possible_air(name: str, change: object) -> None:
    """Whatever is missing, every value is finite, positive (0 only if seen) and below the cap."""
    assert callable(change)
    record = change(made_record(5, years=1.4, items=PAIR))
    drawn = year_of(name, record)
    assert drawn.shape == (40, 60, 2)
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all() and (drawn.mean(axis=(0, 1)) > 0).all()
    assert (drawn <= 3.001 * record.max().to_numpy()).all()


def test_an_item_alone_among_missing_ones_is_drawn_alone(name: str) -> None:
    """A city with PM2.5 and nothing else; a city with nothing at all."""
    record = made_record(6, years=1.1)
    lonely = record.assign(o3_8h=np.nan, co=np.nan)
    model = air_model(name).make("made").fit(lonely)
    assert model.items == ("pm25",)
    assert np.array_equal(year_of(name, lonely), year_of(name, record))
    empty = air_model(name).make("made").fit(record * np.nan)
    assert (empty.items, empty.last_day) == ((), None)
    paths = empty.sample(ahead_of(record, 3), 4, np.random.default_rng(0))
    assert paths.values.shape == (4, 3, 0)


def test_a_day_already_seen_is_refused(name: str) -> None:
    """What was observed is never drawn, and a day is there once."""
    record = made_record(7, years=1.2)
    model = air_model(name).make("made").fit(record)
    with pytest.raises(ValueError, match="after the last reading"):
        model.sample(ahead_of(record, 2) - 1, 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="twice"):
        air_model(name).make("made").fit(pd.concat([record, record.iloc[:1]]))


@pytest.mark.parametrize(("model", "module"), LIBRARIES.items())
def test_a_missing_library_is_said_with_its_cure(
    model: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with the package and the command that installs it; no traceback of imports."""
    for loaded in [m for m in sys.modules if m.partition(".")[0] == module]:
        monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, module, None)
    package = {"sklearn": "scikit-learn"}.get(module, module)
    with pytest.raises(UsageError) as caught:
        air_model(model).make("made").fit(made_record(8, years=1))
    assert caught.value.message == f"The model {model} needs {package}, which is not installed."
    assert caught.value.cure == f"Install it: pip install {package}."


@pytest.mark.parametrize("model", [n for n in AIR_MODELS if air_model(n).make_panel])
def test_a_panel_gives_each_place_its_model(model: str) -> None:
    """One fitted model a place, ready to draw, with and without the slow error."""
    if model in LIBRARIES:
        pytest.importorskip(LIBRARIES[model], reason=f"{model} needs {LIBRARIES[model]}")
    make = air_model(model).make_panel
    assert make is not None
    records = {"a": made_record(9, years=2.5), "b": made_record(10, years=2, items=PAIR)}
    fitted = make(records)
    assert list(fitted) == ["a", "b"]
    assert [fitted[p].items for p in records] == [("pm25",), PAIR]
    days = ahead_of(records["a"], 365)
    widths = []
    for dispersed in (False, True):
        drawn = make(records, dispersed=dispersed)["a"].sample(days, 200, np.random.default_rng(1))
        assert (drawn.model, drawn.places) == (model, ("a",))
        widths.append(float(np.log(drawn.values.mean(axis=1)).std()))
    assert widths[1] > np.hypot(widths[0], 0.025)


def test_the_table_of_models_loads_no_heavy_library() -> None:
    """Asking for the names must not take seconds."""
    code = (
        "import sys, forecast.models.registry; "
        "print([m for m in ('prophet', 'statsmodels', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "[]"
