"""YAML files that people write, read into pydantic models: every complaint names file, line and field."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class Complaint(NamedTuple):
    """One thing wrong with a document. ``field`` is dotted, empty for the document as a whole."""

    source: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: " + (f"{self.field}: {self.message}" if self.field else self.message)


class DocumentError(ValueError):
    """A document that does not fit its model; the message has a line for each complaint."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("\n".join(map(str, complaints)))


def parse(model: type[M], text: str, source: str, what: str) -> M:
    """Reads a YAML text into a model.

    Args:
        source: the file's name, for complaints.
        what: what the document is, with its article: ``a rig``.

    Raises:
        DocumentError: it is not YAML, no mapping, or does not fit the model.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DocumentError(
            Complaint(source, line, "", f"this is not YAML: {error.problem}; mend the syntax")
        ) from error
    if not isinstance(data, dict):
        fields = ", ".join(model.model_fields)
        raise DocumentError(Complaint(source, 1, "", f"{what} is a mapping with the fields {fields}"))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DocumentError(*(_complaint(problem, root, source, what) for problem in error.errors())) from error


def _complaint(problem: Any, root: yaml.Node | None, source: str, what: str) -> Complaint:
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        message = "is missing; add it"
    elif problem["type"] == "extra_forbidden":
        message = f"is no field of {what}; remove it or mend its spelling"
    field = ".".join(str(step) for step in problem["loc"]) or what.replace("a ", "the ", 1)
    return Complaint(source, _line(root, problem["loc"]), field, message)


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """Line of the deepest node on the path that exists in the file."""
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
