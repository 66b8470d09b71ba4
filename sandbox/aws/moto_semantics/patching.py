"""Replacing a method of moto while keeping the original at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def patch(owner: Any, name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`@patch(Class)` replaces `Class.<function's name>` (or `name`); the function gets the original as first argument.

    A method that moto lacks is given `None` as original: the patch then is the whole implementation.
    """

    def decorate(replacement: Callable[..., Any]) -> Callable[..., Any]:
        attribute = name or replacement.__name__
        original = getattr(owner, attribute, None)

        def method(*args: Any, **kwargs: Any) -> Any:
            return replacement(original, *args, **kwargs)

        setattr(owner, attribute, method)
        return replacement

    return decorate
