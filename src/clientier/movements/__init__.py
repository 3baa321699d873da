"""Movements between two runs: who moved, how, and why; from tier to tier in customers and money.

A customer's state in a run is a tier, and whether they purchased inside the window (*active*); or they
are not in the run at all. A movement is one of

    new        not in the run before
    returned   not active before, active now
    lost       active before and not now, or not in this run any more
    up, down   from one tier to a better or a worse one, otherwise

Its cause is found by changing one thing at a time. See docs/definitions.md.
"""

from clientier.movements.causes import COLUMNS, Steps, cells, explain
from clientier.movements.finding import TierOrder, gone, movers
from clientier.movements.matrix import CAUSES, Matrix
from clientier.movements.yardsticks import Yardsticks, points_now

__all__ = [
    "CAUSES",
    "COLUMNS",
    "Matrix",
    "Steps",
    "TierOrder",
    "Yardsticks",
    "cells",
    "explain",
    "gone",
    "movers",
    "points_now",
]
