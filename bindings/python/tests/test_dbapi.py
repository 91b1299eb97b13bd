"""What PEP 249 says, and what sqlite3 has beyond it."""

import collections

import pytest

import turdb


def test_globals():
    assert turdb.apilevel == "2.0"
    assert turdb.threadsafety == 1
    assert turdb.paramstyle == "qmark"
    assert turdb.library_version == "0.1.0" and turdb.library_version_number == 1000


def test_exceptions_form_the_tree():
    assert issubclass(turdb.Warning, Exception) and issubclass(turdb.Error, Exception)
    assert issubclass(turdb.InterfaceError, turdb.Error) and issubclass(turdb.DatabaseError, turdb.Error)
    for name in ("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"):
        assert issubclass(getattr(turdb, name), turdb.DatabaseError)
        assert getattr(turdb.Connection, name) is getattr(turdb, name)
    assert issubclass(turdb.SerializationError, turdb.OperationalError)
    assert issubclass(turdb.Interrupted, turdb.OperationalError)


def test_description(connection):
    cursor = connection.cursor()
    assert cursor.description is None
    cursor.execute("select 1 as a, 'x'::varchar(5) as b, 1.5::decimal(10,2) as c")
    assert [tuple(column) for column in cursor.description] == [
        ("a", turdb.Type.INT32, None, None, None, None, False),
        ("b", turdb.Type.TEXT, None, None, None, None, False),
        ("c", turdb.Type.DECIMAL, None, None, 10, 2, False),
    ]
    assert cursor.description[0].type_code == turdb.NUMBER != turdb.STRING
    assert cursor.description[1].declared_type == "character varying(5)"
    assert cursor.description is cursor.description
    cursor.execute("create table t(a int)")
    assert cursor.description is None
    cursor.execute("select * from t where false")
    assert cursor.description[0].name == "a"


def test_description_is_that_of_its_execution(connection):
    sql = "select * from t"
    connection.execute("create table t(a int)")
    first = connection.execute(sql)
    first.fetchall()
    connection.execute("alter table t add column b text")
    second = connection.execute(sql)
    assert [column.name for column in second.description] == ["a", "b"]
    assert [column.name for column in first.description] == ["a"]


def test_rowcount(connection):
    cursor = connection.cursor()
    assert cursor.rowcount == -1
    cursor.execute("create table t(a int)")
    assert cursor.rowcount == -1
    cursor.execute("insert into t select i from generate_series(1, 10) t(i)")
    assert cursor.rowcount == 10
    cursor.execute("update t set a = a where a < 0")
    assert cursor.rowcount == 0
    cursor.execute("with gone as (select 5 as b) delete from t where a > (select b from gone)")
    assert cursor.rowcount == 5
    cursor.execute("select * from t")
    assert cursor.rowcount == -1
    cursor.execute("insert into t values (1) returning a")
    assert cursor.rowcount == 1 and cursor.fetchall() == [(1,)]
    cursor.executemany("update t set a = a + 1 where a = ?", [(1,), (3,), (99,)])
    assert cursor.rowcount == 3


def test_lastrowid(connection):
    cursor = connection.cursor()
    cursor.execute("create table t(id integer primary key, a text)")
    assert cursor.lastrowid is None
    cursor.execute("insert into t(a) values ('x')")
    assert cursor.lastrowid == 1
    cursor.execute("insert into t values (41, 'y')")
    assert cursor.lastrowid == 41
    cursor.execute("update t set a = 'z'")
    assert cursor.lastrowid == 41
    cursor.executemany("insert into t(a) values (?)", [("a",), ("b",)])
    assert cursor.lastrowid == 43


