"""A disk that is full from a chosen moment on, on which a process dies, or whose power goes.

Every way in which Python changes a disk goes through here: files opened for writing and each write to
them, ``os.fsync``, renames, links and new folders. These changes are counted; at a chosen one the
fault comes. What a library written in C opens by itself would pass unseen: a test counts that too.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Faults", "Power"]

Change = tuple[str, str]


class Faults:
    """Counts the changes below a folder, and has each of them fail in a process of its own.

    At each change the process forks. The child meets the fault and goes on with it to its end; what
    it leaves is copied aside, the folder is put back as it was, and the parent makes the change.

    Args:
        root: the folder.
        fault: ``full``: from this change on there is no room, each fails with ENOSPC, a write after
            half of its bytes (to remove things is always possible); ``once``: this change fails with
            EIO, those after it do not; ``kill``: the process is killed, half of the bytes written;
            empty: nothing fails.
        left: gets a folder for each change, named by its number.
        power: notes what a power cut would leave.
    """

    def __init__(
        self, root: Path, *, fault: str = "", left: Path | None = None, power: Power | None = None
    ) -> None:
        self.changes: list[Change] = []
        self.ends: dict[int, dict[str, Any]] = {}
        self.met = False
        self._root = os.path.realpath(root)
        self._fault, self._left, self._power = fault, left, power

    def watches(self, path: str) -> bool:
        """Whether a path lies below the folder."""
        return path == self._root or path.startswith(self._root + os.sep)

    def comes(self, what: str, path: str, half: Callable[[], None] = lambda: None) -> None:
        """Count a change that is about to be made, and let a fork meet the fault."""
        if self.met:
            if self._fault == "full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            return
        at = len(self.changes)
        self.changes.append((what, os.path.relpath(path, self._root)))
        if not self._fault:
            return
        assert self._left is not None
        kept = _Kept(Path(self._root), self._left)
        child = os.fork()
        if child == 0:
            self.met = True
            for number, name in ((1, "out"), (2, "err")):
                stream = _OPEN(self._left / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(stream, number)
            half()
            if self._fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            number = errno.ENOSPC if self._fault == "full" else errno.EIO
            raise OSError(number, os.strerror(number), path)
        _, status, usage = os.wait4(child, 0)
        out, err = ((self._left / name).read_text(encoding="utf-8") for name in ("out", "err"))
        self.ends[at] = {
            "code": os.waitstatus_to_exitcode(status), "out": out, "err": err,
            "cpu": usage.ru_utime + usage.ru_stime,
        }  # fmt: skip
        shutil.copytree(self._root, self._left / str(at))
        kept.put_back()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Stand between this process and its disk."""
        true = {name: getattr(os, name) for name in _PATCHED}
        true_open = io.open
        try:
            os.fsync = lambda handle: self._fsync(true["fsync"], handle)  # type: ignore[assignment]
            for name in ("rename", "replace", "link"):
                setattr(os, name, self._renaming(name, true[name]))
            os.mkdir = self._making(true["mkdir"])  # type: ignore[assignment]
            os.open = self._opening(true["open"])  # type: ignore[assignment]
            io.open = builtins.open = self._file_opening(true_open)  # type: ignore[assignment]
            yield
        finally:
            for name, function in true.items():
                setattr(os, name, function)
            io.open = builtins.open = true_open  # type: ignore[assignment]

    def _fsync(self, true: Any, handle: Any) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        path = str(Path(f"/proc/self/fd/{number}").readlink()).removesuffix(" (deleted)")
        if self.watches(path):
            self.comes("fsync", path)
        true(number)
        if self._power is not None and self.watches(path):
            self._power.synced(number)

    def _renaming(self, name: str, true: Any) -> Any:
        def rename(source: Any, target: Any, **more: Any) -> None:
            path = _full(target)
            if self.watches(path):
                self.comes(name, path)
                if self._power is not None:
                    self._power.cut(path)
            true(source, target, **more)

        return rename

    def _making(self, true: Any) -> Any:
        def mkdir(path: Any, *rest: Any, **more: Any) -> None:
            if self.watches(_full(path)) and not os.path.lexists(path):
                self.comes("mkdir", _full(path))
            true(path, *rest, **more)

        return mkdir

    def _opening(self, true: Any) -> Any:
        def opened(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            new = flags & os.O_CREAT and isinstance(path, str | os.PathLike)
            if new and not os.path.lexists(path) and self.watches(_full(path)):
                self.comes("create", _full(path))
            return true(path, flags, *rest, **more)  # type: ignore[no-any-return]

        return opened

    def _file_opening(self, true: Any) -> Any:
        def opened(
            file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None,
            errors: Any = None, newline: Any = None, closefd: bool = True, opener: Any = None,
        ) -> Any:  # fmt: skip
            plain = (file, mode, buffering, encoding, errors, newline, closefd, opener)
            writing = set(mode) & set("wax+")
            if not writing or isinstance(file, int) or not self.watches(_full(file)):
                return true(*plain)
            if not os.path.lexists(file):
                self.comes("create", _full(file))
            bare = mode.replace("t", "").replace("b", "")
            raw = _Counted(file, bare, closefd, opener, self)
            if buffering == 0:
                return raw
            size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
            whole = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw, size)
            if "b" in mode:
                return whole
            text = io.TextIOWrapper(whole, encoding, errors, newline, buffering == 1)
            text.mode = mode
            return text

        return opened

    def wrote(self, number: int) -> None:
        """Note that a file holds what is not on the disk."""
        if self._power is not None:
            self._power.wrote(number)


