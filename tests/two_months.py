"""A shop in September and in October 2026, small enough to work out by hand.

key takes the top tenth by spend with two orders, ordinary takes 100.00, small the rest; window 12 months.

customer  September                          October                              movement
ann       2 orders, 1,200.00: key            the same: the border is 3,000.00     down, threshold: ordinary
bob       2 orders, 110.00: ordinary         1 (60.00) is left in the window      down: small
cat       1 order, 30.00: small              another of 200.00                    up: ordinary
dot       1 order, 40.00: small              it leaves the window                 lost: small
eli       none (500.00 in 2024): small       1 order, 20.00                       returned: small
fox       -                                  2 orders, 3,000.00                   new: key
gil       1 order, 25.00: small              not in the files any more            lost
hob       1 order, 120.00: ordinary          the same                             none

Of 6 purchasers the top tenth is 1: from 1,200.00 in September, from 3,000.00 in October.
"""

from __future__ import annotations

from pathlib import Path

SEPTEMBER = """\
customer_id,order_id,order_date,amount
ann,1,2026-08-10,600.00
ann,2,2026-09-10,600.00
bob,3,2025-10-05,50.00
bob,4,2026-07-01,60.00
cat,5,2026-05-01,30.00
dot,6,2025-10-10,40.00
eli,7,2024-01-01,500.00
gil,8,2026-01-15,25.00
hob,9,2026-06-01,120.00
"""
OCTOBER = """\
cat,10,2026-10-02,200.00
eli,11,2026-10-05,20.00
fox,12,2026-10-10,1500.00
fox,13,2026-10-20,1500.00
"""
CONFIG = """\
transactions:
  columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}
tiers:
  - name: key
    label: {en: Key, zh: 关键客户}
    when: {customer_share: "<= 0.1", frequency: ">= 2"}
  - name: ordinary
    label: {en: Ordinary, zh: 普通客户}
    when: {monetary: ">= 100"}
  - name: small
    label: {en: Small, zh: 小客户}
    otherwise: true
actions:
  - id: call
    title: {en: Call, zh: 致电}
    tiers: [key, ordinary]
    purpose: internal
    channel: phone
    owner: account_manager
    due: 3 business days
"""
MOVEMENTS = {
    # customer: from, to, movement, cause as folders tell it
    "fox": ("", "key", "new", "metrics"),
    "ann": ("key", "ordinary", "down", "threshold"),
    "cat": ("small", "ordinary", "up", "metrics"),
    "bob": ("ordinary", "small", "down", "metrics"),
    "eli": ("small", "small", "returned", "metrics"),
    "dot": ("small", "small", "lost", "metrics"),
    "gil": ("small", "", "lost", "metrics"),
}


def write_months(folder: Path) -> tuple[Path, Path, Path]:
    """Write the files of both months and the config; gil is in September's alone."""
    september, october, config = folder / "2026-09.csv", folder / "2026-10.csv", folder / "clientier.yaml"
    september.write_text(SEPTEMBER, encoding="utf-8")
    without_gil = "".join(line for line in SEPTEMBER.splitlines(True) if not line.startswith("gil"))
    october.write_text(without_gil + OCTOBER, encoding="utf-8")
    config.write_text(CONFIG, encoding="utf-8")
    return september, october, config
