"""Row factories: what rows are made of instead of tuples.

A row factory is a callable of the cursor and the tuple, for a connection (new cursors take it over) or a cursor.

>>> import turdb
>>> connection = turdb.connect(row_factory=turdb.dict_row)
>>> connection.execute("select 1 as one, 'two' as two").fetchone()
{'one': 1, 'two': 'two'}
"""

from __future__ import annotations

import collections
import functools
import re
from typing import Any, Dict, Iterator, Tuple, Type, Union

from . import _native

__all__ = ["Row", "dict_row", "namedtuple_row"]


def _names(cursor: _native.Cursor) -> Tuple[str, ...]:
    return tuple(column[0] for column in cursor.description or ())


def dict_row(cursor: _native.Cursor, row: Tuple[Any, ...]) -> Dict[str, Any]:
    """A dict by the names of columns; of equal names the last one counts."""
    return dict(zip(_names(cursor), row))


@functools.lru_cache(maxsize=512)
def _namedtuple(names: Tuple[str, ...]) -> Type[Any]:
    fields = [re.sub(r"\W", "_", name) or "_" for name in names]
    return collections.namedtuple("Row", fields, rename=True)


def namedtuple_row(cursor: _native.Cursor, row: Tuple[Any, ...]) -> Any:
    """A named tuple; a name that is no identifier, or comes twice, becomes ``_3``, its place.

    >>> import turdb
    >>> cursor = turdb.connect().cursor()
    >>> cursor.row_factory = turdb.namedtuple_row
    >>> cursor.execute("select 1 as one").fetchone().one
    1
    """
    return _namedtuple(_names(cursor))._make(row)


class Row:
    """A row that is indexed by number and by name, as ``sqlite3.Row``; names do not care for case.

    >>> import turdb
    >>> row = turdb.connect(row_factory=turdb.Row).execute("select 1 as one, 2 as two").fetchone()
    >>> row["ONE"], row[1], row.keys(), tuple(row)
    (1, 2, ['one', 'two'], (1, 2))
    """

    __slots__ = ("_names", "_values")

    def __init__(self, cursor: _native.Cursor, row: Tuple[Any, ...]) -> None:
        self._names = _names(cursor)
        self._values = row

    def keys(self) -> list[str]:
        """The names of the columns."""
        return list(self._names)

    def __getitem__(self, index: Union[int, str, slice]) -> Any:
        if isinstance(index, str):
            wanted = index.lower()
            for i, name in enumerate(self._names):
                if name.lower() == wanted:
                    return self._values[i]
            raise IndexError(f"no column is called {index!r}")
        return self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return self._names == other._names and self._values == other._values

    def __hash__(self) -> int:
        return hash((self._names, self._values))

    def __repr__(self) -> str:
        return "<Row " + ", ".join(f"{n}={v!r}" for n, v in zip(self._names, self._values)) + ">"
