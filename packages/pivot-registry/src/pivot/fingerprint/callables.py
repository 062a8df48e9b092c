"""What a live callable is made of: where its code is written, and the values it carries that the text does not show."""

import dis
import functools
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pivot.fingerprint.standard import STDLIB

_STDLIB = STDLIB.replace("\\", "/") + "/"
_SITE = ("/site-packages/", "/dist-packages/")

# Members of a class that the interpreter or a library writes there; they follow from the others.
_DERIVED = frozenset(
    [
        "__module__",
        "__qualname__",
        "__dict__",
        "__weakref__",
        "__doc__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__firstlineno__",
        "__static_attributes__",
        "__abstractmethods__",
        "__parameters__",
        "__orig_bases__",
        "__type_params__",
        "__signature__",
        "__slots__",
        "_abc_impl",
        "__class_vars__",
        "__private_attributes__",
    ]
)


class Code(NamedTuple):
    """Where a function or a class is defined; the whole module when `qualname` is empty."""

    module: str
    qualname: str
    line: int = 0
    """0: not known, the name must do."""
    column: int = -1
    """Of a lambda: UTF-8 offset at which its body begins on that line; -1: not known, or on a later line."""


class Anatomy(NamedTuple):
    """A callable taken apart."""

    code: Code
    carried: tuple[tuple[str, Any], ...] = ()
    """(label, value), such as ("closure factor", 3)."""


def anatomy(target: Any) -> Anatomy:
    """Take a callable apart: functions, partials, methods, caches, dispatchers, classes, builtins, instances."""
    for kind, take in _KINDS:
        if isinstance(target, kind):
            return take(target)
    return _instance(target)


def is_callable_by_code(value: Any) -> bool:
    """Whether a value is code with what it carries, rather than data that happens to be callable."""
    return isinstance(value, tuple(kind for kind, _ in _KINDS))


def binding_of(target: Any) -> Code | None:
    """Find the module-level name that a callable claims to have, if that name gives this object or is not bound yet."""
    module, qualname = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualname, str) or "<" in qualname:
        return None
    first, *rest = qualname.split(".")
    space = _namespace(target, module)
    if first not in space:
        return Code(module, qualname)  # a decorator is asking: the name is bound after it returns
    found = space[first]
    for part in rest:
        found = getattr(found, "__dict__", {}).get(part)
    return Code(module, qualname) if found is target else None


def _namespace(target: Any, module: str) -> Mapping[str, Any]:
    """Give a module's globals, also of one that is no longer in `sys.modules`."""
    seen = [target]  # themselves, not by `id`: whoever listens to audit events hears each
    while (inner := getattr(target, "__wrapped__", None)) is not None and not any(inner is each for each in seen):
        seen.append(inner)
        target = inner
    own = getattr(target, "__globals__", {})
    return own if own.get("__name__") == module else vars(sys.modules.get(module, types))


def is_ours(module: str) -> bool:
    """Whether a module is the user's: neither of the interpreter nor installed."""
    return not is_standard(module) and not any(site in _file(module) for site in _SITE)


def is_standard(module: str) -> bool:
    """Whether a module is the interpreter's; one of the user's that shadows it is not."""
    file = _file(module)
    if not file:
        return module == "builtins" or module in sys.stdlib_module_names
    return file.startswith(_STDLIB) and not any(site in file for site in _SITE)


def is_typed(module: str | None) -> bool:
    """Whether code was typed into a session: a notebook, a prompt. No file has its text, nor that of what it uses."""
    return module == "__main__" and (_file(module) or "<").startswith("<")  # a prompt's file is "<stdin>"


def _file(module: str) -> str:
    return (getattr(sys.modules.get(module), "__file__", None) or "").replace("\\", "/")


def _function(target: types.FunctionType) -> Anatomy:
    code = target.__code__  # once: whoever listens to audit events hears each look
    if code.co_qualname == "singledispatch.<locals>.wrapper" and hasattr(target, "registry"):
        return _dispatcher(target)
    return Anatomy(_code_of(target, code), tuple(_carried(target, code)))


def _dispatcher(target: Any) -> Anatomy:
    # Not by its closure: that holds a weak cache of what was dispatched so far.
    named = ((f"dispatch {cls.__qualname__}", function) for cls, function in target.registry.items())
    return Anatomy(anatomy(target.registry[object]).code, tuple(named))


