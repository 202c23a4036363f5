"""What can be wrong with a configuration file."""

from __future__ import annotations


class ConfigurationError(Exception):
    """The file cannot be applied; `problems` are sentences with the place in the file. Nothing was changed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
