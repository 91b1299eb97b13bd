"""Types of columns, and the Python types that TurDB adds to those of the standard library."""

from __future__ import annotations

import array
import datetime
import enum
import re
import struct
import time as _time
from typing import Any, FrozenSet, Iterator, Optional, Tuple, Union

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Column",
    "Date",
    "DateFromTicks",
    "Interval",
    "Json",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Type",
]


class Type(enum.IntEnum):
    """The ``type_code`` of a column: TURDB_TYPE_* of turdb.h.

    >>> import turdb
    >>> turdb.connect().execute("select 1").description[0].type_code
    <Type.INT32: 4>
    """

    NULL = 0
    BOOL = 1
    INT8 = 2
    INT16 = 3
    INT32 = 4
    INT64 = 5
    INT128 = 6
    UINT8 = 7
    UINT16 = 8
    UINT32 = 9
    UINT64 = 10
    FLOAT = 12
    DOUBLE = 13
    DECIMAL = 14
    TEXT = 15
    BLOB = 16
    DATE = 17
    TIME = 18
    TIMESTAMP = 19
    TIMESTAMPTZ = 20
    INTERVAL = 21
    UUID = 22
    ANY = 23
    ENUM = 24
    JSON = 25
    JSONB = 26
    ARRAY = 27
    STRUCT = 28
    MAP = 29
    INET = 30
    CIDR = 31
    MACADDR = 32
    BITS = 33
    RANGE = 34
    VECTOR = 35


def make_vector(element: int, data: bytes) -> Any:
    """A vector's elements as they lie in a packed row: an array of numpy, of ``array`` where there is no numpy.

    ``element`` is TURDB_VECTOR_* of turdb.h. The array cannot be written to.
    """
    try:
        import numpy
    except ImportError:
        return _vector_without_numpy(element, data)
    if element == 3:
        bits = numpy.frombuffer(data, dtype=numpy.uint8, count=len(data) - 1)
        return numpy.unpackbits(bits, count=(len(bits) - 1) * 8 + data[-1], bitorder="little").astype(bool)
    return numpy.frombuffer(data, dtype=(numpy.float32, numpy.float16, numpy.int8)[element])


def _vector_without_numpy(element: int, data: bytes) -> Any:
    if element == 1:
        return array.array("f", (half for (half,) in struct.iter_unpack("<e", data)))
    if element == 3:
        count = (len(data) - 2) * 8 + data[-1]
        return array.array("b", (data[i // 8] >> i % 8 & 1 for i in range(count)))
    return array.array("f" if element == 0 else "b", data)


class _TypeGroup:
    """A type object of PEP 249: equal to the type codes of its group.

    >>> import turdb
    >>> turdb.connect().execute("select 1.5").description[0].type_code == turdb.NUMBER
    True
    """

    def __init__(self, name: str, *types: Type) -> None:
        self._name = name
        self._types: FrozenSet[int] = frozenset(types)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _TypeGroup):
            return self._types == other._types
        return isinstance(other, int) and other in self._types

    def __hash__(self) -> int:
        return hash(self._types)

    def __repr__(self) -> str:
        return "turdb." + self._name


STRING = _TypeGroup("STRING", Type.TEXT, Type.ENUM, Type.JSON, Type.JSONB, Type.UUID)
BINARY = _TypeGroup("BINARY", Type.BLOB)
NUMBER = _TypeGroup(
    "NUMBER",
    Type.BOOL,
    Type.INT8,
    Type.INT16,
    Type.INT32,
    Type.INT64,
    Type.INT128,
    Type.UINT8,
    Type.UINT16,
    Type.UINT32,
    Type.UINT64,
    Type.FLOAT,
    Type.DOUBLE,
    Type.DECIMAL,
)
DATETIME = _TypeGroup("DATETIME", Type.DATE, Type.TIME, Type.TIMESTAMP, Type.TIMESTAMPTZ, Type.INTERVAL)
ROWID = _TypeGroup("ROWID", Type.INT64)

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime


def DateFromTicks(ticks: float) -> datetime.date:
    """The local date, ``ticks`` seconds after 1970-01-01 00:00 UTC."""
    return datetime.date(*_time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:
    """The local time of day, ``ticks`` seconds after 1970-01-01 00:00 UTC."""
    return datetime.time(*_time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    """The local time, ``ticks`` seconds after 1970-01-01 00:00 UTC."""
    return datetime.datetime(*_time.localtime(ticks)[:6])


def Binary(data: Union[bytes, bytearray, memoryview]) -> bytes:
    """Bytes to be bound as a blob."""
    return bytes(data)


class Column(Tuple[str, Type, None, None, Optional[int], Optional[int], Optional[bool]]):
    """A column of a description: a tuple of seven, as PEP 249 has it, with names.

    >>> import turdb
    >>> column = turdb.connect().execute("select 1.50::decimal(10,2) as price").description[0]
    >>> column.name, column.precision, column.scale, column.declared_type
    ('price', 10, 2, 'numeric(10,2)')
    """

    declared_type: str

    @property
    def name(self) -> str:
        return self[0]

    @property
    def type_code(self) -> Type:
        return self[1]

    @property
    def precision(self) -> Optional[int]:
        return self[4]

    @property
    def scale(self) -> Optional[int]:
        return self[5]

    @property
    def null_ok(self) -> Optional[bool]:
        """False: it is never None. True: it comes from a column that can be NULL. None: nothing is known."""
        return self[6]


_DECIMAL = re.compile(r"\((\d+),(\d+)\)$")


def make_column(name: str, code: int, declared_type: str, null_ok: Optional[bool]) -> Column:
    try:
        type_code = Type(code)
    except ValueError:  # of a newer library: it is read as text
        type_code = Type.TEXT
    precision = scale = None
    if type_code is Type.DECIMAL:
        match = _DECIMAL.search(declared_type)
        if match is not None:
            precision, scale = int(match.group(1)), int(match.group(2))
    column = Column((name, type_code, None, None, precision, scale, null_ok))
    column.declared_type = declared_type
    return column


class Interval:
    """A span of time with months, whose length varies.

    A span without months is a :class:`datetime.timedelta`, in both directions. Two intervals are equal when their
    parts are.

    >>> Interval(months=14, days=3, microseconds=500)
    Interval(months=14, days=3, microseconds=500)
    >>> import turdb
    >>> turdb.connect().execute("select date '2024-01-31' + ?::interval", [Interval(months=1)]).fetchone()[0].date()
    datetime.date(2024, 2, 29)
    """

    __slots__ = ("days", "microseconds", "months")

    def __init__(self, months: int = 0, days: int = 0, microseconds: int = 0) -> None:
        self.months = months
        self.days = days
        self.microseconds = microseconds

    def __iter__(self) -> Iterator[int]:
        return iter((self.months, self.days, self.microseconds))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Interval):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Interval(months={self.months}, days={self.days}, microseconds={self.microseconds})"

    def timedelta(self, days_per_month: int = 30) -> datetime.timedelta:
        """The span with months of so many days."""
        return datetime.timedelta(days=self.months * days_per_month + self.days, microseconds=self.microseconds)


class Json:
    """A value to be bound as JSON. A dict is without it; lists are arrays and strings are text unless they are wrapped.

    >>> import turdb
    >>> turdb.connect().execute("select ?, ?", [Json([1, "two", None]), {"a": 1}]).fetchone()
    ([1, 'two', None], {'a': 1})
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Json({self.value!r})"
