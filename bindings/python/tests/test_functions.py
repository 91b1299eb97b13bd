"""Functions, aggregates, functions that give rows, and collations from Python."""

import collections
import datetime
import decimal
import gc
import threading
import uuid
import weakref
from typing import Any, List, Optional

import pytest

import turdb


def one(connection, sql, parameters=None):
    return connection.execute(sql, parameters).scalar()


# ---- scalar functions


def test_types_come_from_annotations(connection):
    def join(words: List[str], separator: Optional[str]) -> str:
        return separator.join(words)

    connection.create_function("join_words", join)
    assert one(connection, "select join_words(array['a', 'b'], '-')") == "a-b"
    assert one(connection, "select join_words(null, '-')") is None
    with pytest.raises(turdb.ProgrammingError) as caught:
        one(connection, "select join_words(1, 2)")
    assert caught.value.sqlstate == "42883"


def test_every_type_goes_in_and_comes_out(connection):
    seen = []

    def echo(value):
        seen.append(value)
        return value

    connection.create_function("echo", echo)
    values = [
        True,
        7,
        2**100,
        1.5,
        decimal.Decimal("1.50"),
        "héllo",
        b"\x00\xff",
        datetime.date(2020, 2, 29),
        datetime.time(12, 30, 1, 5),
        datetime.datetime(2020, 2, 29, 12),
        datetime.datetime(2020, 2, 29, 12, tzinfo=datetime.timezone.utc),
        datetime.timedelta(days=1, seconds=5),
        uuid.uuid4(),
        [1, None, 3],
    ]
    for value in values:
        assert one(connection, "select echo(?)", [value]) == value
    assert seen[-1] == [1, None, 3]
    assert one(connection, "select echo(null)") is None and len(seen) == len(values)


def test_types_by_name(connection):
    connection.create_function("f", lambda a, b: f"{a!r} {b!r}", "int, numeric(10,2)", "text")
    assert one(connection, "select f(1, 2)") == "1 Decimal('2.00')"
    connection.create_function("f", lambda a: "overloaded " + a, [str], str)
    assert one(connection, "select f('x')") == "overloaded x"
    connection.drop_function("f", [str])
    with pytest.raises(turdb.ProgrammingError):
        one(connection, "select f('x')")
    connection.drop_function("f")
    with pytest.raises(turdb.Error):
        connection.drop_function("f")
    with pytest.raises(turdb.Error):
        connection.create_function("f", len, "no_such_type", "int")
    with pytest.raises(TypeError):
        connection.create_function("f", len, [complex], int)
    with pytest.raises(TypeError):
        connection.create_function("f", 17)


def test_as_sqlite3_has_it(connection):
    connection.create_function("md5sum", 1, lambda value: "none" if value is None else "some")
    assert one(connection, "select md5sum(null)") == "none"
    connection.create_function("count_of", -1, lambda *values: len(values))
    assert one(connection, "select count_of(1, null, 'x')") == 3
    assert one(connection, "select count_of()") == 0


def test_null_handling(connection):
    calls = []
    connection.create_function("f", lambda a: calls.append(a), ["int"], "int")
    assert connection.execute("select f(a) from (values (1), (null)) t(a)").fetchall() == [(None,), (None,)]
    assert calls == [1]
    connection.create_function("f", lambda a: 0 if a is None else a, ["int"], "int", null_handling="special")
    assert connection.execute("select f(a) from (values (1), (null)) t(a)").fetchall() == [(1,), (0,)]
    with pytest.raises(ValueError):
        connection.create_function("f", lambda a: a, null_handling="never")


def test_deterministic_calls_are_saved(connection):
    calls = []
    connection.create_function("f", lambda a: calls.append(a) or 1, ["int"], "int", deterministic=True)
    assert one(connection, "select sum(f(1)) from generate_series(1, 1000)") == 1000
    assert len(calls) < 10
    connection.create_function("f", lambda a: calls.append(a) or 1, ["int"], "int")
    calls.clear()
    assert one(connection, "select sum(f(1)) from generate_series(1, 1000)") == 1000
    assert len(calls) == 1000


