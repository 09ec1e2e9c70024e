"""From the JSON of a request to values: types, required members, limits, patterns and enums as the model states them.

SDKs check types, required members and minimums only (botocore), so everything is checked here. Members that the model
does not know are ignored, and nulls are absent, as Amazon does it.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from recognition.rekognition.faults import Fault, invalid

_LARGEST_INTEGER: Final = 2**31 - 1
_SEPARATORS: Final = "".join(c for c in map(chr, range(0x3001)) if unicodedata.category(c).startswith("Z"))


def decode(shape: Shape, value: Any, path: str = "") -> Any:
    """Return a value of the request as its shape has it; blobs are bytes.

    Args:
        shape: of the service's model.
        value: of the JSON.
        path: where it stands, for messages. No value is ever repeated in one.

    Raises:
        Fault: SerializationException for a wrong type, InvalidParameterException for a broken limit,
            ImageTooLargeException for a blob that is too long.
    """
    decoder = _DECODERS.get(shape.type_name)
    if decoder is None:  # no offered operation takes one; a new model may bring it
        raise Fault("SerializationException", f"{path or 'The body'} is of a type that is not supported.")
    return decoder(shape, value, path)


def _structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(path, "an object")
    missing = [name for name in shape.required_members if value.get(name) is None]
    if missing:
        raise invalid(f"{_at(path, missing[0])} must not be null.")
    return {
        name: decode(member, value[name], _at(path, name))
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _list(shape: ListShape, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong_type(path, "a list")
    _check_range(shape, len(value), path, "items")
    return [decode(shape.member, item, f"{path}[{number}]") for number, item in enumerate(value)]


def _map(shape: MapShape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(path, "an object")
    _check_range(shape, len(value), path, "entries")
    return {
        decode(shape.key, key, f"{path}.key"): decode(shape.value, item, f"{path}.value") for key, item in value.items()
    }


def _string(shape: Shape, value: Any, path: str) -> str:
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong_type(path, "text")
    _check_range(shape, len(value), path, "characters")
    if "\0" in value:
        raise invalid(f"{path} must not contain a null character.")
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _pattern(pattern).fullmatch(value):
        raise invalid(f"{path} must match the pattern {pattern}")
    if shape.enum and value not in shape.enum:
        raise invalid(f"{path} must be one of {', '.join(shape.enum)}.")
    return value


def _integer(shape: Shape, value: Any, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST_INTEGER:
        raise _wrong_type(path, "a whole number of 32 bits")
    _check_range(shape, value, path, "")
    return value


def _float(shape: Shape, value: Any, path: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > 1e300 or not math.isfinite(value):
        raise _wrong_type(path, "a number")
    _check_range(shape, float(value), path, "")
    return float(value)


def _blob(shape: Shape, value: Any, path: str) -> bytes:
    try:
        data = base64.b64decode(value.encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        raise _wrong_type(path, "base64") from None
    if len(data) > shape.metadata.get("max", len(data)):
        raise Fault("ImageTooLargeException", f"{path}: at most {shape.metadata['max']:,} bytes are accepted.")
    _check_range(shape, len(data), path, "bytes")
    return data


_DECODERS: Final[dict[str, Callable[[Any, Any, str], Any]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "float": _float,
    "blob": _blob,
}


def _check_range(shape: Shape, size: float, path: str, unit: str) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        bounds = f"at least {least}" if most is None else f"{least or 0} to {most}"
        raise invalid(f"{path} must have {bounds} {unit}." if unit else f"{path} must be {bounds}.")


@cache
def _pattern(java: str) -> re.Pattern[str]:
    """Compile a pattern of the model; of Java's classes it uses letters, numbers and separators."""
    return re.compile(java.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", re.escape(_SEPARATORS)))


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong_type(path: str, wanted: str) -> Fault:
    return Fault("SerializationException", f"{path or 'The body'} must be {wanted}.")