def test_fetching(connection):
    cursor = connection.cursor()
    with pytest.raises(turdb.ProgrammingError):
        cursor.fetchone()
    cursor.execute("select i from generate_series(1, 10) t(i)")
    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany() == [(2,)]
    assert cursor.fetchmany(3) == [(3,), (4,), (5,)]
    cursor.arraysize = 2
    assert cursor.fetchmany() == [(6,), (7,)]
    assert cursor.fetchmany(size=0) == []
    assert next(cursor) == (8,)
    assert cursor.fetchall() == [(9,), (10,)]
    assert cursor.fetchall() == [] and cursor.fetchone() is None and cursor.fetchmany(5) == [] and list(cursor) == []
    with pytest.raises(ValueError):
        cursor.fetchmany(-1)
    cursor.execute("create table t(a int)")
    for fetch in (cursor.fetchone, cursor.fetchall, cursor.fetchmany, cursor.__next__):
        with pytest.raises(turdb.ProgrammingError):
            fetch()


def test_large_results_come_in_batches(connection):
    cursor = connection.execute("select i, repeat('x', i % 100) from generate_series(1, 100000) t(i)")
    total = 0
    for i, text in cursor:
        total += 1
        assert i == total and len(text) == i % 100
    assert total == 100000


def test_rows_longer_than_the_memory(connection):
    rows = connection.execute("select i, repeat('y', i * 100000) from generate_series(1, 12) t(i)").fetchall()
    assert [len(text) for _, text in rows] == [i * 100000 for i in range(1, 13)]


def test_qmark_and_named_parameters(connection):
    assert connection.execute("select ?, ?", (1, "a")).fetchone() == (1, "a")
    assert connection.execute("select ?, ?", [1, "a"]).fetchone() == (1, "a")
    assert connection.execute("select ?, ?", range(2)).fetchone() == (0, 1)
    assert connection.execute("select :b, :a, :b", {"a": 1, "b": "x", "unused": 0}).fetchone() == ("x", 1, "x")
    assert connection.execute("select $a", {"a": 1}).fetchone() == (1,)
    assert connection.execute("select :a", collections.ChainMap({"a": 1})).fetchone() == (1,)
    assert connection.execute("select $1, $2", [1, 2]).fetchone() == (1, 2)
    assert connection.execute("select :a, :b", (1, 2)).fetchone() == (1, 2)

    class Missing(dict):
        def __missing__(self, key):
            return key.upper()

    assert connection.execute("select :a", Missing()).fetchone() == ("A",)


@pytest.mark.parametrize(
    "sql, parameters",
    [
        ("select ?", ()),
        ("select ?", (1, 2)),
        ("select 1", (1,)),
        ("select ?", {"a": 1}),
        ("select :a", {"b": 1}),
        ("select ?", "a"),
        ("select ?", 7),
        ("select ?", {1}),
    ],
)
def test_parameters_that_do_not_match_are_refused(connection, sql, parameters):
    with pytest.raises(turdb.ProgrammingError) as caught:
        connection.execute(sql, parameters)
    assert caught.value.sqlstate == "07001"


def test_parameters_that_are_missing_are_refused(connection):
    with pytest.raises(turdb.ProgrammingError):
        connection.execute("select ?")


def test_one_statement_at_a_time(connection):
    with pytest.raises(turdb.ProgrammingError, match="more than one statement"):
        connection.execute("select 1; select 2")
    with pytest.raises(turdb.ProgrammingError):
        connection.execute("select 1; garbage")
    assert connection.execute("select 1; -- the end\n ; /* really */").fetchone() == (1,)
    for nothing in ("", "  ", "-- a comment", ";"):
        cursor = connection.execute(nothing)
        assert cursor.description is None and cursor.rowcount == -1


def test_executemany(connection):
    connection.execute("create table t(id integer primary key, a text)")
    connection.executemany("insert into t values (?, ?)", ((i, str(i)) for i in range(1, 5001)))
    assert connection.execute("select count(*), sum(id), max(a) from t").fetchone() == (5000, 12502500, "999")
    connection.executemany("insert into t values (:id, :a)", [{"id": 6000, "a": "x"}, {"a": None, "id": 6001}])
    connection.executemany("delete from t where id = ?", [[i] for i in range(1, 5001)])
    assert connection.execute("select id, a from t").fetchall() == [(6000, "x"), (6001, None)]
    assert connection.executemany("insert into t values (?, ?)", []).rowcount == 0
    with pytest.raises(turdb.ProgrammingError):
        connection.executemany("select ?", [(1,)])
    with pytest.raises(TypeError):
        connection.executemany("insert into t values (?, ?)", 7)


