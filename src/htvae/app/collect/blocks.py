"""The packed numbers of a report, by id."""

from htvae.app.packing import to_text


class Blocks:
    """Blocks of text by id: b1, b2, ..."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add(self, content: bytes) -> str:
        """Compress bytes, keep them, and return their id."""
        return self.add_text(to_text(content))

    def add_text(self, text: str) -> str:
        """Keep bytes that are compressed already, and return their id."""
        name = f"b{len(self.texts) + 1}"
        self.texts[name] = text
        return name
