"""The workspace: one folder with ``forecast.toml``, raw data, tables, models and reports."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from forecast.configuration import Config
from forecast.configuration_template import new_file
from forecast.disk import write_file
from forecast.errors import WorkspaceError
from forecast.shell_words import as_word
from forecast.store import Store

__all__ = ["CONFIG_NAME", "Workspace"]

CONFIG_NAME = "forecast.toml"

_FOLDERS = ("data/raw", "data/processed", "models", "reports")


class Workspace:
    """One workspace: its folders and its configuration.

    Attributes:
        root: the folder itself.
        raw, processed, models, reports: its folders.
        config_path: ``forecast.toml``.
        config: the validated configuration.
    """

    def __init__(self, root: Path, config: Config) -> None:
        self.root = root
        self.config = config
        self.config_path = root / CONFIG_NAME
        self.raw = root / "data" / "raw"
        self.processed = root / "data" / "processed"
        self.models = root / "models"
        self.reports = root / "reports"

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    @cached_property
    def store(self) -> Store:
        """The tables of this workspace."""
        return Store(self.processed)

    @property
    def timezone(self) -> ZoneInfo:
        """The zone in which the times of readings are written."""
        return ZoneInfo(self.config.workspace.timezone)

    @classmethod
    def create(cls, folder: Path | str, *, name: str = "", sample: bool = False) -> Workspace:
        """Make a workspace in ``folder``, which may exist and hold other things.

        Args:
            folder: where; parents are made.
            name: printed on reports; default the folder's name.
            sample: True marks every report as made from generated readings.

        Raises:
            WorkspaceError: the folder is a workspace already (missing subfolders are made all the
                same, the configuration is left alone), or it can't be written.
        """
        root = Path(folder).expanduser().resolve()
        existed = (root / CONFIG_NAME).exists()
        try:
            for part in _FOLDERS:
                (root / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(
                f"{root} can't be made a workspace ({error.strerror or error}).",
                "Choose a folder that you may write to.",
            ) from error
        if existed:
            raise WorkspaceError(
                f"{root} already is a workspace; its {CONFIG_NAME} was left as it is.",
                f"Go on with it (--workspace {as_word(root)}) or choose another folder.",
            )
        write_file(root / CONFIG_NAME, new_file(name or root.name, sample).encode())
        return cls.open(root)

    @classmethod
    def open(cls, folder: Path | str) -> Workspace:
        """Open the workspace in ``folder``.

        Raises:
            WorkspaceError: there is none, or its configuration is wrong.
        """
        root = Path(folder).expanduser().resolve()
        path = root / CONFIG_NAME
        if not path.is_file():
            raise WorkspaceError(
                f"{root} is not a workspace: it has no {CONFIG_NAME}.",
                f"Make one with: forecast init {as_word(folder)}",
            )
        return cls(root, Config.load(path))
