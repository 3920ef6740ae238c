"""The command ``forecast``, also as ``python -m forecast``.

What it needs is loaded within, which takes some tenths of a second: a Ctrl+C in them ends in a sentence
as any later one does.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

#: Exit code of Ctrl+C.
_STOPPED = 130


def main() -> None:
    """Run the command with the arguments of this process."""
    try:
        from forecast.cli import main as command
    except KeyboardInterrupt:
        sys.stderr.write("forecast: 已中止。 Stopped.\n")
        sys.exit(_STOPPED)
    command()


if __name__ == "__main__":
    main()
