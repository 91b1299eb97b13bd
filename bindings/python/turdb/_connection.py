"""Databases, connections and cursors: the idiom over the generated layer and the C of turdb._native."""

from __future__ import annotations

import atexit
import importlib
import os
import weakref
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

from . import _arrow, _functions, _native, errors
from ._blob import Blob
from .errors import ProgrammingError

__all__ = ["Connection", "Cursor", "Database", "Parameters", "Savepoint", "Snapshot", "Transaction", "connect"]

Parameters = Union[Sequence[Any], Mapping[str, Any]]
RowFactory = Callable[..., Any]
Option = Union[str, int, float, bool]

_Self = TypeVar("_Self")


def _options(options: Mapping[str, Option]) -> Any:
    """Options of turdb.h from keyword arguments."""
    handle = _native.turdb_options_new()
    for key, value in options.items():
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        _native.turdb_options_set(handle, key, text)
    return handle


def options() -> Dict[str, str]:
    """The options of ``connect`` and ``Database``: what each means, with units and default.

    >>> import turdb
    >>> "memory_limit" in turdb.options()
    True
    """
    keys: Dict[str, str] = {}
    while True:
        key = _native.turdb_options_key(len(keys))
        if key is None:
            return keys
        keys[key] = _native.turdb_options_describe(key)


def metrics() -> Dict[str, str]:
    """The metrics of databases (:meth:`Database.metrics`): what each counts or measures, with units.

    >>> import turdb
    >>> turdb.metrics()["log_bytes"]
    'bytes written to the log'
    """
    names: Dict[str, str] = {}
    while True:
        name = _native.turdb_metric_name(len(names))
        if name is None:
            return names
        names[name] = _native.turdb_metric_describe(name)


_LEVELS = ("error", "warning", "info", "debug")
_logged: weakref.WeakSet[Database] = weakref.WeakSet()  # databases with a log


@atexit.register
def _stop_logs() -> None:
    """Threads of a database do not wait for an interpreter that ends."""
    for database in list(_logged):
        if not database.closed:
            database.set_log(None)


class Snapshot:
    """A state of the database, to begin transactions at: what :meth:`Connection.snapshot` gives.

    It keeps old versions of rows, as an open transaction does, until ``close`` or its end as a context manager.
    """

    def __init__(self, handle: Any) -> None:
        self._handle: Optional[Any] = handle

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._handle is None

    def close(self) -> None:
        """Gives it up; transactions that were begun at it go on. Closing twice is fine."""
        self._handle = None

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()


