"""What the statements of a module change when it is imported: stores, calls, decorators, the making of classes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pivot.fingerprint.libraries import (
    CHANGING_STANDARD_CALLS,
    PROCESS_WIDE_CALLS,
    PURE_DECORATORS,
    STATEFUL,
    TAKING_STANDARD_CALLS,
)
from pivot.fingerprint.marks import EFFECT_WORDS, PURE_METHODS
from pivot.fingerprint.program import Module, Node, Program, Target, short
from pivot.fingerprint.scopes import ITEM, Call, Reference
from pivot.fingerprint.summary import Atom, Unit

EVERYTHING = "**"
"""What a store into `sys` or `builtins` changes."""

_MAKING = frozenset(["__init__", "__new__", "__post_init__", "__set_name__"])
_PROCESS = ("sys", "builtins")
_ITEMS = 3 * len(ITEM + ".")
"""Items of items of items: deeper ones are not told apart."""
_METACLASSES = frozenset(["type", "ABCMeta", "EnumMeta", "EnumType"])

Given = Mapping[str, frozenset[Node]]
"""Parameter -> what it stands for in this call."""


class Callee(NamedTuple):
    """A function that a call may run."""

    module: Module
    unit: Unit
    receiver: bool
    """Whether its first parameter is the object or class it is called on."""


class Effects:
    """Works out what import-time statements change.

    Whoever notes what answers depend on makes one of its own: what was asked before is not looked up again.

    of
      owners        who is changed by a store
      called        what is changed by a call: its receiver, its arguments, and what the callee changes in turn
      created       what is changed by making a class: hooks of its bases
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._run_already: set[tuple[str, Unit, tuple[tuple[str, frozenset[Node]], ...]]] = set()
        """Functions, with what they were given, whose changes count already for the statement at hand."""
        self._pipelines: dict[Node, bool] = {}

    def of(self, module: Module, atom: Atom) -> set[Node]:
        """Give the nodes that a statement changes, other than by binding names itself."""
        self._run_already.clear()
        changed: set[Node] = set()
        for ref in atom.now.stores:
            changed |= self.owners(module, ref)
        for call in map(Call._make, atom.now.calls):
            if not self._is_pure_decorator(module, call):
                changed |= self.called(module, call, {})
        if atom.kind == "class":
            changed |= self.created(module, atom)
        return changed - {f"{module.name}:{name}" for name in atom.names} if changed else changed

    def is_pipeline(self, target: Target) -> bool:
        """Tell whether a binding is made by pivot: what is called on it concerns stages, not code."""
        if (known := self._pipelines.get(target.node)) is None:
            known = self._pipelines[target.node] = self._is_made_by_pivot(target.node, frozenset())
        return known

    def _is_made_by_pivot(self, node: Node, seen: frozenset[Node]) -> bool:
        if node in seen:
            return False
        name = node.partition(":")[2]
        for module, atom in self._program.atoms(node):
            for maker, _ in self._program.resolved(module, [ref for bound, ref in atom.makers if bound == name]):
                if maker.startswith("^pivot.") or self._is_made_by_pivot(maker, seen | {node}):
                    return True
        return False

    def owners(self, module: Module, ref: Reference) -> set[Node]:
        """Say which bindings a store changes."""
        if ref == "*":
            return {f"{module.name}:*"}
        changed: set[Node] = set()
        for node, rest in self._program.resolve(module, ref):
            if node[0] == "^":
                changed.add(_external(node))
            elif node.endswith(":"):
                changed.add(node + "*")
            elif node[0] != "?":
                changed |= self._with_aliases(node, rest.rpartition(".")[0] if rest else "", set())
        return changed

    def objects(self, module: Module, ref: Reference) -> set[Node]:
        """Say which bindings a change of the object itself, not of an attribute of its place, concerns."""
        changed: set[Node] = set()
        for node, rest in self._program.resolve(module, ref):
            if node.endswith(":"):
                changed.add(node + "*")
            elif node[0] not in "^?":
                changed |= self._with_aliases(node, rest, set())
        return changed

    def _with_aliases(self, node: Node, rest: str, seen: set[Node]) -> set[Node]:
        """Add what the binding is another name of; and what it holds, if a part of it is changed."""
        if node in seen:
            return set()
        seen.add(node)
        changed = {node}
        name = node.partition(":")[2]
        for module, atom in self._program.atoms(node):
            others = [ref for bound, ref in atom.aliases if bound == name]
            others += self._given_to_makers(atom, name)
            if ITEM in rest.split("."):
                others += [ref for bound, ref in atom.holds if bound == name]
            for other, left in self._program.resolved(module, others):
                if other.startswith("^sys.modules"):
                    changed.add(EVERYTHING)
                elif other[0] not in "^?" and not other.endswith(":"):
                    inner = ".".join(filter(None, [left, rest]))
                    changed |= self._with_aliases(other, inner, seen)
        return changed

    @staticmethod
    def _given_to_makers(atom: Atom, name: str) -> Iterator[Reference]:
        """An object may keep what it was made from, and change that when it is changed."""
        makers = {ref for bound, ref in atom.makers if bound == name}
        for callee, _, args, _, _ in atom.now.calls:
            if callee in makers:
                yield from (ref for _, ref in args)

    def _is_pure_decorator(self, module: Module, call: Call) -> bool:
        if not call.bare:
            return False
        targets = self._program.resolve(module, call.callee)
        return bool(targets) and all(
            target.node[1:] in PURE_DECORATORS or self.is_pipeline(target) for target in targets
        )

    def called(self, module: Module, call: Call, given: Given) -> set[Node]:
        """Say what a call changes."""
        changed: set[Node] = set()
        for target in self._program.resolve(module, call.callee):
            if target.node[0] == "^":
                changed |= self._called_library(module, call, target.node[1:], given)
            elif target.node[0] != "?" and not target.node.endswith(":") and not self.is_pipeline(target):
                changed |= self._called_ours(module, call, target, given)
        return changed

    def _argument(self, module: Module, ref: Reference, given: Given) -> frozenset[Node]:
        if ref.startswith("%"):
            return given.get(ref[1:].partition(".")[0], frozenset())
        return frozenset(self.objects(module, ref))

    def _called_library(self, module: Module, call: Call, path: str, given: Given) -> set[Node]:
        """A library may keep or change what it is given if that is all the call can be for."""
        if path.startswith("pivot.") or path in PURE_DECORATORS:
            return set()
        standard = self._is_standard(path)
        telling = path.rpartition(".")[2].lower().startswith(EFFECT_WORDS)
        changed: set[Node] = set()
        if call.bare or path in TAKING_STANDARD_CALLS:
            for _, ref in call.args:
                changed |= self._argument(module, ref, given)
        if standard:
            if path.partition(".")[0] in _PROCESS:
                return changed | ({EVERYTHING} if call.bare else set())
            if path in PROCESS_WIDE_CALLS or (call.bare and path.startswith("os.environ.")):
                changed.add(EVERYTHING)
            elif path in CHANGING_STANDARD_CALLS or (call.bare and _is_method(path)):
                changed.add("^" + path.partition(".")[0])
        elif call.bare or telling:
            changed.add("^" + path.partition(".")[0])
        return changed

    def _is_standard(self, path: str) -> bool:
        found = self._program.find(path.partition(".")[0])
        return found is not None and found.origin == "standard"

    def _called_ours(self, module: Module, call: Call, target: Target, given: Given) -> set[Node]:
        callees = list(self.callees(target))
        kinds = {atom.kind for _, atom in self._program.atoms(target.node)}
        receivers: frozenset[Node] = frozenset()
        changed: set[Node] = set()
        if target.rest or kinds & {"assign", "other"}:
            receivers = frozenset(self._with_aliases(target.node, target.rest.rpartition(".")[0], set()))
            method = target.rest.rpartition(".")[2]
            if (not callees and method not in PURE_METHODS) or (call.bare and not target.rest):
                changed |= receivers
        for callee in callees:
            changed |= self._run(callee, self._bound(module, call, callee, receivers, given))
        if not callees and (call.bare or not kinds):
            for _, ref in call.args:
                changed |= self._argument(module, ref, given)
        return changed

    def _bound(
        self, module: Module, call: Call, callee: Callee, receivers: frozenset[Node], given: Given
    ) -> dict[str, frozenset[Node]]:
        """Bind arguments to parameters; what cannot be told goes to all."""
        params = callee.unit.params
        bound: dict[str, frozenset[Node]] = {}
        shift = 0
        if callee.receiver and params:
            bound[params[0]] = receivers
            shift = 1
        for where, ref in call.args:
            passed = self._argument(module, ref, given)
            names: Iterable[str] = params
            if isinstance(where, int) and where + shift < len(params):
                names = [params[where + shift]]
            elif where in params:
                names = [str(where)]
            for name in names:
                bound[name] = bound.get(name, frozenset()) | passed
        return bound

    def _run(self, callee: Callee, bound: Given) -> set[Node]:
        """Say what a function changes when called like this; the second time, nothing more."""
        key = (callee.module.name, callee.unit, tuple(sorted(bound.items())))
        if key in self._run_already:
            return set()
        self._run_already.add(key)
        self._program.examined.add(callee.module.name)
        changed: set[Node] = set()
        for ref in callee.unit.stores:
            if ref.startswith("%"):
                changed |= bound.get(ref[1:].partition(".")[0], frozenset())
            else:
                changed |= self.owners(callee.module, ref)
        for call in map(Call._make, callee.unit.calls):
            changed |= self.called(callee.module, call, bound)
        return changed

    def callees(self, target: Target, seen: frozenset[Target] = frozenset()) -> Iterator[Callee]:
        """Give the functions that a call of a target may run."""
        met = _essential(target)
        if met in seen:
            return
        seen |= {met}
        node, rest = target
        name = node.partition(":")[2]
        for module, atom in self._program.atoms(node):
            if atom.kind == "def":
                if not rest:
                    yield from (Callee(module, unit, receiver=False) for unit in atom.later)
            elif atom.kind == "class":
                yield from self._methods(module, atom, rest, seen)
            else:
                yield from self._of_value(module, atom, name, rest, seen)

    def _methods(self, module: Module, atom: Atom, rest: str, seen: frozenset[Target]) -> Iterator[Callee]:
        wanted = _MAKING if not rest else {rest.rpartition(".")[2]}
        found = [unit for unit in atom.later if unit.name in wanted]
        yield from (Callee(module, unit, receiver=True) for unit in found)
        if not found or not rest:
            for base in self._program.resolved(module, atom.bases):
                if base.node[0] not in "^?":
                    yield from self.callees(Target(base.node, rest), seen)

    def _of_value(self, module: Module, atom: Atom, name: str, rest: str, seen: frozenset[Target]) -> Iterator[Callee]:
        """A value may be a lambda, another name of a function, an instance, or a table of functions."""
        if not rest:
            yield from (Callee(module, unit, receiver=False) for unit in atom.later if not unit.name)
        for made, left in self._program.resolved(module, [ref for bound, ref in atom.makers if bound == name]):
            if made[0] not in "^?":
                yield from self.callees(Target(made, ".".join(filter(None, [left, rest or "__call__"]))), seen)
                if self._is_function(made):
                    yield from self.callees(Target(made, left), seen)
        others = [
            ref for bound, ref in (*atom.aliases, *(atom.holds if rest.startswith(ITEM) else ())) if bound == name
        ]
        left_over = rest.removeprefix(ITEM).removeprefix(".") if rest.startswith(ITEM) else rest
        for other, left in self._program.resolved(module, others):
            if other[0] not in "^?":
                yield from self.callees(Target(other, ".".join(filter(None, [left, left_over]))), seen)

    def _is_function(self, node: Node) -> bool:
        return any(atom.kind == "def" for _, atom in self._program.atoms(node))

    def created(self, module: Module, atom: Atom) -> set[Node]:
        """Say what making a class changes: what the hooks of its bases and metaclasses do."""
        bases: set[Node] = set()
        hooks = list(self._hooks(module, atom, bases))
        changed: set[Node] = set()
        for hook in hooks:
            params = hook.unit.params
            changed |= self._run(hook, {params[0]: frozenset(bases)} if params else {})
        return changed

    def _hooks(self, module: Module, atom: Atom, seen: set[Node]) -> Iterator[Callee]:
        """Give what runs when a class is made from these bases, metaclasses included."""
        for node, _ in self._program.resolved(module, atom.bases):
            if node in seen or node[0] in "^?":
                continue
            seen.add(node)
            for where, base in self._program.atoms(node):
                metaclass = self._is_metaclass(where, base, set())
                for unit in base.later:
                    if unit.name == "__init_subclass__" or (metaclass and unit.name.startswith("__")):
                        yield Callee(where, unit, receiver=True)
                yield from self._hooks(where, base, seen)

    def _is_metaclass(self, module: Module, atom: Atom, seen: set[Node]) -> bool:
        if any(base.rpartition(".")[2] in _METACLASSES for base in atom.bases):
            return True
        for node, _ in self._program.resolved(module, atom.bases):
            if node not in seen and node[0] not in "^?":
                seen.add(node)
                if any(self._is_metaclass(where, base, seen) for where, base in self._program.atoms(node)):
                    return True
        return False


def _external(node: Node) -> Node:
    """Give the node that a store into a library changes: one name of a module, or all of it through an object."""
    parts = node[1:].split(".")
    if parts[0] in _PROCESS or node.startswith("^os.environ"):
        return EVERYTHING
    return short(node) if len(parts) == 2 else "^" + parts[0]


def _essential(target: Target) -> Target:
    """Leave of the attributes those that tell callees apart: items at the front, and the method.

    After `x = x.step()`, or `x = x.next`, there would be no end of targets: `x.go`, `x.step.go`, `x.step.step.go`.
    """
    items = len(target.rest) - len(target.rest.lstrip(ITEM + "."))
    return Target(target.node, f"{target.rest[: min(items, _ITEMS)]} {target.rest.rpartition('.')[2]}")


def _is_method(path: str) -> bool:
    """Tell whether a dotted path goes through an object that a standard module shares: `logging.root.setLevel`."""
    parts = path.split(".")
    return parts[0] in STATEFUL and len(parts) > 2 and parts[-1] not in PURE_METHODS