_LINK, _MKDIR, _OPEN = os.link, os.mkdir, os.open

_PATCHED = ("fsync", "rename", "replace", "link", "mkdir", "open")


class _Kept:
    """A folder as it is, to be put back after another process changed it.

    Files keep their identity, since this process may have one of them open.
    """

    def __init__(self, root: Path, aside: Path) -> None:
        self._root, self._links, self._bytes = root, aside / "links", {}
        self._folders = [Path(p) for p, _, _ in os.walk(root)]
        self._links.mkdir()
        for n, path in enumerate(p for p in root.rglob("*") if p.is_file()):
            link = self._links / str(n)
            _LINK(path, link)
            self._bytes[path] = (link, path.read_bytes())

    def put_back(self) -> None:
        """Let the folder be as it was."""
        for folder in self._folders:
            if not folder.is_dir():
                _MKDIR(folder)
        for path in sorted(self._root.rglob("*"), reverse=True):
            if path.is_dir() and path not in self._folders:
                path.rmdir()
            elif path.is_file() and path not in self._bytes:
                path.unlink()
        for path, (link, data) in self._bytes.items():
            if not path.exists() or path.stat().st_ino != link.stat().st_ino:
                path.unlink(missing_ok=True)
                _LINK(link, path)
            if path.read_bytes() != data:
                told = path.stat()
                handle = _OPEN(path, os.O_WRONLY | os.O_TRUNC)
                os.write(handle, data)
                os.close(handle)
                os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
        shutil.rmtree(self._links)


class _Counted(io.FileIO):
    """A file whose writes are counted."""

    def __init__(self, file: Any, mode: str, closefd: bool, opener: Any, faults: Faults) -> None:
        super().__init__(file, mode, closefd, opener)
        self._faults = faults
        self._path = _full(file)
        if "w" in mode:
            faults.wrote(self.fileno())

    def write(self, data: Any) -> int:
        some = bytes(memoryview(data).cast("B"))
        there = self.seek(0, os.SEEK_CUR)
        number = self.fileno()
        self._faults.comes(
            "write", self._path, lambda: os.truncate(number, there + _put(number, some))
        )
        self.seek(there)
        done = super().write(data)
        self._faults.wrote(self.fileno())
        return done

    def truncate(self, size: int | None = None) -> int:
        done = super().truncate(size)
        self._faults.wrote(self.fileno())
        return done


def _put(number: int, data: bytes) -> int:
    return os.write(number, data[: len(data) // 2])


def _full(path: Any) -> str:
    """The path without links in its folders; the last part of it may be one, or nothing yet."""
    given = Path(os.fsdecode(path)).absolute()
    return str(given.parent.resolve() / given.name) if given.name != ".." else str(given.resolve())


class Power:
    """What a disk holds when the power goes, at each rename and at the end.

    Two disks are imagined. On the eager one every name is there at once, but of a file only what was
    synced (a file written to since is empty); on the lazy one a name is there only after a sync of
    its folder, and a file has the bytes of its last sync.

    Args:
        root: the folder looked at.
        cuts: gets a folder ``<n>-eager`` and ``<n>-lazy`` for each moment.
    """

    def __init__(self, root: Path, cuts: Path) -> None:
        self.moments: list[str] = []
        self._root, self._cuts = root, cuts
        self._dirty: set[int] = set()
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, tuple[int, bool]]] = {}
        for folder, _, files in os.walk(root):
            self._keep_names(folder)
            for name in files:
                path = Path(folder, name)
                self._bytes[path.stat().st_ino] = path.read_bytes()

    def wrote(self, number: int) -> None:
        """A file was written to."""
        self._dirty.add(os.fstat(number).st_ino)

    def synced(self, number: int) -> None:
        """A file or a folder was synced."""
        told = os.fstat(number)
        if stat.S_ISDIR(told.st_mode):
            self._keep_names(
                str(Path(f"/proc/self/fd/{number}").readlink()).removesuffix(" (deleted)")
            )
            return
        self._dirty.discard(told.st_ino)
        self._bytes[told.st_ino] = Path(f"/proc/self/fd/{number}").read_bytes()

    def _keep_names(self, folder: str) -> None:
        with os.scandir(folder) as inside:
            self._names[Path(folder).stat().st_ino] = {
                one.name: (one.inode(), one.is_dir()) for one in inside
            }

    def cut(self, what: str) -> None:
        """Let the power go now, for those who look at it later."""
        at = len(self.moments)
        self.moments.append(what)
        eager = self._cuts / f"{at}-eager"
        shutil.copytree(self._root, eager)
        for folder, _, files in os.walk(self._root):
            for name in files:
                path = Path(folder, name)
                if path.stat().st_ino in self._dirty:
                    (eager / path.relative_to(self._root)).write_bytes(b"")
        self._lay(self._root.stat().st_ino, self._cuts / f"{at}-lazy")

    def _lay(self, folder: int, place: Path) -> None:
        place.mkdir()
        for name, (inode, is_folder) in self._names.get(folder, {}).items():
            if is_folder:
                self._lay(inode, place / name)
            else:
                (place / name).write_bytes(self._bytes.get(inode, b""))