class Cursor(_native.Cursor):
    """What runs statements and gives their rows: ``execute``, ``executemany``, ``fetchone``, ``fetchmany``, ``fetchall``.

    A cursor is an iterator over its rows, and a context manager that closes it.

    >>> import turdb
    >>> connection = turdb.connect()
    >>> cursor = connection.cursor()
    >>> for row in cursor.execute("select i from generate_series(1, ?) t(i)", [3]):
    ...     print(row)
    (1,)
    (2,)
    (3,)
    """

    __slots__ = ()

    def executescript(self, script: str) -> Cursor:
        """Runs every statement of a script; their rows are dropped. Stops at the first error."""
        self.close_result()
        self.connection._executescript(script)
        return self

    # ---- tables of others

    def fetch_arrow_table(self, *, flags: int = 0) -> Any:
        """What is left of the rows as a :class:`pyarrow.Table`. ``flags`` are ``turdb.STRING_VIEWS`` and the like.

        >>> import turdb
        >>> turdb.connect().execute("select i, i * 0.5 as half from generate_series(1, 3) t(i)").fetch_arrow_table().num_rows
        3
        """
        return _arrow.table(self, flags)

    def fetch_record_batch(self, rows_per_batch: int = 0, *, flags: int = 0) -> Any:
        """What is left of the rows as a :class:`pyarrow.RecordBatchReader`, which reads them as they are needed.

        ``rows_per_batch`` is the most rows of a batch; 0: as many as suit.
        """
        if rows_per_batch < 0:
            raise ValueError("rows_per_batch is negative")
        return _arrow.reader(self, rows_per_batch, flags)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rest of the rows for whoever reads Arrow streams: polars, duckdb, pandas, pyarrow, ..."""
        return self._result(0).stream()

    def df(self) -> Any:
        """What is left of the rows as a :class:`pandas.DataFrame`."""
        return _arrow.table(self, _arrow.NUMERIC_AS_DOUBLE | _arrow.ANY_AS_TEXT).to_pandas()

    def pl(self) -> Any:
        """What is left of the rows as a :class:`polars.DataFrame`."""
        polars: Any = importlib.import_module("polars")
        return polars.from_arrow(_arrow.table(self, _arrow.ANY_AS_TEXT))

    def fetchnumpy(self) -> Dict[str, Any]:
        """What is left of the rows as a dict of numpy arrays by column; a column with NULLs is a masked array.

        >>> import turdb
        >>> int(turdb.connect().execute("select i from generate_series(1, 3) t(i)").fetchnumpy()["i"].sum())
        6
        """
        return _arrow.numpy_columns(self)

    def close_result(self) -> None:
        """Ends the statement that runs, and forgets its rows."""
        self.execute("")

    def scalar(self) -> Any:
        """The first value of the next row, or None.

        >>> import turdb
        >>> turdb.connect().execute("select 42").scalar()
        42
        """
        row = self.fetchone()
        return None if row is None else tuple(row)[0] if not isinstance(row, dict) else next(iter(row.values()))


class Connection(_native.Connection):
    """A session with a transaction of its own, for one thread at a time.

    ``autocommit`` is False at first, as PEP 249 has it: a transaction begins with the first statement, and changes are there for
    others, and after the program, when ``commit`` has returned. As a context manager the connection commits at the end
    of the block, or rolls back when an exception leaves it, and closes.

    >>> import turdb
    >>> with turdb.connect() as connection:
    ...     _ = connection.execute("create table t(id integer primary key, name text)")
    ...     _ = connection.executemany("insert into t(name) values (?)", [("Ada",), ("Alan",)])
    ...     connection.execute("select count(*) from t where name = :name", {"name": "Ada"}).fetchone()
    (1,)
    >>> connection.closed
    True
    """

    # The exceptions of PEP 249, for code that has only the connection.
    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(
        self,
        database: Database,
        autocommit: bool = False,
        row_factory: Optional[RowFactory] = None,
        cached_statements: int = 128,
        owns_database: bool = False,
    ) -> None:
        super().__init__(database._open_handle(), autocommit, cached_statements)
        self._database = database
        self._owns_database = owns_database
        self._savepoints = 0
        self.row_factory = row_factory
        self.replacement_scans = True

    @property
    def database(self) -> Database:
        """The database that it is a session of; ``database.connect()`` opens another."""
        return self._database

    # ---- statements

    def cursor(self, factory: Type[Cursor] = Cursor) -> Cursor:
        """A new cursor."""
        return factory(self)

    def execute(self, sql: str, parameters: Optional[Parameters] = None) -> Cursor:
        """Runs one statement with a new cursor, and gives the cursor."""
        return Cursor(self).execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> Cursor:
        """Runs a statement that changes data for each of the rows: all of them or, when one fails, none."""
        return Cursor(self).executemany(sql, rows)

    def executescript(self, script: str) -> Cursor:
        """Runs every statement of a script; their rows are dropped. Stops at the first error.

        >>> import turdb
        >>> _ = turdb.connect().executescript("create table t(a int); insert into t values (1);")
        """
        self._executescript(script)
        return Cursor(self)

    # ---- tables from Python

    @property
    def replacement_scans(self) -> bool:
        """Whether names in FROM that are no tables may be variables of the caller: DataFrames, Arrow tables. True at first.

        >>> import turdb, pyarrow
        >>> numbers = pyarrow.table({"a": [1, 2, 3]})
        >>> turdb.connect().execute("select max(a) from numbers").scalar()
        3
        """
        return self._replacement_scans

    @replacement_scans.setter
    def replacement_scans(self, wanted: bool) -> None:
        self._set_replacement(_arrow.find if wanted else None)
        self._replacement_scans = bool(wanted)

    def register(self, name: str, table: Any) -> None:
        """Makes a DataFrame, an Arrow table, a dict of columns or whatever gives Arrow streams a table of this connection.

        Its rows are read from it whenever it is queried. A reader of record batches can be queried once.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> connection.register("people", {"name": ["Ada", "Alan"], "born": [1815, 1912]})
        >>> connection.execute("select name from people where born < 1900").fetchall()
        [('Ada',)]
        """
        _arrow.register(self, name, table)

    def unregister(self, name: str) -> None:
        """Takes a table of ``register`` away. Raises ProgrammingError or OperationalError when there is none."""
        self._unregister(name)

    def append(
        self,
        table: str,
        rows: Any,
        *,
        schema: Optional[str] = None,
        columns: Optional[Sequence[str]] = None,
        by_name: bool = False,
    ) -> int:
        """Inserts a DataFrame, an Arrow table or whatever gives Arrow streams, fast, and gives the number of rows.

        All rows or, when one fails, none. Columns go by place, to those named by ``columns`` or all; with ``by_name`` by
        the names that the rows have. The names of ``table`` and ``schema`` are taken as they are.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> _ = connection.execute("create table t(a int, b text)")
        >>> connection.append("t", {"b": ["x", "y"], "a": [1, 2]}, by_name=True)
        2
        """
        return _arrow.append(self, table, rows, schema, columns, by_name)

    def blobopen(
        self, table: str, column: str, row: Any, /, *, readonly: bool = False, schema: Optional[str] = None
    ) -> Blob:
        """Opens the value of one column in one row, to be read and written in pieces: see :class:`Blob`.

        ``row`` is the primary key of the row, a sequence when it has several columns, or, of a table without one, its rowid. The
        names are taken as they are. Texts and json are for reading only.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> _ = connection.execute("create table note(lang text, id int, body text, primary key(lang, id))")
        >>> _ = connection.execute("insert into note values ('en', 1, repeat('long ', 100000))")
        >>> with connection.blobopen("note", "body", ("en", 1), readonly=True) as body:
        ...     len(body), body[250_000:250_004]
        (500000, b'long')
        """
        return Blob(self, schema, table, column, row, not readonly)

    # ---- functions from Python

    def create_function(
        self,
        name: str,
        function: Any,
        parameters: Any = None,
        return_type: Any = None,
        *,
        vectorized: bool = False,
        deterministic: bool = False,
        null_handling: Optional[str] = None,
    ) -> None:
        """Makes a function of Python one of SQL, on this connection.

        ``parameters``
            types: SQL's names ("integer, text[]", or a list of them), or types of Python; a number, of arguments of any type,
            -1 for however many; None: what the annotations say
        ``return_type``
            likewise one; without it, and without an annotation, values have each its own type
        ``vectorized``
            it is called with a :class:`pyarrow.Array` an argument, for many rows at once, and gives an array of the results
        ``deterministic``
            equal arguments give equal results, so that calls may be saved
        ``null_handling``
            "default": NULL for an argument makes the result NULL, without a call; "special": None is handed over, which is
            what a number of ``parameters`` implies, as in sqlite3

        One with the same name and types is replaced. It comes before built-in functions of its name. What it raises comes out
        of ``execute`` or ``fetch``. It may not use this connection. ``create_function(name, number, function)``, as sqlite3
        has it, works as well.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> def initials(name: str, separator: str) -> str:
        ...     return "".join(part[0] + separator for part in name.split())
        >>> connection.create_function("initials", initials)
        >>> connection.execute("select initials('Ada Lovelace', '.'), initials(null, '.')").fetchone()
        ('A.L.', None)
        >>> import pyarrow.compute as pc
        >>> connection.create_function("twice", lambda a: pc.multiply(a, 2), ["bigint"], "bigint", vectorized=True)
        >>> connection.execute("select sum(twice(i)) from generate_series(1, 10) t(i)").scalar()
        Decimal('110')
        """
        if isinstance(function, int) and callable(parameters):  # sqlite3's order
            function, parameters = parameters, function
        _functions.create_scalar(
            self, name, function, parameters, return_type, vectorized, deterministic, null_handling
        )

    def create_aggregate(
        self,
        name: str,
        parameters: Any = None,
        aggregate_class: Any = None,
        return_type: Any = None,
        *,
        null_handling: Optional[str] = None,
    ) -> None:
        """Makes a class an aggregate function: an object a group, ``step`` of it a row, ``finalize`` for the result.

        Types are as in :meth:`create_function`; with None, annotations of ``step`` and ``finalize`` say them. It is a window
        function as well: then ``finalize``, or ``value`` where the class has that, is called while rows still come. With a
        method ``merge(other)`` frames are put together from parts.

        >>> import turdb
        >>> class Product:
        ...     def __init__(self):
        ...         self.product = 1
        ...     def step(self, factor: int):
        ...         self.product *= factor
        ...     def finalize(self) -> int:
        ...         return self.product
        >>> connection = turdb.connect()
        >>> connection.create_aggregate("product", None, Product)
        >>> connection.execute("select product(i) from generate_series(1, 5) t(i)").scalar()
        120
        """
        if aggregate_class is None and callable(parameters):
            aggregate_class, parameters = parameters, None
        _functions.create_aggregate(self, name, parameters, aggregate_class, return_type, null_handling)

    def create_window_function(self, name: str, parameters: Any, aggregate_class: Any) -> None:
        """As sqlite3 has it: an aggregate with ``value``. Its ``inverse`` is not needed, and not called.

        >>> import turdb
        >>> class Total:
        ...     def __init__(self): self.total = 0
        ...     def step(self, value): self.total += value
        ...     def inverse(self, value): self.total -= value
        ...     def value(self): return self.total
        ...     def finalize(self): return self.total
        >>> connection = turdb.connect()
        >>> connection.create_window_function("total_of", 1, Total)
        >>> connection.execute("select total_of(i) over (order by i) from generate_series(1, 3) t(i)").fetchall()
        [(1,), (3,), (6,)]
        """
        self.create_aggregate(name, parameters, aggregate_class)

    def create_table_function(
        self, name: str, function: Any, parameters: Any = None, columns: Any = None, *, null_handling: Optional[str] = None
    ) -> None:
        """Makes a function that gives rows one of SQL, for FROM.

        It gives an iterable of tuples, dicts or, of one column, values (a generator is read as rows are wanted), or a table:
        whatever :meth:`register` takes. ``columns`` are their names and types: "id bigint, name text", a dict, or pairs.
        Without them the first rows say, and arguments must be constants.

        >>> import turdb
        >>> def words(text: str):
        ...     for place, word in enumerate(text.split(), 1):
        ...         yield place, word
        >>> connection = turdb.connect()
        >>> connection.create_table_function("words", words, columns="place int, word text")
        >>> connection.execute("select * from words('to be or') where place > 1").fetchall()
        [(2, 'be'), (3, 'or')]
        """
        _functions.create_table_function(self, name, function, parameters, columns, null_handling)

    def drop_function(self, name: str, parameters: Any = None) -> None:
        """Takes functions away: those of ``name`` with these types of parameters, or, without, all of ``name``.

        Raises OperationalError or ProgrammingError when there is none.
        """
        types, flags = (None, 0) if parameters is None else _functions._signature(parameters, len)[:2]
        self._drop_function(name, types, flags)

    def create_collation(self, name: str, key: Optional[Callable[[str], Union[bytes, str]]]) -> None:
        """Makes a collation of what gives the sort key of a text; None takes it away.

        Texts are equal when their keys are, and ordered as these are, byte by byte. Columns and indexes cannot have it.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> connection.create_collation("backwards", lambda text: text[::-1])
        >>> query = "select a from (values ('ab'), ('ba'), ('ca')) t(a) order by a collate backwards"
        >>> connection.execute(query).fetchall()
        [('ba',), ('ca',), ('ab',)]
        """
        if key is None:
            self._drop_collation(name)
            return
        if not callable(key):
            raise TypeError("the key of a collation must be callable")
        self._create_collation(name, key)

    # ---- transactions

    def begin(self, snapshot: Optional[Snapshot] = None) -> None:
        """Begins a transaction now, one that sees what ``snapshot`` shows when there is one. Raises InternalError (25001) inside
        a transaction."""
        if snapshot is None:
            _native.turdb_conn_begin(self)
        elif snapshot._handle is None:
            error = ProgrammingError("the snapshot is closed")
            error.sqlstate = "HY010"
            raise error
        else:
            _native.turdb_conn_begin_at(self, snapshot._handle)

    def snapshot(self) -> Snapshot:
        """What the transaction sees but for its own changes or, outside one, what is committed now: for reading the same on
        several connections, or again.

        >>> import turdb
        >>> with turdb.Database() as database, database.connect() as connection, database.connect() as other:
        ...     _ = connection.execute("create table t(a int)")
        ...     connection.commit()
        ...     with connection.snapshot() as before:
        ...         _ = connection.execute("insert into t values (1)")
        ...         connection.commit()
        ...         other.begin(before)
        ...     other.execute("select count(*) from t").scalar()
        0
        """
        return Snapshot(_native.turdb_snapshot_open(self))

    def transaction(self) -> Transaction:
        """A block that is a transaction, or inside one a savepoint: kept at its end, taken back when an exception leaves it.

        >>> import turdb
        >>> connection = turdb.connect(autocommit=True)
        >>> _ = connection.execute("create table t(a int)")
        >>> with connection.transaction():
        ...     _ = connection.execute("insert into t values (1)")
        ...     try:
        ...         with connection.transaction():
        ...             _ = connection.execute("insert into t values (2)")
        ...             raise KeyError
        ...     except KeyError:
        ...         pass
        >>> connection.execute("select a from t").fetchall()
        [(1,)]
        """
        return Transaction(self)

    def savepoint(self, name: Optional[str] = None) -> Savepoint:
        """Marks a point to which the transaction can be rolled back; begins a transaction when there is none.

        >>> import turdb
        >>> connection = turdb.connect()
        >>> _ = connection.execute("create table t(a int)")
        >>> before = connection.savepoint()
        >>> _ = connection.execute("insert into t values (1)")
        >>> before.rollback()
        >>> connection.execute("select count(*) from t").scalar()
        0
        """
        if not self.in_transaction:
            self.begin()
        if name is None:
            self._savepoints += 1
            name = f"turdb python {self._savepoints}"
        _native.turdb_conn_savepoint(self, name)
        return Savepoint(self, name)

    # ---- the end

    def close(self) -> None:
        """Ends the session: rolls its transaction back, and closes the database if it opened it and is the last.

        Closing twice is fine. Cursors of it raise ProgrammingError from then on.
        """
        super().close()
        if self._owns_database:
            self._database._release()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        if self.closed:
            return
        try:
            if kind is None:
                self.commit()
            elif self.in_transaction:
                self.rollback()
        finally:
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "in a transaction" if self.in_transaction else "idle"
        return f"<turdb.Connection to {self._database.path!r}, {state}>"

    # ---- the database

    def backup(self, target: Union[str, os.PathLike[str]], *, pages: int = 256, progress: Optional[Callable[[int, int], Any]] = None) -> None:
        """Copies the database to the directory ``target``; see :meth:`Database.backup`."""
        self._database.backup(target, pages=pages, progress=progress)


class Transaction:
    """What ``Connection.transaction`` gives."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._savepoint: Optional[Savepoint] = None

    def __enter__(self) -> Connection:
        if self._connection.in_transaction:
            self._savepoint = self._connection.savepoint()
        else:
            self._connection.begin()
        return self._connection

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        if self._savepoint is not None:
            self._savepoint.__exit__(kind, error, traceback)
        elif kind is None:
            self._connection.commit()
        elif not self._connection.closed and self._connection.in_transaction:
            self._connection.rollback()