def _code_of(function: types.FunctionType, code: types.CodeType) -> Code:
    """Say where a function is written. Its `__module__` and `__qualname__` may be copies of another's (`wraps`)."""
    module = function.__globals__.get("__name__") or function.__module__
    return Code(str(module), code.co_qualname, code.co_firstlineno, _column(code))


def _column(code: types.CodeType) -> int:
    if code.co_name != "<lambda>":
        return -1
    columns = [column for line, _, column, _ in code.co_positions() if line == code.co_firstlineno and column]
    return min(columns, default=-1)


def _carried(function: types.FunctionType, code: types.CodeType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        yield f"closure {name}", _content(cell)
    positional = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    for name, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        yield f"default {name}", value
    for name, value in (function.__kwdefaults__ or {}).items():
        yield f"default {name}", value
    if "__wrapped__" in function.__dict__:
        yield "wrapped", function.__dict__["__wrapped__"]
    space = function.__globals__
    typed = is_typed(space.get("__name__"))
    if typed or _text_cannot_tell(code):
        yield "code", code
    if typed:
        yield from ((f"global {name}", space[name]) for name in sorted(_names_read(code)) if name in space)


def _names_read(code: types.CodeType) -> set[str]:
    """Name the globals that a function reads, what is nested in it included."""
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname in _READS}
    return names.union(*[_names_read(part) for part in code.co_consts if isinstance(part, types.CodeType)])


_READS = frozenset(["LOAD_GLOBAL", "LOAD_NAME"])


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet: the factory has not come to that line
        return cell


def _text_cannot_tell(code: types.CodeType) -> bool:
    """Whether name and line may not find the definition: lambdas of one line, text made up at run time."""
    return code.co_name == "<lambda>" or code.co_filename.startswith("<")


def _partial(target: Any) -> Anatomy:
    inner = anatomy(target.func)
    args = ((f"partial arg {index}", value) for index, value in enumerate(target.args))
    keywords = ((f"partial keyword {name}", value) for name, value in target.keywords.items())
    return Anatomy(inner.code, (*inner.carried, *args, *keywords))


def _method(target: types.MethodType) -> Anatomy:
    inner = anatomy(target.__func__)
    return Anatomy(inner.code, (*inner.carried, ("self", target.__self__)))


def _cache(target: Any) -> Anatomy:
    inner = anatomy(target.__wrapped__)
    return Anatomy(inner.code, (*inner.carried, ("cache", target.cache_parameters())))


def _descriptor(target: Any) -> Anatomy:
    inner = anatomy(target.__func__)
    return Anatomy(inner.code, (*inner.carried, ("descriptor", type(target).__name__)))


def _builtin(target: Any) -> Anatomy:
    owner = getattr(target, "__self__", None)
    code = Code(str(target.__module__ or "builtins"), target.__qualname__)
    return Anatomy(code, () if owner is None or isinstance(owner, types.ModuleType) else (("self", owner),))


def _class(target: type) -> Anatomy:
    code = Code(target.__module__, target.__qualname__, getattr(target, "__firstlineno__", 0))
    if "<locals>" not in target.__qualname__ and not is_typed(target.__module__):
        return Anatomy(code)
    bases = ((f"base {index}", base) for index, base in enumerate(target.__bases__))
    return Anatomy(code, (*bases, *_members(target)))


def _members(target: type) -> Iterator[tuple[str, Any]]:
    """Give what a class of a factory holds: the text of the factory does not show with what it was made."""
    for name, value in sorted(vars(target).items()):
        slot = isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType))
        derived = name.startswith("__pydantic_") and name != "__pydantic_fields__"
        if name not in _DERIVED and not slot and not derived:
            yield f"member {name}", value


def _instance(target: Any) -> Anatomy:
    call = type(target).__call__
    if not isinstance(call, types.FunctionType):
        return Anatomy(Code(type(target).__module__, type(target).__qualname__), (("self", target),))
    inner = anatomy(call)
    return Anatomy(inner.code, (*inner.carried, ("self", target)))


_KINDS: tuple[tuple[type, Callable[[Any], Anatomy]], ...] = (
    (types.FunctionType, _function),
    (functools.partial, _partial),
    (types.MethodType, _method),
    (functools._lru_cache_wrapper, _cache),
    (staticmethod, _descriptor),
    (classmethod, _descriptor),
    (type, _class),
    (types.BuiltinFunctionType, _builtin),
)
