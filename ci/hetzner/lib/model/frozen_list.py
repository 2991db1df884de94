"""A list that cannot be changed: it compares, prints and adds up as any other."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


class FrozenList(list[T]):
    """A list whose methods of change raise TypeError."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{self!r} belongs to a job and cannot be changed: declare another job")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy, or a pickle, be made from a list at once: the default appends one by one."""
        return type(self), (list(self),)
