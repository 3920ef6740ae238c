"""Font files read once while a picture is drawn; matplotlib reads in them several times a glyph.

It opens a font by its path and lets FreeType seek and read in the file, through Python. Of a large
font that has Chinese this is a quarter of what a chart takes. From memory come the same glyphs, so
the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["fonts_in_memory"]

#: matplotlib keeps as many opened fonts.
_MOST_FONTS = 64


@contextmanager
def fonts_in_memory() -> Iterator[None]:
    """Let matplotlib draw with fonts held in memory within the block.

    Not for PDF, which embeds a font by its path. What is replaced is private to matplotlib: a
    version that opens its fonts in another way draws from the files, slower.
    """
    from matplotlib import font_manager

    module: Any = font_manager
    opened: Any = getattr(module, "_get_font", None)
    if isinstance(opened, _Opening) or not hasattr(opened, "__wrapped__"):
        yield
        return
    module._get_font = _opening(module, opened.__wrapped__)
    try:
        yield
    finally:
        module._get_font = opened


class _Opening:
    """Opens fonts as a function of matplotlib does, but from memory; each set of files once."""

    def __init__(self, module: Any, opened: Callable[..., Any]) -> None:
        self._module, self._opened = module, opened
        self._kept = lru_cache(maxsize=_MOST_FONTS)(self._open)

    def __call__(self, *files: Any, **options: Any) -> Any:
        return self._kept(*files, **options)

    def _open(self, *files: Any, **options: Any) -> Any:
        library = self._module.ft2font
        self._module.ft2font = _FromMemory(library)
        try:
            return self._opened(*files, **options)
        finally:
            self._module.ft2font = library


class _FromMemory:
    """matplotlib's module of FreeType, but that it opens the content of a file."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def FT2Font(self, path: str, *args: Any, **options: Any) -> Any:  # noqa: N802 - its name there
        return self._library.FT2Font(io.BytesIO(_content(path)), *args, **options)


@lru_cache(maxsize=4)
def _opening(module: Any, opened: Callable[..., Any]) -> _Opening:
    return _Opening(module, opened)


@lru_cache(maxsize=8)
def _content(path: str) -> bytes:
    return Path(path).read_bytes()
