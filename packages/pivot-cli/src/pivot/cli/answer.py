"""What read commands give to programs with `--json`: one object, with a version, under stable names."""

import json
from typing import Any

SCHEMA_VERSION = 1
"""Goes up when a name changes its meaning or goes away; new names may come at any time."""


def answer(**fields: Any) -> str:
    """Write the object."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **fields}, ensure_ascii=False)
