"""Scans of input files on DuckDB: the SQL that gives the wanted columns of every file as text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clientier.transactions import dates, parquet, sql
from clientier.transactions.dates import DateFormat
from clientier.transactions.prepare import EmptyFile, InputFile, ParquetFile, TextFile
from clientier.transactions.repair import INNER_LINE_END


@dataclass(frozen=True)
class Scan:
    """How files are scanned: the text columns wanted, and how typed values are written as text."""

    texts: Mapping[str, str]  # name wanted, header name
    date_format: DateFormat
    decimal_mark: str
    fields: tuple[str, ...] = ()  # every header name, where whole lines are compared
    digested: bool = False  # they are compared with lines of other readings, by a digest

    def of(self, files: Iterable[InputFile]) -> str:
        """Return one relation over all the files: file (its number) and the texts. Bad lines go to reject_errors."""
        return " UNION ALL ".join(f"({part})" for part in self._parts(files))

    def of_one(self, file: TextFile | ParquetFile) -> str:
        """Return the relation of one file's records in their order, leaving out bad lines."""
        if isinstance(file, ParquetFile):
            return self._of_parquet(file)
        return self._of_texts([file], "ignore_errors = true, parallel = false")

    def _parts(self, files: Iterable[InputFile]) -> Iterable[str]:
        alike: dict[object, list[TextFile]] = defaultdict(list)
        for file in files:
            if isinstance(file, TextFile):
                layout = file.layout
                alike[layout.delimiter, layout.header].append(file)
            elif isinstance(file, ParquetFile):
                yield self._of_parquet(file)
        for group in alike.values():
            yield self._of_texts(group, "store_rejects = true, rejects_limit = 0")

    def _of_texts(self, files: Sequence[TextFile], errors: str) -> str:
        layout = files[0].layout
        columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(layout.header)))
        cells = [_cell(f"c{index}", files) for index in range(len(layout.header))]
        place = dict(zip(reversed(layout.header), reversed(cells), strict=True))
        numbers = [file.number for file in files]
        number = f"{numbers[0]}" if len(files) == 1 else f"{numbers}[CAST(file_index + 1 AS BIGINT)]"
        picked = [f"{place[column]} AS {text}" for text, column in self.texts.items()]
        return f"""SELECT CAST({number} AS INTEGER) AS file, {", ".join([*picked, *self._whole_line(place)])}
            FROM read_csv([{", ".join(path_literal(str(file.path)) for file in files)}], auto_detect = false,
                header = true, delim = {sql.literal(layout.delimiter)}, quote = '"',
                escape = '"', strict_mode = true, compression = 'none', hive_partitioning = false, {errors},
                columns = {{{columns}}})"""

    def _of_parquet(self, file: ParquetFile) -> str:
        typed = {name: parquet.text(name, kind, self.decimal_mark) for name, kind in file.columns.items()}
        date = self.texts["date_text"]
        picked = [
            f"{self._date(file) if column == date else typed[column]} AS {text}"
            for text, column in self.texts.items()
        ]
        return f"""SELECT CAST({file.number} AS INTEGER) AS file, {", ".join([*picked, *self._whole_line(typed)])}
            FROM read_parquet({path_literal(str(file.path))}, hive_partitioning = false, binary_as_string = true)"""

    def _date(self, file: ParquetFile) -> str:
        column = self.texts["date_text"]
        return parquet.date_text(column, file.columns[column], self.date_format.pattern)

    def _whole_line(self, place: Mapping[str, str]) -> list[str]:
        if self.digested:
            return [f"{_digest(place)} AS fields"]
        cells = ", ".join(place.get(field, "NULL::VARCHAR") for field in self.fields)
        return [f"[{cells}] AS fields"] if self.fields else []


def _digest(place: Mapping[str, str]) -> str:
    """Return 128 bits of a line that no other line has: of its filled cells, by the names of their columns."""
    cells = [
        f"{sql.literal(f'{name}=')} || strlen({place[name]}) || ':' || {place[name]}"
        for name in sorted(place)
    ]
    return f"md5_number(concat_ws(chr(31), {', '.join(cells)}))"


def _cell(column: str, files: Sequence[TextFile]) -> str:
    if any(file.repaired.continued for file in files):
        return f"replace({column}, {sql.literal(INNER_LINE_END)}, chr(10))"
    return column


def path_literal(path: str) -> str:
    """Return the path as an SQL string in which no sign stands for others."""
    return sql.literal(re.sub(r"[*?\[]", lambda sign: f"[{sign[0]}]", path))


def all_fields(files: Iterable[InputFile]) -> tuple[str, ...]:
    """Return every header name of the files, sorted."""
    return tuple(sorted({name for file in files if not isinstance(file, EmptyFile) for name in file.header}))


def date_samples(files: Iterable[InputFile], column: str) -> list[list[str]]:
    """Return texts from the head of each file's date column; none for a file whose dates are typed."""
    samples = []
    for file in files:
        if isinstance(file, TextFile):
            at = file.header.index(column)
            samples.append([row[at] for row in file.layout.sample if len(row) > at])
        elif isinstance(file, ParquetFile) and file.columns[column] in (
            parquet.Kind.TEXT,
            parquet.Kind.NUMBER,
        ):
            samples.append(parquet.sample(file.source, column, dates.SAMPLE_ROWS))
    return samples
