"""From the bytes of one file to its summary."""

import ast
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from blake3 import blake3

from pivot.fingerprint.canonical import Token, digest_of, is_docstring, live_branch
from pivot.fingerprint.scopes import Reference, aliased, elements, held, path_of
from pivot.fingerprint.summary import Atom, AtomKind, Summary, Unit
from pivot.fingerprint.walk import Walk, first_line, said

_DEEP = 20_000
_END = "\n"
"""Between tokens: no other is like it."""

_KINDS: dict[type, AtomKind] = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.ClassDef: "class",
    ast.Assign: "assign",
    ast.AnnAssign: "assign",
    ast.Import: "import",
    ast.ImportFrom: "import",
}


def summarise(data: bytes, tree: ast.Module | None = None) -> Summary:
    """Summarise a file, of which somebody may have the syntax tree.

    One that is not Python, or nested beyond measure, is its bytes.
    """
    digest = blake3(data).hexdigest()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(data, digest, tree)
    except RecursionError:
        pass
    except (SyntaxError, ValueError, MemoryError) as error:
        return _unreadable(digest, str(error) or type(error).__name__)
    try:
        with _deep_recursion():
            return _read(data, digest, tree)
    except (RecursionError, MemoryError) as error:
        return _unreadable(digest, str(error))


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Walk what the parser could nest: calls among Python functions take no C stack."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _unreadable(digest: str, error: str) -> Summary:
    return Summary(digest, error, b"", False, (), (), None)


def _read(data: bytes, digest: str, tree: ast.Module | None) -> Summary:
    tree = tree or ast.parse(data)
    lines = data.splitlines(keepends=True)
    walk = Walk()
    atoms: list[Atom] = []
    stars: list[tuple[int, Reference]] = []
    future = False
    shell: list[Token] = []
    for statement, main in _statements(tree.body):
        if isinstance(statement, ast.ImportFrom):
            future |= statement.module == "__future__"
            if statement.names[0].name == "*":
                stars.append((len(atoms), "." * statement.level + (statement.module or "")))
        atoms.append(_atom(walk, statement, lines, main=main))
        if not main:
            shell += _running(walk, atoms[-1])
    doc = digest_of([ast.unparse(tree.body[0])]) if tree.body and is_docstring(tree.body[0]) else b""
    return Summary(digest, "", doc, future, tuple(atoms), tuple(stars), _exports(atoms), digest_of(shell))


def _running(walk: Walk, atom: Atom) -> list[Token]:
    """Write what of the statement at hand runs with the module."""
    decorators = [decorator.hash.hex() for decorator in atom.decorators]
    return [_END, *atom.names, _END, *walk.shell(), _END, *walk.fields, _END, *decorators]


def _statements(body: list[ast.stmt], *, main: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Give what runs when the module is imported, and what runs only in a script."""
    for statement in body:
        if type(statement) is ast.If:
            yield from _branches(statement, main=main)
        elif type(statement) is not ast.Pass and not _is_constant(statement):
            yield statement, main


def _branches(statement: ast.If, *, main: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Look into what a condition is known of."""
    if (live := live_branch(statement)) is not None:
        yield from _statements(live, main=main)
    elif _is_main_guard(statement.test):
        yield from _statements(statement.body, main=True)
        yield from _statements(statement.orelse, main=main)
    else:
        yield statement, main


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _atom(walk: Walk, statement: ast.stmt, lines: list[bytes], *, main: bool) -> Atom:
    walk.begin(statement)
    walk.on[type(statement)](statement)
    scope = walk.scope
    kind = _KINDS.get(type(statement), "other")
    line = first_line(statement)
    end = statement.end_lineno or line
    raw = b"".join(lines[line - 1 : end])
    running = scope.reads | walk.direct
    aliases = scope.aliases
    return Atom(
        kind=kind,
        names=tuple(sorted(scope.bound)),
        line=line,
        end=end,
        hash=b"" if kind == "import" else digest_of(walk.out),
        hints=said(walk.hints),
        fields=digest_of(walk.fields),
        docs=said(walk.docs),
        raw=blake3(b"%d:" % line + raw).digest(),
        reads=tuple(sorted(running | walk.later_reads)),
        shell_reads=tuple(sorted(running)),
        hint_reads=tuple(sorted(walk.hint_reads)),
        field_reads=tuple(sorted(walk.field_reads)),
        imports=tuple([(name, origin) for name, origins in scope.imports.items() for origin in origins]),
        loads=tuple(walk.loads),
        bases=_bases(statement),
        decorators=tuple(walk.decorators),
        now=Unit("", (), tuple(dict.fromkeys(scope.stores)), tuple(dict.fromkeys(scope.calls))),
        later=tuple(walk.later),
        aliases=tuple(
            [(name, ref) for name, value, parts in aliases for ref in (elements(value) if parts else aliased(value))]
        ),
        holds=tuple([(name, ref) for name, value, parts in aliases if not parts for ref in held(value)]),
        makers=tuple([(name, path) for name, value, _ in aliases if (path := _maker(value)) is not None]),
        flags=tuple(walk.flags.items()),
        strings=tuple(sorted(walk.strings)),
        environ=tuple(sorted(walk.environ)),
        inner=tuple(walk.inner),
        main=main,
    )


def _maker(value: ast.expr) -> Reference | None:
    """Say what is called to make a value."""
    made = value.value if isinstance(value, ast.Await) else value
    return path_of(made.func) if isinstance(made, ast.Call) else None


def _bases(statement: ast.stmt) -> tuple[Reference, ...]:
    if not isinstance(statement, ast.ClassDef):
        return ()
    sources = [*statement.bases, *(keyword.value for keyword in statement.keywords if keyword.arg == "metaclass")]
    return tuple(path for source in sources if (path := path_of(source)) is not None)


def _exports(atoms: list[Atom]) -> tuple[str, ...] | None:
    """Collect the strings of everything that makes or changes `__all__`."""
    about = [atom for atom in atoms if "__all__" in atom.names or _changes_all(atom.now)]
    if not about:
        return None
    return tuple(sorted({string for atom in about for string in atom.strings}))


def _changes_all(now: Unit) -> bool:
    return "__all__" in now.stores or any(call.callee.startswith("__all__.") for call in now.calls)
