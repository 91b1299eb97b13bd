"""TurDB, an embedded database: PEP 249, and what Python users expect beyond it.

>>> import turdb
>>> with turdb.connect() as connection:
...     _ = connection.execute("create table city(name text primary key, people bigint)")
...     _ = connection.executemany("insert into city values (?, ?)", [("Lagos", 15388000), ("Abuja", 3652000)])
...     connection.execute("select name from city where people > ?", [5_000_000]).fetchall()
[('Lagos',)]
"""

from __future__ import annotations

from . import _native, errors
from ._arrow import ANY_AS_TEXT, NUMERIC_AS_DOUBLE, STRING_VIEWS
from ._connection import Connection, Cursor, Database, Savepoint, Transaction, connect, options, recover, register_adapter
from ._types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Column,
    Date,
    DateFromTicks,
    Interval,
    Json,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Type,
)
from .errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    Interrupted,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SerializationError,
    Warning,
)
from .rows import Row, dict_row, namedtuple_row

_native.set_error_factory(errors._make)

apilevel = "2.0"
#: Threads may share the module and databases; a connection is for one thread at a time.
threadsafety = 1
#: ``?`` with a sequence; ``:name`` with a mapping works as well.
paramstyle = "qmark"

__version__ = "0.1.0"
#: Of the library inside: "0.1.0", 1000, and what it was built from.
library_version: str = _native.turdb_version()
library_version_number: int = _native.turdb_version_number()
library_source_id: str = _native.turdb_source_id()

__all__ = [
    "ANY_AS_TEXT",
    "BINARY",
    "DATETIME",
    "NUMBER",
    "NUMERIC_AS_DOUBLE",
    "ROWID",
    "STRING",
    "STRING_VIEWS",
    "Binary",
    "Column",
    "Connection",
    "Cursor",
    "DataError",
    "Database",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Interrupted",
    "Interval",
    "Json",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Row",
    "Savepoint",
    "SerializationError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Transaction",
    "Type",
    "Warning",
    "apilevel",
    "connect",
    "dict_row",
    "errors",
    "library_source_id",
    "library_version",
    "library_version_number",
    "namedtuple_row",
    "options",
    "paramstyle",
    "recover",
    "register_adapter",
    "threadsafety",
]
