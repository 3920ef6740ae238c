"""The templates of pages, compiled once in a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page_templates"]


@cache
def page_templates(*packages: str) -> Environment:
    """Return the templates of these packages; of two of one name, that of the first named.

    What a template is given is escaped, and what it asks for and is not given is an error.

    Args:
        packages: names of packages with a folder ``templates``.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
