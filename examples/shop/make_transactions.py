"""Write transactions.csv: two years of a small tea shop, invented, the same bytes on every machine.

Usage: python make_transactions.py > transactions.csv
"""

from __future__ import annotations

import csv
import io
import random
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta

FIRST_DAY = date(2024, 10, 1)
SEED = 5
LAST = 760  # days after FIRST_DAY: 31 October 2026
HEADER = ("order_id", "order_date", "customer_id", "item", "amount")

# item, price in pence
RANGE = (
    ("Assam, loose, 250 g", 895),
    ("Ceylon, 50 bags", 420),
    ("Darjeeling, loose, 125 g", 1150),
    ("Earl Grey, 50 bags", 460),
    ("Jasmine pearls, 100 g", 1290),
    ("Longjing 龙井, 100 g", 1875),
    ("Pu-erh 普洱, cake", 2640),
    ("Rooibos, 80 bags", 540),
    ('Cup "Willow"', 675),
    ("Teapot, cast iron", 3950),
    ("Shortbread", 385),
    ("Honey, 340 g", 620),
)


@dataclass(frozen=True)
class Kind:
    """How one kind of customer buys. Days count from FIRST_DAY."""

    customers: int
    first: tuple[int, int]  # the first order falls between these days
    until: tuple[int, int]  # no order after a day between these
    every: tuple[int, int]  # days between orders
    pieces: int = 2  # most pieces of an item
    sent_back: int = 4  # orders in a hundred of which something comes back
    whole: bool = False  # and then the whole order does


KINDS = {
    "tea room": Kind(6, (0, 60), (LAST, LAST), (18, 30), pieces=6),
    "regular": Kind(30, (0, 300), (LAST, LAST), (32, 64)),
    "fallen silent": Kind(8, (0, 100), (560, 640), (22, 38), pieces=3),
    "choosy": Kind(4, (0, 200), (LAST, LAST), (25, 45), pieces=4, sent_back=45),
    "fading": Kind(6, (300, 380), (560, 610), (30, 50)),
    "occasional": Kind(100, (0, 500), (LAST, LAST), (100, 280)),
    "once": Kind(55, (0, 660), (0, 0), (1, 1)),
    "lapsed": Kind(40, (0, 100), (200, 390), (60, 150)),
    "new": Kind(14, (731, 757), (0, 0), (1, 1)),
    "fresh": Kind(18, (672, 728), (0, 0), (1, 1)),
    "fresh and back": Kind(8, (672, 715), (LAST, LAST), (12, 25)),
    "disappointed": Kind(7, (600, 740), (0, 0), (1, 1), sent_back=100, whole=True),
    "returner": Kind(4, (300, 380), (LAST, LAST), (35, 70), sent_back=80, whole=True),
}
NAMED = ("王记茶楼", "聚福园", "TEAROOM-03", "TEAROOM-04", "TEAROOM-05", "陈淑芬", "欧阳兰")
STAFF, TEST = "00001", "TEST"
FORGOTTEN = 40  # the refund of every bill with such a number is typed without its minus

# Lines as a till sometimes writes them, at the end of their bill: a day that is none, no amount, an item with
# bare commas, the letter O for a zero, a line cut off.
UNREADABLE = (
    "100250,2025-02-30,00152,Shortbread,3.85",
    '100466,2025-06-17,00103,"Ceylon, 50 bags",n/a',
    "100770,2025-11-03,00070,Assam, loose, 250 g,8.95",
    '101056,2026-03-12,TEAROOM-04,"Earl Grey, 50 bags",4.6O',
    "101261,2026-06-28,00185",
)


@dataclass
class Order:
    """One bill: its lines are items and pence."""

    day: int
    customer: str
    lines: list[tuple[str, int]] = field(default_factory=list)
    back_on: int | None = None  # the day something of it came back
    whole: bool = False


class Dice:
    """Whole numbers by chance, from one seed. ``random()`` is all that every Python draws alike."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # an invented shop needs no secrets

    def between(self, low: int, high: int) -> int:
        """Return a number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def percent(self, chance: int) -> bool:
        """Return True so many times in a hundred."""
        return self.between(1, 100) <= chance


