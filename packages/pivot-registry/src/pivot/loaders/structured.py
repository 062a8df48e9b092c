"""Plain data as text: JSON, one JSON document a line, YAML."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pivot.loaders.base import Loader, library


@dataclass(frozen=True)
class JSON(Loader[Any]):
    """JSON in UTF-8. Keys stay in the order of the value, so that reports read as they were made."""

    indent: int | None = 2
    sort_keys: bool = False

    def load(self, path: Path) -> Any:
        """Read one document."""
        import json

        return json.loads(path.read_text(encoding="utf-8-sig"))

    def save(self, value: Any, path: Path) -> None:
        """Write one document and a line end. Numpy's scalars and arrays become numbers and lists."""
        import json

        text = json.dumps(value, indent=self.indent, sort_keys=self.sort_keys, ensure_ascii=False, default=_plain)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class JSONL(Loader[list[Any]]):
    """One JSON document a line, as a list."""

    sort_keys: bool = False

    def load(self, path: Path) -> list[Any]:
        """Read all lines; empty ones do not count."""
        import json

        # Not splitlines(): JSON may hold U+2028 and its like as they are.
        return [json.loads(line) for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]

    def save(self, value: Iterable[Any], path: Path) -> None:
        """Write each item on a line of its own."""
        import json

        with path.open("w", encoding="utf-8", newline="\n") as file:
            for item in value:
                file.write(json.dumps(item, sort_keys=self.sort_keys, ensure_ascii=False, default=_plain) + "\n")


@dataclass(frozen=True)
class YAML(Loader[Any]):
    """YAML of plain values: no tags, nothing is executed. Needs the extra `yaml`."""

    sort_keys: bool = False

    def load(self, path: Path) -> Any:
        """Read one document."""
        yaml = library("YAML", "yaml", "yaml")
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def save(self, value: Any, path: Path) -> None:
        """Write one document in block style."""
        yaml = library("YAML", "yaml", "yaml")
        # The dumper in Python: libyaml's breaks long lines elsewhere, and bytes must not depend on how yaml was built.
        text = yaml.dump(value, Dumper=yaml.SafeDumper, sort_keys=self.sort_keys, allow_unicode=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _plain(value: Any) -> Any:
    """Turn numpy's scalars and arrays (anything with `tolist`) into what JSON knows."""
    if callable(getattr(value, "tolist", None)):
        return value.tolist()
    raise TypeError(f"a {type(value).__qualname__} is not JSON")
