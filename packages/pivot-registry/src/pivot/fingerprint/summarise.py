"""From the bytes of one file to its summary."""

import ast
import sys
import warnings
from ast import Await, Call, ClassDef, Compare, Constant, Eq, Expr, If, ImportFrom, Name, Pass
from collections.abc import Iterator
from contextlib import contextmanager

from blake3 import blake3

from pivot.fingerprint.canonical import Token, is_docstring, live_branch
from pivot.fingerprint.scopes import Alias, Reference, aliased, elements, held, path_of
from pivot.fingerprint.summary import COMPUTED, Atom, AtomKind, Summary, Unit, in_order, once
from pivot.fingerprint.walk import Walk, first_line

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
_NOTHING = Unit()
_OF_LITERAL_LISTS = frozenset(["__all__", "__all__.append", "__all__.extend", "list", "sorted", "tuple"])
"""What is read where `__all__` is made of nothing but the strings that are there."""
_Named = tuple[tuple[str, Reference], ...]


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
        if isinstance(statement, ImportFrom):
            future |= statement.module == "__future__"
            if statement.names[0].name == "*":
                stars.append((len(atoms), "." * statement.level + (statement.module or "")))
        atoms.append(_atom(walk, statement, lines, main=main))
        if not main:
            shell += _running(walk, atoms[-1])
    doc = walk.digest([ast.unparse(tree.body[0])]) if tree.body and is_docstring(tree.body[0]) else b""
    return Summary(digest, "", doc, future, tuple(atoms), tuple(stars), _exports(atoms), walk.digest(shell))


def _running(walk: Walk, atom: Atom) -> list[Token]:
    """Write what of the statement at hand runs with the module."""
    decorators = [decorator.hash.hex() for decorator in atom.decorators]
    return [_END, *atom.names, _END, *walk.shell(), _END, *walk.fields, _END, *decorators]


def _statements(body: list[ast.stmt], *, main: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Give what runs when the module is imported, and what runs only in a script."""
    for statement in body:
        if type(statement) is If:
            yield from _branches(statement, main=main)
        elif not (type(statement) is Pass or (type(statement) is Expr and type(statement.value) is Constant)):
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


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, Compare)
        and isinstance(test.left, Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], Eq)
        and isinstance(test.comparators[0], Constant)
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
    aliases, holds, makers = _values(scope.aliases) if scope.aliases else ((), (), ())
    # In the order of the fields: so many keywords go through a dictionary, which takes longer than all the rest.
    return Atom(
        kind,
        in_order(scope.bound),
        line,
        end,
        b"" if kind == "import" else walk.digest(walk.out),
        walk.said(walk.hints),
        walk.digest(walk.fields),
        walk.said(walk.docs),
        walk.hash(f"{line}:".encode() + raw),
        in_order(running | walk.later_reads),
        in_order(running),
        in_order(walk.hint_reads),
        in_order(walk.field_reads),
        tuple([(name, origin) for name, origins in scope.imports.items() for origin in origins]),
        tuple(walk.loads),
        _bases(statement) if isinstance(statement, ClassDef) else (),
        tuple(walk.decorators),
        Unit("", (), once(scope.stores), once(scope.calls)) if scope.stores or scope.calls else _NOTHING,
        tuple(walk.later),
        aliases,
        holds,
        makers,
        tuple(walk.flags.items()),
        in_order(walk.strings),
        in_order(walk.environ),
        tuple(walk.inner),
        main,
    )


def _values(bound: list[Alias]) -> tuple[_Named, _Named, _Named]:
    """Say of names what they may be other names of, what their values hold, and what was called to make them."""
    return (
        tuple([(name, ref) for name, value, parts in bound for ref in (elements(value) if parts else aliased(value))]),
        tuple([(name, ref) for name, value, parts in bound if not parts for ref in held(value)]),
        tuple([(name, path) for name, value, _ in bound if (path := _maker(value)) is not None]),
    )


def _maker(value: ast.expr) -> Reference | None:
    """Say what is called to make a value."""
    made = value.value if isinstance(value, Await) else value
    return path_of(made.func) if isinstance(made, Call) else None


def _bases(statement: ast.ClassDef) -> tuple[Reference, ...]:
    sources = [*statement.bases, *(keyword.value for keyword in statement.keywords if keyword.arg == "metaclass")]
    return tuple(path for source in sources if (path := path_of(source)) is not None)


def _exports(atoms: list[Atom]) -> tuple[str, ...] | None:
    """Collect the strings of everything that makes or changes `__all__`."""
    about = [atom for atom in atoms if "__all__" in atom.names or _changes_all(atom.now)]
    if not about:
        return None
    computed = any(set(atom.reads) - _OF_LITERAL_LISTS for atom in about) or any(
        _changes_all(unit)
        for atom in atoms
        for unit in atom.later  # of a decorator, say, that exports
    )
    return tuple(sorted({string for atom in about for string in atom.strings} | ({COMPUTED} if computed else set())))


def _changes_all(now: Unit) -> bool:
    return "__all__" in now.stores or any(callee.startswith("__all__.") for callee, _, _, _, _ in now.calls)