@pytest.mark.parametrize("autocommit", [False, True])
def test_executemany_is_all_or_nothing(autocommit):
    with turdb.connect(autocommit=autocommit) as connection:
        connection.execute("create table t(id integer primary key)")
        connection.execute("insert into t values (-1)")
        with pytest.raises(turdb.IntegrityError) as caught:
            connection.executemany("insert into t values (?)", [(i,) for i in range(10000)] + [(5000,)])
        assert any("row" in frame for frame in caught.value.frames)

        def broken():
            yield (1,)
            raise KeyError("mine")

        with pytest.raises(KeyError):
            connection.executemany("insert into t values (?)", broken())
        with pytest.raises(turdb.ProgrammingError):
            connection.executemany("insert into t values (?)", [(1,), (1, 2)])
        assert connection.execute("select id from t").fetchall() == [(-1,)]
        assert connection.in_transaction is not autocommit


def test_a_generator_may_use_the_connection_but_not_the_cursor(connection):
    connection.execute("create table t(a int)")
    cursor = connection.cursor()

    def rows():
        yield (connection.execute("select 41").scalar() + 1,)
        cursor.execute("select 1")
        yield (2,)

    with pytest.raises(turdb.ProgrammingError, match="in use"):
        cursor.executemany("insert into t values (?)", rows())
    assert connection.execute("select count(*) from t").scalar() == 0

    def closes():
        yield (1,)
        connection.close()
        yield (2,)

    with pytest.raises(turdb.ProgrammingError, match="closed"):
        cursor.executemany("insert into t values (?)", closes())


def test_executescript(connection):
    cursor = connection.executescript("create table t(a int); insert into t values (1); insert into t values (2);")
    assert cursor.execute("select count(*) from t").scalar() == 2
    assert connection.in_transaction
    with pytest.raises(turdb.ProgrammingError) as caught:
        cursor.executescript("insert into t values (3); select nothing")
    assert caught.value.position == len("insert into t values (3); select ")
    with pytest.raises(TypeError):
        connection.executescript(b"select 1")


def test_row_factories():
    with turdb.connect(row_factory=turdb.dict_row) as connection:
        assert connection.execute("select 1 as a, 2 as b").fetchall() == [{"a": 1, "b": 2}]
        cursor = connection.cursor()
        cursor.row_factory = turdb.namedtuple_row
        row = cursor.execute('select 1 as a, 2 as "with space", 3 as class').fetchone()
        assert row == (1, 2, 3) and row.a == 1 and row.with_space == 2 and row._2 == 3
        cursor.row_factory = turdb.Row
        row = cursor.execute("select 1 as a, 2 as b").fetchone()
        assert row["A"] == row[0] == 1 and len(row) == 2 and list(row) == [1, 2] and row[-1] == 2 and row[:1] == (1,)
        assert row == cursor.execute("select 1 as a, 2 as b").fetchone() and hash(row) == hash(row)
        with pytest.raises(IndexError):
            row["c"]
        cursor.row_factory = lambda cursor, row: (cursor.description[0].name, row)
        assert cursor.execute("select 1 as a").fetchone() == ("a", (1,))
        cursor.row_factory = None
        assert cursor.execute("select 1").fetchone() == (1,)
        with pytest.raises(TypeError):
            cursor.row_factory = 7
        assert connection.execute("select 5 as x").scalar() == 5

        def fails(cursor, row):
            raise KeyError("mine")

        cursor.row_factory = fails
        with pytest.raises(KeyError):
            cursor.execute("select 1").fetchall()

        def closes(cursor, row):
            cursor.close()
            return row

        cursor = connection.cursor()
        cursor.row_factory = closes
        cursor.execute("select i from generate_series(1, 3) t(i)")
        with pytest.raises(turdb.ProgrammingError, match="closed"):
            cursor.fetchall()


