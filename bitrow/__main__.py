"""``python -m bitrow``."""

from bitrow.cli import main

if __name__ == "__main__":
    main()
