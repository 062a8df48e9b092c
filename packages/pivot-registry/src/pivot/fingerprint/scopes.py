"""Scopes: which names a piece of code binds itself, and what the others may refer to.

Names are settled when a scope ends, as in Python: an assignment anywhere in a function makes the name local everywhere
in it. Only class bodies go by order.

A reference is text: `np.linalg.norm` (a name and attributes), `pkg.mod:attr.x` (through an import, relative ones with
leading dots), `:K` (a global of this module, whatever encloses), `%x` (the parameter `x` of the function at hand), `*`
(anything in this module).
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from pivot.fingerprint.marks import ALIASING_CALLS, PURE_METHODS

Reference = str
ITEM = "[]"
"""In a reference: an item of what comes before."""
Kind = Literal["module", "class", "function", "comprehension", "hint"]
Argument = tuple[int | str, Reference]
"""(position, keyword or `*`, what is passed)."""


class Call(NamedTuple):
    """One call: who is called, and what it gets that it might change."""

    callee: Reference
    bare: bool
    """Whether the result is dropped: then the call is there for what it changes."""
    args: tuple[Argument, ...]
    line: int
    given: int
    """How many arguments there are in all."""


class Scope:
    """One module statement, class body, function, comprehension or annotation, while it is walked."""

    __slots__ = (
        "aliases", "bound", "calls", "globals", "imports", "kind", "nonlocals", "outer", "params", "parent", "reads",
        "stores",
    )  # fmt: skip

    def __init__(self, kind: Kind, parent: "Scope | None") -> None:
        self.kind = kind
        self.parent = parent
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.params: tuple[str, ...] = ()
        self.imports: dict[str, list[Reference]] = {}
        self.reads: set[Reference] = set()
        self.outer: set[Reference] = set()
        """Of a class body: reads of what is nested in it, which do not see its names."""
        self.stores: list[Reference] = []
        """What is changed in place, or bound by `global`."""
        self.calls: list[Call] = []
        self.aliases: list[tuple[str, ast.expr, bool]] = []
        """(local name, value, whether the name stands for its parts rather than for the whole)."""

    def bind(self, name: str) -> None:
        """Take note of an assignment to a plain name."""
        if name in self.globals:
            self.stores.append(":" + name)
        else:
            self.bound.add(name)

    def enclosing(self) -> "Scope":
        """Give the nearest scope around that is not a class body: the one whose names are seen from within."""
        scope = self.parent
        while scope is not None and scope.kind == "class":
            scope = scope.parent
        assert scope is not None
        return scope

    def free(self) -> Iterator[Reference]:
        """Give the reads that this scope does not answer itself."""
        bound = self.bound - self.nonlocals
        for ref in self.reads:
            root = ref.partition(".")[0]
            if root in self.globals:
                yield ":" + ref
            elif root in self.imports:
                yield from through(self.imports[root], ref)
            elif root not in bound or ":" in ref:
                yield ref

    def targets(self, ref: Reference, seen: frozenset[str] = frozenset()) -> Iterator[Reference]:
        """Say what a reference may mean outside of this scope: through imports, parameters and aliases."""
        root, _, rest = ref.partition(".")
        if ":" in ref or root[0] in "%*":
            yield ref
        elif root in self.globals:
            yield ":" + ref
        elif root in self.imports:
            yield from through(self.imports[root], ref)
        elif root not in self.bound or root in self.nonlocals:
            yield ref
        elif root not in seen:
            if root in self.params:
                yield "%" + ref
            for other in self.meanings(root):
                yield from self.targets(f"{other}.{rest}" if rest else other, seen | {root})

    def meanings(self, name: str) -> Iterator[Reference]:
        """Say what a local name was assigned from."""
        for alias, value, parts in self.aliases:
            if alias == name:
                yield from (elements(value) if parts else aliased(value))

    def settled_stores(self) -> Iterator[Reference]:
        """Give the changes that are seen outside, those by methods of local objects and unknown callees included."""
        for ref in self.stores:
            yield from self.targets(ref)
        for call in self.calls:
            if self.is_local(call.callee):
                yield from self._changed_by(call)

    def _changed_by(self, call: Call) -> Iterator[Reference]:
        receiver, _, method = call.callee.rpartition(".")
        if receiver and method in PURE_METHODS:
            return
        if receiver:
            yield from self.targets(receiver)
        for _, ref in call.args:
            yield from self.targets(ref)

    def settled_calls(self) -> Iterator[Call]:
        """Give the calls of what is known outside."""
        for call in self.calls:
            args = tuple((where, found) for where, ref in call.args for found in self.targets(ref))
            for callee in self.targets(call.callee):
                if callee[0] != "%":
                    yield call._replace(callee=callee, args=args)

    def is_local(self, ref: Reference) -> bool:
        """Tell whether a reference starts from a name of this scope."""
        root = ref.partition(".")[0]
        return root in self.bound and root not in self.imports and root not in self.nonlocals


def through(imported: Iterable[Reference], ref: Reference) -> Iterator[Reference]:
    """Follow a reference through what its first name was imported as."""
    rest = ref.partition(".")[2]
    for origin in imported:
        if not rest:
            yield origin
        elif origin.endswith(":"):
            yield origin + rest
        else:
            yield f"{origin}.{rest}"


def path_of(node: ast.AST) -> Reference | None:
    """Write an expression as a reference: `a.b`, `a["x"].b` as `a.[].b`, `f(x).b` as `f.b`; None for others."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript):
            parts.append(ITEM)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Name):
            parts.append(node.id)
            return ".".join(reversed(parts))
        else:
            return None


def aliased(node: ast.AST) -> Iterator[Reference]:
    """Give what the value of an expression may be, without being a copy."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        path = path_of(node)
        if path is not None:
            yield path
    elif isinstance(node, ast.Call):
        yield from _parts_of_call(node)
    elif isinstance(node, (ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Starred)):
        for child in ast.iter_child_nodes(node):
            yield from aliased(child)


def elements(node: ast.AST) -> Iterator[Reference]:
    """Give what the parts of a value may be: of a display its elements, of `D.values()` the items of `D`."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
        yield from held(node)
    else:
        for path in aliased(node):
            yield f"{path}.{ITEM}"


def held(node: ast.AST) -> Iterator[Reference]:
    """Give what a display holds, at any depth."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
        for child in ast.iter_child_nodes(node):
            yield from held(child)
    else:
        yield from aliased(node)


def _parts_of_call(node: ast.Call) -> Iterator[Reference]:
    """`D.setdefault(k, [])` gives an item of `D`; `zip(A, B)` goes through both."""
    if isinstance(node.func, ast.Attribute):
        path = path_of(node.func.value)
        if path is not None and node.func.attr not in ("copy", "deepcopy"):
            yield f"{path}.{ITEM}"
    elif isinstance(node.func, ast.Name) and node.func.id in ALIASING_CALLS:
        for argument in node.args:
            yield from elements(argument)
