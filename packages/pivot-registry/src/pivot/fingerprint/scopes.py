"""Scopes: which names a piece of code binds itself, and what the others may refer to.

Names are settled when a scope ends, as in Python: an assignment anywhere in a function makes the name local everywhere
in it. Only class bodies go by order.

A reference is text: `np.linalg.norm` (a name and attributes), `pkg.mod:attr.x` (through an import, relative ones with
leading dots), `:K` (a global of this module, whatever encloses), `%x` (the parameter `x` of the function at hand), `*`
(anything in this module).
"""

import ast
from ast import Attribute, Name, Subscript
from ast import Call as CallNode
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Literal, NamedTuple

from pivot.fingerprint.marks import ALIASING_CALLS, PURE_METHODS

Reference = str
ITEM = "[]"
"""In a reference: an item of what comes before."""
Kind = Literal["module", "class", "function", "comprehension", "hint"]
Argument = tuple[int | str, Reference]
"""(position, keyword or `*`, what is passed)."""
Alias = tuple[str, ast.expr, bool]
"""(local name, value, whether the name stands for its parts rather than for the whole)."""

_PLACES = frozenset([ast.Name, ast.Attribute, ast.Subscript])
_CHOICES = frozenset([ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Starred])
_DISPLAYS = frozenset([ast.Tuple, ast.List, ast.Set, ast.Dict])
_NONE: frozenset[str] = frozenset()


class Call(NamedTuple):
    """One call: who is called, and what it gets that it might change."""

    callee: Reference
    bare: bool
    """Whether the result is dropped: then the call is there for what it changes."""
    args: tuple[Argument, ...]
    line: int
    given: int
    """How many arguments there are in all."""


Noted = tuple[Reference, bool, tuple[Argument, ...], int, int]
"""The fields of a call, as they are kept: of most calls little else than the callee is ever asked for."""


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
        self.globals: Set[str] = _NONE
        self.nonlocals: Set[str] = _NONE
        self.params: tuple[str, ...] = ()
        self.imports: dict[str, list[Reference]] = {}
        self.reads: set[Reference] = set()
        if kind == "class":
            self.outer: set[Reference] = set()
            """Reads of what is nested in it, which do not see its names."""
        self.stores: list[Reference] = []
        """What is changed in place, or bound by `global`."""
        self.calls: list[Noted] = []
        self.aliases: list[Alias] = []

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

    def free(self) -> Iterable[Reference]:
        """Give the reads that this scope does not answer itself."""
        if not (self.bound or self.globals):
            return self.reads
        bound = self.bound - self.nonlocals if self.nonlocals else self.bound
        if not (self.imports or self.globals):
            return [
                ref for ref in self.reads if ref not in bound and (ref.partition(".")[0] not in bound or ":" in ref)
            ]
        found: list[Reference] = []
        for ref in self.reads:
            root = ref.partition(".")[0]
            if root in self.globals:
                found.append(":" + ref)
            elif root in self.imports:
                found += through(self.imports[root], ref)
            elif root not in bound or ":" in ref:
                found.append(ref)
        return found

    def targets(self, ref: Reference, seen: frozenset[str] = frozenset()) -> Sequence[Reference]:
        """Say what a reference may mean outside of this scope: through imports, parameters and aliases."""
        root, _, rest = ref.partition(".")
        if (root not in self.bound and root not in self.globals) or ":" in ref:
            return (ref,)
        if root in self.globals:
            return (":" + ref,)
        if root in self.imports:
            return through(self.imports[root], ref)
        if root in self.nonlocals:
            return (ref,)
        if root in seen:
            return ()
        found = ["%" + ref] if root in self.params else []
        for other in self.meanings(root) if self.aliases else ():
            found += self.targets(f"{other}.{rest}" if rest else other, seen | {root})
        return found

    def meanings(self, name: str) -> Iterator[Reference]:
        """Say what a local name was assigned from."""
        for alias, value, parts in self.aliases:
            if alias == name:
                yield from (elements(value) if parts else aliased(value))

    def settled(self) -> tuple[list[Reference], list[Noted]]:
        """Give the changes and the calls that concern what is known outside.

        Methods of local objects, and callees that are local, change what they may stand for.
        """
        if not (self.bound or self.globals):  # an import in a function binds a name
            return self.stores, self.calls
        stores, calls = [target for ref in self.stores for target in self.targets(ref)], []
        for callee, bare, args, line, given in self.calls:
            passed = tuple([(where, target) for where, ref in args for target in self.targets(ref)]) if args else ()
            root = callee.partition(".")[0]
            if root in self.bound or root in self.globals:
                if self.is_local(root):
                    stores += self._changed_by(callee, args)
                calls += [(target, bare, passed, line, given) for target in self.targets(callee) if target[0] != "%"]
            else:  # as most are
                calls.append((callee, bare, passed, line, given))
        return stores, calls

    def _changed_by(self, callee: Reference, args: tuple[Argument, ...]) -> Iterator[Reference]:
        receiver, _, method = callee.rpartition(".")
        if receiver and method in PURE_METHODS:
            return
        if receiver:
            yield from self.targets(receiver)
        for _, ref in args:
            yield from self.targets(ref)

    def is_local(self, name: str) -> bool:
        """Tell whether this scope makes a name itself."""
        return name in self.bound and name not in self.imports and name not in self.nonlocals


