"""What people entered for targets: kept in a table, and as a plain file beside the raw readings.

``data/raw/target_entries.csv`` holds every entry ever made, so that they outlive a rebuild of the
tables from ``data/raw``, and can be read without this program.
"""

from __future__ import annotations

import io

import pandas as pd

from forecast.disk import write_file
from forecast.errors import WorkspaceError
from forecast.formula_guard import guarded, unguarded
from forecast.targets.entries import ENTRY_COLUMNS, empty_entries, typed
from forecast.workspace import Workspace

__all__ = ["LEDGER", "add_entries", "read_entries"]

#: Name of the plain file under ``data/raw``.
LEDGER = "target_entries.csv"


def read_entries(workspace: Workspace) -> pd.DataFrame:
    """Return every entry, columns ``ENTRY_COLUMNS``, in the order of entering.

    Raises:
        WorkspaceError: the plain file can't be read.
    """
    stored = workspace.store.read("target_entries")
    path = workspace.raw / LEDGER
    try:
        text = path.read_text(encoding="utf-8-sig")
        kept = pd.read_csv(
            io.StringIO(text), dtype={c: "str" for c, t in ENTRY_COLUMNS.items() if t == "str"},
            keep_default_na=False, na_values={"value": [""]}, parse_dates=["date", "recorded"],
        )  # fmt: skip
        kept = unguarded(kept)
        known = (
            pd.concat([typed(kept), typed(stored)], ignore_index=True)
            if len(stored)
            else typed(kept)
        )
    except FileNotFoundError:
        return typed(stored) if len(stored) else empty_entries()
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"{path} can't be read ({error.__class__.__name__}).",
            "It holds the figures entered for targets: put back a copy of it, or move it away.",
        ) from error
    return known.drop_duplicates(ignore_index=True)


def add_entries(workspace: Workspace, fresh: pd.DataFrame) -> None:
    """Add entries to the plain file, then to the table; earlier ones are never changed."""
    every = pd.concat([read_entries(workspace), typed(fresh)], ignore_index=True)
    text = guarded(every).to_csv(index=False, lineterminator="\n")
    write_file(workspace.raw / LEDGER, text.encode("utf-8-sig"))
    workspace.store.upsert("target_entries", fresh)
