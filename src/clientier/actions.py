"""Actions: who to contact, why, how, by whom, by when; and the words for staff and for the customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import wording
from clientier.columns import ACTION_COLUMNS, BY_NAME, Column, Kind
from clientier.conditions import Cuts, Mask, holds
from clientier.config.models import Action, Config, Text
from clientier.earlier import NEVER, Days, earlier_lists
from clientier.frames import text_array
from clientier.numerals import joined
from clientier.texts import (
    NOTHING,
    Spoken,
    coded_fill,
    coded_in_files,
    fill,
    in_files,
    placeholders,
    spoken,
    window_spoken,
    with_codes,
)

Rows = npt.NDArray[np.intp]
_ISSUED = Column("issued", Kind.DAY, "given out", "下达日")
_OF_THE_CUSTOMER = ("customer_id", "tier", "grade", "potential")
_WINDOW = "{window}"
_OPEN_SINCE = {"en": "open since {day}", "zh": "自{day}下达后尚未完成"}


@dataclass(frozen=True)
class ActionLists:
    """The actions of one batch of customers."""

    table: pa.Table  # columns.ACTION_COLUMNS, all text, or codes into texts where they repeat
    customers_per_action: Mapping[str, int]  # by action id
    withheld_per_action: Mapping[str, int]  # messages left empty because a figure is empty, by action id
    held_back_per_action: Mapping[str, int]  # customers whom it is for, but who were given it too lately
    carried_per_action: Mapping[str, int]  # customers listed with it since an earlier list, by action id


def list_actions(
    customers: pd.DataFrame, config: Config, cuts: Cuts, issued: date, since: date | None = None
) -> ActionLists:
    """List the batch's actions: customers in their order, then by priority, then in the config's order.

    What the lists before hold back or carry over, and what ``since`` asks: see ``earlier_lists``.

    Needs:  customer_id, tier, and what the playbook names; what is known of the lists before ``issued``;
            a column the batch lacks is empty
    """
    playbook = sorted(config.actions, key=lambda action: action.priority)
    batch = _Batch(customers, config, cuts, issued, since)
    chosen = {action.id: batch.choose(action) for action in playbook}
    return ActionLists(
        _table(batch, playbook, list(chosen.values())),
        {name: len(part.rows) for name, part in chosen.items()},
        {name: part.withheld for name, part in chosen.items()},
        {name: part.held_back for name, part in chosen.items()},
        {name: int((part.opened != NEVER).sum()) for name, part in chosen.items()},
    )


def due_date(issued: date, due: str) -> date:
    """Return the day that is ``3 business days`` (Monday to Friday) or ``10 days`` after the issue date.

    Business days issued on a weekend count from the Monday after it.
    """
    days = int(due.split()[0])
    if "business" not in due:
        return issued + timedelta(days=days)
    moved = np.busday_offset(np.datetime64(issued, "D"), days, roll="forward")
    return date.fromisoformat(str(moved))


@dataclass(frozen=True)
class _Chosen:
    """The customers one action is for, and its texts for them."""

    rows: Rows  # positions in the batch, ascending
    trigger: pa.StringArray
    briefing: pa.DictionaryArray
    message: pa.DictionaryArray
    opened: Days  # the day on which an action carried over was given out; NEVER for a new one
    due: Days
    withheld: int
    held_back: int


@dataclass(frozen=True)
class _Batch:
    """A batch of customers before the playbook."""

    customers: pd.DataFrame
    config: Config
    cuts: Cuts
    issued: date
    since: date | None

    def choose(self, action: Action) -> _Chosen:
        """Return the customers the action is for, with its texts."""
        wanted = self._wanted(action)
        earlier = earlier_lists(self.customers, action, self.issued, self.since)
        rows = np.flatnonzero(wanted & ~earlier.held_back)
        held_back = int((wanted & earlier.held_back).sum())
        if not len(rows):
            none = with_codes(_nothing(0))
            return _Chosen(rows, _nothing(0), none, none, earlier.opened[:0], earlier.due[:0], 0, held_back)
        briefing, message = self._template(action.briefing), self._template(action.message)
        named = {*placeholders(briefing), *placeholders(message)}
        if action.when is not None:
            named |= wording.needed(action.when)
        chosen = self._take(named, rows)
        said = self._spoken(chosen)
        messages = coded_fill(message, said, len(rows), empty=None)
        opened = earlier.opened[rows]
        return _Chosen(
            rows,
            _beside(self._triggers(action, chosen), self._open_since(opened), self.config.language),
            coded_fill(briefing, said, len(rows), empty=NOTHING),
            messages,
            opened,
            earlier.due[rows],
            _count_empty(messages) if message else 0,
            held_back,
        )

    def _take(self, names: Iterable[str], rows: Rows) -> pd.DataFrame:
        """Return some columns of some customers; a frame asked for both takes far longer."""
        columns = {name: self.customers[name].array.take(rows) for name in names if name in self.customers}
        return pd.DataFrame(columns, index=range(len(rows)), copy=False)

    def text(self, name: str) -> pa.StringArray:
        """Return a text column, ``""`` where it is empty."""
        if name not in self.customers:
            return _nothing(len(self.customers))
        return text_array(self.customers[name])

    def _wanted(self, action: Action) -> Mask:
        wanted = self._is_one_of("tier", action.tiers)
        if action.potential != "any":
            wanted = wanted & self._is_one_of("potential", (action.potential,))
        if action.when is not None and wanted.any():
            wanted = wanted & holds(action.when, self.customers, self.cuts)
        return wanted

    def _is_one_of(self, name: str, wanted: Sequence[str]) -> Mask:
        encoded = self.encoded[name]
        hits = pc.is_in(encoded.dictionary, value_set=pa.array(wanted, pa.string()))
        mask: Mask = np.asarray(hits, dtype=np.bool_)[encoded.indices.to_numpy()]
        return mask

    @cached_property
    def encoded(self) -> Mapping[str, pa.DictionaryArray]:
        """The columns that every action of a customer repeats, as codes into texts."""
        few = {name: self.text(name).dictionary_encode() for name in ("tier", "grade", "potential")}
        return {"customer_id": with_codes(self.text("customer_id")), **few}

    def _template(self, text: Text) -> str:
        """Return the text in the run's language, the window filled in."""
        template = text.of(self.config.language)
        window = window_spoken(self.config.period.window, self.config.language)
        if template.startswith(_WINDOW):
            template = window[:1].upper() + window[1:] + template.removeprefix(_WINDOW)
        return template.replace(_WINDOW, window)

    def _spoken(self, chosen: pd.DataFrame) -> Spoken:
        """Return the columns as people say them, tiers by their labels."""
        said = Spoken(chosen, self.config.language, self.config.transactions.currency)
        for name in ("tier", "next_tier", "pending_tier"):
            if name in chosen:
                said[name] = with_codes(self._labels(said[name].dictionary_decode()))
        return said

    def _labels(self, tiers: pa.StringArray) -> pa.StringArray:
        encoded = tiers.dictionary_encode()
        labels = {tier.name: tier.title(self.config.language) for tier in self.config.tiers}
        said = [labels.get(name, name) for name in encoded.dictionary.to_pylist()]
        return pa.array(said, pa.string()).take(encoded.indices)

    def _triggers(self, action: Action, chosen: pd.DataFrame) -> pa.StringArray:
        """Word what of the action's own rule holds, with the customers' figures."""
        if action.when is None:
            return _nothing(len(chosen))
        currency = self.config.transactions.currency
        return wording.reasons(action.when, chosen, self.cuts, self.config.language, currency)

    def _open_since(self, opened: Days) -> pa.StringArray:
        """Say since when an action is open; ``""`` for a new one."""
        if not _any_known(opened):
            return _nothing(len(opened))
        said = spoken(_known(opened), _ISSUED, self.config.language, None)
        return fill(_OPEN_SINCE[self.config.language], {"day": said}, len(said), empty=None)


