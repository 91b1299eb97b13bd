"""Not run: mypy --strict reads it, as a program of a user (test_documentation.py)."""

import datetime
import pathlib
from typing import Any, List, Optional, Tuple

import turdb
import turdb.aio


def sessions(path: pathlib.Path) -> int:
    with turdb.connect(path, autocommit=True, memory_limit="64MB", read_only=False) as connection:
        cursor: turdb.Cursor = connection.execute("select ?", [1])
        rows: List[Any] = cursor.fetchall()
        for row in cursor.execute("select :a", {"a": datetime.date.today()}):
            print(row)
        name: Optional[str] = cursor.description[0].name if cursor.description else None
        print(name, rows)
        with connection.transaction(), connection.savepoint("s") as savepoint:
            savepoint.rollback()
        connection.row_factory = turdb.dict_row
        connection.executemany("insert into t values (?)", ((i,) for i in range(3)))
        connection.set_progress_handler(lambda: False, 0.5)
        return cursor.rowcount


def databases() -> Tuple[int, List[str]]:
    with turdb.Database(":memory:", threads=1) as database:
        problems: List[str] = database.check()
        return database.memory_used, problems


def failures() -> Optional[str]:
    try:
        turdb.connect()
    except turdb.SerializationError as error:
        return error.sqlstate if error.can_retry else error.hint
    return None


async def later() -> Any:
    async with turdb.aio.connect() as connection:
        async with connection.execute("select 1") as cursor:
            async for row in cursor:
                return row
        other = await connection.execute("select 2")
        return await other.fetchone()
