"""`python -m tierfeed`: the command line."""

from tierfeed.cli import main

if __name__ == "__main__":
    main()