class Savepoint:
    """A point of a transaction. As a context manager it is released at the end of the block, or rolled back to."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    def rollback(self) -> None:
        """Takes back what was done since; the savepoint stays."""
        _native.turdb_conn_rollback_to(self._connection, self.name)

    def release(self) -> None:
        """Forgets the savepoint, and those after it, and keeps their changes."""
        _native.turdb_conn_release(self._connection, self.name)

    def __enter__(self) -> Savepoint:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        if kind is not None:
            if self._connection.closed or not self._connection.in_transaction:
                return
            self.rollback()
        self.release()


class Database:
    """An open database, from which connections come; any thread may use it.

    ``path`` is a directory, made when it does not exist; ``":memory:"`` is a new database in memory. The same
    directory opened twice in a process is the same database. Options are those of :func:`turdb.options`:
    ``memory_limit="64MB"``, ``read_only=True``, ``threads=1``, ...

    >>> import turdb
    >>> with turdb.Database(":memory:", memory_limit="64MB") as database:
    ...     with database.connect() as writer, database.connect(autocommit=True) as reader:
    ...         _ = writer.execute("create table t(a int)")
    ...         writer.commit()
    ...         reader.execute("select count(*) from t").scalar()
    0
    """

    def __init__(self, path: Union[str, os.PathLike[str]] = ":memory:", **options: Option) -> None:
        self._path = os.fspath(path)
        if "\0" in self._path:
            raise ValueError("a path has no NUL")
        self._handle: Optional[Any] = _native.turdb_db_open(self._path, _options(options))

    def _open_handle(self) -> Any:
        if self._handle is None:
            error = ProgrammingError("the database is closed")
            error.sqlstate = "HY010"
            raise error
        return self._handle

    def _release(self) -> None:
        """Gives up the handle; the last one closes the database."""
        self._handle = None

    @property
    def path(self) -> str:
        """Where it is."""
        return self._path

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._handle is None

    def connect(
        self, *, autocommit: bool = False, row_factory: Optional[RowFactory] = None, cached_statements: int = 128
    ) -> Connection:
        """A new connection; see :func:`turdb.connect`."""
        return Connection(self, autocommit, row_factory, cached_statements)

    def close(self) -> None:
        """Ends the database now, for everybody in this process: interrupts statements, rolls back, writes back, unlocks.

        Closing twice is fine. Raises OperationalError when the last write-back failed; nothing that was committed is lost.
        """
        if self._handle is not None:
            handle, self._handle = self._handle, None
            _native.turdb_db_close(handle)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()

    def check(self) -> List[str]:
        """Verifies every page, tree and index, and gives what is wrong; an empty list for a sound database."""
        problems: List[str] = []
        _native.turdb_db_check(self._open_handle(), problems.append)
        return problems

    def checkpoint(self) -> None:
        """Writes back what the log holds, so that the next open has little to do."""
        _native.turdb_db_checkpoint(self._open_handle())

    def metrics(self) -> Dict[str, int]:
        """What the database counts and measures, by name; :func:`turdb.metrics` describes them.

        >>> import turdb
        >>> with turdb.Database() as database, database.connect() as connection:
        ...     before = database.metrics()["statements"]
        ...     _ = connection.execute("select 1").fetchall()
        ...     database.metrics()["statements"] - before
        1
        """
        handle = self._open_handle()
        return {name: _native.turdb_db_metric(handle, name) for name in metrics()}

    def set_log(self, log: Optional[Callable[[str, str], Any]], level: str = "info") -> None:
        """Calls ``log(level, message)`` with what happens to the database besides what calls return; None takes it away.

        ``level`` is the least important that is told: "error", "warning", "info" or "debug". What happened before the first log
        was set, such as what opening found, is told at once. It is called on any thread; what it raises goes to
        ``sys.unraisablehook``. It ends with the database.

        >>> import turdb
        >>> messages = []
        >>> with turdb.Database() as database:
        ...     database.set_log(lambda level, message: messages.append(level))
        >>> messages
        ['info', 'info']
        """
        if level not in _LEVELS:
            raise ValueError(f"level is one of {', '.join(_LEVELS)}")
        if log is not None and not callable(log):
            raise TypeError("a log must be callable")
        handle = self._open_handle()
        if log is None:
            _logged.discard(self)
            _native.set_log(handle, _LEVELS.index(level) + 1, None)
            return
        called = log
        _logged.add(self)
        _native.set_log(handle, _LEVELS.index(level) + 1, lambda number, message: called(_LEVELS[number - 1], message))

    @property
    def memory_used(self) -> int:
        """Bytes that the database holds now, counted against ``memory_limit``."""
        return _native.turdb_db_memory_used(self._open_handle())

    @property
    def memory_peak(self) -> int:
        """The most bytes that the database has held since it was opened."""
        return _native.turdb_db_memory_peak(self._open_handle())

    def backup(
        self,
        target: Union[str, os.PathLike[str]],
        *,
        pages: int = 256,
        progress: Optional[Callable[[int, int], Any]] = None,
    ) -> None:
        """Copies the database to the directory ``target``, while others read and write.

        The copy is all or nothing, and holds what was committed before its last step. ``progress`` is called after each step
        of ``pages`` pages of 16 KiB with the pages done and, as far as is known, in all; an exception of it ends the backup.
        """
        copy = _native.turdb_backup_open(self._open_handle(), os.fspath(target))
        done = False
        while not done:
            done = _native.turdb_backup_step(copy, pages) == _native.TURDB_DONE
            if progress is not None:
                progress(_native.turdb_backup_pages_done(copy), _native.turdb_backup_pages_total(copy))

    def __repr__(self) -> str:
        return f"<turdb.Database {self._path!r}{', closed' if self.closed else ''}>"


def connect(
    database: Union[str, os.PathLike[str]] = ":memory:",
    *,
    autocommit: bool = False,
    row_factory: Optional[RowFactory] = None,
    cached_statements: int = 128,
    **options: Option,
) -> Connection:
    """Opens a database and a connection to it.

    ``database``
        the directory it is in, made when it does not exist; ``":memory:"``, which is the default, is a new one in memory
    ``autocommit``
        False: a transaction begins with the first statement and ends with ``commit`` or ``rollback``. True: each
        statement commits by itself
    ``row_factory``
        what rows are made by: None for tuples, or ``turdb.dict_row``, ``turdb.namedtuple_row``, ``turdb.Row``, or a callable of
        cursor and tuple
    ``cached_statements``
        how many statements the connection keeps prepared, by their text
    other arguments
        options of the database, as :func:`turdb.options` lists them: ``memory_limit="1GB"``, ``read_only=True``

    Raises OperationalError when another process has the database open or the file system fails, ProgrammingError for an
    option that does not exist, DatabaseError for a file that is damaged.

    >>> connection = connect(memory_limit="16MB")
    >>> connection.execute("select 'hello'").fetchone()
    ('hello',)
    >>> connection.close()
    """
    return Connection(
        Database(database, **options),
        autocommit=autocommit,
        row_factory=row_factory,
        cached_statements=cached_statements,
        owns_database=True,
    )


def recover(path: Union[str, os.PathLike[str]], target: Union[str, os.PathLike[str]]) -> Tuple[int, List[str]]:
    """Makes a new database in ``target`` of what can be read of the damaged one in ``path``.

    Gives the number of rows saved and what was lost.
    """
    lost: List[str] = []
    rows, _ = _native.turdb_db_recover(os.fspath(path), os.fspath(target), lost.append)
    return rows, lost


def register_adapter(type: Type[Any], adapter: Callable[[Any], Any]) -> None:  # noqa: A002
    """Has parameters of ``type``, and of what derives from it, bound as what ``adapter`` makes of them. For all connections.

    >>> import turdb, pathlib
    >>> turdb.register_adapter(pathlib.PurePath, str)
    >>> turdb.connect().execute("select ?", [pathlib.PurePosixPath("/tmp")]).fetchone()
    ('/tmp',)
    """
    if not callable(adapter):
        raise TypeError("an adapter must be callable")
    _native.adapters[type] = adapter

