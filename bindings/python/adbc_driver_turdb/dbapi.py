"""PEP 249 over ADBC, as the packages of other ADBC drivers have it."""

from __future__ import annotations

from typing import Any, Dict, Optional

import adbc_driver_manager
import adbc_driver_manager.dbapi
from adbc_driver_manager.dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Connection,
    Cursor,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,
    apilevel,
    threadsafety,
)

import adbc_driver_turdb

paramstyle = "qmark"

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]


def connect(uri: Optional[str] = None, *, autocommit: bool = False, db_kwargs: Optional[Dict[str, str]] = None) -> Connection:
    """Opens a database and a connection to it; without ``uri`` a new one in memory."""
    database: Any = adbc_driver_turdb.connect(uri, db_kwargs)
    try:
        connection = adbc_driver_manager.AdbcConnection(database)
        return Connection(database, connection, autocommit=autocommit)
    except BaseException:
        database.close()
        raise
