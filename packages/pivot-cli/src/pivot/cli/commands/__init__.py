"""One module per command: it translates arguments and calls a use case."""
