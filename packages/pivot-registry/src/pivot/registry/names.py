"""What stages and pipelines may be called: names stand in file names, in commands and in `pipeline:stage`."""

import unicodedata

from pivot.registry.errors import DefinitionError
from pivot.registry.types import PipelineName, StageName

_STAGE_SIGNS = "_-.@=+,"
_AS_LETTERS = str.maketrans(dict.fromkeys(_STAGE_SIGNS, "x"))
_LONGEST = 200


def stage_name(name: object, where: object | None = None) -> StageName:
    """Check the name of a stage. Raises DefinitionError."""
    if not isinstance(name, str) or not _is_stage_name(name):
        raise DefinitionError(
            f"{_shown(name)} cannot be the name of a stage",
            where=where,
            hint=f"Use letters, digits and {_STAGE_SIGNS}, a letter, digit or _ first, {_LONGEST} bytes at most.",
        )
    return StageName(name)


def pipeline_name(name: object, where: object | None = None) -> PipelineName:
    """Check the name of a pipeline, which may also be that of any directory. Raises DefinitionError."""
    if not isinstance(name, str) or not _is_pipeline_name(name):
        raise DefinitionError(
            f"{_shown(name)} cannot be the name of a pipeline",
            where=where,
            hint=f"Use printable characters without `:`, `/` and `\\`, {_LONGEST} bytes at most.",
        )
    return PipelineName(name)


def _is_stage_name(name: str) -> bool:
    if name.isidentifier() and name.isascii():  # most are
        return len(name) <= _LONGEST
    fine = name.translate(_AS_LETTERS).isalnum()
    return fine and _is_short(name) and (name[0].isalnum() or name[0] == "_")


def _is_pipeline_name(name: str) -> bool:
    fine = name.isprintable() and not set(name) & set(":/\\")
    return fine and _is_short(name) and name == name.strip() and name[0] != "-"


def _is_short(name: str) -> bool:
    # One spelling for each name: file systems disagree on whether two normal forms are one file.
    size = len(name.encode("utf-8", "surrogateescape"))
    return 0 < size <= _LONGEST and unicodedata.is_normalized("NFC", name)


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= 60 else f"{text[:50]}... ({len(text)} characters)"
