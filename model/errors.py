"""What is wrong with something a user gave us."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Bad input, said in one sentence that names the file, layer or option at fault."""
