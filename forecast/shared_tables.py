"""A copy of the tables where every worker of a cluster can read it: any file system fsspec knows.

The tables of a workspace lie on a disk with locks and renames, which object stores don't have. So
the copy is only ever written whole: parts first, whose names are their hashes, then the list of the
parts in one step. A reader takes the list, fetches the parts that it has not got yet, and checks each
against its name; what it holds is the tables of one moment.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock

from forecast.disk import make_folder, write_file
from forecast.errors import ForecastError, WorkspaceError
from forecast.part_files import check_bytes
from forecast.partitions import PART, check_paths
from forecast.store import Store

__all__ = ["cache_folder", "fetched", "publish"]

_LIST = "manifest.json"


def publish(store: Store, url: str) -> int:
    """Copy the tables of ``store`` to ``url``; return how many parts were not there yet.

    Parts of the copy before this one stay, for readers that are at it; older ones are dropped.
    Other files are never touched. A part that was written only in part is written again.

    Args:
        store: tables that nobody writes to meanwhile.
        url: folder of any file system that fsspec knows, such as ``s3://bucket/folder``.

    Raises:
        ForecastError: the address can't be written, the package for it is not installed, or other
            files are there and no copy.
    """
    with _told(url, "written"):
        files, root = _opened(url)
        there = _sizes(files, root)
        before = _listed(files, root)
        others = [name for name in sorted(there) if not PART.fullmatch(name) and name != _LIST]
        if before is None and (others or set(there) == {_LIST}):
            raise ForecastError(
                f"{url} holds other files ({(others or [_LIST])[0]}) and no copy of these tables.",
                "Name a folder of its own.",
            )
        text = store.manifest_path.read_bytes() if store.manifest_path.exists() else None
        live = [p["path"] for parts in store.manifest().values() for p in parts.values()]
        missing = [p for p in live if there.get(p) != (store.processed / p).stat().st_size]
        for path in missing:
            _put(files, f"{root}/{path}", (store.processed / path).read_bytes())
        if text is not None:
            _put(files, f"{root}/{_LIST}", text)
        for path in sorted(there.keys() - {*live, *(before or ())}):
            if PART.fullmatch(path):
                files.rm_file(f"{root}/{path}")
        return len(missing)


def fetched(url: str, fingerprint: str, cache: Path | None = None) -> Store:
    """Return the tables of the copy at ``url``, laid on this machine's disk.

    Args:
        url: where :func:`publish` put them.
        fingerprint: of what they must say; tables fetched before that say it serve again, and
            what was damaged of them since is fetched anew.
        cache: folder for what is fetched; default: the cache of the user.

    Raises:
        ForecastError: the address can't be read, or the package for it is not installed.
        WorkspaceError: the copy there says something else, or is damaged.
    """
    folder = (cache or cache_folder() / "tables") / hashlib.sha256(url.encode()).hexdigest()[:16]
    store = Store(folder)
    if _serves(store, fingerprint):
        return store
    make_folder(folder)
    with filelock.FileLock(folder / ".fetching"):
        if _serves(store, fingerprint):
            return store
        with _told(url, "read"):
            files, root = _opened(url)
            text = _taken(files, f"{root}/{_LIST}", url)
            for path in sorted(_paths(text, url)):
                target = folder / path
                if not _is_sound(target):
                    _lay(target, _taken(files, f"{root}/{path}", url), url)
        write_file(store.manifest_path, text)
        _drop_others(folder, _paths(text, url))
    if store.fingerprint() != fingerprint:
        raise WorkspaceError(
            f"The tables at {url} are not those of this run.",
            "Run again: the run that began last has put its own there.",
        )
    return store


def _serves(store: Store, fingerprint: str) -> bool:
    """Whether these tables say what is asked for, and all their parts are whole."""
    if not store.manifest_path.exists() or store.fingerprint() != fingerprint:
        return False
    paths = _paths(store.manifest_path.read_bytes(), str(store.processed))
    return all(_is_sound(store.processed / path) for path in paths)


def _is_sound(part: Path) -> bool:
    try:
        check_bytes(part)
    except OSError:
        return False
    return True


def _taken(files: Any, path: str, url: str) -> bytes:
    try:
        data: bytes = files.cat_file(path)
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"{path.rpartition('/')[2]} is missing at {url}.",
            "Run again; what is missing there is then copied anew.",
        ) from error
    return data


def _lay(target: Path, data: bytes, url: str) -> None:
    if not hashlib.sha256(data).hexdigest().startswith(target.stem.removeprefix("part-")):
        raise WorkspaceError(
            f"{target.name} at {url} is damaged.",
            "Remove that file there and run again; it is then copied anew.",
        )
    make_folder(target.parent)
    write_file(target, data)


def _drop_others(folder: Path, live: set[str]) -> None:
    for path in folder.glob("*/**/part-*.parquet"):
        if path.relative_to(folder).as_posix() not in live:
            path.unlink(missing_ok=True)


def _opened(url: str) -> tuple[Any, str]:
    """The file system of an address, and the folder on it."""
    import fsspec

    files, root = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    return files, str(root).rstrip("/")


def _put(files: Any, path: str, data: bytes) -> None:
    try:
        files.pipe_file(path, data)
    except FileNotFoundError:
        # A tree of folders needs them made; of an object store that would be the bucket itself.
        if not path.startswith("/"):
            raise
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        files.pipe_file(path, data)


def _listed(files: Any, root: str) -> set[str] | None:
    """Parts that the copy's list names; None where there is no list of ours that can be read."""
    try:
        return _paths(files.cat_file(f"{root}/{_LIST}"), root)
    except (FileNotFoundError, WorkspaceError):
        return None


def _sizes(files: Any, root: str) -> dict[str, int]:
    """Bytes of every file there, by its name under the folder."""
    try:
        found = files.find(root, detail=True)
    except FileNotFoundError:
        return {}
    sizes = {str(path)[len(root) :].lstrip("/"): told["size"] for path, told in found.items()}
    # Object stores may hold an empty object in a folder's name.
    return {name: size for name, size in sizes.items() if name and not name.endswith("/")}


def _paths(text: bytes, url: str) -> set[str]:
    """Parts that a list names.

    Raises:
        WorkspaceError: it is none, or names a file outside of the tables.
    """
    try:
        tables = json.loads(text)["tables"]
        check_paths(tables)
        return {str(part["path"]) for parts in tables.values() for part in parts.values()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(
            f"The list of the tables at {url} is damaged.", "Run again; it is then written anew."
        ) from error


def cache_folder() -> Path:
    """Return the folder for what is fetched and fitted from it, in the user's own cache."""
    if os.name == "nt" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "forecast"
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "forecast"


@contextmanager
def _told(url: str, done: str) -> Iterator[None]:
    """Say in one sentence what a file system's own errors mean; each has others of its own."""
    try:
        yield
    except ForecastError:
        raise
    except ImportError as error:
        name = urlsplit(url).scheme
        raise ForecastError(
            f"The package for {name}:// is not installed ({error}).",
            "Install what fsspec names for it, such as: pip install fsspec s3fs.",
        ) from error
    except Exception as error:
        what = str(error).strip().splitlines()
        raise ForecastError(
            f"{url} can't be {done} ({type(error).__name__}{': ' + what[0] if what else ''}).",
            "Check the address, and that this user may write to it and every worker may read it.",
        ) from error
