"""Every limit that Amazon's model states of a member, of every operation: kept at its ends, refused beyond them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import Shape

from recognition.rekognition import model, shapes
from recognition.rekognition.operations import OPERATIONS
from tests.rekognition.calls import arguments_of, in_text, set_up
from tests.rekognition.wire import call, code_of, content_of
from tests.worlds import Player, PlayerFactory

FACE_ID = "00000000-0000-4000-8000-000000000000"
Path = tuple[str, ...]
ITEM, KEY, VALUE = "[]", "{key}", "{value}"


def _limited(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    """Yield every member, item, key and value below a shape, with where it stands."""
    inner: dict[str, dict[str, Shape]] = {
        "structure": dict(getattr(shape, "members", {})),
        "list": {ITEM: getattr(shape, "member", shape)},
        "map": {KEY: getattr(shape, "key", shape), VALUE: getattr(shape, "value", shape)},
    }
    if path:
        yield path, shape
    for name, below in inner.get(shape.type_name, {}).items():
        yield from _limited(below, (*path, name))


def _text(shape: Shape, length: int) -> str:
    if "{8}" in shape.metadata.get("pattern", ""):
        return FACE_ID
    return shape.enum[0] if shape.enum else "a" * length


def _many(shape: Shape, count: int) -> Any:
    if shape.type_name == "map":
        return {f"k{number}": "" for number in range(count)}
    return [_text(shape.member, 1)] * count  # type: ignore[attr-defined]


def _of_size(shape: Shape, size: int) -> Any:
    makers = {"string": _text, "blob": lambda _, size: bytes(size), "list": _many, "map": _many}
    kind = shape.type_name
    return makers[kind](shape, size) if kind in makers else float(size) if kind == "float" else size


def _at_the_ends(shape: Shape) -> list[Any]:
    return [_of_size(shape, shape.metadata[end]) for end in ("min", "max") if end in shape.metadata] + list(
        getattr(shape, "enum", ())
    )


def _beyond(shape: Shape) -> list[Any]:
    """Return values just outside of every limit."""
    limits, is_id = shape.metadata, "{8}" in shape.metadata.get("pattern", "")
    found = [_of_size(shape, limits["max"] + 1)] if "max" in limits else []
    found += [_of_size(shape, limits["min"] - 1)] if limits.get("min", 0) > 0 or shape.type_name == "float" else []
    found += ["!!!", "ä" * 3] if "pattern" in limits and r"\p{L}" not in limits["pattern"] else []
    found += ["<b>"] if r"\p{L}" in limits.get("pattern", "") else []
    found += [FACE_ID.upper().replace("0", "A"), FACE_ID + "0"] if is_id else []
    return found + (["NO_SUCH_THING", "none"] if limits.get("enum") else [])


def _with(parameters: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return parameters with a value at a place; what is in its way gives way."""
    name, *rest = path
    if rest:
        whole = {
            ITEM: lambda: [value],
            KEY: lambda: {value: ""},
            VALUE: lambda: {"k": value},
        }
        value = whole[rest[0]]() if rest[0] in whole else _with({}, tuple(rest), value)
    return {**parameters, name: value}


def _places() -> list[tuple[str, Path, Shape]]:
    return [
        (operation, path, shape)
        for operation in sorted(OPERATIONS)
        for path, shape in _limited(model.operation(operation).input_shape)  # type: ignore[union-attr]
    ]


@pytest.fixture(scope="module")
def asked(make_player: PlayerFactory) -> tuple[Player, dict[str, dict[str, Any]]]:
    """A caller, and arguments that are good."""
    player = make_player()
    face_id, arn = set_up(player)
    return player, arguments_of(face_id, arn)


def test_there_is_a_limit_in_nearly_every_operation() -> None:
    limited = {operation for operation, _, shape in _places() if _beyond(shape)}

    assert limited == set(OPERATIONS)
    assert sum(len(_beyond(shape)) for _, _, shape in _places()) > 150


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_what_is_beyond_a_limit_is_refused(asked: tuple[Player, dict[str, dict[str, Any]]], operation: str) -> None:
    player, arguments = asked

    for _, path, shape in (place for place in _places() if place[0] == operation):
        for value in _beyond(shape):
            parameters = _as_json(_with(in_text(arguments[operation]), path, value))
            response = call(player, operation, parameters)
            too_long = shape.type_name == "blob" and len(value) > 1
            expected = "ImageTooLargeException" if too_long else "InvalidParameterException"
            assert code_of(response) == expected, (path, value)
            named = path[0] if path[-1] in (ITEM, KEY, VALUE) else path[-1]
            assert named in content_of(response)["message"], path


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_what_is_at_a_limit_is_taken(asked: tuple[Player, dict[str, dict[str, Any]]], operation: str) -> None:
    _, arguments = asked
    shape = model.operation(operation).input_shape  # type: ignore[union-attr]

    for _, path, member in (place for place in _places() if place[0] == operation):
        for value in _at_the_ends(member):
            parameters = _with(in_text(arguments[operation]), path, value)
            assert shapes.decode(shape, _as_json(parameters)), path


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda data: base64.b64encode(data).decode()))
