"""Histograms of more values than one process should hold: coarse, and made fine only where a question needs it.

A question (which customer has rank n, who hold half of the money) names the entries that decide it. Those are cut
into pieces until each is of a single value, so the answer is the one a histogram of all values gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from clientier.scores import Find, Histogram

PIECES = 8192
_BOUND = 10**18  # money in millionths is less


@dataclass(frozen=True)
class Slice:
    """Values from ``least`` to ``most``, to be counted in pieces of this width."""

    least: int
    most: int
    width: int


@dataclass(frozen=True)
class Piece:
    """The customers of one piece: the least and the most of their values, how many they are, the values' sum."""

    least: int
    most: int
    customers: int
    total: int


Count = Callable[[Sequence[Slice]], list[Piece]]  # the pieces that hold customers, in any order
_ALL = (Slice(-_BOUND, 0, _BOUND + 1), Slice(1, _BOUND, _BOUND))


class Refining:
    """A histogram that is asked for more where it is too coarse. See ``scores.Countable``."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._pieces: list[Piece] | None = None

    def fine(self, find: Find) -> Histogram:
        """Return a histogram in which every entry that ``find`` points to is of one value."""
        pieces = self._counted(_ALL) if self._pieces is None else self._pieces
        while True:
            histogram = _histogram(pieces)
            coarse = {index for index in find(histogram) if pieces[index].least < pieces[index].most}
            if not coarse:
                self._pieces = pieces
                return histogram
            pieces = [
                *(piece for index, piece in enumerate(pieces) if index not in coarse),
                *self._counted([_slice(pieces[index]) for index in coarse]),
            ]
            pieces.sort(key=lambda piece: piece.least)

    def _counted(self, slices: Sequence[Slice]) -> list[Piece]:
        return sorted(self._count(slices), key=lambda piece: piece.least)


def _slice(piece: Piece) -> Slice:
    """Return how to cut a piece: by value where that cannot give too many."""
    few = piece.customers <= PIECES
    return Slice(piece.least, piece.most, 1 if few else -(-(piece.most - piece.least + 1) // PIECES))


def _histogram(pieces: Sequence[Piece]) -> Histogram:
    return Histogram(
        np.array([piece.least for piece in pieces], dtype=np.int64),
        np.array([piece.customers for piece in pieces], dtype=np.int64),
        np.array([piece.total for piece in pieces], dtype=object),
    )


def pieces_sql(value: str, slices: Sequence[Slice], customers: str) -> str:
    """Return the query of the pieces, as ``Count`` gives them: least, most, customers, total.

    Needs:  value, an expression of whole numbers; customers, a relation
    """
    slices_of = " ".join(
        f"WHEN value BETWEEN {one.least} AND {one.most} THEN {at}" for at, one in enumerate(slices)
    )
    pieces_of = " ".join(
        f"WHEN {at} THEN (value - {one.least}) div {one.width}" for at, one in enumerate(slices)
    )
    return f"""
        SELECT min(value) AS least, max(value) AS most, count(*) AS customers,
               sum(CAST(value AS DECIMAL(38,0))) AS total
        FROM (SELECT value, slice, CASE slice {pieces_of} END AS piece
              FROM (SELECT value, CASE {slices_of} END AS slice
                    FROM (SELECT {value} AS value FROM {customers}) AS valued) AS sliced
              WHERE slice IS NOT NULL) AS cut
        GROUP BY slice, piece"""