# ---- the table --------------------------------------------------------------------------------------


def _table(batch: _Batch, playbook: Sequence[Action], chosen: Sequence[_Chosen]) -> pa.Table:
    """Put the actions' parts together, customer by customer."""
    rows = np.concatenate([np.empty(0, np.intp), *(part.rows for part in chosen)])
    # The parts are in the order of the playbook: a stable sort by customer keeps it for each of them.
    order = pa.array(np.argsort(rows, kind="stable"))
    customer = pa.array(rows).take(order)
    codes = np.repeat(np.arange(len(chosen), dtype=np.int32), [len(part.rows) for part in chosen])
    action = pa.array(codes).take(order)

    cells = {name: batch.encoded[name].take(customer) for name in _OF_THE_CUSTOMER}
    cells |= {
        name: pa.DictionaryArray.from_arrays(action, texts)
        for name, texts in _of_the_action(playbook, batch.config, batch.issued).items()
    }
    for name, days in (("issued", [p.opened for p in chosen]), ("due_date", [p.due for p in chosen])):
        cells[name] = _earlier_or(cells[name], np.concatenate([np.empty(0, np.int64), *days])[order])
    cells["briefing"] = _one_after_the_other([part.briefing for part in chosen]).take(order)
    cells["message"] = _one_after_the_other([part.message for part in chosen]).take(order)
    triggers = _concatenated([part.trigger for part in chosen]).take(order)
    cells["reason"] = _beside(batch.text("reason").take(customer), triggers, batch.config.language)
    cells["monetary"] = coded_in_files(batch.customers["monetary"], BY_NAME["monetary"]).take(customer)
    return pa.table({name: cells[name] for name in ACTION_COLUMNS})


