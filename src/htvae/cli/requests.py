"""From the options of a command to the request of the analysis that it runs."""

from dataclasses import fields
from typing import Any, TypeVar

Request = TypeVar("Request")


def fill_request(kind: type[Request], options: Any, /, **renamed: str) -> Request:
    """Return a request: each field has the value of the option with its name.

    Args:
        kind: dataclass of the request.
        options: of the command.
        **renamed: field to the name of its option, where these differ.

    Raises:
        ValueError: a value is not allowed.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: getattr(options, renamed.get(name, name)) for name in names})
