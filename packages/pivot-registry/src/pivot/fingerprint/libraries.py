"""What is known of libraries: which calls change nothing that stays, and which look at the code they are given."""

PROCESS_WIDE_CALLS = frozenset([
    "os.chdir", "os.putenv", "os.unsetenv", "os.umask", "locale.setlocale", "time.tzset", "sys.setrecursionlimit",
    "codecs.register", "codecs.register_error", "gettext.install", "gettext.NullTranslations.install",
    "gettext.GNUTranslations.install", "gettext.translation.install",
])  # fmt: skip
"""Functions that change what any code may meet, libraries and child processes included."""

TAKING_STANDARD_CALLS = frozenset([
    "heapq.heappop", "heapq.heappushpop", "heapq.heapreplace", "operator.iadd", "operator.iconcat", "operator.ior",
])  # fmt: skip
"""Functions of the standard library that change what they are given even where their result is kept."""

STATEFUL = frozenset([
    "logging", "decimal", "warnings", "mimetypes", "random", "asyncio", "multiprocessing", "csv", "codecs", "copyreg",
    "locale", "email", "http", "urllib", "ssl", "sqlite3", "xml", "unittest", "threading", "signal", "gc", "socket",
])  # fmt: skip
"""Standard modules with objects that all their users share."""

CHANGING_STANDARD_CALLS = frozenset([
    "calendar.setfirstweekday", "shutil.register_archive_format",
    "shutil.register_unpack_format", "gettext.textdomain", "gettext.bindtextdomain",
    "random.seed", "random.setstate", "warnings.filterwarnings", "warnings.simplefilter",
    "warnings.resetwarnings", "decimal.setcontext", "signal.signal",
    "socket.setdefaulttimeout", "atexit.register", "copyreg.pickle", "copyreg.constructor",
    "mimetypes.add_type", "mimetypes.init", "csv.register_dialect", "csv.field_size_limit",
    "gc.disable", "gc.enable", "gc.freeze",
    "threading.settrace", "threading.setprofile", "threading.stack_size", "multiprocessing.set_start_method",
    "asyncio.set_event_loop_policy", "asyncio.set_event_loop", "logging.basicConfig", "logging.disable",
    "logging.addLevelName", "logging.setLoggerClass", "logging.captureWarnings", "logging.config.dictConfig",
    "sqlite3.register_adapter", "sqlite3.register_converter", "importlib.invalidate_caches", "importlib.reload",
])  # fmt: skip
"""Functions of the standard library that change their module for everybody; methods of its objects come on top."""

PURE_DECORATORS = frozenset([
    "functools.wraps", "functools.lru_cache", "functools.cache", "functools.cached_property",
    "functools.total_ordering", "functools.singledispatch", "functools.singledispatchmethod",
    "functools.partialmethod", "contextlib.contextmanager", "contextlib.asynccontextmanager",
    "dataclasses.dataclass", "abc.abstractmethod", "typing.overload", "typing.final", "typing.override",
    "typing.runtime_checkable", "typing.no_type_check", "typing.dataclass_transform", "enum.unique",
    "enum.verify", "enum.global_enum", "enum.member", "enum.nonmember", "enum.property", "types.coroutine",
    "typing_extensions.override", "typing_extensions.deprecated", "typing_extensions.overload",
    "typing_extensions.final", "warnings.deprecated", "numba.njit", "numba.jit", "numba.vectorize",
    "numba.guvectorize", "numba.cfunc", "numba.stencil", "numpy.vectorize", "torch.no_grad",
    "torch.inference_mode", "torch.jit.script", "torch.compile", "jax.jit", "jax.vmap", "jax.grad",
    "tenacity.retry", "joblib.delayed", "joblib.wrap_non_picklable_objects", "tqdm.tqdm",
    "pydantic.field_validator", "pydantic.model_validator", "pydantic.validator", "pydantic.root_validator",
    "pydantic.computed_field", "pydantic.field_serializer", "pydantic.model_serializer", "pydantic.validate_call",
    "pydantic.dataclasses.dataclass", "attr.s", "attr.attrs", "attr.define", "attr.frozen", "attr.mutable",
    "attrs.define", "attrs.frozen", "attrs.mutable", "beartype.beartype", "typeguard.typechecked",
])  # fmt: skip
"""Decorators that leave nothing behind but what they return."""

SILENT = frozenset([
    "pivot", "pydantic", "attr", "attrs", "numpy", "pandas", "scipy", "sklearn", "torch", "jax", "numba",
    "joblib", "matplotlib", "polars", "pyarrow", "tqdm", "typing_extensions", "tenacity", "pytest", "hypothesis",
    "yaml",
])  # fmt: skip
"""Libraries that read neither docstrings nor annotations of the functions they are given."""

HINT_READERS = ("pydantic", "attr", "attrs", "beartype", "typeguard")

HARMLESS_BASES = frozenset([
    "object", "Exception", "BaseException", "ValueError", "TypeError", "KeyError", "RuntimeError", "LookupError",
    "ArithmeticError", "OSError", "StopIteration", "Warning", "UserWarning", "NotImplementedError",
    "AttributeError", "IndexError", "int", "str", "float", "bytes", "dict", "list", "set", "tuple", "frozenset",
    "type", "abc.ABC", "abc.ABCMeta", "typing.Generic", "typing.Protocol", "enum.Enum", "enum.IntEnum",
    "enum.StrEnum", "enum.Flag", "enum.IntFlag", "collections.UserDict", "collections.UserList",
    "collections.OrderedDict", "collections.defaultdict", "threading.Thread", "contextlib.ContextDecorator",
    "contextlib.AbstractContextManager",
])  # fmt: skip
"""Bases that do not read the annotations in the body of a class."""

UNREPEATABLE = {
    "clock": (
        "time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.localtime", "time.gmtime",
        "time.strftime", "time.ctime", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
        "datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today",
    ),
    "random numbers": ("random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom", "numpy.random"),
    "the network": (
        "requests", "httpx", "urllib.request", "urllib3", "aiohttp", "socket", "http.client", "ftplib", "smtplib",
        "boto3", "psycopg2", "psycopg", "sqlalchemy.create_engine", "pymysql", "redis", "paramiko",
    ),
    "the process": ("os.getpid", "os.getppid", "socket.gethostname", "platform.node", "tempfile"),
}  # fmt: skip
"""What a call may bring in that is different the next time, by dotted name or package."""

SEEDED = ("random.Random", "random.seed", "numpy.random.seed", "numpy.random.default_rng", "numpy.random.RandomState",
          "numpy.random.Generator", "numpy.random.PCG64", "numpy.random.SeedSequence")  # fmt: skip
"""Repeatable when given arguments."""


def lies_below(path: str, places: "tuple[str, ...] | frozenset[str]") -> bool:
    """Tell whether a dotted name, or something it lies in, is listed."""
    while path:
        if path in places:
            return True
        path = path.rpartition(".")[0]
    return False