def test_statements_are_kept_by_their_text():
    with turdb.connect(cached_statements=2) as connection:
        connection.execute("create table t(a int)")
        for _ in range(3):
            for i in range(5):
                assert connection.execute(f"select {i}").fetchall() == [(i,)]
        # Two cursors with the same text do not disturb each other.
        one, two = connection.cursor(), connection.cursor()
        sql = "select i from generate_series(1, 100000) t(i)"
        one.execute(sql)
        assert one.fetchone() == (1,)
        two.execute(sql)
        assert [two.fetchone()[0] for _ in range(3)] == [1, 2, 3]
        assert one.fetchone() == (2,)
        del two
        assert len(one.fetchall()) == 99998
    with turdb.connect(cached_statements=0) as connection:
        assert connection.execute("select 1").scalar() == 1
        assert connection.execute("select 1").scalar() == 1
    with pytest.raises(ValueError):
        turdb.connect(cached_statements=-1)


def test_statements_follow_the_schema(connection):
    connection.execute("create table t(a int)")
    connection.execute("insert into t values (1)")
    assert connection.execute("select * from t").fetchall() == [(1,)]
    connection.execute("alter table t add column b text default 'new'")
    assert connection.execute("select * from t").fetchall() == [(1, "new")]
    connection.execute("drop table t")
    with pytest.raises(turdb.ProgrammingError) as caught:
        connection.execute("select * from t")
    assert caught.value.sqlstate == "42P01"


def test_closing(connection):
    cursor = connection.execute("select i from generate_series(1, 100000) t(i)")
    cursor.close()
    cursor.close()
    assert cursor.closed
    for call in (cursor.fetchone, cursor.fetchall, lambda: cursor.execute("select 1"), lambda: next(cursor)):
        with pytest.raises(turdb.ProgrammingError, match="closed"):
            call()
    other = connection.execute("select i from generate_series(1, 100000) t(i)")
    connection.close()
    connection.close()
    assert connection.closed
    for call in (
        other.fetchone,
        connection.commit,
        connection.rollback,
        connection.cursor,
        connection.begin,
        connection.savepoint,
        lambda: connection.execute("select 1"),
        lambda: connection.executescript("select 1"),
        lambda: connection.set_progress_handler(None),
    ):
        with pytest.raises(turdb.ProgrammingError, match="closed"):
            call()
    connection.interrupt()
    other.close()


def test_cursors_are_context_managers(connection):
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    assert cursor.closed


def test_types_and_constructors(connection):
    assert turdb.Date(2020, 1, 2).isoformat() == "2020-01-02"
    assert turdb.Time(1, 2, 3).isoformat() == "01:02:03"
    assert turdb.Timestamp(2020, 1, 2, 3).isoformat() == "2020-01-02T03:00:00"
    assert turdb.Binary(bytearray(b"x")) == b"x"
    for maker in (turdb.DateFromTicks, turdb.TimeFromTicks, turdb.TimestampFromTicks):
        assert connection.execute("select ?", [maker(0)]).scalar() == maker(0)
    assert turdb.STRING == turdb.Type.TEXT and turdb.DATETIME == turdb.Type.DATE and turdb.BINARY == turdb.Type.BLOB
    assert turdb.ROWID == turdb.Type.INT64 and turdb.NUMBER != "x" and len({turdb.NUMBER, turdb.STRING}) == 2


def test_a_cursor_needs_a_connection():
    cursor = turdb.Cursor.__new__(turdb.Cursor)
    with pytest.raises(turdb.ProgrammingError):
        cursor.execute("select 1")
    with pytest.raises(TypeError):
        turdb.Cursor(7)
    with pytest.raises(TypeError):
        turdb.connect().execute(7)
    with pytest.raises(TypeError):
        turdb.connect().execute(b"select 1")