class Special(Exception):
    pass


def test_what_is_raised_comes_out(connection):
    original = Special("no")

    def raises(value: int) -> int:
        if value == 3:
            raise original
        return value

    connection.create_function("raises", raises)
    connection.execute("create table t(a int)")
    connection.commit()
    with pytest.raises(Special) as caught:
        connection.execute("insert into t select raises(i::int) from generate_series(1, 5) i")
    assert caught.value is original
    connection.rollback()
    assert one(connection, "select count(*) from t") == 0
    with pytest.raises(Special):
        connection.execute("select raises(i::int) from generate_series(1, 5) i").fetchall()
    # Somebody else's error is somebody else's.
    with pytest.raises(turdb.DataError):
        connection.execute("select 1 / 0")
    # What no row asks for is not raised.
    assert one(connection, "select case when false then raises(3) else 1 end") == 1


def test_a_constant_call_that_fails_is_not_raised_later(connection):
    def raises() -> int:
        raise Special

    connection.create_function("raises", raises, deterministic=True)
    assert connection.execute("select raises() from generate_series(1, 0)").fetchall() == []
    assert one(connection, "select 1") == 1
    with pytest.raises(turdb.ProgrammingError):
        connection.execute("select nothing")
    with pytest.raises(Special):
        connection.execute("select raises()").fetchall()


def test_results_that_do_not_fit(connection):
    connection.create_function("f", lambda: "seven", [], "int")
    with pytest.raises(turdb.DataError) as caught:
        connection.execute("select f()").fetchall()
    assert caught.value.sqlstate == "22P02"
    connection.create_function("f", lambda: object(), [], "int")
    with pytest.raises((TypeError, turdb.Error)):
        connection.execute("select f()").fetchall()


def test_the_connection_is_not_to_be_used(connection):
    def uses() -> int:
        return connection.execute("select 1").scalar()

    connection.create_function("uses", uses)
    with pytest.raises(turdb.ProgrammingError) as caught:
        connection.execute("select uses()").fetchall()
    assert caught.value.sqlstate == "HY010"
    assert one(connection, "select 1") == 1


def test_keyboard_interrupt(connection):
    def interrupts() -> int:
        raise KeyboardInterrupt

    connection.create_function("interrupts", interrupts)
    with pytest.raises(KeyboardInterrupt):
        connection.execute("select interrupts()").fetchall()


def test_functions_are_let_go(path):
    class Callable:
        def __call__(self, a: int) -> int:
            return a

    connection = turdb.connect(path)
    first, second = Callable(), Callable()
    gone = [weakref.ref(first), weakref.ref(second)]
    connection.create_function("f", first)
    cursor = connection.execute("select f(i) from generate_series(1, 100000) i")
    del first
    connection.create_function("f", second)
    del second
    gc.collect()
    assert gone[0]() is not None  # the cursor runs it
    assert cursor.fetchall()[-1] == (100000,)
    connection.execute("select 1")
    del cursor
    connection.close()
    gc.collect()
    assert gone[0]() is None and gone[1]() is None


