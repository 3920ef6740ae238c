"""The two pictures of scenarios in the gallery drawn anew from the answer that lies beside them."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

_DOCS = Path(__file__).parents[2] / "docs"
_IMAGES = _DOCS / "images" / "review"
_NAMES = ("scenario", "scenario_map")


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_gallery", _DOCS / "make_gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(picture: bytes) -> NDArray[np.float64]:
    """Mean grey of squares of a quarter inch."""
    grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L"), dtype=np.float64)
    high, wide = (size // 24 for size in grey.shape)
    return np.asarray(grey[: high * 24, : wide * 24].reshape(high, 24, wide, 24).mean(axis=(1, 3)))


@pytest.mark.parametrize("name", _NAMES)
def test_the_picture_is_as_in_the_gallery(name: str, gallery: ModuleType) -> None:
    """Words and numbers exactly and in their places, shapes and colours block by block."""
    chart = dict(gallery.scenario_pictures())[name]()
    listed = json.loads((_IMAGES / "texts.json").read_text(encoding="utf-8"))[name]
    drawn = gallery.drawn_texts(chart)
    assert [t[0] for t in drawn] == [t[0] for t in listed]
    places = np.array([[t[1:] for t in found] for found in (drawn, listed)], dtype=float)
    assert np.abs(places[0] - places[1]).max() <= 0.006
    found, kept = blocks(gallery.small_png(chart)), blocks((_IMAGES / f"{name}.png").read_bytes())
    assert found.shape == kept.shape
    assert np.abs(found - kept).mean() <= 0.7
    assert np.abs(found - kept).max() <= 15.0


def test_the_pictures_say_that_they_are_made_up(gallery: ModuleType) -> None:
    for _, draw in gallery.scenario_pictures():
        said = " ".join(str(t[0]) for t in gallery.drawn_texts(draw()))
        assert "均为虚构" in said
        assert "made up" in said
        assert "不是监测数据" in said
