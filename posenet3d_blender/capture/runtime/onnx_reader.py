"""Read ONNX files without the `onnx` package, which Blender does not have.

The part of the format that the shipped networks use: protocol buffers' wire format, and of onnx.proto the messages
Model, Graph, Node, Attribute and Tensor with data inside the file. The numbers are onnx.proto's field numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import AnyArray

ELEMENT_TYPES: Final = {1: "<f4", 7: "<i8", 10: "<f2"}
"""TensorProto.DataType to numpy."""

Attribute = int | float | str | list[int]
_Field = int | bytes
_Message = dict[int, list[_Field]]


@dataclass(frozen=True)
class Node:
    """One operation of a network."""

    operator: str
    inputs: tuple[str, ...]
    """Names of values; an empty one stands for an optional input that is not given."""
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]


@dataclass(frozen=True)
class Graph:
    """A network: its operations in an order in which they can run."""

    nodes: tuple[Node, ...]
    constants: dict[str, AnyArray]
    """Weights and other fixed inputs by name."""
    outputs: tuple[str, ...]


def read_graph(path: Path) -> Graph:
    """The network in an ONNX file.

    Raises:
        OSError: the file can't be read.
        ValueError: it is damaged, or uses a part of the format that is not read here.
    """
    model = _message(path.read_bytes())
    if 7 not in model:
        raise ValueError("no graph in the file")
    graph = _message(_bytes(model, 7))
    return Graph(
        nodes=tuple(_node(_message(node)) for node in _all_bytes(graph, 1)),
        constants=dict(_tensor(_message(tensor)) for tensor in _all_bytes(graph, 5)),
        outputs=tuple(_text(_message(output), 1) for output in _all_bytes(graph, 12)),
    )


def _node(node: _Message) -> Node:
    return Node(
        operator=_text(node, 4),
        inputs=tuple(name.decode() for name in _all_bytes(node, 1)),
        outputs=tuple(name.decode() for name in _all_bytes(node, 2)),
        attributes=dict(_attribute(_message(attribute)) for attribute in _all_bytes(node, 5)),
    )


def _attribute(attribute: _Message) -> tuple[str, Attribute]:
    name = _text(attribute, 1)
    # Field 20 says which of the others holds the value: 1 a float, 2 an integer, 3 a text, 7 integers.
    match _integer(attribute, 20):
        case 1:
            return name, np.frombuffer(_bytes(attribute, 2), "<f4").item() if 2 in attribute else 0.0
        case 2:
            return name, _integer(attribute, 3)
        case 3:
            return name, _text(attribute, 4)
        case 7:
            return name, _integers(attribute, 8)
        case other:
            raise ValueError(f"attribute '{name}' is of kind {other}")


def _tensor(tensor: _Message) -> tuple[str, AnyArray]:
    name, kind, shape = _text(tensor, 8), _integer(tensor, 2), _integers(tensor, 1)
    if kind not in ELEMENT_TYPES or 13 in tensor:
        raise ValueError(f"tensor '{name}' has elements of kind {kind}, or its data elsewhere")
    # Data stands as bytes (9), or floats (4) or integers (7) as numbers.
    if kind == 7 and 7 in tensor:
        data = np.array(_integers(tensor, 7), ELEMENT_TYPES[kind])
    else:
        data = np.frombuffer(b"".join(_all_bytes(tensor, 9) or _all_bytes(tensor, 4)), ELEMENT_TYPES[kind])
    return name, data.reshape(shape)


def _text(message: _Message, number: int) -> str:
    return _bytes(message, number).decode()


def _bytes(message: _Message, number: int) -> bytes:
    values = _all_bytes(message, number)
    return values[-1] if values else b""


def _all_bytes(message: _Message, number: int) -> list[bytes]:
    return [_expect_bytes(value) for value in message.get(number, [])]


def _expect_bytes(value: _Field) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where text or data belongs")
    return value


def _integer(message: _Message, number: int) -> int:
    values = _integers(message, number)
    return values[-1] if values else 0


def _integers(message: _Message, number: int) -> list[int]:
    """Repeated integers stand one by one, or packed into bytes."""
    integers: list[int] = []
    for value in message.get(number, []):
        integers += [value] if isinstance(value, int) else _packed_integers(value)
    # Negative ones are written as 64-bit two's complements.
    return [integer - (1 << 64) if integer >> 63 else integer for integer in integers]


def _packed_integers(data: bytes) -> list[int]:
    integers, place = [], 0
    while place < len(data):
        integer, place = _varint(data, place)
        integers.append(integer)
    return integers


def _message(data: bytes) -> _Message:
    """A message's fields by number; each may stand several times."""
    fields: _Message = {}
    for number, value in _fields(data):
        fields.setdefault(number, []).append(value)
    return fields


def _fields(data: bytes) -> Iterator[tuple[int, _Field]]:
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            integer, place = _varint(data, place)
            yield number, integer
            continue
        if wire_type == 2:
            length, place = _varint(data, place)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"not a protocol buffer: wire type {wire_type}")
        if place + length > len(data):
            raise ValueError("the file ends early")
        yield number, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """An integer in base 128, the lowest digit first, and the place after it."""
    integer = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ValueError("the file ends early")
        digit = data[place]
        place += 1
        integer |= (digit & 0x7F) << shift
        if digit < 0x80:
            return integer, place
    raise ValueError("not a protocol buffer: an integer of more than ten digits")
