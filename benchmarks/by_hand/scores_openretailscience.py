"""The scores alone, by openretailscience: its RFM segmentation on an Ibis table of DuckDB, as its documentation shows.

python benchmarks/by_hand/scores_openretailscience.py LINES OUT

It is told the last day, as it has to be: by itself it counts from today. The rest is documented too: filter to the
period first, leave everything in the database. Five segments instead of its ten.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ibis
from openretailscience.segmentation.rfm import RFMSegmentation

AS_OF = "2026-09-26"  # the last day of lines.py
AFTER = "2025-09-26"
COLUMNS = {
    "customer_id": "VARCHAR",
    "transaction_id": "VARCHAR",
    "transaction_date": "DATE",
    "unit_spend": "DOUBLE",
}


def main() -> None:
    """Write what the segmentation says; its columns are named as everybody else's."""
    source, out = map(Path, sys.argv[1:])
    lines = ibis.duckdb.connect().read_csv(
        source, columns=COLUMNS, auto_detect=False, header=True, delim=",", quote='"'
    )
    year = lines.filter(lines.transaction_date > AFTER)
    rfm = RFMSegmentation(year, current_date=AS_OF, r_segments=5, f_segments=5, m_segments=5)
    out.mkdir(parents=True)
    names = {"recency_score": "r_score", "frequency_score": "f_score", "monetary_score": "m_score"}
    rfm.table.rename(names).to_csv(out / "scores.csv")


if __name__ == "__main__":
    main()
