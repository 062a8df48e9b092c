"""Which boot of the machine this is: what was not synced before the last one may be gone."""

import time

_LINUX = "/proc/sys/kernel/random/boot_id"


def boot_id(source: str = _LINUX) -> bytes:
    """Give 16 bytes that differ from boot to boot."""
    try:
        with open(source, encoding="ascii") as file:
            return bytes.fromhex(file.read().strip().replace("-", ""))
    except (OSError, ValueError):
        # Ten-minute buckets: if the clock is set, seals look old and objects are hashed again, never wrongly trusted
        # for longer than a bucket.
        return int((time.time() - time.monotonic()) // 600).to_bytes(16, "big", signed=True)
