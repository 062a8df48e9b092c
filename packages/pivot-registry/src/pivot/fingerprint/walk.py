"""One walk over a statement gives everything: canonical tokens, what is read, and what is changed."""

import ast
import re
from ast import Attribute, Constant, ImportFrom, Lambda, List, Load, Name, Starred, Tuple
from typing import Any

from pivot.fingerprint.calls import Calls
from pivot.fingerprint.canonical import Token, Visit, constant_token
from pivot.fingerprint.marks import HINT_DECORATORS, MARKED
from pivot.fingerprint.scopes import Kind, Scope, path_of
from pivot.fingerprint.summary import Decorator, Inner, Unit, in_order, once

_NAME_LIKE = re.compile(r"[A-Za-z_.][\w.]*(:[\w.]+)?").fullmatch
_SCRIPT = re.compile(r"[^\s'\"=]+\.py\b").findall
_WORD = re.compile(rb"[A-Za-z_][\w.]+").findall
OWNER = "|"
"""Begins the tokens that say whose annotations or docstring follow."""
_LONGEST_NAME = 200
_LONGEST_SHELL = 2000


class Walk(Calls):
    """Walks the top-level statements of one file, one by one: `begin`, visit, then take what was found."""

    def __init__(self) -> None:
        super().__init__()
        self.direct: set[str] = set()
        """Reads through imports inside other scopes, settled already."""
        self.later_reads: set[str] = set()
        """Reads of functions: nothing happens before they are called."""
        self.hint_reads: set[str] = set()
        self.field_reads: set[str] = set()
        self.strings: set[str] = set()
        self.environ: set[str] = set()

    def table(self) -> dict[type, Visit]:
        functions: dict[type, Visit] = dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), self.function)
        comprehensions: dict[type, Visit] = dict.fromkeys(
            (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), self.comprehension
        )
        stores: dict[type, Visit] = dict.fromkeys((ast.For, ast.AsyncFor), self.loop)
        others: dict[type, Visit] = {
            ast.Lambda: self.function,
            ast.ClassDef: self.klass,
            ast.Import: self.imported,
            ast.ImportFrom: self.imported,
            ast.Global: self.global_names,
            ast.Nonlocal: self.nonlocal_names,
            ast.ExceptHandler: self.named,
            ast.MatchAs: self.named,
            ast.MatchStar: self.named,
            ast.MatchMapping: self.rest,
            ast.AugAssign: self.augmented,
            ast.NamedExpr: self.walrus,
            ast.Subscript: self.subscript,
            ast.Delete: self.delete,
            ast.withitem: self.with_item,
        }
        return super().table() | functions | comprehensions | stores | others

    def begin(self, statement: ast.stmt) -> None:
        """Forget the last statement."""
        self.top: Any = statement
        self.decorators: list[Decorator] = []
        self.out, self.docs = [], []
        self.hints: list[Token] = []
        self.fields: list[Token] = []
        self.bodies: list[tuple[int, int]] = []
        """Where in `out` the bodies of functions are."""
        self.depth = 0
        """How many functions are around."""
        self.direct.clear()  # sets, unlike lists, are dear to make
        self.later_reads.clear()
        self.hint_reads.clear()
        self.field_reads.clear()
        self.strings.clear()
        self.environ.clear()
        self.flags: dict[str, int] = {}
        self.later: list[Unit] = []
        self.loads: list[str] = []
        self.inner: list[Inner] = []
        self.method = ""
        self.scope = Scope("module", None)
        self.reads = self.scope.reads

    # Scopes

    def enter(self, kind: Kind) -> Scope:
        """Open a scope."""
        self.scope = scope = Scope(kind, self.scope)
        self.reads = scope.reads
        return scope

    def leave(self, *, later: bool = False) -> Scope:
        """Close the scope, and hand what it does not settle to the one around; or, of a function, to nobody yet."""
        scope, parent = self.scope, self.scope.parent
        assert parent is not None
        if scope.kind != "class":
            around = parent.outer if parent.kind == "class" else parent.reads
            if later and self.depth == 0:
                self.later_reads.update(scope.free())
            else:
                for ref in scope.free():
                    (self.settled() if ":" in ref else around).add(ref)
            self._settle(scope, parent)
        self.scope, self.reads = parent, parent.reads
        return scope

    def settled(self) -> set[str]:
        """Give where reads go that need no scope any more."""
        return self.later_reads if self.depth else self.direct

    def _settle(self, scope: Scope, parent: Scope) -> None:
        """Hand on changes: they happen when the function is called, if nothing around is a function."""
        if not (scope.stores or scope.calls):
            return
        stores, calls = scope.settled()
        around = parent if parent.kind != "class" else parent.enclosing()
        if scope.kind == "function" and around.kind == "module":
            self.later.append(Unit(self.method, scope.params, once(stores), once(calls)))
        else:
            around.stores += once(stores)
            around.calls += once(calls)

    # Names

    def name(self, node: ast.Name) -> None:
        name = node.id
        self.out.append(name)
        if type(node.ctx) is Load:
            self.reads.add(name)
            if name in MARKED:
                self.mark(MARKED[name], node.lineno)
        else:
            self.scope.bind(name)

    def attribute(self, node: ast.Attribute) -> None:
        """Write and read a chain of attributes as one."""
        base, names = node.value, [node.attr]
        while type(base) is Attribute:
            names.append(base.attr)
            base = base.value
        if type(base) is Name:
            names.append(base.id)
        for name in names:
            if name in MARKED:
                self.mark(MARKED[name], node.lineno)
        path = ".".join(names[::-1])
        self.out.append("." + path)
        if type(base) is Name:
            self.reads.add(path)
        else:
            self.on[type(base)](base)
        if type(node.ctx) is not Load:
            self.stored(node)

    def stored(self, node: ast.Attribute | ast.Subscript) -> None:
        """Take note of a change in place."""
        path = path_of(node)
        if path is not None:
            self.scope.stores.append(path)
        self.stored_in_result(node)

    def subscript(self, node: ast.Subscript) -> None:
        self.out.append("<[]")
        self.on[type(node.value)](node.value)
        path = path_of(node.value) or ""
        if self.quoted:
            self._type_arguments(path, node.slice)
        else:
            self.on[type(node.slice)](node.slice)
        if type(node.ctx) is not Load:
            self.stored(node)
        if path.endswith("environ"):
            self.environment(node.slice)

    def walrus(self, node: ast.NamedExpr) -> None:
        self.out.append("~:=")
        self.out.append(node.target.id)
        self.on[type(node.value)](node.value)
        scope = self.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        scope.bind(node.target.id)
        scope.aliases.append((node.target.id, node.value, False))

    def named(self, node: Any) -> None:
        """Visit an `except ... as name` or a capture pattern."""
        if node.name:
            self.scope.bind(node.name)
        self.general(node)

    def rest(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.scope.bind(node.rest)
        self.general(node)

    def global_names(self, node: ast.Global) -> None:
        self.scope.globals |= set(node.names)
        self.general(node)

    def nonlocal_names(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals |= set(node.names)
        self.general(node)

    # Statements that bind or change

    def assign(self, node: ast.Assign) -> None:
        super().assign(node)
        for target in node.targets:
            self.alias(target, node.value)

    def alias(self, target: ast.expr, value: ast.expr, *, parts: bool = False) -> None:
        """Remember that names may stand for other objects, or for parts of them."""
        if isinstance(target, Name):
            self.scope.aliases.append((target.id, value, parts))
        elif isinstance(target, (Tuple, List)):
            for element in target.elts:
                self.alias(element, value, parts=True)
        elif isinstance(target, Starred):
            self.alias(target.value, value, parts=True)

    def annotated(self, node: ast.AnnAssign) -> None:
        super().annotated(node)
        is_field = self.scope.kind == "class"
        if node.value is not None:
            self.alias(node.target, node.value)
        elif isinstance(node.target, Name) and self.scope.kind == "function":
            self.scope.bind(node.target.id)
        if self.scope.kind in ("class", "module") and isinstance(node.target, Name):
            stream, reads = (self.fields, self.field_reads) if is_field else (self.hints, self.hint_reads)
            self.hint([(node.target.id, node.annotation)], stream, reads)

    def hint(self, annotations: list[tuple[str, ast.expr]], stream: list[Token], reads: set[str]) -> None:
        """Walk annotations of names: their tokens and reads count apart, their calls not at all."""
        before, self.out, around = self.out, stream, self.scope
        scope = self.enter("hint")
        for name, node in annotations:
            stream.append(name)
            self.quoted = True
            self.on[type(node)](node)
        self.quoted = False
        reads.update(scope.reads)
        self.out, self.scope, self.reads = before, around, around.reads

    def augmented(self, node: ast.AugAssign) -> None:
        self.general(node)
        path = path_of(node.target)
        if path is not None and isinstance(node.target, Name):
            self.scope.stores.append(path)
            self.reads.add(path)

    def delete(self, node: ast.Delete) -> None:
        self.general(node)

    def loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.general(node)
        self.alias(node.target, node.iter, parts=True)

    def with_item(self, node: ast.withitem) -> None:
        self.general(node)
        if node.optional_vars is not None:
            self.alias(node.optional_vars, node.context_expr)

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        """Bind what an import binds; in a function it runs when the function does."""
        if self.scope.kind != "module":
            self.general(node)
        for name, origin, loaded in import_bindings(node):
            self.scope.bind(name)
            if self.scope.kind in ("function", "comprehension"):
                self.settled().add(loaded + "!")
            else:
                self.loads.append(loaded)
            if self.scope.kind == "class":
                self.settled().add(origin)
            if name not in self.scope.globals:
                self.scope.imports.setdefault(name, []).append(origin)

    # Scopes of their own

    def decorated(self, node: Any) -> None:
        """Keep the decorators of a top-level definition apart."""
        if node is not self.top:
            super().decorated(node)
            return
        if not node.decorator_list:
            return
        for decorator in node.decorator_list:
            before, self.out = self.out, []
            self.reads = self.scope.reads = set()
            self.on[type(decorator)](decorator)
            path = path_of(decorator) or ""
            self.decorators.append(Decorator(path, self.digest(self.out), in_order(self.reads | self.direct)))
            self.out = before
            self.decorator_call(decorator, node.name)
        self.direct = set()
        self.reads = self.scope.reads = set()

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        is_inner = self.scope.kind == "module" and node is not self.top
        start, hints_start = len(self.out), len(self.hints)
        hint_reads_before = set(self.hint_reads) if is_inner else set()
        self.out.append("<" + type(node).__name__)
        name = getattr(node, "name", "<lambda>")
        if not isinstance(node, Lambda):
            self.out.append(name)
            self.hints.append(OWNER + name)
            self.decorated(node)
            self.scope.bind(name)
        parameters = self._signature(node)
        method, self.method = self.method, name if self.scope.kind == "class" else self.method
        scope = self.enter("function")
        scope.params = tuple(parameters)
        scope.bound.update(parameters)
        self._type_parameters(scope, node)
        if isinstance(node, Lambda):
            self.on[type(node.body)](node.body)
            self.leave()
        else:
            self._body(node)
        self.out.append(">")
        self.method = method
        if is_inner:
            self._remember_inner(node, name, scope, start, hints_start, self.hint_reads - hint_reads_before)

    def _body(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.docs.append(OWNER + node.name)
        start = len(self.out)
        self.depth += 1
        self.block("body", node.body)
        self.depth -= 1
        if self.depth == 0:
            self.bodies.append((start, len(self.out)))
        self.leave(later=True)

    def shell(self) -> list[Token]:
        """Give what runs with the module: the statement without the bodies of functions."""
        if not self.bodies:
            return self.out
        kept, position = [], 0
        for start, end in self.bodies:
            kept += self.out[position:start]
            position = end
        return kept + self.out[position:]

    def _remember_inner(
        self, node: Any, name: str, scope: Scope, start: int, hints_start: int, hint_reads: set[str]
    ) -> None:
        body = node.body if isinstance(node, Lambda) else None
        line = first_line(node)
        column = body.col_offset if body is not None and body.lineno == line else -1
        own, hints = self.digest(self.out[start:]), self.said(self.hints[hints_start:])
        reads = tuple(sorted({*scope.free(), *self.direct, *self.later_reads}))
        self.inner.append(Inner(name, line, column, own, hints, reads, tuple(sorted(hint_reads))))

    def said(self, tokens: list[Token]) -> bytes:
        """Hash annotations or docstrings; nothing if there are none."""
        for token in tokens:
            if token[0] != OWNER:
                return self.digest(tokens)
        return b""

    def _signature(self, node: Any) -> list[str]:
        """Walk defaults and annotations in the scope around; name the parameters."""
        parameters = self.signature(node.args)
        hints = [(name, hint) for name, hint in parameters if hint is not None]
        if getattr(node, "returns", None) is not None:
            hints.append(("->", node.returns))
        if hints:
            read = self.scope.kind != "module" and any(map(_reads_hints, getattr(node, "decorator_list", ())))
            stream, reads = (self.out, self.reads) if read else (self.hints, self.hint_reads)
            self.hint(hints, stream, reads)
        return [name for name, _ in parameters]

    def _type_parameters(self, scope: Scope, node: Any) -> None:
        if parameters := getattr(node, "type_params", ()):
            scope.bound.update(parameter.name for parameter in parameters)
            self.items("type_params", parameters)

    def klass(self, node: ast.ClassDef) -> None:
        self.out.append("<class")
        self.out.append(node.name)
        self.hints.append(OWNER + node.name)
        self.decorated(node)
        self.items("bases", [*node.bases, *node.keywords])
        nested = node is not self.top
        fields, field_reads = self.fields, self.field_reads
        if nested:  # decided here and now; for a top-level class the bases can be looked up
            counts = bool(node.bases or node.keywords or node.decorator_list)
            self.fields, self.field_reads = (self.out, self.reads) if counts else (self.hints, self.hint_reads)
        self._class_body(node)
        self.fields, self.field_reads = fields, field_reads
        self.out.append(">")
        self.scope.bind(node.name)

    def _class_body(self, node: ast.ClassDef) -> None:
        scope = self.enter("class")
        self._type_parameters(scope, node)
        self.docs.append(OWNER + node.name)
        self.out.append("{body")
        kept: set[str] = set()
        for statement in node.body:
            bound = set(scope.bound)
            self.reads = scope.reads = set()
            self.statements([statement])
            kept.update(ref for ref in scope.reads if ":" in ref or ref.partition(".")[0] not in bound)
        self.out.append("}")
        self.leave()
        around = self.scope.outer if self.scope.kind == "class" else self.reads
        around.update(kept, scope.outer)
        inner = scope.bound - scope.nonlocals
        self.scope.stores.extend(ref for ref in scope.stores if ref.partition(".")[0] not in inner)
        self.scope.calls.extend(call for call in scope.calls if call[0].partition(".")[0] not in inner)

    def comprehension(self, node: Any) -> None:
        self.out.append("<" + type(node).__name__)
        first = node.generators[0].iter
        self.on[type(first)](first)
        scope = self.enter("comprehension")
        for number, generator in enumerate(node.generators):
            self.out.append(f"for{generator.is_async}")
            self.on[type(generator.target)](generator.target)
            self.alias(generator.target, generator.iter, parts=True)
            if number:
                self.on[type(generator.iter)](generator.iter)
            self.items("if", generator.ifs)
        for field in ("key", "value", "elt"):
            self.field(field, getattr(node, field, None))
        self.out.append(">")
        assert scope is self.scope
        self.leave()

    # Literals

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        self.out.append(constant_token(value))
        if isinstance(value, str):
            self.literal(value)
            if value[:2] == "__" and value in MARKED:  # as in `vars(x)["__doc__"]`, or `attrgetter("__doc__")`
                self.mark(MARKED[value], node.lineno)
            if self.quoted:
                self._quoted_hint(value)
        elif isinstance(value, bytes) and len(value) < _LONGEST_SHELL:
            words = [word.decode() for word in _WORD(value)]
            self.strings.update(words)
            self.strings.update(word[1:] for word in words if word[0] == "c")  # an opcode of pickle before the name

    def piece(self, literal: str) -> None:
        super().piece(literal)
        self.literal(literal)

    def literal(self, value: str) -> None:
        """Keep a string that may name a module or a script."""
        if len(value) < _LONGEST_NAME and _NAME_LIKE(value):
            self.strings.add(value)
        elif ".py" in value and len(value) < _LONGEST_SHELL:
            self.strings.update(_SCRIPT(value))

    def _type_arguments(self, generic: str, node: ast.expr) -> None:
        """Of `Annotated[T, ...]` only the first is a type; of `Literal[...]` none is."""
        if generic.endswith("Literal"):
            self.unquoted([node])
        elif generic.endswith("Annotated") and isinstance(node, Tuple):
            first, *metadata = node.elts
            self.on[type(first)](first)
            self.unquoted(metadata)
        else:
            self.on[type(node)](node)

    def _quoted_hint(self, value: str) -> None:
        try:
            expression = ast.parse(value, mode="eval").body
        except (SyntaxError, ValueError):
            return
        if not isinstance(expression, Constant):
            self.on[type(expression)](expression)


def _reads_hints(decorator: ast.expr) -> bool:
    """Tell whether a decorator reads annotations; of top-level functions, its library or its maker is looked up."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (path_of(target) or "").rpartition(".")[2] in HINT_DECORATORS


def first_line(node: Any) -> int:
    """Give the line at which a statement or lambda begins, decorators included."""
    line: int = node.lineno
    for decorator in getattr(node, "decorator_list", ()):
        line = min(line, decorator.lineno)
    return line


def import_bindings(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str, str]]:
    """Give (name, what it is, module that runs) of each name an import binds; stars are left to the caller."""
    if isinstance(node, ImportFrom):
        module = "." * node.level + (node.module or "")
        return [
            (alias.asname or alias.name, f"{module}:{alias.name}", f"{module}:{alias.name}")
            for alias in node.names
            if alias.name != "*"
        ]
    return [
        (alias.asname, f"{alias.name}:", f"{alias.name}:")
        if alias.asname
        else (alias.name.partition(".")[0], f"{alias.name.partition('.')[0]}:", f"{alias.name}:")
        for alias in node.names
    ]
