"""The order of syncs and renames, and what two kinds of disks hold when the power goes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from fault_server import FaultServer, Sweep
from fault_state import grow_old, once_each, result_of, runs_of, tables_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths of handles are of Linux")

RUN = ("run", "--paths", "60", "--quiet", "-w", "{}")


def renamed(swept: Sweep) -> list[str]:
    """What got its name, in order; what is built aside or linked to be read has none."""
    names = [path for what, path in swept.changes if what in ("rename", "replace", "link")]
    return [name for name in names if not _passing(name)]


def unsynced(swept: Sweep) -> list[str]:
    """Renames before which a file below the new name, or after which its folder, is not synced."""
    dirty: set[str] = set()
    open_names: dict[str, str] = {}
    found = []
    for what, path in swept.changes:
        if ".reading-" in path:
            continue
        if what in ("create", "write"):
            dirty.add(path)
        elif what == "fsync":
            dirty.discard(path)
            open_names = {name: parent for name, parent in open_names.items() if parent != path}
        elif what in ("rename", "replace", "link"):
            # The file written last in the folder is what is renamed; of a folder, all in it.
            found += [name for name in dirty if _comes_from(name, path)]
            # The name before it is durable before this one says anything of it.
            found += [name for name in open_names if path.endswith(("manifest.json", "latest"))]
            open_names[path] = str(Path(path).parent)
    return found + list(open_names)


def _passing(name: str) -> bool:
    return ".building-" in name or ".reading-" in name


def _comes_from(written: str, target: str) -> bool:
    """Whether a file written aside is, or is part of, what now gets the name ``target``."""
    own = Path(target)
    aside = Path(written)
    if aside.parent == own.parent:
        return aside.name.startswith(f".{own.name}.")
    return ".building-" not in target and ".building-" in written


@pytest.fixture
def cut_ingest(faults: FaultServer, bare: Path, more: Path, tmp_path: Path) -> Sweep:
    """An ingest, with what a power cut leaves at each of its renames."""
    return faults.sweep("power", bare, tmp_path / "left", ":ingest", "{}", more)


def test_ingest(
    cut_ingest: Sweep, faults: FaultServer, bare: Path, more: Path, tmp_path: Path
) -> None:
    names = renamed(cut_ingest)
    assert len(names) > 8 and unsynced(cut_ingest) == []
    # A manifest comes after every part that it names, and nothing of its change after it.
    changes = " ".join("manifest" if n.endswith("manifest.json") else "part" for n in names
                       if n.startswith("data/processed"))  # fmt: skip
    assert changes.endswith("part manifest") and "manifest manifest" not in changes
    old, new = tables_of(bare), tables_of(tmp_path / "left" / "whole")
    for kind in ("eager", "lazy"):
        places = [tmp_path / "left" / f"{n}-{kind}" for n in range(len(cut_ingest.moments))]
        found = [tables_of(place) for place in places]
        assert found == sorted(found, key=[old, new].index)
        # What was acknowledged outlasts a power cut that comes right after it.
        assert found[0] == old and found[-1] == new
        for place in (places[0], places[found.index(new)], places[-1]):
            grow_old(place)
            assert faults.run(":ingest", place, more).code == 0
            assert tables_of(place) == new


def test_run(faults: FaultServer, small: Path, tmp_path: Path) -> None:
    words = [word.replace("{}", "{}/..") for word in RUN]
    swept = faults.sweep("power", small, tmp_path / "left", *words, root="reports")
    assert unsynced(swept) == []
    old, new = runs_of(small), runs_of(tmp_path / "left" / "whole")
    names = [name for name in renamed(swept) if name != "logs"]
    assert names == [new.latest, "register/head.json", "latest"]
    answer = result_of(tmp_path / "left" / "whole", new.latest)

    def run(place: Path) -> None:
        assert faults.run(*(part.replace("{}", str(place)) for part in RUN)).code == 0

    again = once_each(run)
    for kind in ("eager", "lazy"):
        states = []
        for n in range(len(swept.moments)):
            place = Path(shutil.copytree(small, tmp_path / f"{n}-{kind}"))
            shutil.rmtree(place / "reports")
            shutil.copytree(tmp_path / "left" / f"{n}-{kind}", place / "reports")
            states.append(runs_of(place))
            for name in ("whole", "latest", "registered"):
                assert getattr(states[-1], name) in (getattr(old, name), getattr(new, name))
            if kind == "lazy":
                done = again(place)
                assert runs_of(done) == new
                assert result_of(done, new.latest) == answer
        # What was acknowledged outlasts a power cut that comes right after it.
        assert states[0] == old and states[-1] == new


def test_into_an_empty_workspace_with_new_folders(
    faults: FaultServer, more: Path, tmp_path: Path
) -> None:
    """Folders that are new themselves have durable names before what lies in them counts."""
    before = tmp_path / "new"
    assert faults.run("init", before).code == 0
    swept = faults.sweep("power", before, tmp_path / "left", ":ingest", "{}", more)
    assert unsynced(swept) == []
    old, new = tables_of(before), tables_of(tmp_path / "left" / "whole")
    for kind in ("eager", "lazy"):
        found = [tables_of(tmp_path / "left" / f"{n}-{kind}") for n in range(len(swept.moments))]
        assert found == sorted(found, key=[old, new].index) and found[-1] == new


@pytest.mark.parametrize("work", [":register", ":answer", ":records", ":alerts"])
def test_smaller_things(faults: FaultServer, small: Path, tmp_path: Path, work: str) -> None:
    swept = faults.sweep("power", small, tmp_path / "left", work, "{}")
    assert swept.whole.code == 0 and unsynced(swept) == []
    whole = tmp_path / "left" / "whole"
    files = {p.relative_to(whole) for p in whole.rglob("*") if p.is_file()}
    for kind in ("eager", "lazy"):
        end = tmp_path / "left" / f"{len(swept.moments) - 1}-{kind}"
        for name in files:
            if not name.name.startswith(".lock") and not name.name.endswith(".lock"):
                assert (end / name).read_bytes() == (whole / name).read_bytes(), name
        runs_of(end)


def test_backup_and_restore(faults: FaultServer, small: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    swept = faults.sweep(
        "power", tmp_path / "out", tmp_path / "left", "backup", "{}/a.zip", "-w", small
    )
    assert unsynced(swept) == [] and renamed(swept) == ["a.zip"]
    saved = tmp_path / "saved.zip"
    shutil.copy(tmp_path / "left" / "1-lazy" / "a.zip", saved)
    assert faults.run("backup", "--verify", saved).code == 0
    assert not (tmp_path / "left" / "0-lazy" / "a.zip").exists()
    swept = faults.sweep(
        "power", tmp_path / "out", tmp_path / "again", "restore", saved, "--to", "{}/w"
    )
    assert swept.whole.code == 0
    for kind in ("eager", "lazy"):
        end = tmp_path / "again" / f"{len(swept.moments) - 1}-{kind}"
        assert tables_of(end / "w") == tables_of(small)
        assert not (tmp_path / "again" / f"0-{kind}" / "w").exists()
