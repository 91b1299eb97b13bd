"""Hooks, authorizer, limits and settings."""

import pytest

import turdb


@pytest.fixture
def table(connection):
    connection.execute("create table t(a int primary key, b text)")
    connection.commit()
    return connection


def test_commit_and_rollback_hooks(table):
    told = []
    table.set_commit_hook(lambda: told.append("commit"))
    table.set_rollback_hook(lambda: told.append("rollback"))
    table.execute("insert into t values (1, 'a')")
    assert told == []
    table.commit()
    assert told == ["commit"]
    table.execute("insert into t values (2, 'a')")
    table.rollback()
    assert told == ["commit", "rollback"]
    table.set_commit_hook(lambda: True)
    table.execute("insert into t values (3, 'a')")
    with pytest.raises(turdb.IntegrityError):
        table.commit()
    assert not table.in_transaction and told[-1] == "rollback"
    table.set_commit_hook(None)
    table.execute("insert into t values (4, 'a')")
    table.commit()
    assert table.execute("select a from t order by a").fetchall() == [(1,), (4,)]
    with pytest.raises(TypeError):
        table.set_commit_hook(5)


class Refused(Exception):
    pass


def test_what_a_hook_raises_is_raised(table):
    def refuse(*arguments):
        raise Refused(arguments)

    table.set_commit_hook(refuse)
    table.execute("insert into t values (1, 'a')")
    with pytest.raises(Refused):
        table.commit()
    table.set_commit_hook(None)
    table.set_change_hook(refuse)
    with pytest.raises(Refused):
        table.execute("insert into t values (1, 'a')")
    table.set_change_hook(None)
    table.set_authorizer(refuse)
    with pytest.raises(Refused):
        table.execute("select a from t where b = 'x'")
    table.set_authorizer(None)
    assert table.execute("select count(*) from t").scalar() == 0


def test_change_hook(table):
    changes = []
    table.set_change_hook(lambda *change: changes.append(change) and None)
    table.execute("insert into t values (1, 'a'), (2, null)")
    table.execute("update t set b = 'x' where a = 1")
    table.execute("delete from t where a = 2")
    table.executemany("insert into t values (?, ?)", [(i, str(i)) for i in range(10, 13)])
    assert changes == [
        ("insert", "root", "t", [(None, (1, "a")), (None, (2, None))]),
        ("update", "root", "t", [((1, "a"), (1, "x"))]),
        ("delete", "root", "t", [((2, None), None)]),
    ] + [("insert", "root", "t", [(None, (i, str(i)))]) for i in range(10, 13)]
    table.set_change_hook(lambda *change: True)
    with pytest.raises(turdb.IntegrityError):
        table.execute("delete from t")
    table.set_change_hook(None)
    assert table.execute("select count(*) from t").scalar() == 4


def test_a_hook_may_not_use_the_connection(table):
    raised = []

    def use(*arguments):
        try:
            table.execute("select 1")
        except turdb.ProgrammingError as error:
            raised.append(error)

    table.set_change_hook(use)
    table.execute("insert into t values (1, 'a')")
    assert len(raised) == 1


def test_trace_and_profile(table):
    begun, ended = [], []
    table.set_trace_callback(begun.append)
    table.set_profile_callback(lambda *facts: ended.append(facts))
    table.execute("insert into t values (?, :b)", [7, "it's"])
    assert begun == ["insert into t values (7, 'it''s')"]
    assert ended[0][0] == "insert into t values (?, :b)" and ended[0][2:] == (0, 1) and ended[0][1] > 0
    assert table.execute("select * from t, generate_series(1, 3)").fetchall() == [(7, "it's", 1), (7, "it's", 2), (7, "it's", 3)]
    assert ended[1][2] == 3
    table.set_trace_callback(None)
    table.execute("select 1").fetchall()
    assert len(begun) == 2 and len(ended) == 3
    table.set_profile_callback(None)
    table.execute("select 2").fetchall()
    assert len(ended) == 3


def test_authorizer(table):
    table.execute("insert into t values (1, 'secret')")

    def authorize(action, schema, name, column, accessor):
        if action == turdb.ACTION_READ and column == "b":
            return turdb.IGNORE
        return turdb.DENY if action == turdb.ACTION_DELETE else turdb.ALLOW

    table.set_authorizer(authorize)
    assert table.execute("select * from t").fetchall() == [(1, None)]
    with pytest.raises(turdb.Error) as caught:
        table.execute("delete from t")
    assert caught.value.sqlstate == "42501" and "root.t" in str(caught.value)
    table.set_authorizer(None)
    assert table.execute("select * from t").fetchall() == [(1, "secret")]


def test_limits_and_settings(table):
    before = table.setlimit(turdb.LIMIT_SQL_BYTES, 40)
    assert before == 16 << 20 and table.getlimit(turdb.LIMIT_SQL_BYTES) == 40
    with pytest.raises(turdb.Error):
        table.execute("select 'a statement of more than forty bytes'")
    table.setlimit(turdb.LIMIT_SQL_BYTES, before)
    with pytest.raises(turdb.DataError):
        table.setlimit(turdb.LIMIT_SQL_BYTES, before + 1)
    with pytest.raises(turdb.ProgrammingError):
        table.getlimit(999)
    assert table.setting("busy_timeout") == "5000"
    table.set_setting("busy_timeout", "100")
    assert table.setting("busy_timeout") == "100"
    table.set_setting("busy_timeout", None)
    assert table.setting("busy_timeout") == "5000"
    with pytest.raises(turdb.Error):
        table.set_setting("no_such_setting", "1")


def test_hooks_go_with_their_connection(table):
    import gc
    import weakref

    connection = table.database.connect()

    class Hook:
        def __init__(self, connection):
            self.connection = connection  # a circle

        def __call__(self, *arguments):
            return False

    hook = Hook(connection)
    gone = weakref.ref(hook)
    connection.set_change_hook(hook)
    connection.set_commit_hook(hook)
    del hook, connection
    gc.collect()
    assert gone() is None
