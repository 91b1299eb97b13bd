"""TurDB with asyncio: connections whose statements run in a thread of their own.

The calls are those of :mod:`turdb`, to be awaited. A task that is cancelled interrupts its statement, and is over when the
statement has stopped: nothing of it goes on behind the program's back.

>>> import asyncio, turdb.aio
>>> async def main():
...     async with turdb.aio.connect() as connection:
...         await connection.execute("create table t(a int)")
...         await connection.executemany("insert into t values (?)", [(1,), (2,)])
...         async with connection.execute("select a from t order by a") as cursor:
...             return [row async for row in cursor]
>>> asyncio.run(main())
[(1,), (2,)]
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import weakref
from types import TracebackType
from typing import (
    Any,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Generic,
    Iterable,
    List,
    Optional,
    Tuple,
    Type,
    TypeVar,
    Union,
)

import turdb
from turdb._connection import Option, Parameters, RowFactory

__all__ = ["Connection", "Cursor", "connect"]

_T = TypeVar("_T")


class _Opening(Generic[_T]):
    """What may be awaited, or entered with ``async with``: a connection or a cursor to be."""

    def __init__(self, coroutine: Coroutine[Any, Any, _T]) -> None:
        self._coroutine = coroutine
        self._made: Any = None

    def __await__(self) -> Generator[Any, None, _T]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> _T:
        made = await self._coroutine
        self._made = made
        return made

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        await self._made.__aexit__(kind, error, traceback)


class Cursor:
    """A cursor of an asyncio connection; ``async for`` gives its rows."""

    def __init__(self, connection: Connection, cursor: turdb.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor

    async def execute(self, sql: str, parameters: Optional[Parameters] = None) -> Cursor:
        """Runs one statement."""
        await self._connection._run(self._cursor.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, rows: Iterable[Parameters]) -> Cursor:
        """Runs a statement that changes data for each of the rows: all of them or, when one fails, none."""
        await self._connection._run(self._cursor.executemany, sql, rows)
        return self

    async def fetchone(self) -> Any:
        """The next row, or None."""
        return await self._connection._run(self._cursor.fetchone)

    async def fetchmany(self, size: Optional[int] = None) -> List[Any]:
        """The next rows, at most ``size``."""
        return await self._connection._run(self._cursor.fetchmany, self._cursor.arraysize if size is None else size)

    async def fetchall(self) -> List[Any]:
        """All rows that are left."""
        return await self._connection._run(self._cursor.fetchall)

    async def close(self) -> None:
        """Ends the statement."""
        await self._connection._run(self._cursor.close)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            rows = await self.fetchmany(256)
            if not rows:
                return
            for row in rows:
                yield row

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        if not self._connection.closed:
            await self.close()

    @property
    def connection(self) -> Connection:
        """The connection that it belongs to."""
        return self._connection

    @property
    def description(self) -> Optional[Tuple[turdb.Column, ...]]:
        """As :attr:`turdb.Cursor.description`."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """Rows that the last statement changed; -1 for a query."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> Optional[int]:
        """The integer key of the row that this cursor inserted last."""
        return self._cursor.lastrowid

    @property
    def row_factory(self) -> Optional[RowFactory]:
        """What rows are made by."""
        return self._cursor.row_factory

    @row_factory.setter
    def row_factory(self, factory: Optional[RowFactory]) -> None:
        self._cursor.row_factory = factory


class Connection:
    """A connection whose calls run one after another in a thread of its own."""

    def __init__(self, connection: turdb.Connection, executor: concurrent.futures.ThreadPoolExecutor) -> None:
        self._connection = connection
        self._executor = executor
        self._finalizer = weakref.finalize(self, executor.shutdown, wait=False)

    async def _run(self, call: Callable[..., _T], *arguments: Any) -> _T:
        loop = asyncio.get_running_loop()
        started = concurrent.futures.Future[None]()
        future = loop.run_in_executor(self._executor, functools.partial(_call, started, call, arguments))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # Not before its turn: the interrupt is for this call, not for the one that runs.
            while not future.done():
                if not started.cancel():
                    self._connection.interrupt()
                await asyncio.wait([future], timeout=0.02)
            if not future.cancelled():
                future.exception()  # it is known
            raise

    def execute(self, sql: str, parameters: Optional[Parameters] = None) -> _Opening[Cursor]:
        """Runs one statement with a new cursor: ``await`` it, or use it in ``async with``."""

        async def run() -> Cursor:
            return Cursor(self, await self._run(self._connection.execute, sql, parameters))

        return _Opening(run())

    async def executemany(self, sql: str, rows: Iterable[Parameters]) -> Cursor:
        """Runs a statement that changes data for each of the rows: all of them or, when one fails, none."""
        return Cursor(self, await self._run(self._connection.executemany, sql, rows))

    async def executescript(self, script: str) -> None:
        """Runs every statement of a script."""
        await self._run(self._connection.executescript, script)

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self, self._connection.cursor())

    async def commit(self) -> None:
        """Commits the transaction, if one is open."""
        await self._run(self._connection.commit)

    async def rollback(self) -> None:
        """Takes the changes of the open transaction back."""
        await self._run(self._connection.rollback)

    def interrupt(self) -> None:
        """Stops the statement that runs."""
        self._connection.interrupt()

    async def close(self) -> None:
        """Ends the session, and its thread."""
        if not self._connection.closed:
            await self._run(self._connection.close)
        self._finalizer()

    @property
    def closed(self) -> bool:
        """Whether the connection was closed."""
        return self._connection.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    @property
    def row_factory(self) -> Optional[RowFactory]:
        """What rows of new cursors are made by."""
        return self._connection.row_factory

    @row_factory.setter
    def row_factory(self, factory: Optional[RowFactory]) -> None:
        self._connection.row_factory = factory

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        if not self.closed:
            await self._run(self._connection.__exit__, kind, error, traceback)
        await self.close()


def _call(started: concurrent.futures.Future[None], call: Callable[..., _T], arguments: Tuple[Any, ...]) -> _T:
    if not started.set_running_or_notify_cancel():
        raise turdb.Interrupted("the call was cancelled before it began")
    return call(*arguments)


def connect(
    database: Union[str, os.PathLike[str]] = ":memory:",
    *,
    autocommit: bool = False,
    row_factory: Optional[RowFactory] = None,
    cached_statements: int = 128,
    **options: Option,
) -> _Opening[Connection]:
    """As :func:`turdb.connect`: ``await`` it, or use it in ``async with``, which commits, or rolls back, and closes."""

    async def run() -> Connection:
        executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="turdb")
        open_it = functools.partial(
            turdb.connect,
            database,
            autocommit=autocommit,
            row_factory=row_factory,
            cached_statements=cached_statements,
            **options,
        )
        try:
            connection = await asyncio.get_running_loop().run_in_executor(executor, open_it)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return Connection(connection, executor)

    return _Opening(run())


