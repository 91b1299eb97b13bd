import subprocess
import sys

import pytest

import turdb


def test_options_are_listed():
    options = turdb.options()
    assert "memory_limit" in options and "read_only" in options
    assert all(options.values())
    with turdb.connect(memory_limit="32MB", threads=1, synchronous="off", busy_timeout=10) as connection:
        assert connection.execute("select 1").scalar() == 1
    with pytest.raises(turdb.DataError):
        turdb.connect(memory_limit="a lot")


def test_a_path_may_be_any_path(tmp_path):
    for path in (tmp_path / "a", str(tmp_path / "ü 🐢")):
        with turdb.connect(path) as connection:
            connection.execute("create table t(a int)")
        with turdb.Database(path) as database, database.connect() as connection:
            assert database.path == str(path)
            assert connection.execute("select count(*) from t").scalar() == 0
            assert connection.database is database


def test_check_backup_and_memory(path, tmp_path):
    with turdb.Database(path) as database:
        with database.connect() as connection:
            connection.execute("create table t(a int, b text)")
            connection.execute("insert into t select i, repeat('x', 100) from generate_series(1, 5000) t(i)")
        assert database.check() == []
        assert 0 < database.memory_used <= database.memory_peak
        database.checkpoint()
        seen = []
        database.backup(tmp_path / "copy", pages=5, progress=lambda done, total: seen.append((done, total)))
        assert len(seen) > 3 and seen[-1][0] == seen[-1][1]
        with turdb.connect(tmp_path / "copy") as copy:
            assert copy.execute("select count(*) from t").scalar() == 5000

        def stop(done, total):
            raise KeyError

        with pytest.raises(KeyError):
            database.backup(tmp_path / "half", pages=1, progress=stop)
        with pytest.raises(turdb.OperationalError):
            database.backup(tmp_path / "copy")
        with database.connect() as connection:
            connection.backup(tmp_path / "another")
    assert repr(database).endswith("closed>")
    rows, lost = turdb.recover(path, tmp_path / "saved")
    assert rows >= 5000 and lost == []


def test_two_opens_of_a_path_are_one_database(path):
    one, two = turdb.connect(path), turdb.connect(path)
    one.execute("create table t(a int)")
    one.commit()
    assert two.execute("select count(*) from t").scalar() == 0
    one.close()
    assert two.execute("select count(*) from t").scalar() == 0
    two.close()
    with turdb.connect(path, memory_limit="8MB"):
        with pytest.raises(turdb.Error):
            turdb.connect(path, memory_limit="9MB")


def test_repr(path):
    connection = turdb.connect(path)
    assert repr(connection) == f"<turdb.Connection to {str(path)!r}, idle>"
    connection.execute("select 1")
    assert "in a transaction" in repr(connection)
    connection.close()
    assert "closed" in repr(connection)
    assert repr(turdb.NUMBER) == "turdb.NUMBER" and repr(turdb.Json(1)) == "Json(1)"


# ---- what a database tells of itself


def test_metrics(tmp_path):
    with turdb.Database(tmp_path / "db") as database, database.connect() as connection:
        before = database.metrics()
        assert set(before) == set(turdb.metrics()) and all(isinstance(value, int) for value in before.values())
        connection.execute("create table t(a int)")
        connection.executemany("insert into t values (?)", [(i,) for i in range(10)])
        connection.commit()
        after = database.metrics()
        assert after["rows_changed"] - before["rows_changed"] == 10
        assert after["transactions_committed"] - before["transactions_committed"] == 1
        assert after["connections"] == 1
        assert dict(connection.execute("select name, value from turdb_catalog.metrics").fetchall()).keys() == after.keys()
    with pytest.raises(turdb.ProgrammingError):
        database.metrics()


def test_the_log(tmp_path):
    messages = []
    database = turdb.Database(tmp_path / "db")
    database.set_log(lambda level, message: messages.append((level, message)))
    assert messages[0][0] == "info" and "a new database" in messages[0][1]
    with pytest.raises(ValueError):
        database.set_log(print, "loud")
    with pytest.raises(TypeError):
        database.set_log("print")
    database.close()
    assert len(messages) == 2 and "closed" in messages[1][1]
    with pytest.raises(turdb.ProgrammingError):
        database.set_log(print)
    again = turdb.Database(tmp_path / "db")
    again.set_log(lambda level, message: messages.append((level, message)), "error")
    again.set_log(None)
    again.close()
    assert len(messages) == 2


def test_a_log_that_raises_is_reported(monkeypatch):
    raised = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: raised.append(unraisable.exc_type))
    with turdb.Database() as database:
        database.set_log(lambda level, message: 1 / 0)
    assert raised == [ZeroDivisionError, ZeroDivisionError]


def test_snapshots_are_shared():
    with turdb.Database() as database, database.connect() as connection, database.connect() as other:
        connection.execute("create table t(a int)")
        connection.execute("insert into t values (1)")
        connection.commit()
        snapshot = connection.snapshot()
        connection.execute("insert into t values (2)")
        connection.commit()
        other.begin(snapshot)
        assert other.execute("select count(*) from t").scalar() == 1
        with pytest.raises(turdb.InternalError):
            other.begin(snapshot)
        other.rollback()
        assert other.execute("select count(*) from t").scalar() == 2
        other.rollback()
        snapshot.close()
        snapshot.close()
        assert snapshot.closed
        with pytest.raises(turdb.ProgrammingError):
            other.begin(snapshot)
        with turdb.connect() as stranger, connection.snapshot() as snapshot, pytest.raises(turdb.ProgrammingError):
            stranger.begin(snapshot)


def test_columns_say_whether_they_can_be_none():
    with turdb.connect() as connection:
        connection.execute("create table t(a int primary key, b text)")
        description = connection.execute("select a, b, a + 1, count(*) over () from t").description
        assert [column.null_ok for column in description] == [False, True, None, None]
        assert description[0][6] is False


def test_statements_are_kept_on_request():
    with turdb.Database(statement_cache_size=10) as database, database.connect() as connection:
        connection.replacement_scans = False
        for _ in range(3):
            connection.executescript("select 1")  # which keeps nothing by itself
        assert database.metrics()["statement_cache_hits"] == 2


def test_the_interpreter_ends_with_everything_open(tmp_path):
    script = """
import turdb, threading
database = turdb.Database(%r)
messages = []
database.set_log(lambda level, message: messages.append(message), "debug")
connection = database.connect()
connection.execute("create table t(a int, b blob)")
connection.executemany("insert into t values (?, zeroblob(100000))", [(i,) for i in range(100)])
connection.create_function("twice", lambda a: 2 * a, "int", "int")
connection.create_collation("shouted", str.upper)
connection.set_trace_callback(lambda sql: messages.append(sql))
connection.commit()
cursor = connection.execute("select twice(a) from t")
cursor.fetchone()
blob = connection.blobopen("t", "b", 1)
snapshot = connection.snapshot()
other = database.connect()
other.execute("select a from t").fetchone()
""" % str(tmp_path / "db")
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0 and "rror" not in result.stderr, result.stderr
    with turdb.Database(tmp_path / "db") as database:
        assert database.check() == []
