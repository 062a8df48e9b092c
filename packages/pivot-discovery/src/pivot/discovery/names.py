"""How pipeline files are called."""

from pathlib import Path

PYTHON_FILE = "pipeline.py"
YAML_FILES = ("pivot.yaml", "pivot.yml")
PIPELINE_FILES = (PYTHON_FILE, *YAML_FILES)


def pipeline_files_in(directory: Path) -> list[Path]:
    """List the pipeline files that lie directly in a directory; a good one has none or one."""
    return [path for name in PIPELINE_FILES if (path := directory / name).is_file()]
