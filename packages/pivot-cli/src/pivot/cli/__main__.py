"""`python -m pivot.cli` is `pivot`."""

from pivot.cli.main import main

if __name__ == "__main__":
    main()