def through(imported: Sequence[Reference], ref: Reference) -> Sequence[Reference]:
    """Follow a reference through what its first name was imported as."""
    rest = ref.partition(".")[2]
    if not rest:
        return imported
    return [origin + rest if origin.endswith(":") else f"{origin}.{rest}" for origin in imported]


def path_of(node: ast.AST) -> Reference | None:
    """Write an expression as a reference: `a.b`, `a["x"].b` as `a.[].b`, `f(x).b` as `f.b`; None for others."""
    path = ""
    while True:
        if type(node) is Name:
            return node.id + path
        if type(node) is Attribute:
            path = f".{node.attr}{path}"
            node = node.value
        elif type(node) is Subscript:
            path = f".{ITEM}{path}"
            node = node.value
        elif type(node) is CallNode:
            node = node.func
        else:
            return None


def aliased(node: ast.AST) -> Sequence[Reference]:
    """Give what the value of an expression may be, without being a copy."""
    kind = type(node)
    if is_namespace(node):
        return ("*",)
    if kind in _PLACES:
        path = path_of(node)
        return () if path is None else (path,)
    if type(node) is CallNode:
        return _parts_of_call(node)
    if kind in _CHOICES:
        return [ref for child in ast.iter_child_nodes(node) for ref in aliased(child)]
    return ()


def is_namespace(node: ast.AST) -> bool:
    """Tell whether an expression is the module at hand, or all of its names: `globals()`, `sys.modules[__name__]`."""
    if type(node) is CallNode:
        return type(node.func) is Name and node.func.id in ("globals", "vars", "locals") and not node.args
    return (
        type(node) is Subscript
        and type(node.slice) is Name
        and node.slice.id == "__name__"
        and (path_of(node.value) or "").endswith("modules")
    )


def elements(node: ast.AST) -> Sequence[Reference]:
    """Give what the parts of a value may be: of a display its elements, of `D.values()` the items of `D`."""
    return held(node) if type(node) in _DISPLAYS else [f"{path}.{ITEM}" for path in aliased(node)]


def held(node: ast.AST) -> Sequence[Reference]:
    """Give what a value holds: a display at any depth, any other what it may be."""
    if type(node) not in _DISPLAYS:
        return aliased(node)
    if isinstance(node, ast.Dict):
        return [ref for child in (*node.keys, *node.values) if child is not None for ref in held(child)]
    assert isinstance(node, (ast.Tuple, ast.List, ast.Set))
    return [ref for child in node.elts for ref in held(child)]


def _parts_of_call(node: ast.Call) -> Sequence[Reference]:
    """`D.setdefault(k, [])` gives an item of `D`; `zip(A, B)` goes through both."""
    func = node.func
    if type(func) is Attribute:
        path = None if func.attr in ("copy", "deepcopy") else path_of(func.value)
        return () if path is None else (f"{path}.{ITEM}",)
    if type(func) is Name and func.id in ALIASING_CALLS:
        return [ref for argument in node.args for ref in elements(argument)]
    return ()
