"""One row of `make mutations`: a line of the product, what it becomes, and the tests that must turn red."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted fault against a row of the needs (F1, S7 …): `before` stands exactly once in `file`."""

    need: str
    guarantee: str
    file: str
    before: str
    after: str
    tests: str
