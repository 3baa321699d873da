"""What log lines tell of a command's result, where others would see a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientier.cli.logs import Log

if TYPE_CHECKING:
    from clientier.results import RunResult
    from clientier.store.adding import Added


def log_run(log: Log, result: RunResult) -> None:
    """Tell the rows, the notes, and what was published."""
    summary, rows = result.summary, result.summary["rows"]
    used, excluded = sum(rows["used"].values()), sum(rows["excluded"].values())
    log.event("rows", read=rows["read"], used=used, excluded=excluded, rejected=rows["rejected"])
    for note in (*result.notes, *summary["notes"]):
        log.event("note", text=note)
    log.event(
        "unchanged" if result.unchanged else "published",
        output=result.where,
        as_of=summary["as_of"],
        customers=summary["customers"],
        tiers={tier["tier"]: tier["customers"] for tier in summary["tiers"]},
        actions=sum(tier["actions"] for tier in summary["tiers"]),
    )


def log_added(log: Log, added: Added) -> None:
    """Tell each file that came into the store or was there, what files share, and what they settled."""
    for file in added.files:
        log.event("added", file=file.name, number=file.file, lines=dict(file.outcomes))
    for known in added.skipped:
        log.event("skipped", file=known.name, same_as=known.same_as)
    for found in added.overlaps:
        log.event(
            "overlap",
            "warning",
            file=found.file,
            other=found.other,
            orders=found.order_days,
            lines=found.lines,
            counted=added.overlap,
        )
    if added.settled:
        log.event("settled", **added.settled)
    for note in added.notes:
        log.event("note", text=note)
    log.event("customers", customers=added.customers, new=added.new_customers)
