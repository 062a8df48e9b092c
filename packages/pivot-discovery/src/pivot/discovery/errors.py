"""What discovery refuses."""

from pivot.registry.errors import DefinitionError


class DiscoveryError(DefinitionError):
    """A pipeline file cannot be loaded; names the file and the cause."""
