"""Names that mean something to the analysis: what reads code as data, what imports by name, what changes nothing."""

from typing import Literal

Flag = Literal[
    "docs", "hints", "source", "frames", "globals", "names", "imports", "subclasses", "distributions", "versions"
]
"""How code looks at other code: at docstrings, annotations, text and line numbers, callers, its module's names; at
modules that some text names (`names`: it unpickles, spawns), also by a name put together (`imports`); at subclasses,
installed distributions, or the version of one."""

MARKED: dict[str, Flag] = {
    **dict.fromkeys(("__doc__", "getdoc", "getcomments", "model_json_schema", "help"), "docs"),
    **dict.fromkeys(
        (
            "__annotations__", "get_type_hints", "get_annotations", "signature", "getfullargspec", "__annotate__",
            "from_callable",
        ),
        "hints",
    ),
    **dict.fromkeys(
        (
            "getsource", "getsourcelines", "findsource", "co_firstlineno", "co_positions", "co_lines", "co_code",
            "f_lineno", "tb_lineno",
        ),
        "source",
    ),
    **dict.fromkeys(("_getframe", "f_globals", "f_back", "currentframe", "get_objects", "get_referrers"), "frames"),
    **dict.fromkeys(
        (
            "import_module", "__import__", "iter_modules", "walk_packages", "run_path", "run_module", "exec_module",
            "spec_from_file_location", "find_spec", "load_module", "find_loader", "resolve_name",
        ),
        "imports",
    ),
    **dict.fromkeys(
        ("Popen", "check_output", "check_call", "create_subprocess_exec", "create_subprocess_shell"), "names"
    ),
    "__subclasses__": "subclasses",
    **dict.fromkeys(("entry_points", "packages_distributions"), "distributions"),
}  # fmt: skip
"""Names and attributes that are telling whatever they are read from."""

MARKED_PATHS: dict[str, Flag] = {
    **dict.fromkeys(("pydoc.locate", "runpy", "zipimport", "pkgutil", "importlib.util", "importlib.reload"), "imports"),
    **dict.fromkeys(
        (
            "subprocess", "os.system", "os.popen", "os.execv", "os.execvp", "os.execl", "os.spawnv", "os.posix_spawn",
            "pickle", "_pickle", "cloudpickle", "dill", "joblib.load", "yaml.load", "yaml.unsafe_load",
            "yaml.full_load", "shelve", "sys.modules", "pandas.read_pickle", "numpy.load", "logging.config",
            "unittest.mock.patch",
        ),
        "names",
    ),
    "inspect.stack": "frames",
    "importlib.metadata": "versions",
    "importlib.metadata.entry_points": "distributions",
    "importlib.metadata.distributions": "distributions",
    "pkg_resources": "distributions",
}  # fmt: skip
"""Dotted names, through whatever import; of a module or function, with all that lies below."""

HINT_DECORATORS = frozenset(["register", "validate_call", "validate_arguments", "beartype", "typechecked"])
"""Decorators that read the annotations of the method or inner function that they are put on."""

PURE_BUILTINS = frozenset([
    "print", "len", "range", "list", "dict", "set", "tuple", "frozenset", "str", "int", "float", "bool", "bytes",
    "sorted", "reversed", "enumerate", "zip", "map", "filter", "min", "max", "sum", "abs", "round", "repr",
    "type", "isinstance", "issubclass", "hasattr", "getattr", "iter", "object", "any", "all", "open", "super",
    "format", "complex", "divmod", "hash", "id", "ord", "chr", "pow", "slice", "callable", "vars", "dir",
    "memoryview", "bytearray", "ascii", "bin", "hex", "oct", "staticmethod", "classmethod", "property", "input",
    "locals", "globals", "aiter",
])  # fmt: skip
"""Builtins that neither keep nor change what they are given."""

ALIASING_CALLS = frozenset([
    "iter", "next", "enumerate", "zip", "reversed", "sorted", "list", "tuple", "set", "filter", "cast", "getattr",
    "vars",
])  # fmt: skip
"""Calls whose result holds the very objects that went in."""

PURE_METHODS = frozenset([
    "copy", "deepcopy", "keys", "values", "items", "get", "upper", "lower", "strip", "lstrip", "rstrip", "title",
    "capitalize", "split", "rsplit", "splitlines", "join", "format", "format_map", "replace", "encode", "decode",
    "startswith", "endswith", "count", "index", "find", "rfind", "partition", "rpartition", "zfill", "ljust",
    "rjust", "center", "casefold", "isdigit", "isalpha", "isidentifier", "union", "intersection", "difference",
    "symmetric_difference", "issubset", "issuperset", "isdisjoint", "bit_length", "as_integer_ratio",
    "is_integer", "hex", "tolist", "to_list", "to_dict", "to_numpy", "sum", "mean", "median", "max", "min", "std",
    "var", "astype", "head", "tail", "groupby", "merge", "describe", "nunique", "unique", "value_counts", "isna",
    "notna", "exists", "is_file", "is_dir", "with_suffix", "with_name", "joinpath", "resolve", "absolute",
    "relative_to", "as_posix", "read_text", "read_bytes", "isoformat", "strftime", "date", "total_seconds",
    "match", "fullmatch", "search", "findall", "finditer", "sub", "mro", "most_common", "total", "elements",
    "getLogger", "getChild", "isEnabledFor", "model_dump", "model_dump_json", "model_copy", "_asdict", "_replace",
])  # fmt: skip
"""Methods of common types that leave their object alone."""

EFFECT_WORDS = (
    "set", "register", "add", "enable", "disable", "configure", "config", "init", "install", "use", "seed", "patch",
    "update", "push", "filter", "reset", "activate", "start", "load", "connect", "apply",
)  # fmt: skip
"""How names of functions begin that change their library even where the result is kept."""


def flag_of(path: str) -> Flag | None:
    """Say how a dotted name of a library looks at code, by the longest part of it that is known."""
    while path:
        if path in MARKED_PATHS:
            return MARKED_PATHS[path]
        path = path.rpartition(".")[0]
    return None
