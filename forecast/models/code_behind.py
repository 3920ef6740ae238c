"""What numbers come from beside their data: the package's own modules and the libraries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

__all__ = ["MODEL_CODE", "code_digest", "libraries"]

#: The modules and tables that a fitted model comes from.
MODEL_CODE = ("features/*", "models/**/*", "standards/**/*")
_KINDS = {".py", ".csv", ".toml"}
#: Libraries that models are built on; another version may give other numbers.
_LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "scikit-learn", "prophet")


@cache
def code_digest(patterns: Sequence[str] = MODEL_CODE) -> str:
    """Hash of the modules and tables of the package that match: with other code it is another.

    Args:
        patterns: a tuple of patterns, relative to the package.
    """
    root = Path(__file__).resolve().parents[1]
    told = hashlib.sha256()
    for path in sorted({p for pattern in patterns for p in root.glob(pattern)}):
        if path.suffix in _KINDS:
            told.update(path.relative_to(root).as_posix().encode())
            # A checkout may have other line ends and still the same code.
            told.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return told.hexdigest()


@cache
def libraries() -> tuple[str, ...]:
    """Names and versions of the installed libraries of the models."""
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
