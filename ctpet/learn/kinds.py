"""Whether each value of a configuration is of a kind that the part it is given to takes.

Our own parts say it in the annotations of their parameters. Those of other libraries say less than
they take, so of theirs only numbers are held to: what has a number as its default takes numbers.
"""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from os import PathLike
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from ctpet.errors import CtpetError
from ctpet.learn.values import NotMeant, is_list, is_number

OWN_KEYS = frozenset({"_target_", "_partial_", "_args_", "_convert_", "_recursive_"})
"""What Hydra's ``instantiate`` reads itself."""

_UNIONS = (Union, types.UnionType)
_SCALARS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    types.NoneType: "null",
}


def refuse_wrong_kinds(config: DictConfig) -> None:
    """Refuse keys that a part does not have, and values of a kind that it does not take.

    Args:
        config: each of its nodes with ``_target_`` is a part. What stands elsewhere and is only
            pointed to is told by the key it stands at.

    Raises:
        CtpetError: naming the key.
    """
    for key, part in parts(config):
        target = target_of(key, part)
        parameters = _parameters(target)
        if parameters is None:
            continue
        hints = _hints(target) if str(part._target_).startswith("ctpet.") else {}
        for name in map(str, part):
            if name in OWN_KEYS or OmegaConf.is_interpolation(part, name):
                continue
            if name not in parameters:
                told = ", ".join(sorted(parameters)) or "nothing"
                raise CtpetError(f"{key} has no {name}; {part._target_} takes {told}.")
            value = part[name]
            if name in hints and not _takes(hints[name], value):
                raise NotMeant(f"{key}.{name}", value, _words(hints[name]))
            if not hints and is_number(parameters[name].default) and not _may_be_number(value):
                raise NotMeant(f"{key}.{name}", value, "a number")


def parts(node: DictConfig | ListConfig, key: str = "") -> Iterator[tuple[str, DictConfig]]:
    """Yield each node with ``_target_`` where it stands itself, with its key."""
    if isinstance(node, DictConfig) and "_target_" in node:
        yield key, node
    names: list[Any] = list(node) if isinstance(node, DictConfig) else list(range(len(node)))
    for name in names:
        if OmegaConf.is_interpolation(node, name) or OmegaConf.is_missing(node, name):
            continue
        child = node[name]
        if isinstance(child, DictConfig | ListConfig):
            yield from parts(child, f"{key}.{name}" if key else str(name))


def target_of(key: str, part: DictConfig) -> Callable[..., Any]:
    """Return what a part is made by.

    Raises:
        CtpetError: there is no such thing.
    """
    try:
        found = get_object(part._target_)
    except Exception as error:  # importing a module may raise anything
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise CtpetError(
            f"{key}._target_ is {part._target_}, which cannot be imported: {reason[0]}"
        ) from error
    if not callable(found):
        raise NotMeant(f"{key}._target_", part._target_, "the path of a class or a function")
    return found  # type: ignore[no-any-return]


def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter] | None:
    """Return the parameters of a target; None: any, or nobody can tell."""
    try:
        parameters = dict(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        return None
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else parameters


def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(target.__init__ if inspect.isclass(target) else target)
    except (TypeError, NameError):
        return {}


def _may_be_number(value: Any) -> bool:
    """Tell what may stand for a number: one, or a part that makes it, or a list of them."""
    if is_list(value):
        return len(value) > 0 and all(map(_may_be_number, value))
    return isinstance(value, DictConfig | bool) or is_number(value)


def _takes(hint: Any, value: Any) -> bool:
    if isinstance(value, Mapping | DictConfig):
        return hint not in _SCALARS and get_origin(hint) is not Literal
    origin = get_origin(hint)
    if origin in _UNIONS:
        return any(_takes(one, value) for one in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if hint in _SCALARS:
        return _is_scalar(hint, value)
    kind = origin or hint
    if not inspect.isclass(kind) or kind is object:
        return True  # Any, a type variable: nobody can tell
    if issubclass(kind, Enum):
        return value in kind.__members__ or value in [one.value for one in kind]
    if is_list(value):
        return _takes_list(kind, get_args(hint), value)
    return issubclass(kind, PathLike) and isinstance(value, str)


def _takes_list(kind: type, inner: tuple[Any, ...], value: Any) -> bool:
    if not (issubclass(kind, list | tuple) or issubclass(list, kind)) or issubclass(kind, str):
        return False
    each = [one for one in inner if one is not Ellipsis]
    return not each or all(any(_takes(one, item) for one in each) for item in value)


def _is_scalar(hint: Any, value: Any) -> bool:
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint)


def _words(hint: Any) -> str:
    """Say what is taken."""
    return " or ".join(dict.fromkeys(_each_word(hint)))


def _each_word(hint: Any) -> Iterator[str]:
    if get_origin(hint) in _UNIONS:
        for one in get_args(hint):
            yield from _each_word(one)
    elif get_origin(hint) is Literal:
        yield from map(str, get_args(hint))
    elif hint in _SCALARS:
        yield _SCALARS[hint]
    else:
        kind = get_origin(hint) or hint
        if issubclass(kind, Enum):
            yield from (str(one.value) for one in kind)
        elif issubclass(kind, Mapping | AbstractSet):
            yield "a mapping"
        elif issubclass(list, kind) or issubclass(kind, list | tuple):
            inner = [one for one in get_args(hint) if one is not Ellipsis]
            yield f"a list, each {_words(inner[0])}" if inner else "a list"
        else:
            yield "a mapping with _target_"
