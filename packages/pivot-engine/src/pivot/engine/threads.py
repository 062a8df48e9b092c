"""Keep the libraries of several workers from starting a thread for every core each."""

from collections.abc import Mapping

# OpenMP, OpenBLAS, MKL, numexpr, polars, joblib: all of them count cores, none knows that it is not alone.
_NAMES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def thread_limits(environ: Mapping[str, str], jobs: int, cores: int) -> dict[str, str]:
    """Give the variables that let each of so many workers use its share of the cores; what the user has set stays.

    A worker that is alone may use all, as the libraries do by themselves.
    """
    if jobs <= 1:
        return {}
    return {name: str(max(1, cores // jobs)) for name in _NAMES if name not in environ}
