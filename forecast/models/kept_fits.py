"""Fitted models that are kept, so that nothing is fitted twice.

A fit is a file: arrays and plain values in NumPy's archive format without pickled objects, so that
reading it executes nothing. It carries a hash of all that it was made from (readings, declared
circumstances, the package's code, versions of libraries); with anything else, and where the file is
damaged, the model is fitted anew. One file a place or group of series: a later fit takes the
place of the one before.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.disk import sweep, write_file
from forecast.errors import WorkspaceError
from forecast.models.code_behind import code_digest, libraries

__all__ = ["KeptFits", "fingerprint"]

#: Version of the form of a file; one of another form is made anew.
_FORM = 1
_TREE = "tree"
#: What reading a file of any content may end in.
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


class KeptFits:
    """The folder of the fits of a workspace.

    Args:
        folder: where they stand; it is made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(
        self,
        name: Iterable[str],
        inputs: object,
        make: Callable[[], Any],
        kinds: Iterable[type] = (),
    ) -> Any:
        """Return the fit kept under ``name`` if it was made from ``inputs``, else make and keep it.

        Args:
            name: whose fit it is, such as model and place; the file is named after it.
            inputs: all that the fit depends on beside the code: values of :func:`fingerprint`.
            make: fits; what it returns is made of arrays, tables of numbers, plain values, tuples,
                lists, mappings by names, and ``kinds``.
            kinds: dataclasses that may occur in the fit; no other is ever built from a file.
        """
        [found] = self.get_many([(name, inputs)], lambda _: [make()], kinds)
        return found

    def get_many(
        self,
        wanted: Sequence[tuple[Iterable[str], object]],
        make: Callable[[list[int]], Sequence[Any]],
        kinds: Iterable[type] = (),
    ) -> list[Any]:
        """Return several fits, those that are not kept made in one call; see :meth:`get`.

        Args:
            wanted: name and inputs of each.
            make: takes the places in ``wanted`` of what is to be fitted, returns the fits in order.
            kinds: dataclasses that may occur in the fits.
        """
        known = {kind.__name__: kind for kind in kinds}
        code = (_FORM, code_digest(), libraries())
        keys = [fingerprint((*code, inputs)) for _, inputs in wanted]
        paths = [self.folder / f"{_told(name)}.npz" for name, _ in wanted]
        out: list[Any] = [None] * len(wanted)
        missing = []
        for at, (path, key) in enumerate(zip(paths, keys, strict=True)):
            try:
                found = _read(path, key, known)
            except _DAMAGED:
                found = None
            if found is None:
                missing.append(at)
            else:
                out[at] = found[0]
        if not missing:
            return out
        # What a killed command left unfinished.
        sweep(self.folder)
        for at, fitted in zip(missing, make(missing), strict=True):
            out[at] = fitted
            # A fit that can't be kept is made again next time; the answer does not need the file.
            with contextlib.suppress(WorkspaceError):
                write_file(paths[at], _written(fitted, keys[at]), durable=False)
        return out


def _told(name: Iterable[str]) -> str:
    """The name of a file from that of a fit."""
    return hashlib.sha256("\x1f".join(name).encode()).hexdigest()[:24]


def fingerprint(value: object) -> str:
    """Hash of a value made of arrays, tables, dataclasses and plain values, by its content.

    Raises:
        TypeError: something whose content can't be told.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    told = hashlib.sha256(json.dumps(_taken_apart(value, arrays)).encode())
    for array in arrays:
        told.update(f"{array.dtype.str}{array.shape}".encode())
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()


def _written(value: object, key: str) -> bytes:
    arrays: list[np.ndarray[Any, Any]] = []
    tree = json.dumps({"key": key, "fit": _taken_apart(value, arrays)})
    named = {f"a{i}": array for i, array in enumerate(arrays)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{_TREE: np.frombuffer(tree.encode(), np.uint8)}, **named)
    return buffer.getvalue()


def _read(path: Path, key: str, kinds: Mapping[str, type]) -> tuple[Any] | None:
    """The fit of a file, None where it was made from something else."""
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # What is written here is not compressed, so nothing unpacks to more than it is.
        if any(m.compress_type != zipfile.ZIP_STORED for m in archive.infolist()):
            raise ValueError("a compressed file is none of ours")
    with np.load(io.BytesIO(data), allow_pickle=False) as members:
        tree = json.loads(members[_TREE].tobytes())
        if tree["key"] != key:
            return None
        return (_put_together(tree["fit"], members, kinds),)


def _taken_apart(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """JSON of ``value``; arrays go into ``arrays`` and leave their place."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if type(value) is date:
        return {"date": value.isoformat()}
    if isinstance(value, frozenset):
        return {"set": [_taken_apart(v, arrays) for v in sorted(value)]}
    if isinstance(value, np.datetime64):
        return {"time": [str(value), np.datetime_data(value.dtype)[0]]}
    if isinstance(value, np.generic):
        return {"scalar": _taken_apart(np.asarray(value), arrays)}
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            value = np.asarray([str(v) for v in value.ravel()]).reshape(value.shape)
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, pd.DataFrame):
        parts = (
            value.index.to_numpy(), [str(c) for c in value.columns],
            value.to_numpy(dtype=np.float64, na_value=np.nan),
        )  # fmt: skip
        return {"table": [_taken_apart(part, arrays) for part in parts]}
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_taken_apart(v, arrays) for v in value]}
    if isinstance(value, Mapping):
        return {"map": [[_key(k), _taken_apart(v, arrays)] for k, v in value.items()]}
    if is_dataclass(value) and not isinstance(value, type):
        own = {f.name: _taken_apart(getattr(value, f.name), arrays) for f in fields(value)}
        return {"object": [type(value).__name__, own]}
    raise TypeError(f"{type(value).__name__} can't be kept")


def _key(key: Any) -> str | int:
    """What stands for the key of a mapping: years stay numbers."""
    return key if type(key) is int else str(key)


def _put_together(tree: Any, arrays: Mapping[str, Any], kinds: Mapping[str, type]) -> Any:
    """The value of a JSON tree; the reverse of :func:`_taken_apart` but for tables' column types."""
    if not isinstance(tree, dict):
        return tree
    [(kind, held)] = tree.items()
    if kind == "float":
        return float(held)
    if kind == "date":
        return date.fromisoformat(held)
    if kind == "set":
        return frozenset(_put_together(v, arrays, kinds) for v in held)
    if kind == "time":
        return np.datetime64(held[0], held[1])
    if kind == "scalar":
        return _put_together(held, arrays, kinds)[()]
    if kind == "array":
        return arrays[f"a{int(held)}"]
    if kind == "table":
        index, columns, values = (_put_together(part, arrays, kinds) for part in held)
        return pd.DataFrame(values, index=pd.DatetimeIndex(index), columns=columns)
    if kind in ("tuple", "list"):
        parts = [_put_together(part, arrays, kinds) for part in held]
        return tuple(parts) if kind == "tuple" else parts
    if kind == "map":
        return {_key(k): _put_together(v, arrays, kinds) for k, v in held}
    if kind == "object":
        name, own = held
        return kinds[name](**{k: _put_together(v, arrays, kinds) for k, v in own.items()})
    raise ValueError(f"{kind!r} is no part of a fit")
