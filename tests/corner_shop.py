"""A shop of four customers, small enough to work out by hand, and the summary of a larger one.

customer  orders inside the window       net spend  days since the last   tier
0012      10 Jan, 10 Feb, 10 Mar 2026    900.00     21                    key
00034     31 Mar 2026                    80.00      0                     ordinary
=7        31 Dec 2025                    20.00      90                    small
王小明     none (5 May 2024)              0.00       695                   small
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

TRANSACTIONS = """\
customer_id,order_id,order_date,amount
0012,A1,2026-01-10,300.00
0012,A2,2026-02-10,300.00
0012,A3,2026-03-10,300.00
00034,A4,2026-03-31,80.00
=7,A5,2025-12-31,20.00
王小明,A6,2024-05-05,50.00
0012,A7,2026-03-11,N/A
,A8,2026-03-12,5.00
"""
CONFIG = """\
transactions:
  columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}
  currency: GBP
  max_reject_rate: 0.5
scores:
  levels: 5
  recency: [30, 60, 120, 365]
  frequency: [2, 3, 4, 5]
  monetary: [50, 100, 500, 1000]
"""


def write_shop(folder: Path) -> tuple[str, str]:
    """Write the shop's transactions and config; return their names."""
    sales, config = folder / "sales.csv", folder / "clientier.yaml"
    sales.write_text(TRANSACTIONS, encoding="utf-8")
    config.write_text(CONFIG, encoding="utf-8")
    return str(sales), str(config)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def scored(*customers: int) -> list[dict[str, Any]]:
    """Return how many customers have score 1, 2, ..."""
    return [{"score": score, "customers": count, "share": "0.2"} for score, count in enumerate(customers, 1)]


def summary(language: str = "en", **changes: Any) -> dict[str, Any]:
    """Return the summary of a run: 1,000 customers, 40,000.00 in money, 5,000 lines."""
    chinese = language == "zh"
    tiers = [
        ("key", "关键客户" if chinese else "Key", 200, "30000.00", 250),
        ("ordinary", "普通客户" if chinese else "Ordinary", 300, "9000.00", 300),
        ("small", "小客户" if chinese else "Small", 499, "1010.00", 400),
        ("eliminate", "待复核客户" if chinese else "For review", 1, "-10.00", 1),
    ]
    return {
        "as_of": "2026-10-31",
        "issued": "2026-11-02",
        "window": {"period": "12 months", "after": "2025-10-31", "through": "2026-10-31"},
        "currency": "GBP",
        "language": language,
        "metrics": {"frequency": "purchases", "monetary": "net"},
        "rows": {
            "read": 5000,
            "used": {"in_window": 3500, "before_window": 500},
            "excluded": {"dropped:bad_debt": 3, "no_customer": 987},
            "rejected": 10,
        },
        "money": {"lines": "40000.00", "customers": "40000.00"},
        "customers": 1000,
        "tiers": [
            {
                "tier": tier,
                "label": label,
                "customers": customers,
                "customer_share": "0",
                "monetary": monetary,
                "monetary_share": "0",
                "actions": actions,
            }
            for tier, label, customers, monetary, actions in tiers
        ],
        "actions": [
            {
                "action_id": "welcome",
                "action": "新客欢迎" if chinese else "Welcome",
                "tiers": ["ordinary", "small"],
                "customers": 13,
                "withheld": 2,
            }
        ],
        "potential": {"yes": 150, "no": 850},
        "thresholds": {
            "recency_days": [17, 38, 38, 181],
            "frequency": [2, 3, 6, None],
            "monetary": ["250.30", "480.00", "942.345", "2056.78"],
        },
        "cuts": [
            {"column": "customer_share", "share": "0.2", "monetary": "1900.00"},
            {"column": "value_share", "share": "0.8", "monetary": None},
        ],
        "scores": {
            "recency_score": scored(300, 100, 0, 400, 200),
            "frequency_score": scored(500, 300, 150, 50, 0),
            "monetary_score": scored(200, 200, 200, 200, 200),
        },
        "drift": None,
        "falling": [],
        "movements": None,
        "notes": [],
    } | changes
