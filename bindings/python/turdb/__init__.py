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
from ._blob import Blob
from ._connection import (
    Connection,
    Cursor,
    Database,
    Savepoint,
    Snapshot,
    Transaction,
    connect,
    metrics,
    options,
    recover,
    register_adapter,
)
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

#: What an authorizer answers.
ALLOW: int = _native.TURDB_ALLOW
DENY: int = _native.TURDB_DENY
IGNORE: int = _native.TURDB_IGNORE
#: What an authorizer is asked about.
ACTION_READ: int = _native.TURDB_ACTION_READ
ACTION_INSERT: int = _native.TURDB_ACTION_INSERT
ACTION_UPDATE: int = _native.TURDB_ACTION_UPDATE
ACTION_DELETE: int = _native.TURDB_ACTION_DELETE
ACTION_FUNCTION: int = _native.TURDB_ACTION_FUNCTION
ACTION_CREATE: int = _native.TURDB_ACTION_CREATE
ACTION_ALTER: int = _native.TURDB_ACTION_ALTER
ACTION_DROP: int = _native.TURDB_ACTION_DROP
ACTION_TRANSACTION: int = _native.TURDB_ACTION_TRANSACTION
ACTION_SETTING: int = _native.TURDB_ACTION_SETTING
ACTION_FILE: int = _native.TURDB_ACTION_FILE
ACTION_MAINTENANCE: int = _native.TURDB_ACTION_MAINTENANCE
#: Limits of a connection (getlimit, setlimit).
LIMIT_SQL_BYTES: int = _native.TURDB_LIMIT_SQL_BYTES
LIMIT_NESTING_DEPTH: int = _native.TURDB_LIMIT_NESTING_DEPTH
LIMIT_PARAMETERS: int = _native.TURDB_LIMIT_PARAMETERS
LIMIT_COLUMNS: int = _native.TURDB_LIMIT_COLUMNS
LIMIT_FUNCTION_ARGUMENTS: int = _native.TURDB_LIMIT_FUNCTION_ARGUMENTS
LIMIT_TRIGGER_DEPTH: int = _native.TURDB_LIMIT_TRIGGER_DEPTH
LIMIT_VALUE_BYTES: int = _native.TURDB_LIMIT_VALUE_BYTES

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
    "ACTION_ALTER",
    "ACTION_CREATE",
    "ACTION_DELETE",
    "ACTION_DROP",
    "ACTION_FILE",
    "ACTION_FUNCTION",
    "ACTION_INSERT",
    "ACTION_MAINTENANCE",
    "ACTION_READ",
    "ACTION_SETTING",
    "ACTION_TRANSACTION",
    "ACTION_UPDATE",
    "ALLOW",
    "ANY_AS_TEXT",
    "BINARY",
    "DATETIME",
    "DENY",
    "IGNORE",
    "LIMIT_COLUMNS",
    "LIMIT_FUNCTION_ARGUMENTS",
    "LIMIT_NESTING_DEPTH",
    "LIMIT_PARAMETERS",
    "LIMIT_SQL_BYTES",
    "LIMIT_TRIGGER_DEPTH",
    "LIMIT_VALUE_BYTES",
    "NUMBER",
    "NUMERIC_AS_DOUBLE",
    "ROWID",
    "STRING",
    "STRING_VIEWS",
    "Binary",
    "Blob",
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
    "Snapshot",
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
    "metrics",
    "options",
    "paramstyle",
    "recover",
    "register_adapter",
    "threadsafety",
]
