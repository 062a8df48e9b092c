"""One form for one meaning: syntax trees as token streams that layout, quotes, hints and Python versions leave alone.

The form is a prefix code. Every token that is not an identifier begins with a character that no identifier has, so
that a variable called `BinOp` is never taken for the node. Fields that are absent or empty write nothing: later
Pythons add fields to old nodes.
"""

import ast

# What is asked of each node has its names here: `ast` has a `__getattr__`, which makes `ast.Name` as dear as a call.
from ast import AST, Attribute, BinOp, Constant, Expr, If, Name, Not, Pass, UnaryOp
from collections.abc import Callable, Iterable
from typing import Any

from blake3 import blake3

Token = str
Visit = Callable[[Any], None]

SKIPPED = frozenset(["ctx", "kind", "type_comment", "type_ignores"])
BLOCKS = frozenset(["body", "orelse", "finalbody"])
_PERHAPS_IDLE = frozenset([ast.Pass, ast.Expr])
_PARAMETERS = (
    (".posonly", "posonlyargs"),
    (".args", "args"),
    (".vararg", "vararg"),
    (".kwonly", "kwonlyargs"),
    (".kwarg", "kwarg"),
)
_SEPARATOR = "\x1f"
_SHAPES = {
    kind: ("<" + kind.__name__, [field for field in kind._fields if field not in SKIPPED])
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""How a node of each type begins, and the fields that count."""


def _hash(data: bytes) -> bytes:
    return blake3(data).digest()


def digest_of(tokens: Iterable[Token], hashed: Callable[[bytes], bytes] = _hash) -> bytes:
    """Hash a token stream; an empty one hashes to nothing."""
    data = _SEPARATOR.join(tokens).encode("utf-8", "surrogatepass")
    return hashed(data) if data else b""


def constant_token(value: object) -> Token:
    """Write a constant so that `1`, `1.0`, `True`, `'1'` and `b'1'` differ, on every version of Unicode."""
    if isinstance(value, str):
        return f"'{len(value)}:{value}"
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return f"#{value}"
    if isinstance(value, int):
        return f"#i{value:x}"  # decimal digits are limited in number
    return f"#{type(value).__name__}{value!r}"


def is_docstring(statement: ast.stmt) -> bool:
    """Tell whether a statement is a bare string."""
    return type(statement) is Expr and type(statement.value) is Constant and isinstance(statement.value.value, str)


def always_false_at_run_time(test: ast.expr) -> bool:
    """Recognise `TYPE_CHECKING`, however it was imported."""
    return (isinstance(test, Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, Attribute) and test.attr == "TYPE_CHECKING"
    )


def live_branch(statement: ast.stmt) -> list[ast.stmt] | None:
    """Give the branch of an `if TYPE_CHECKING` that runs; None for any other statement."""
    if type(statement) is not If:
        return None
    if always_false_at_run_time(statement.test):
        return statement.orelse
    test = statement.test
    if isinstance(test, UnaryOp) and isinstance(test.op, Not) and always_false_at_run_time(test.operand):
        return statement.body
    return None


class Canonical:
    """Writes the canonical tokens of statements to `out`; what has a scope is left to who knows of scopes."""

    def __init__(self) -> None:
        self.out: list[Token] = []
        self.docs: list[Token] = []
        """Docstrings, apart: they count only where something reads them."""
        self._state = blake3()
        self.on = dict.fromkeys(_SHAPES, self.general) | self.table()
        """`self.on[type(node)](node)` visits a node."""

    def hash(self, data: bytes) -> bytes:
        """Hash bytes. Of a short text, half of the time would go into making a state for it."""
        self._state.reset()
        return self._state.update(data).digest()

    def digest(self, tokens: list[Token]) -> bytes:
        """Hash a token stream, as `digest_of` does; most of what a statement could say it does not."""
        return digest_of(tokens, self.hash) if tokens else b""

    def table(self) -> dict[type, Visit]:
        """List the types with a way of their own."""
        return {
            ast.Constant: self.constant,
            ast.Name: self.name,
            ast.Attribute: self.attribute,
            ast.BinOp: self.binary,
            ast.JoinedStr: self.joined,
            ast.AnnAssign: self.annotated,
            ast.Assign: self.assign,
            ast.Expr: self.expression,
            str: self.text,
            type(None): self.nothing,
        }

    def general(self, node: ast.AST) -> None:
        """Write the fields that are there, by name."""
        opening, fields = _SHAPES[type(node)]
        self.out.append(opening)
        for field in fields:
            self.field(field, getattr(node, field, None))
        self.out.append(">")

    def field(self, field: str, value: Any) -> None:
        """Write one field, unless it is empty."""
        if isinstance(value, AST):
            self.out.append("." + field)
            self.on[type(value)](value)
        elif isinstance(value, list):
            if field in BLOCKS:
                self.block(field, value)
            elif value:
                self.items(field, value)
        elif value is not None:
            self.out.append(f".{field}={value}")

    def items(self, field: str, values: list[Any]) -> None:
        """Write a list of nodes, names or gaps."""
        self.out.append("[" + field)
        on = self.on
        for value in values:
            on[type(value)](value)
        self.out.append("]")

    def block(self, field: str, statements: list[ast.stmt]) -> None:
        """Write statements, but for those that do nothing."""
        if not statements:
            return
        self.out.append("{" + field)
        self.statements(statements)
        self.out.append("}")

    def statements(self, statements: list[ast.stmt]) -> None:
        """Visit those that run."""
        on = self.on
        for statement in statements:
            kind = type(statement)
            if kind is If and (live := live_branch(statement)) is not None:
                self.statements(live)
            elif kind not in _PERHAPS_IDLE or not self.idle(statement):
                on[kind](statement)

    def idle(self, statement: ast.stmt) -> bool:
        """Tell whether a statement does nothing; a string may still be a docstring."""
        if type(statement) is Pass:
            return True
        if type(statement) is not Expr or type(statement.value) is not Constant:
            return False
        if isinstance(statement.value.value, str):
            self.docs.append(constant_token(statement.value.value))
        return True

    def nothing(self, _: None) -> None:
        """Write a gap: a key of `{**other}`, a default that is not there."""
        self.out.append("~")

    def text(self, value: str) -> None:
        """Write a plain name, as in `global x`."""
        self.out.append(value)

    def constant(self, node: ast.Constant) -> None:
        self.out.append(constant_token(node.value))

    def name(self, node: ast.Name) -> None:
        self.out.append(node.id)

    def attribute(self, node: ast.Attribute) -> None:
        self.out.append("." + node.attr)
        self.on[type(node.value)](node.value)

    def expression(self, node: ast.Expr) -> None:
        self.out.append("!")
        self.on[type(node.value)](node.value)

    def binary(self, node: ast.expr) -> None:
        """Write an operation; a sum of a thousand terms is a thousand levels deep, so not by recursion."""
        rights = []
        while type(node) is BinOp:
            self.out.append("~" + type(node.op).__name__)
            rights.append(node.right)
            node = node.left
        self.on[type(node)](node)
        for right in reversed(rights):
            self.on[type(right)](right)

    def joined(self, node: ast.JoinedStr) -> None:
        """Write an f-string; how its literal pieces are cut differs between versions."""
        self.out.append("[f")
        literal = ""
        for value in [*node.values, None]:
            if isinstance(value, Constant):
                literal += str(value.value)
                continue
            if literal:
                self.piece(literal)
                literal = ""
            if value is not None:
                self.on[type(value)](value)
        self.out.append("]")

    def piece(self, literal: str) -> None:
        """Write a literal piece of an f-string."""
        self.out.append(constant_token(literal))

    def assign(self, node: ast.Assign) -> None:
        self.items("=", node.targets)
        self.on[type(node.value)](node.value)

    def annotated(self, node: ast.AnnAssign) -> None:
        """Write `x: int = 1` as `x = 1`, and `x: int` as nothing."""
        if node.value is not None:
            self.items("=", [node.target])
            self.on[type(node.value)](node.value)

    def signature(self, args: ast.arguments) -> list[tuple[str, ast.expr | None]]:
        """Write parameters and defaults; give the parameters in order, with their annotations."""
        found: list[tuple[str, ast.expr | None]] = []
        self.out.append("(")
        for token, field in _PARAMETERS:
            if given := getattr(args, field):
                parameters = given if isinstance(given, list) else [given]
                named = [(parameter.arg, parameter.annotation) for parameter in parameters]
                self.out.append(token)
                self.out += [name for name, _ in named]
                found += named
        self.items("defaults", args.defaults)
        self.items("kw_defaults", args.kw_defaults)
        self.out.append(")")
        return found
