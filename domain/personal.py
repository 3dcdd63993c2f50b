"""How does a personal value travel through the program without ever being printed?"""

from typing import Any, Generic, NoReturn, SupportsIndex, TypeVar, final

T_co = TypeVar("T_co", covariant=True)

_SHOWN = "<pii>"


@final
class Pii(Generic[T_co]):
    """A personal value that shows itself as `<pii>` everywhere; `reveal` is the only way out.

    Not a `str`, so joining, formatting, JSON and SQL parameters cannot take the value by accident.
    It cannot be pickled, hashed or changed. Two of them are equal when their values are.
    """

    __slots__ = ("__value",)
    __value: T_co

    def __init__(self, value: T_co) -> None:
        object.__setattr__(self, "_Pii__value", value)

    def reveal(self, reason: str) -> T_co:
        """The value itself; the reason is read by reviewers and must not be empty."""
        if not reason.strip():
            raise ValueError("say why the personal value is revealed")
        return self.__value

    def __repr__(self) -> str:
        return _SHOWN

    def __str__(self) -> str:
        return _SHOWN

    def __format__(self, spec: str) -> str:
        return _SHOWN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pii):
            return NotImplemented
        return bool(self.__value == other.__value)

    # A hash by value would let a set or a counter stand in for a look-up table of people.
    __hash__ = None  # type: ignore[assignment]  # the documented way to make a class unhashable

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a personal value cannot be changed; make a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a personal value cannot be changed; make a new one")

    def __copy__(self) -> "Pii[T_co]":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pii[T_co]":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a personal value cannot be pickled; seal it in storage")