def _of_the_action(playbook: Sequence[Action], config: Config, issued: date) -> Mapping[str, pa.StringArray]:
    """Return the columns that are the same for every customer of an action, one cell an action."""
    cells = {
        "action_id": [action.id for action in playbook],
        "action": [action.title.of(config.language) for action in playbook],
        "priority": [str(action.priority) for action in playbook],
        "purpose": [action.purpose for action in playbook],
        "content": [action.content for action in playbook],
        "channel": [action.channel for action in playbook],
        "owner": [action.owner for action in playbook],
        "rank": [action.rank or "" for action in playbook],
        "issued": [issued.isoformat()] * len(playbook),
        "due_date": [due_date(issued, action.due).isoformat() for action in playbook],
    }
    return {name: pa.array(texts, pa.string()) for name, texts in cells.items()}


def _earlier_or(texts: pa.DictionaryArray, days: Days) -> pa.Array:
    """Return the days of actions carried over, and the texts for what is new."""
    if not _any_known(days):
        return texts
    known = in_files(_known(days), _ISSUED)
    return pc.if_else(pc.equal(known, ""), texts.dictionary_decode(), known)


def _beside(first: pa.StringArray, second: pa.StringArray, language: str) -> pa.StringArray:
    """Return two reasons as one, or the one there is."""
    one = pc.or_(pc.equal(first, ""), pc.equal(second, ""))
    return joined(first, pc.if_else(one, "", wording.separator(language)), second)


def _known(days: Days) -> pd.Series[Any]:
    return pd.Series(pd.arrays.IntegerArray(days, days == NEVER))


def _any_known(days: Days) -> bool:
    return bool((days != NEVER).any())


def _concatenated(parts: Sequence[pa.StringArray]) -> pa.StringArray:
    return pa.concat_arrays([_nothing(0), *parts])


def _one_after_the_other(parts: Sequence[pa.DictionaryArray]) -> pa.DictionaryArray:
    """Return the texts of all parts, and the codes into them."""
    firsts = np.cumsum([0, *(len(part.dictionary) for part in parts)])
    codes = [part.indices.to_numpy() + first for part, first in zip(parts, firsts[:-1], strict=True)]
    texts = _concatenated([part.dictionary for part in parts])
    return pa.DictionaryArray.from_arrays(np.concatenate([np.empty(0, np.int32), *codes]), texts)


def _nothing(rows: int) -> pa.StringArray:
    return pa.repeat(pa.scalar("", pa.string()), rows)


def _count_empty(texts: pa.DictionaryArray) -> int:
    empty = np.asarray(pc.equal(texts.dictionary, ""), dtype=np.bool_)
    return int(empty[texts.indices.to_numpy()].sum())
