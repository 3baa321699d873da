"""The order of the customers of an output."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames
from clientier.rendering import with_formulas


class Order:
    """Customers stand by monetary descending, then by the bytes of their ids; nobody is there twice."""

    def __init__(self, excel: bool) -> None:
        self._excel = excel
        self._ids: list[pa.Array] = []
        self._last: int | None = None  # the monetary of the last customer so far

    def wrong(self, monetary: np.ndarray, ids: pa.Array) -> np.ndarray:
        """Return the rows of the next batch that should stand before the one above them."""
        first = 0
        if self._last is not None:
            first = 1
            monetary = np.concatenate([[self._last], monetary])
            ids = pa.concat_arrays([self._ids[-1][-1:], ids])
        self._ids.append(ids[first:])
        self._last = int(monetary[-1])
        above, below = monetary[:-1], monetary[1:]
        bad = (below > above) | ((below == above) & ~self._ascending(ids))
        return np.flatnonzero(bad) + 1 - first

    def _ascending(self, ids: pa.Array) -> np.ndarray:
        """Tell where an id is above the one before. With an apostrophe for spreadsheets it may be either of two."""
        readings = [ids, with_formulas(ids)] if self._excel else [ids]
        ascending = np.zeros(len(ids) - 1, dtype=bool)
        for one in readings:
            for other in readings:
                ascending |= pc.less(one[:-1], other[1:]).to_numpy(zero_copy_only=False)
        return ascending

    def repeated(self) -> np.ndarray:
        """Return the rows whose id has been there before."""
        if not self._ids:
            return np.empty(0, dtype=np.intp)
        ids = frames.text_column(pa.concat_arrays([part.cast(pa.large_string()) for part in self._ids]))
        repeated = ids.duplicated().to_numpy()
        if self._excel:  # two ids may look the same with an apostrophe
            repeated = repeated & ~ids.str.startswith("'").to_numpy(dtype=bool)
        return np.flatnonzero(repeated)
