"""Mutations for the fuzz test: of bytes, of the values of a JSON file, of the arrays of an archive."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from posenet3d_blender.arrays import AnyArray

Json: TypeAlias = Any
Mutation: TypeAlias = Callable[[np.random.Generator, bytearray], bytearray]

ODD_VALUES: Final[tuple[Json, ...]] = (
    *(None, True, False, "", "text", "\ud800", [], {}, [[]], [[[[[]]]]], {"x": 1}),
    *(0, -1, 1e-320, -1e308, 1e308, float("nan"), float("inf"), float("-inf")),
    *(2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.1 + 2**53),
)
ODD_NUMBERS: Final = ("ffffffff", "7fffffff", "ffffff7f", "00000000", "80000000", "0000ffff", "00010000")
"""Of 32 bits, as hexadecimal digits."""


def mutate_bytes(random: np.random.Generator, whole: bytes) -> bytes:
    """Apply one to three mutations."""
    content = bytearray(whole)
    for _ in range(int(random.integers(1, 4))):
        if content:
            content = _MUTATIONS[int(random.integers(len(_MUTATIONS)))](random, content)
    return bytes(content)


def mutate_json(random: np.random.Generator, whole: Json) -> bytes:
    """Damage a third as text, the others in one to four of their values."""
    data = json.loads(json.dumps(whole))
    style = random.random()
    if style < 0.2:
        content = mutate_bytes(random, json.dumps(data).encode())
        return bytes(byte & 0x7F for byte in content) if style < 0.15 else content
    if style < 0.25:
        return json.dumps(data).replace("0", "9" * 5000, 1).encode()
    if style < 0.3:
        return b"[" * int(random.integers(1, 200_000))
    for _ in range(int(random.integers(1, 5))):
        data = _with_odd_value(random, data)
    return json.dumps(data).encode(str(random.choice(["utf-8", "utf-8-sig", "utf-16"], p=[0.96, 0.02, 0.02])))


def mutate_archive(random: np.random.Generator, whole: Mapping[str, AnyArray]) -> bytes:
    """Damage an `.npz` as bytes, or in one to three of its arrays."""
    if random.random() < 0.4:
        return mutate_bytes(random, archive_bytes(whole))
    arrays = dict(whole)
    for _ in range(int(random.integers(1, 4))):
        key = str(random.choice(list(arrays)))
        arrays[key] = _mutated_array(random, arrays[key])
    return archive_bytes(arrays)


def archive_bytes(arrays: Mapping[str, AnyArray]) -> bytes:
    """An `.npz` of these arrays."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _flip_bytes(random: np.random.Generator, content: bytearray) -> bytearray:
    reach = min(len(content), int(random.choice([64, 512, 4096, len(content)])))
    for place in random.integers(0, reach, int(random.integers(1, 40))):
        content[place] = int(random.integers(256))
    return content


def _cut_off(random: np.random.Generator, content: bytearray) -> bytearray:
    return content[: int(random.integers(0, len(content)))]


def _zero_run(random: np.random.Generator, content: bytearray) -> bytearray:
    start, length = int(random.integers(len(content))), int(random.integers(1, 600))
    content[start : start + length] = bytes(len(content[start : start + length]))
    return content


def _copy_chunk(random: np.random.Generator, content: bytearray) -> bytearray:
    start, target = (int(place) for place in random.integers(0, len(content), 2))
    chunk = content[start : start + int(random.integers(1, 600))]
    content[target : target + len(chunk)] = chunk
    return content


def _insert(random: np.random.Generator, content: bytearray) -> bytearray:
    place = int(random.integers(len(content)))
    content[place:place] = random.bytes(int(random.integers(1, 300)))
    return content


def _odd_number(random: np.random.Generator, content: bytearray) -> bytearray:
    """In the place of up to three of the header's numbers."""
    for _ in range(int(random.integers(1, 4))):
        place = int(random.integers(max(1, min(len(content), 2048) - 4)))
        content[place : place + 4] = bytes.fromhex(str(random.choice(ODD_NUMBERS)))
    return content


_MUTATIONS: Final[tuple[Mutation, ...]] = (_flip_bytes, _cut_off, _zero_run, _copy_chunk, _insert, _odd_number)


def _with_odd_value(random: np.random.Generator, data: Json) -> Json:
    """The data with one value replaced, removed or repeated."""
    containers = [part for part in _containers(data) if part]
    if not containers:
        return data
    # a file's few containers near the top are as likely as its many points
    weights = np.array([1.0 / (1 + place) for place in range(len(containers))])
    container = containers[int(random.choice(len(containers), p=weights / weights.sum()))]
    keys = list(container) if isinstance(container, dict) else list(range(len(container)))
    key = keys[int(random.integers(len(keys)))]
    action = random.random()
    if action < 0.7:
        container[key] = copy.deepcopy(ODD_VALUES[int(random.integers(len(ODD_VALUES)))])
    elif action < 0.85:
        del container[key]
    elif isinstance(container, list):
        container[key:key] = [copy.deepcopy(container[key]) for _ in range(int(random.integers(1, 20)))]
    else:
        container[f"{key}s"] = container.pop(key)
    return data


def _containers(data: Json) -> Iterator[Json]:
    """Every list and mapping in it, itself first, level by level."""
    level = [data]
    while level:
        level = [part for part in level if isinstance(part, list | dict)]
        yield from level
        level = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]


def _mutated_array(random: np.random.Generator, array: AnyArray) -> AnyArray:
    numbers = array.astype(np.float64) if array.dtype.kind in "fiu" else np.zeros(3)
    spoiled = np.array(numbers)
    if spoiled.size:
        spoiled.flat[int(random.integers(spoiled.size))] = random.choice([np.nan, np.inf, -1e308, 1e308, 1e-320, -1])
    changed: list[AnyArray] = [
        *(spoiled, spoiled, -numbers, numbers * 1e200, numbers[..., None], numbers.ravel()[:-1], numbers.ravel()[:0]),
        *(np.array("text"), np.array(None, dtype=object), np.zeros((0,)), numbers.astype(np.complex128), numbers > 0),
        *(numbers.astype(np.float16), np.asfortranarray(numbers), numbers.astype(">f4")),
    ]
    return changed[int(random.integers(len(changed)))]