def order_days(dice: Dice, kind: Kind) -> list[int]:
    """Return the days on which one customer of this kind buys."""
    day = dice.between(*kind.first)
    until = max(day, dice.between(*kind.until))
    days = []
    while day <= until:
        days.append(day)
        day += dice.between(*kind.every)
    return days


def bill(dice: Dice, day: int, customer: str, kind: Kind) -> Order:
    """Return one order with one to three lines, sometimes with a coupon, sometimes to come back."""
    order = Order(day, customer, whole=kind.whole)
    for _ in range(dice.between(1, 3)):
        item, price = RANGE[dice.between(0, len(RANGE) - 1)]
        order.lines.append((item, price * dice.between(1, kind.pieces)))
    if not kind.whole and sum(pence for _, pence in order.lines) >= 3000 and dice.percent(20):
        order.lines.append(("Coupon", -500))
    if dice.percent(kind.sent_back):
        order.back_on = min(day + dice.between(3, 15), LAST)
    return order


def customer_ids(dice: Dice) -> list[str]:
    """Return an id for each customer: the named ones first, then card numbers with their leading zeros."""
    cards = [f"{number:05}" for number in range(2, 2 + sum(kind.customers for kind in KINDS.values()))]
    for last in range(len(cards) - 1, 0, -1):
        other = dice.between(0, last)
        cards[last], cards[other] = cards[other], cards[last]
    return [*NAMED, *cards]


def make_orders(dice: Dice) -> list[Order]:
    """Return every order of the shop, by day: customers, counter sales, staff and the test account."""
    ids = iter(customer_ids(dice))
    buyers = [(next(ids), kind) for kind in KINDS.values() for _ in range(kind.customers)]
    orders = [bill(dice, day, buyer, kind) for buyer, kind in buyers for day in order_days(dice, kind)]

    anyone = KINDS["once"]
    orders += [bill(dice, dice.between(0, LAST), "", anyone) for _ in range(60)]
    orders += [bill(dice, dice.between(0, LAST), STAFF, anyone) for _ in range(25)]
    orders += [Order(day, TEST, [("Test", 1)]) for day in (14, 200, 447)]
    orders.append(bill(dice, LAST, NAMED[5], anyone))
    for order in orders[40::400]:
        order.lines += [(item, -pence) for item, pence in order.lines]  # voided at the till, the same day
        order.back_on = None
    return sorted(orders, key=lambda order: order.day)


def table_lines(dice: Dice, orders: list[Order]) -> list[tuple[str, ...]]:
    """Return the lines of the file, by day. Bills count from 100001; bill 100236 comes back as R100236."""
    rows = []
    for number, order in enumerate(orders, start=100_001):
        rows += [(order.day, str(number), order.customer, *line) for line in order.lines]
        if order.back_on is not None:
            bought = [line for line in order.lines if line[1] > 0]
            back = order.lines if order.whole else [bought[dice.between(0, len(bought) - 1)]]
            minus = 1 if number % FORGOTTEN == 0 else -1
            rows += [
                (order.back_on, f"R{number}", order.customer, item, minus * pence) for item, pence in back
            ]
    rows.sort(key=lambda row: row[0])
    return [
        (number, (FIRST_DAY + timedelta(days=day)).isoformat(), customer, item, money(pence))
        for day, number, customer, item, pence in rows
    ]


def money(pence: int) -> str:
    """Return 1234 as 12.34."""
    sign = "-" if pence < 0 else ""
    return f"{sign}{abs(pence) // 100}.{abs(pence) % 100:02}"


def transactions() -> str:
    """Return the whole file."""
    dice = Dice(SEED)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(table_lines(dice, make_orders(dice)))
    lines = text.getvalue().splitlines(keepends=True)
    for line in UNREADABLE:
        bill_id = line.split(",")[0]
        end = max(number for number, other in enumerate(lines, start=1) if other.startswith(bill_id))
        lines.insert(end, line + "\n")
    return "".join(lines)


if __name__ == "__main__":
    sys.stdout.buffer.write(transactions().encode())