def test_threads_have_functions_of_their_own(path):
    results = []

    def run(number: int) -> None:
        with turdb.connect(path) as own:
            own.create_function("me", lambda: number, [], "int")
            results.append(one(own, "select sum(me()) from generate_series(1, 1000)") == 1000 * number)

    # The database stays open meanwhile: opening one that another thread is just closing may be refused.
    with turdb.connect(path):
        threads = [threading.Thread(target=run, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [True] * 4


def test_nothing_in_the_catalog_calls_them(connection):
    connection.create_function("f", lambda a: a, [int], int)
    connection.execute("create table t(a int)")
    with pytest.raises(turdb.ProgrammingError) as caught:
        connection.execute("create view v as select f(a) from t")
    assert "registered on this connection" in caught.value.hint


def test_vectorized(connection):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.compute as pc

    batches = []

    def plus(a, b):
        batches.append(len(a))
        assert isinstance(a, pa.Array) and a.type == pa.int64()
        return pc.add(a, b)

    connection.create_function("plus", plus, ["bigint", "bigint"], "bigint", vectorized=True)
    assert one(connection, "select sum(plus(i, 1)) from generate_series(1, 10000) i") == 50015000
    assert sum(batches) == 10000 and len(batches) < 20
    assert connection.execute("select plus(a, 1) from (values (1), (null), (3)) t(a)").fetchall() == [(2,), (None,), (4,)]
    connection.create_function("names", lambda a: pa.array(["x"] * len(a)), ["bigint"], "text", vectorized=True)
    assert one(connection, "select names(1)") == "x"
    connection.create_function("listed", lambda a: [1.5] * len(a), ["bigint"], "double precision", vectorized=True)
    assert one(connection, "select listed(1)") == 1.5
    connection.create_function("short", lambda a: pa.array([], pa.int64()), ["bigint"], "bigint", vectorized=True)
    with pytest.raises(turdb.DataError):
        connection.execute("select short(1)").fetchall()

    def raises(a):
        raise Special

    connection.create_function("plus", raises, ["bigint"], "bigint", vectorized=True)
    with pytest.raises(Special):
        connection.execute("select plus(1)").fetchall()


# ---- aggregates


class Product:
    made = 0

    def __init__(self) -> None:
        Product.made += 1
        self.product = 1

    def step(self, factor: int) -> None:
        if factor == 13:
            raise Special("thirteen")
        self.product *= factor

    def finalize(self) -> int:
        return self.product


class Mergeable(Product):
    def merge(self, other: "Mergeable") -> None:
        self.product *= other.product


@pytest.mark.parametrize("kind", [Product, Mergeable])
def test_aggregates(connection, kind):
    connection.create_aggregate("product", None, kind)
    assert one(connection, "select product(i) from generate_series(1, 5) i") == 120
    assert one(connection, "select product(i) from generate_series(1, 0) i") == 1
    rows = connection.execute("select i % 2, product(i) from generate_series(1, 5) i group by 1 order by 1").fetchall()
    assert rows == [(0, 8), (1, 15)]
    rows = connection.execute(
        "select product(i) over (order by i), product(i) over (order by i rows 1 preceding) from generate_series(1, 4) i"
    ).fetchall()
    assert rows == [(1, 1), (2, 2), (6, 6), (24, 12)]
    assert one(connection, "select product(distinct a) filter (where a > 1) from (values (2), (2), (3), (1)) t(a)") == 6
    with pytest.raises(Special):
        connection.execute("select product(i) from generate_series(1, 20) i").fetchall()


def test_aggregates_as_sqlite3_has_them(connection):
    class Collect:
        def __init__(self):
            self.seen = []

        def step(self, a, b):
            self.seen.append((a, b))

        def finalize(self):
            return repr(self.seen)

    connection.create_aggregate("collect", 2, Collect)
    text = one(connection, "select collect(a, 'x' order by a desc) from (values (1), (null), (2)) t(a)")
    assert text == "[(None, 'x'), (2, 'x'), (1, 'x')]"
    with pytest.raises(TypeError):
        connection.create_aggregate("nothing", 1, object)


def test_states_are_let_go(connection):
    alive = []

    class State:
        def __init__(self):
            alive.append(weakref.ref(self))

        def step(self, a: int):
            pass

        def finalize(self) -> int:
            return 1

    connection.create_aggregate("f", None, State)
    assert one(connection, "select sum(n) from (select f(i) n from generate_series(1, 5000) i group by i) t") == 5000
    connection.close()
    gc.collect()
    assert len(alive) == 5000 and not any(state() for state in alive)


# ---- functions that give rows


def test_generators(connection):
    pytest.importorskip("pyarrow")
    read = []

    def count(n: int):
        for i in range(n):
            read.append(i)
            yield i, f"number {i}"

    connection.create_table_function("count_up", count, columns={"i": int, "name": str})
    assert connection.execute("select * from count_up(2)").fetchall() == [(0, "number 0"), (1, "number 1")]
    assert one(connection, "select count(*) from count_up(5000)") == 5000
    rows = connection.execute("select n, i from generate_series(1, 2) n, count_up(n) order by 1, 2").fetchall()
    assert rows == [(1, 0), (2, 0), (2, 1)]
    read.clear()
    assert connection.execute("select i from count_up(?) limit 1", [10_000_000]).fetchall() == [(0,)]
    assert len(read) < 100_000
    assert connection.execute("select * from count_up(0)").fetchall() == []


def test_rows_of_many_kinds(connection):
    pytest.importorskip("pyarrow")
    Point = collections.namedtuple("Point", "x y")
    connection.create_table_function("points", lambda: [Point(1, 2.5), Point(3, None)])
    cursor = connection.execute("select * from points()")
    assert [column[0] for column in cursor.description] == ["x", "y"]
    assert cursor.fetchall() == [(1, 2.5), (3, None)]
    connection.create_table_function("dicts", lambda: [{"a": 1, "b": "x"}, {"b": "y"}], columns="a int, b text")
    assert connection.execute("select * from dicts()").fetchall() == [(1, "x"), (None, "y")]
    connection.create_table_function("values_of", lambda: ["a", "b"], columns="v text")
    assert connection.execute("select v from values_of()").fetchall() == [("a",), ("b",)]
    number, day = uuid.uuid4(), datetime.date(2020, 1, 1)
    row = (decimal.Decimal("1.25"), number, day, {"k": [1]}, b"\x00", True, [1, 2], decimal.Decimal("9.99"))
    connection.create_table_function(
        "typed", lambda: [row], columns="a numeric, b uuid, c date, d json, e bytea, f boolean, g int[], h decimal(5,2)"
    )
    assert connection.execute("select * from typed()").fetchall() == [row]


def test_tables_and_errors(connection):
    pa = pytest.importorskip("pyarrow")
    connection.create_table_function("table_of", lambda n: pa.table({"i": list(range(n))}), [int], "i bigint")
    assert one(connection, "select sum(i) from table_of(5)") == 10
    connection.create_table_function("open_of", lambda n: {"i": list(range(n))}, [int])
    assert connection.execute("select * from open_of(2)").fetchall() == [(0,), (1,)]

    def raises():
        yield 1
        raise Special

    connection.create_table_function("raises", raises, columns="i int")
    with pytest.raises((Special, turdb.Error)):
        connection.execute("select * from raises()").fetchall()

    def raises_at_once(n: int):
        raise Special

    connection.create_table_function("at_once", raises_at_once, columns="i int")
    with pytest.raises(Special):
        connection.execute("select * from at_once(1)").fetchall()
    connection.create_table_function("number", lambda: 7, columns="i int")
    with pytest.raises(TypeError):
        connection.execute("select * from number()").fetchall()
    connection.create_table_function("wrong", lambda: [(1, 2)], columns="i int")
    with pytest.raises((ValueError, turdb.Error)):
        connection.execute("select * from wrong()").fetchall()


# ---- collations


def test_collations(connection):
    connection.create_collation("Numbers", lambda text: b"".join(b"%010d" % int(part) for part in text.split(".")))
    connection.execute("create table version(v text)")
    connection.executemany("insert into version values (?)", [("1.10",), ("1.9",), ("1.09",), (None,)])
    rows = connection.execute("select v from version order by v collate numbers, v").fetchall()
    assert rows == [("1.09",), ("1.9",), ("1.10",), (None,)]
    assert one(connection, "select count(*) from version where v collate numbers > '1.9'") == 1
    assert one(connection, "select count(*) from version where v collate numbers = '1.9'") == 2
    with pytest.raises(ValueError):
        connection.execute("select v from version order by v || 'x' collate numbers").fetchall()
    with pytest.raises(turdb.ProgrammingError):
        connection.execute("create index on version (v collate numbers)")
    connection.create_collation("numbers", None)
    with pytest.raises(turdb.Error) as caught:
        connection.execute("select v from version order by v collate numbers")
    assert caught.value.sqlstate == "42704"
    connection.create_collation("bad", lambda text: 7)
    with pytest.raises(TypeError):
        connection.execute("select v from version where v is not null order by v collate bad").fetchall()


def unused(value: Any) -> None:
    """Annotations that nobody but a checker reads do not matter."""
