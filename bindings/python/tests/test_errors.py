"""Errors carry what the database knows, and end in the right class."""

import pickle

import pytest

import turdb


def failure(connection, sql, parameters=()):
    with pytest.raises(turdb.Error) as caught:
        connection.execute(sql, parameters)
    return caught.value


def test_an_error_says_everything(connection):
    error = failure(connection, "select 'ü', nothing\nfrom nowhere")
    assert isinstance(error, turdb.ProgrammingError)
    assert error.sqlstate == "42P01" and error.code == -1 and error.code_name == "TURDB_ERROR"
    assert error.position == len("select 'ü', nothing\nfrom ")
    assert "nowhere" in error.message and error.query.startswith("select 'ü'")
    assert not error.can_retry and isinstance(error.frames, tuple)
    lines = str(error).split("\n")
    assert lines[1] == "LINE 2: from nowhere" and lines[2] == " " * (8 + 5) + "^"


def test_hints(connection):
    with pytest.raises(turdb.ProgrammingError) as caught:
        turdb.connect(memory_limt="1GB")
    assert "memory_limit" in caught.value.hint and "hint: " in str(caught.value)
    assert caught.value.code_name == "TURDB_NOT_FOUND"


def test_a_long_line_is_cut(connection):
    error = failure(connection, "select " + "1, " * 1000 + "nothing, " + "2, " * 1000 + "3")
    line, mark = str(error).split("\n")[1:3]
    assert len(line) < 150 and line[mark.index("^") :].startswith("nothing")


@pytest.mark.parametrize(
    "sql, exception, sqlstate",
    [
        ("select 1 +", turdb.ProgrammingError, "42601"),
        ("select nothing", turdb.ProgrammingError, "42703"),
        ("select 1/0", turdb.DataError, "22012"),
        ("select 'x'::int", turdb.DataError, "22P02"),
        ("select 99999999999::int", turdb.DataError, "22003"),
        ("insert into t values (1)", turdb.IntegrityError, "23505"),
        ("insert into t values (2, null)", turdb.IntegrityError, "23502"),
        ("insert into t values (-1)", turdb.IntegrityError, "23514"),
        ("insert into child values (7)", turdb.IntegrityError, "23503"),
        ("rollback to savepoint nowhere", turdb.InternalError, "3B001"),
        ("begin", turdb.InternalError, "25001"),
    ],
)
def test_classes(connection, sql, exception, sqlstate):
    connection.executescript(
        "create table t(id int primary key check (id > 0), a int not null default 0); create table child(id int references t); insert into t values (1)"
    )
    error = failure(connection, sql)
    assert type(error) is exception and error.sqlstate == sqlstate


def test_conflicts_can_be_retried(path):
    with turdb.connect(path) as one, turdb.connect(path) as two:
        one.execute("create table t(a int)")
        one.execute("insert into t values (1)")
        one.commit()
        one.execute("select * from t").fetchall()
        two.execute("update t set a = 2")
        two.commit()
        with pytest.raises(turdb.SerializationError) as caught:
            one.execute("update t set a = 3")
        assert caught.value.sqlstate == "40001" and caught.value.can_retry
        one.rollback()
        one.execute("update t set a = 3")


def test_read_only(path):
    turdb.connect(path).close()
    with turdb.connect(path, read_only=True) as connection:
        with pytest.raises(turdb.OperationalError) as caught:
            connection.execute("create table t(a int)")
        assert caught.value.code_name == "TURDB_READ_ONLY"


def test_files_that_are_not_there(path):
    with pytest.raises(turdb.OperationalError) as caught:
        turdb.connect(path, create=False)
    assert caught.value.code_name == "TURDB_NOT_FOUND"
    with pytest.raises(ValueError):
        turdb.connect("a\0b")


def test_no_memory_is_an_exception():
    with turdb.connect(memory_limit="1MB", autocommit=True) as connection:
        with pytest.raises(turdb.OperationalError) as caught:
            connection.execute("select repeat('x', 100000000)").fetchall()
        assert caught.value.sqlstate in ("53200", "54000")
        assert connection.execute("select 1").scalar() == 1


def test_errors_can_be_pickled_and_made():
    error = turdb.DataError("text")
    assert str(error) == "text" and error.sqlstate == "HY000"
    assert pickle.loads(pickle.dumps(error)).message == "text"


def test_misuse_of_the_generated_layer():
    from turdb import _native

    with pytest.raises(TypeError):
        _native.turdb_db_close(7)
    with pytest.raises(TypeError):
        _native.turdb_db_open(":memory:", 7)
    with pytest.raises(TypeError):
        _native.turdb_conn_begin(None)
    with pytest.raises(TypeError):
        _native.turdb_db_open()
    with pytest.raises(TypeError):
        _native.Connection(7)
    connection = turdb.connect()
    with pytest.raises(turdb.ProgrammingError):
        _native.Connection.__init__(connection, connection.database._handle)
