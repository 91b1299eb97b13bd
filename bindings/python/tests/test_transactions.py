import pytest

import turdb


def count(connection, table="t"):
    return connection.execute(f"select count(*) from {table}").scalar()


def test_a_transaction_begins_by_itself(path):
    connection, other = turdb.connect(path), turdb.connect(path, autocommit=True)
    assert not connection.in_transaction and not connection.autocommit
    connection.commit()
    connection.rollback()
    connection.execute("create table t(a int)")
    assert connection.in_transaction
    connection.commit()
    assert not connection.in_transaction
    connection.execute("insert into t values (1)")
    assert count(other) == 0
    connection.rollback()
    assert count(connection) == 0
    connection.execute("insert into t values (1)")
    connection.commit()
    assert count(other) == 1 and not other.in_transaction
    connection.close()
    other.close()


def test_autocommit(path):
    connection, other = turdb.connect(path, autocommit=True), turdb.connect(path, autocommit=True)
    connection.execute("create table t(a int)")
    connection.execute("insert into t values (1)")
    assert count(other) == 1
    connection.execute("begin")
    connection.execute("insert into t values (2)")
    assert connection.in_transaction and count(other) == 1
    connection.execute("commit")
    assert count(other) == 2
    connection.autocommit = False
    connection.execute("insert into t values (3)")
    assert count(other) == 2
    connection.autocommit = True  # commits, as sqlite3 does
    assert count(other) == 3 and connection.autocommit


def test_statements_of_transactions_work_in_both_modes(connection):
    connection.execute("begin")
    connection.execute("create table t(a int)")
    connection.execute("savepoint s")
    connection.execute("insert into t values (1)")
    connection.execute("rollback to savepoint s")
    connection.execute("commit")
    assert not connection.in_transaction
    connection.execute("show statement_timeout")
    connection.execute("set statement_timeout = '1h'")
    assert not connection.in_transaction
    connection.execute("vacuum")


def test_the_block_of_a_connection_commits_rolls_back_and_closes(path):
    with turdb.connect(path) as connection:
        connection.execute("create table t(a int)")
    assert connection.closed
    with pytest.raises(KeyError):
        with turdb.connect(path) as connection:
            connection.execute("insert into t values (1)")
            raise KeyError
    assert connection.closed
    with turdb.connect(path) as connection:
        assert count(connection) == 0
        connection.close()


def test_transaction_blocks(connection):
    connection.execute("create table t(a int)")
    connection.commit()
    with connection.transaction() as same:
        assert same is connection and connection.in_transaction
        connection.execute("insert into t values (1)")
    assert not connection.in_transaction
    with pytest.raises(KeyError):
        with connection.transaction():
            connection.execute("insert into t values (2)")
            raise KeyError
    assert not connection.in_transaction
    with connection.transaction():
        with pytest.raises(KeyError):
            with connection.transaction():
                connection.execute("insert into t values (3)")
                raise KeyError
        with connection.transaction():
            connection.execute("insert into t values (4)")
    assert connection.execute("select a from t order by a").fetchall() == [(1,), (4,)]


def test_savepoints(connection):
    connection.execute("create table t(a int)")
    point = connection.savepoint("quoted \" name")
    connection.execute("insert into t values (1)")
    point.rollback()
    assert count(connection) == 0
    connection.execute("insert into t values (2)")
    point.release()
    with pytest.raises(turdb.InternalError):
        point.rollback()
    with connection.savepoint():
        connection.execute("insert into t values (3)")
    with pytest.raises(KeyError):
        with connection.savepoint():
            connection.execute("insert into t values (4)")
            raise KeyError
    assert connection.execute("select a from t order by a").fetchall() == [(2,), (3,)]
    connection.rollback()
    with connection.savepoint():
        assert connection.in_transaction


def test_a_statement_that_fails_leaves_the_transaction_alive(connection):
    connection.execute("create table t(a int primary key)")
    connection.execute("insert into t values (1)")
    with pytest.raises(turdb.IntegrityError):
        connection.execute("insert into t values (2), (1)")
    assert connection.in_transaction and count(connection) == 1


def test_commit_keeps_cursors_and_rollback_ends_them(connection):
    connection.execute("create table t(a int)")
    connection.execute("insert into t select i from generate_series(1, 50000) t(i)")
    connection.commit()
    cursor = connection.execute("select a from t")
    assert cursor.fetchone() == (1,)
    connection.commit()
    assert len(cursor.fetchall()) == 49999
    cursor = connection.execute("select a from t")
    assert cursor.fetchone() == (1,)
    connection.rollback()
    with pytest.raises(turdb.InternalError) as caught:
        cursor.fetchall()
    assert caught.value.sqlstate == "24000"


def test_a_deferred_constraint_fails_the_commit(connection):
    connection.executescript(
        "create table p(id int primary key); create table c(id int references p deferrable initially deferred)"
    )
    connection.commit()
    connection.execute("insert into c values (1)")
    with pytest.raises(turdb.IntegrityError):
        connection.commit()
    assert not connection.in_transaction


def test_closing_rolls_back(path):
    connection = turdb.connect(path)
    connection.execute("create table t(a int)")
    connection.close()
    with turdb.connect(path) as connection, pytest.raises(turdb.ProgrammingError):
        count(connection)
