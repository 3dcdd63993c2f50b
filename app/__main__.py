"""python -m app: the same program as `assent`."""

from app.cli import main

if __name__ == "__main__":
    main()
