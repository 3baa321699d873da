"""What the lists before this one mean for an action: who keeps it, and who may not have it again yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from clientier.conditions import Mask
from clientier.config.models import Action
from clientier.days import day_number

Days = npt.NDArray[np.int64]  # since 1970

# What a batch may know of the lists before, in a column for each action (see ``earlier_column``).
LAST_ISSUED = "last_issued"  # the last day on which the customer was given the action
OPEN_ISSUED = "open_issued"  # the same day, as long as nobody reported the action done or refused
OPEN_DUE = "open_due"  # the day by which it was to be done, as long as nobody did

NEVER = -(10**9)


def earlier_column(kind: str, action_id: str) -> str:
    """Return the name of the column that tells LAST_ISSUED, OPEN_ISSUED or OPEN_DUE of an action."""
    return f"{kind}:{action_id}"


@dataclass(frozen=True)
class Earlier:
    """What the lists before mean for one action, customer by customer."""

    opened: Days  # the day on which it was given out, where it is carried over; NEVER elsewhere
    due: Days
    held_back: Mask  # not to be listed now


def earlier_lists(customers: pd.DataFrame, action: Action, issued: date, since: date | None) -> Earlier:
    """Tell who keeps an action of an earlier list, and from whom it is held back.

    It is held back for its ``every`` after it was given out. An open one is carried over until its ``carry_over``
    after it was due. With ``since`` only what is new is listed: nothing that was given out on that day or later,
    and nothing that is carried over.

    Needs:  the columns of the action, empty (or missing) where nothing is known
    """
    last, opened, due = (_days(customers, kind, action) for kind in (LAST_ISSUED, OPEN_ISSUED, OPEN_DUE))
    today = day_number(issued)
    carried = due + _length(action.carry_over) >= today if action.carry_over else _nobody(due)
    held_back = today - last < _length(action.every) if action.every else _nobody(last)
    if since is not None:
        held_back = held_back | carried | (last >= day_number(since))
        carried = _nobody(due)
    return Earlier(np.where(carried, opened, NEVER), np.where(carried, due, NEVER), held_back & ~carried)


def _days(customers: pd.DataFrame, kind: str, action: Action) -> Days:
    name = earlier_column(kind, action.id)
    if name not in customers:
        return np.full(len(customers), NEVER, dtype=np.int64)
    return customers[name].fillna(NEVER).to_numpy(dtype=np.int64)


def _nobody(days: Days) -> Mask:
    return np.zeros(len(days), dtype=np.bool_)


def _length(time: str) -> int:
    return int(time.split()[0])
