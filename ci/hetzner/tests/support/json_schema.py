"""Checks values against a JSON Schema, as far as the schemas of this project use its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2] / "docs" / "schemas"
TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "type", "const", "enum", "oneOf"),
    *("anyOf", "items", "properties", "required", "additionalProperties"),
}


class Schema:
    """A schema of docs/schemas."""

    def __init__(self, name: str) -> None:
        self.root: dict[str, Any] = json.loads((HOME / f"{name}.schema.json").read_text())

    def problems(self, value: object, schema: Any = None, at: str = "$") -> Iterator[str]:
        """Yield a sentence for each part of a value that the schema does not allow."""
        schema = self.root if schema is None else schema
        if unknown := set(schema) - KNOWN:
            raise ValueError(f"this check does not know {unknown}")
        if name := schema.get("$ref"):
            yield from self.problems(value, self.root["$defs"][name.rpartition("/")[2]], at)
        for word in ("oneOf", "anyOf"):
            if word in schema:
                fits = [not [*self.problems(value, each, at)] for each in schema[word]]
                if not any(fits) or (word == "oneOf" and sum(fits) > 1):
                    yield f"{at}: {sum(fits)} of {word} fit {value!r}"
        if "const" in schema and value != schema["const"]:
            yield f"{at}: expected {schema['const']!r}, found {value!r}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at}: expected one of {schema['enum']}, found {value!r}"
        if "type" in schema and not _is(value, schema["type"]):
            yield f"{at}: expected {schema['type']}, found {value!r}"
            return
        if isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                yield from self.problems(item, schema["items"], f"{at}[{number}]")
        if isinstance(value, dict):
            yield from self._of_object(value, schema, at)

    def _of_object(self, value: Mapping[str, Any], schema: Any, at: str) -> Iterator[str]:
        known = schema.get("properties", {})
        yield from (
            f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value
        )
        for name, item in value.items():
            more = schema.get("additionalProperties", {})
            if name in known:
                yield from self.problems(item, known[name], f"{at}.{name}")
            elif more is False:
                yield f"{at}: {name} is not expected"
            else:
                yield from self.problems(item, more, f"{at}.{name}")


def _is(value: object, names: str | list[str]) -> bool:
    if isinstance(names, list):
        return any(_is(value, name) for name in names)
    if isinstance(value, bool):
        return names == "boolean"
    return isinstance(value, TYPES[names])
