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
