"""The faults that `make mutations` plants, a file for each part of the product."""

from tests.mutations import (
    accounts,
    allocation,
    desk,
    ending,
    gate,
    mail,
    model,
    reconcile,
    recovery,
    rush,
    servers,
    verification,
    waiting,
    web,
)
from tests.mutations.row import Mutation

PARTS = (
    allocation,
    rush,
    recovery,
    reconcile,
    ending,
    servers,
    waiting,
    model,
    accounts,
    verification,
    mail,
    desk,
    gate,
    web,
)
MUTATIONS: tuple[Mutation, ...] = tuple(row for part in PARTS for row in part.ROWS)
