"""Many things at once: what fails among them is a value until all others are settled."""

import contextlib
import gc
import os
import resource
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_FEW = 64
_LITTLE = 1 << 20
"""Bytes that are worth a turn of their own."""
_SMALL = 1 << 16
"""Bytes of a file that takes longer to be opened than to be read."""
_SLEEPS = 16
"""How often a thread sleeps in one turn if it is a disk that it waits for."""


def usable_threads() -> int:
    """Give one thread for each processor that this process may use; more than four wait for the file system."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 4)


def batches(sizes: Iterable[int]) -> Iterator[slice]:
    """Cut a list of files so that each part is worth a thread's turn, and fits into memory."""
    start = end = total = 0
    for end, size in enumerate(sizes, 1):
        if end - start > 1 and total + size > _LITTLE:
            yield slice(start, end - 1)
            start, total = end - 1, 0
        total += size
        if end - start == _FEW:
            yield slice(start, end)
            start, total = end, 0
    if start < end:
        yield slice(start, end)


def _sleeps() -> int:
    """Say how often this thread has waited, for anything but a processor."""
    return resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)).ru_nvcsw


def attempted(work: Callable[[Item], Result], item: Item) -> Result | Exception:
    """Do it, and give what it raises as a value."""
    try:
        return work(item)
    except Exception as error:  # noqa: BLE001 - raised later, by `settled`
        return error


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    threads: int,
    *,
    all_of_them: bool = True,
    alone: bool = False,
    sleeps: Callable[[], int] = _sleeps,
) -> list[Result | Exception]:
    """Do work on items, in this thread and some others, and give the results in order.

    Without `all_of_them` nothing is begun after the first failure, so that some results may not be there. `alone`
    starts the others only when this one has slept often over one item.
    """
    if len(items) == 1:
        return [attempted(work, items[0])]
    waiting = deque(range(len(items)))
    results: dict[int, Result | Exception] = {}

    def serve() -> None:
        with contextlib.suppress(IndexError):
            while True:
                serve_one()

    def serve_one() -> None:
        at = waiting.popleft()
        results[at] = attempted(work, items[at])
        if not all_of_them and isinstance(results[at], Exception):
            waiting.clear()

    others: list[threading.Thread] = []
    try:
        while alone and waiting:
            before = sleeps()
            serve_one()
            alone = sleeps() - before < _SLEEPS
        others = _started(serve, min(threads, len(waiting)) - 1)
        serve()
    finally:
        waiting.clear()  # nothing is left, but after Ctrl-C
        for other in others:
            other.join()
    return [results[at] for at in sorted(results)]


def spread_files(
    work: Callable[[Sequence[Item]], Result],
    files: Sequence[Item],
    sizes: Sequence[int],
    threads: int,
    *,
    all_of_them: bool = True,
) -> list[tuple[Sequence[Item], Result | Exception]]:
    """Do work on files in batches, and give each batch with what came of it.

    Small files are for one thread, as long as it need not wait for a disk: two take as long, and cost a third more,
    because each call to the system hands the interpreter's lock over.
    """
    parts = [files[part] for part in batches(sizes)]
    small = sum(sizes) < len(files) * _SMALL
    return list(zip(parts, spread(work, parts, threads, all_of_them=all_of_them, alone=small), strict=False))


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Make what is kept of many files: no garbage, but the collector would go through all of it again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _started(serve: Callable[[], None], count: int) -> list[threading.Thread]:
    # No pool: importing one takes longer than reading a thousand small files.
    started = []
    for _ in range(count):
        thread = threading.Thread(target=serve, name="pivot-cache")
        try:
            thread.start()
        except RuntimeError:
            break  # the system gives no more; those that there are will do it
        started.append(thread)
    return started


def settled(results: Iterable[Result | Exception]) -> list[Result]:
    """Give the results, or raise the first error among them."""
    given = []
    for result in results:
        if isinstance(result, Exception):
            raise result
        given.append(result)
    return given
