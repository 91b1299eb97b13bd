"""Threads, signals, interrupts, progress, forks, and what is still open when the interpreter ends."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest

import turdb

ENDLESS = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b"


def run_python(script, *arguments):
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_interrupt_from_another_thread(connection):
    timer = threading.Timer(0.1, connection.interrupt)
    timer.start()
    with pytest.raises(turdb.Interrupted) as caught:
        connection.execute(ENDLESS)
    assert caught.value.sqlstate == "57014"
    timer.join()
    assert connection.execute("select 1").scalar() == 1
    connection.interrupt()  # nothing runs, so nothing is stopped
    assert connection.execute("select 2").scalar() == 2


def test_interrupt_while_fetching(connection):
    cursor = connection.execute("select i from generate_series(1, 100000000) t(i) where i < 3000 or i > 99999990")
    timer = threading.Timer(0.1, connection.interrupt)
    timer.start()
    with pytest.raises(turdb.Interrupted):
        cursor.fetchall()
    timer.join()
    assert cursor.fetchall() == []


def test_interrupt_of_executemany(connection):
    connection.execute("create table t(a int)")
    connection.commit()
    timer = threading.Timer(0.1, connection.interrupt)
    timer.start()
    with pytest.raises(turdb.Interrupted):
        connection.executemany("insert into t values (?)", ((i,) for i in range(1_000_000_000)))
    timer.join()
    assert connection.execute("select count(*) from t").scalar() == 0


def test_the_gil_is_released(connection):
    ticks = []

    def tick():
        while len(ticks) < 20:
            ticks.append(1)
            time.sleep(0.001)
        connection.interrupt()

    thread = threading.Thread(target=tick)
    thread.start()
    with pytest.raises(turdb.Interrupted):
        connection.execute(ENDLESS)
    thread.join()
    assert len(ticks) == 20


@pytest.mark.parametrize("call", ["execute", "fetchall", "executemany"])
def test_ctrl_c_stops_a_statement(call):
    statement = {
        "execute": f"connection.execute('{ENDLESS}')",
        "fetchall": "connection.execute('select i from generate_series(1, 100000000000) t(i) where i < 3000').fetchall()",
        "executemany": "connection.executemany('insert into t values (?)', ((i,) for i in range(10**12)))",
    }[call]
    script = f"""
        import os, signal, threading, time, turdb
        connection = turdb.connect()
        connection.execute("create table t(a int)")
        connection.commit()
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begin = time.monotonic()
        try:
            {statement}
        except KeyboardInterrupt:
            assert time.monotonic() - begin < 5
            assert connection.execute("select count(*) from t").fetchone() == (0,)
            print("stopped")
        """
    result = run_python(script)
    assert result.stdout == "stopped\n", result.stderr


def test_a_signal_handler_that_raises_stops_the_statement(connection):
    class Alarm(Exception):
        pass

    def handler(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm):
            connection.execute(ENDLESS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert connection.execute("select 1").scalar() == 1


def test_progress(connection):
    calls = []

    def progress():
        calls.append(time.monotonic())
        return len(calls) == 3

    connection.set_progress_handler(progress, 0.02)
    with pytest.raises(turdb.Interrupted):
        connection.execute(ENDLESS)
    assert len(calls) == 3

    def raises():
        raise KeyError("mine")

    connection.set_progress_handler(raises)
    with pytest.raises(KeyError, match="mine"):
        connection.execute(ENDLESS)

    def uses_the_connection():
        connection.execute("select 1")

    connection.set_progress_handler(uses_the_connection)
    with pytest.raises(turdb.ProgrammingError, match="running a statement"):
        connection.execute(ENDLESS)
    connection.set_progress_handler(None)
    assert connection.execute("select count(*) from generate_series(1, 2000000) t").scalar() == 2000000
    for wrong in (0, -1, float("nan")):
        with pytest.raises(ValueError):
            connection.set_progress_handler(progress, wrong)
    with pytest.raises(TypeError):
        connection.set_progress_handler(7)


def test_a_second_thread_is_told(connection):
    cursor = connection.execute("select 1")
    failures = []

    def second():
        time.sleep(0.1)
        for call in (
            lambda: connection.execute("select 1"),
            connection.commit,
            connection.rollback,
            connection.close,
            connection.savepoint,
            cursor.fetchone,
            cursor.close,
            lambda: cursor.execute("select 1"),
        ):
            try:
                call()
            except turdb.ProgrammingError as error:
                failures.append(error.sqlstate)
        connection.interrupt()

    thread = threading.Thread(target=second)
    thread.start()
    with pytest.raises(turdb.Interrupted):
        connection.execute(ENDLESS)
    thread.join()
    assert failures == ["HY010"] * 8
    assert cursor.fetchone() == (1,)


def test_a_connection_moves_between_threads(connection):
    result = []
    thread = threading.Thread(target=lambda: result.append(connection.execute("select 1").scalar()))
    thread.start()
    thread.join()
    assert result == [1]


def test_many_threads_with_a_connection_each(path):
    database = turdb.Database(path)
    with database.connect() as connection:
        connection.execute("create table t(thread int, a int)")

    def work(number):
        with database.connect() as connection:
            for i in range(50):
                connection.execute("insert into t values (?, ?)", (number, i))
                connection.commit()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.connect() as connection:
        assert connection.execute("select count(*), sum(a) from t").fetchone() == (400, 8 * 1225)
    database.close()


def test_threads_that_fight_over_a_connection_never_crash(connection):
    connection.execute("create table t(a int)")
    connection.executemany("insert into t values (?)", [(i,) for i in range(3000)])
    stop = time.monotonic() + 1

    def fight():
        cursor = None
        while time.monotonic() < stop:
            try:
                cursor = connection.cursor()
                cursor.execute("select a from t")
                cursor.fetchmany(1500)
                connection.commit()
            except turdb.ProgrammingError:
                pass

    threads = [threading.Thread(target=fight) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.execute("select count(*) from t").scalar() == 3000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_after_a_fork_the_child_is_told(path):
    script = """
        import os, sys, turdb
        connection = turdb.connect(sys.argv[1])
        connection.execute("create table t(a int)")
        cursor = connection.execute("select i from generate_series(1, 100000) t(i)")
        child = os.fork()
        if child == 0:
            told = 0
            for call in (lambda: connection.execute("select 1"), cursor.fetchall, connection.commit, connection.close):
                try:
                    call()
                except turdb.ProgrammingError:
                    told += 1
            del cursor, connection
            os._exit(told)
        _, status = os.waitpid(child, 0)
        assert len(cursor.fetchall()) == 100000
        connection.commit()
        connection.close()
        print(os.WEXITSTATUS(status))
        """
    result = run_python(script, str(path))
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) >= 3


@pytest.mark.parametrize("keep", ["cursor", "connection, cursor", "database, connection, cursor, sys.modules"])
def test_what_is_open_when_the_interpreter_ends(path, keep):
    script = f"""
        import sys, threading, turdb
        database = turdb.Database(sys.argv[1])
        connection = database.connect()
        connection.execute("create table if not exists t(a int)")
        cursor = connection.execute("select i from generate_series(1, 10000000) t(i)")
        cursor.fetchone()
        threading.Thread(target=lambda: turdb.connect().execute("select 1").fetchone()).start()
        class Late:
            def __init__(self, *kept): self.kept = kept
            def __del__(self):
                try: self.kept[-1].fetchone()
                except Exception: pass
        late = Late({keep})
        late.self = late
        print("end")
        """
    result = run_python(script, str(path))
    assert result.returncode == 0, result.stderr
    assert result.stdout == "end\n" and "Fatal" not in result.stderr


def test_objects_may_go_in_any_order(path):
    connection = turdb.connect(path)
    cursor = connection.execute("select i from generate_series(1, 100000) t(i)")
    gone = weakref.ref(connection)
    del connection
    assert cursor.fetchone() == (1,)
    assert gone() is not None  # the cursor keeps it
    del cursor
    gc.collect()
    assert gone() is None
    database = turdb.Database(path)
    connection = database.connect()
    del database
    assert connection.execute("select 1").scalar() == 1
    connection.close()


def test_rings_of_references_are_collected():
    connection = turdb.connect()
    connection.me = connection
    cursor = connection.execute("select i from generate_series(1, 100000) t(i)")
    connection.row_factory = lambda cursor, row, keep=cursor: row
    gone = weakref.ref(connection)
    del connection, cursor
    gc.collect()
    assert gone() is None


def test_closing_the_database_ends_its_connections(path):
    database = turdb.Database(path)
    connection = database.connect()
    cursor = connection.execute("select i from generate_series(1, 100000) t(i)")
    database.close()
    assert database.closed
    database.close()
    for call in (lambda: connection.execute("select 1"), cursor.fetchall, database.connect, database.check):
        with pytest.raises(turdb.ProgrammingError):
            if call == cursor.fetchall:
                cursor.fetchall()  # what was fetched before
                cursor.fetchall()
            call()
    connection.close()


def test_memory_does_not_grow():
    resource = pytest.importorskip("resource")
    connection = turdb.connect(autocommit=True)
    connection.execute("create table t(a int, b text, c jsonb, d text[], e numeric, f uuid, g timestamptz, h interval)")
    connection.execute(
        "insert into t values (1, 'some text', '{\"a\": [1]}', '{a,b}', 1.5, gen_random_uuid(), now(), interval '1 month')"
    )

    def work(rounds):
        for i in range(rounds):
            connection.execute("select *, ? from t where a = ?", ["x" * 1000, 1]).fetchall()
            connection.execute("select :a", {"a": [1, 2, {"b": i}] if False else [1, 2]}).description
            try:
                connection.execute("select nothing")
            except turdb.Error:
                pass

    work(300)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(3000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024


@pytest.mark.parametrize("statement", ["update t set a = 2", "drop table t", "select pg_sleep(1000)"])
def test_ctrl_c_ends_a_wait(statement):
    script = f"""
        import os, signal, threading, time, turdb
        database = turdb.Database(":memory:")
        holder, waiter = database.connect(), database.connect()
        holder.execute("create table t(a int)")
        holder.execute("insert into t values (1)")
        holder.commit()
        holder.execute("update t set a = 3")
        waiter.set_setting("busy_timeout", "1h")
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begin = time.monotonic()
        try:
            waiter.execute("{statement}")
        except KeyboardInterrupt:
            assert time.monotonic() - begin < 10
            holder.rollback()
            assert waiter.execute("select a from t").fetchone() == (1,)
            print("stopped")
        """
    result = run_python(script)
    assert result.stdout == "stopped\n", result.stderr


def test_interrupt_and_close_do_not_meet():
    """Interrupts go on while connections are closed by another thread."""
    database = turdb.Database(":memory:")
    connections = [database.connect() for _ in range(50)]
    done = threading.Event()

    def interrupt():
        while not done.is_set():
            for connection in connections:
                connection.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    for connection in connections:
        connection.close()
    done.set()
    thread.join()
