"""Calls: what they may change, and the few functions whose arguments say what is read."""

import ast
from ast import Attribute, Await, Call, Constant, Name, Starred, Subscript
from collections.abc import Callable

from pivot.fingerprint.canonical import Canonical, Visit
from pivot.fingerprint.marks import MARKED, PURE_BUILTINS, PURE_METHODS
from pivot.fingerprint.scopes import Argument, Scope, aliased, elements, held, path_of
from pivot.fingerprint.summary import once


class Calls(Canonical):
    """Adds calls to the canonical walk."""

    scope: Scope
    reads: set[str]
    direct: set[str]
    strings: set[str]
    environ: set[str]
    flags: dict[str, int]
    dropped: bool = False
    """Whether nobody keeps the result of the next call."""
    quoted: bool = False
    """Whether text stands for a type: in annotations, outside of calls and metadata."""

    def __init__(self) -> None:
        self.special: dict[str, Callable[[ast.Call], None]] = {
            "dataclass": self.fields_read,
            "define": self.fields_read,
            "getattr": self.attribute_by_name,
            "hasattr": self.attribute_by_name,
            "setattr": self.attribute_set,
            "delattr": self.attribute_set,
            "eval": self.evaluated,
            "exec": self.evaluated,
            "globals": self.own_names,
            "vars": self.own_names,
            "dir": self.own_names,
            "__import__": self.import_by_name,
            "import_module": self.import_by_name,
            "find_spec": self.import_by_name,
            "getenv": self.variable,
            "get": self.variable,
            "pop": self.variable,
            "setdefault": self.variable,
        }
        super().__init__()

    def table(self) -> dict[type, Visit]:
        return super().table() | {ast.Call: self.call, ast.Expr: self.expression, ast.Compare: self.compare}

    def expression(self, node: ast.Expr) -> None:
        """Visit a statement; a call in it is there for what it changes."""
        self.out.append("!")
        value = node.value.value if isinstance(node.value, Await) else node.value
        if isinstance(value, Call):
            self.dropped = True
            self.call(value)
        else:
            self.on[type(node.value)](node.value)

    def call(self, node: ast.Call) -> None:
        """Visit a call."""
        out, on, func, arguments, keywords = self.out, self.on, node.func, node.args, node.keywords
        out.append("(")
        name = func.id if type(func) is Name else func.attr if type(func) is Attribute else ""
        bare = self.dropped
        on[type(func)](func)  # in `patch(lib, "f").start()` nobody keeps the result of the first call either
        self.dropped = False
        quoted, self.quoted = self.quoted, False
        if name in ("getattr", "hasattr") and self.literal_attribute(node):
            self.asked(arguments[0])
            others = arguments[1:]
        else:
            others = arguments
        for argument in others:
            on[type(argument)](argument)
        for keyword in keywords:
            out.append(f"{keyword.arg}=" if keyword.arg else "**")
            on[type(keyword.value)](keyword.value)
        out.append(")")
        self.quoted = quoted
        if name in self.special:
            self.special[name](node)
        if type(func) is Attribute and type(func.value) is Call and name not in PURE_METHODS:
            self.changed_namespace(func.value)
        scope = self.scope
        if scope.kind == "hint":
            return  # what annotations call is nobody's affair
        if type(func) is Name and name in PURE_BUILTINS:
            if name in ("map", "filter") and arguments:
                self.called_for_each(arguments[0], arguments[1:], node.lineno)
            return
        callee = name if type(func) is Name else path_of(func)
        if callee is not None:
            given = len(arguments) + len(keywords)
            passed = _passed(arguments, keywords) if given else ()
            scope.calls.append((callee, bare, passed, node.lineno, given))

    def unquoted(self, nodes: list[ast.expr]) -> None:
        """Visit expressions in which text is just text."""
        quoted, self.quoted = self.quoted, False
        for node in nodes:
            self.on[type(node)](node)
        self.quoted = quoted

    def settled(self) -> set[str]:
        """Give where reads go that need no scope any more."""
        return self.direct

    def stored_in_result(self, node: ast.AST) -> None:
        """A store through the result of a call may hit anything the call knows: `globals()[name] = f`."""
        while isinstance(node, (Attribute, Subscript)):
            node = node.value
        if not isinstance(node, Call):
            return
        if path_of(node) in ("globals", "vars", "locals"):
            self.scope.stores.append("*")
        for argument in node.args:
            self.scope.stores.extend(aliased(argument))

    def called_for_each(self, function: ast.expr, arguments: list[ast.expr], line: int) -> None:
        """`map(table.append, rows)`, `filter(keep, rows)`: the call of a function with elements of what there is."""
        path = None if isinstance(function, Call) else path_of(function)
        if path is not None and path.rpartition(".")[2] not in PURE_METHODS | PURE_BUILTINS:
            passed = [(position, ref) for position, each in enumerate(arguments) for ref in once(elements(each))]
            self.scope.calls.append((path, True, tuple(passed), line, len(arguments)))

    def changed_namespace(self, node: ast.Call) -> None:
        """`globals().update(...)`, `vars(x).update(...)`: what is called on names changes what has them."""
        if path_of(node) in ("globals", "vars", "locals"):
            self.stored_in_result(node)

    # Functions whose arguments matter

    def literal_attribute(self, node: ast.Call) -> bool:
        """Tell whether `getattr(x, "name")` is as good as `x.name`."""
        return (
            len(node.args) > 1
            and isinstance(node.args[1], Constant)
            and isinstance(node.args[1].value, str)
            and isinstance(node.args[0], (Name, Attribute))
            and path_of(node.args[0]) is not None
        )

    def asked(self, node: ast.expr) -> None:
        """Visit what is asked for one attribute: the module itself does not escape."""
        reads = self.reads
        self.reads = self.scope.reads = set()
        self.on[type(node)](node)
        self.reads = self.scope.reads = reads

    def attribute_by_name(self, node: ast.Call) -> None:
        if isinstance(node.func, Name) and self.literal_attribute(node):
            name = _text(node.args[1])
            self.reads.add(f"{path_of(node.args[0])}.{name}")
            if name in MARKED:
                self.mark(MARKED[name], node.lineno)

    def attribute_set(self, node: ast.Call) -> None:
        """`setattr(x, name, value)` is a store."""
        if not isinstance(node.func, Name) or not node.args:
            return
        name = _text(node.args[1]) if len(node.args) > 1 else ""
        found = list(aliased(node.args[0]))
        for path in found:
            self.scope.stores.append(f"{path}.{name}" if name else path)
        if not found:
            self.scope.stores.append("*")

    def evaluated(self, node: ast.Call) -> None:
        """Read literal code like the code around it; other code may do anything in this module."""
        if not isinstance(node.func, Name):
            return
        literal = _text(node.args[0]) if node.args else ""
        try:
            body = ast.parse(literal.strip()).body if literal else []
        except (SyntaxError, ValueError):
            body = []
        if body:
            self.block("body", body)
        else:
            self.mark("globals", node.lineno)
            self.mark("names", node.lineno)
        if node.func.id == "exec":
            self.scope.stores.append("*")

    def fields_read(self, node: ast.Call) -> None:
        """`dataclass(A)` reads annotations of a class wherever that stands; `@dataclass(frozen=True)` is given none."""
        if node.args:
            self.mark("hints", node.lineno)

    def own_names(self, node: ast.Call) -> None:
        """`globals()`, and `vars()` of the module, give all of its names by text."""
        if isinstance(node.func, Name) and not node.args:
            in_module = node.func.id == "globals" or self.scope.kind in ("module", "class")
            if in_module:
                self.mark("globals", node.lineno)

    def import_by_name(self, node: ast.Call) -> None:
        """A literal name is an import like any other."""
        name = _text(node.args[0]) if node.args else ""
        if name and not name.startswith("."):
            self.settled().update((f"{name}:", f"{name}:!"))

    def variable(self, node: ast.Call) -> None:
        """`os.environ.get("X")`, `os.getenv("X")`."""
        path = path_of(node.func) or ""
        if node.args and ("environ" in path.split(".") or path.endswith("getenv")):
            self.environment(node.args[0])

    def compare(self, node: ast.Compare) -> None:
        """`"X" in os.environ`."""
        self.general(node)
        path = path_of(node.comparators[0])
        if path is not None and path.endswith("environ"):
            self.environment(node.left)

    def environment(self, key: ast.expr) -> None:
        """Take note of an environment variable, by literal or by constant."""
        if text := _text(key):
            self.environ.add(text)
        elif path := path_of(key):
            self.environ.add("$" + path)

    def mark(self, flag: str, line: int) -> None:
        """Take note of how code looks at other code, at the first place that it does."""
        self.flags.setdefault(flag, line)

    def decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """Visit decorators; each is a call with the definition as its argument."""
        for decorator in node.decorator_list:
            self.out.append("@")
            self.on[type(decorator)](decorator)
            self.decorator_call(decorator, node.name)

    def decorator_call(self, decorator: ast.expr, name: str) -> None:
        """Note that a decorator is called for what it changes."""
        path = path_of(decorator)
        if path is not None:
            self.scope.calls.append((path, True, ((0, name),), decorator.lineno, 1))


def _passed(arguments: list[ast.expr], keywords: list[ast.keyword]) -> tuple[Argument, ...]:
    """Give what a callee gets hold of through its arguments."""
    found: list[Argument] = []
    for position, argument in enumerate(arguments):
        if type(argument) is Name:  # as most are, or constants
            found.append((position, argument.id))
        elif type(argument) is not Constant:
            where = "*" if type(argument) is Starred else position
            found += [(where, ref) for ref in once(held(argument))]
    for keyword in keywords:
        found += [(keyword.arg or "*", ref) for ref in once(held(keyword.value))]
    return tuple(found)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, Constant) and isinstance(node.value, str) else ""
