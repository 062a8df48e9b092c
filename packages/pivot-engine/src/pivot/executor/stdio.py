"""What C code prints, by `printf` or `cout`: C's stdout has a buffer of its own, of which Python knows nothing."""

from collections.abc import Callable

_LINE_BUFFERED = 1  # _IOLBF, on Linux and macOS


def lines_at_once() -> Callable[[], object]:
    """Have C write each line when it is whole, though it goes to a file; give what makes it write the rest.

    Else what one stage prints would end in the log of another, or nowhere: workers end without flushing.
    """
    try:
        # The module below `ctypes`, which takes ten times as long to import.
        import _ctypes

        class Pointer(_ctypes._SimpleCData):  # type: ignore[type-arg]
            _type_ = "P"

        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # of this process
        find, call = _ctypes.dlsym, _ctypes.call_function
        flush = find(library, "fflush")
        call(find(library, "setvbuf"), (Pointer.from_address(find(library, "stdout")), None, _LINE_BUFFERED, 0))
    except (ImportError, AttributeError, OSError, TypeError):
        return lambda: None  # a Python without ctypes, or a C library with other names
    return lambda: call(flush, (None,))
