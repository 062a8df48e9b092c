"""Digests that come from outside: checked before anything else is done with them."""

from pivot.cache.digest import Kind, Name
from pivot.cache.errors import BadDigestError

_HEX = "0123456789abcdef"
_KINDS = {kind.value: kind for kind in Kind}


def parse(text: str) -> Name:
    """Check a digest, before anything makes a path of it; raise `BadDigestError`."""
    prefix, _, digits = text.partition(":") if isinstance(text, str) else ("", "", "")
    kind = _KINDS.get(prefix)
    if kind is None or len(digits) != 64 or digits.strip(_HEX):
        shown = repr(text)[:80]
        raise BadDigestError(f"not a digest: {shown}\nexpected b3: or b3t: and 64 lower-case hexadecimal digits")
    return Name(kind, digits)
