"""`pivot init`: make a project."""

import os
from pathlib import Path, PurePosixPath

import click

from pivot.cli.options import global_options, session_of
from pivot.cli.session import Session
from pivot.registry.errors import DefinitionError
from pivot.registry.layout import CONFIG_NAME, PIVOT_DIR

CONFIG = """\
# Settings of this project. Every line is optional; these are the defaults.
#
# cache:
#   dir: .pivot/cache        # where results are kept; relative to the project root
#   link: [reflink, copy]    # how they are put into the work tree, best first: reflink, copy, hardlink, symlink
#   durability: batch        # off, batch, strict
#   shared: user             # user, group
# run:
#   jobs: 4                  # stages at once; default: as many as there are cores
#   lock_timeout: 600        # seconds to wait for a stage that another process runs; default: for ever
#   resources: {gpu: 2, memory: 20G}  # for all stages that run at once; memory: what the machine has
#   retries: 0               # so many times more a stage that failed is tried, if it does not say it itself
#   timeout: 0               # seconds, or 10m, that a stage may take, if it does not say it itself; 0: any time
#   keep_runs: 100           # runs of which `pivot log` and `pivot logs` know, in each pipeline
# identity:
#   environment: versions    # what counts of installed packages: versions, content, off
#   observe: "on"            # whether undeclared reads of a stage are noticed: "off", "on", strict
# discovery:
#   exclude: []              # directories without pipelines of this project: patterns
"""


@click.command("init")
@global_options()
@click.option("-t", "--template", metavar="NAME", help="Start with an example project: minimal, flights.")
@click.argument("directory", required=False)
@click.pass_context
def command(ctx: click.Context, template: str | None, directory: str | None) -> None:
    """Make a directory (default: the current one) a project.

    Writes .pivot/config.yaml, which marks the project's root, and the files of a template. Overwrites nothing.
    """
    init(session_of(ctx), directory, template)


def init(session: Session, directory: str | None, template: str | None) -> None:
    """Write the files of a new project."""
    from pivot.cli.templates import template_files, write_new

    root = _root(session, directory)
    if (root / PIVOT_DIR / CONFIG_NAME).exists():
        raise DefinitionError(
            f"{root} is a project already", hint="Nothing was changed. `pivot list` shows its stages."
        )
    contents = {} if template is None else template_files(template)
    write_new(root, {**contents, **_settings(root)})
    console = session.console()
    console.say(f"Made {root} a project.")
    if (needed := contents.get(PurePosixPath("requirements.txt"))) is not None:
        console.say(f"  needs: {', '.join(needed.decode().split())} (requirements.txt)")
    if template is not None:
        place = "" if directory is None else f"cd {directory} && "
        console.say(f"  next: {place}pivot run")
    else:
        console.say("  next: write a pipeline.py (or see `pivot init --template minimal`), then `pivot run`")


def _root(session: Session, directory: str | None) -> Path:
    if directory is None:
        return session.start()
    root = Path(os.path.normpath(directory if os.path.isabs(directory) else session.start() / directory))
    if root.exists() and not root.is_dir():
        raise DefinitionError(f"{directory} is not a directory", hint="Name a new directory, or one that exists.")
    return root


def _settings(root: Path) -> dict[PurePosixPath, bytes]:
    from pivot.executor.state import IGNORED

    marked = PurePosixPath(PIVOT_DIR)
    files = {marked / CONFIG_NAME: CONFIG.encode()}
    if not (root / marked / ".gitignore").exists():  # a pipeline that ran here has made one
        files[marked / ".gitignore"] = IGNORED.encode()
    return files
