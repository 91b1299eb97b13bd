"""Arrow, pandas, polars and numpy, both ways."""

import datetime
import decimal
import gc
import threading

import pytest

import turdb

pa = pytest.importorskip("pyarrow")


@pytest.fixture
def numbers(connection):
    connection.execute("create table numbers(i bigint primary key, half double precision, name text)")
    connection.execute("insert into numbers select i, i * 0.5, 'number ' || i from generate_series(1, 50000) t(i)")
    return connection


def test_tables(numbers):
    table = numbers.execute("select * from numbers order by i").fetch_arrow_table()
    assert table.num_rows == 50000
    assert table.schema == pa.schema([("i", pa.int64()), ("half", pa.float64()), ("name", pa.string())])
    assert table.slice(49999, 1).to_pylist() == [{"i": 50000, "half": 25000.0, "name": "number 50000"}]
    assert table["i"].to_pylist() == list(range(1, 50001))


def test_the_rest_of_the_rows(numbers):
    cursor = numbers.execute("select i from numbers order by i")
    assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
    assert cursor.fetch_arrow_table()["i"].to_pylist() == list(range(4, 50001))
    assert cursor.fetchall() == []
    assert cursor.fetch_arrow_table().num_rows == 0
    # The statement is as good as new.
    assert numbers.execute("select i from numbers order by i").fetchone() == (1,)
    with pytest.raises(turdb.ProgrammingError):
        numbers.execute("create table other(i int)").fetch_arrow_table()


def test_small_and_empty_results_have_the_same_schema(numbers):
    few = numbers.execute("select * from numbers where i = 7").fetch_arrow_table()
    none = numbers.execute("select * from numbers where i < 0").fetch_arrow_table()
    many = numbers.execute("select * from numbers").fetch_arrow_table()
    assert few.schema == none.schema == many.schema
    assert (few.num_rows, none.num_rows) == (1, 0)
    returned = numbers.execute("update numbers set half = 0 where i = 7 returning i, half").fetch_arrow_table()
    assert returned.to_pylist() == [{"i": 7, "half": 0.0}]


def test_record_batches(numbers):
    reader = numbers.execute("select i from numbers order by i").fetch_record_batch(7000)
    sizes = [batch.num_rows for batch in reader]
    assert sum(sizes) == 50000 and max(sizes) <= 7000
    with pytest.raises(ValueError):
        numbers.execute("select 1").fetch_record_batch(-1)


def test_every_type(connection):
    connection.execute("create type mood as enum ('sad', 'happy')")
    table = connection.execute(
        "select true, 1::smallint, 2::int, 3::bigint, 1.5::real, 2.5::float8, 1.50::decimal(10,2), 'x', '\\x00'::blob, "
        "date '2020-02-29', time '01:02', timestamp '2020-01-01', timestamptz '2020-01-01 00:00+00', interval '1 month 2 days', "
        "'12345678-1234-5678-1234-567812345678'::uuid, '{\"a\":1}'::jsonb, array[1,null,3], 'happy'::mood, null::int"
    ).fetch_arrow_table()
    row = [column[0].as_py() for column in table.columns]
    assert row[:9] == [True, 1, 2, 3, 1.5, 2.5, decimal.Decimal("1.50"), "x", b"\0"]
    assert row[9:11] == [datetime.date(2020, 2, 29), datetime.time(1, 2)]
    assert row[11] == datetime.datetime(2020, 1, 1)
    assert row[12] == datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    assert tuple(row[13]) == (1, 2, 0)
    assert row[16:] == [[1, None, 3], "happy", None]


def test_streams_of_others(numbers):
    reader = pa.RecordBatchReader.from_stream(numbers.execute("select i from numbers order by i"))
    assert sum(batch.num_rows for batch in reader) == 50000
    assert pa.table(numbers.execute("select 1 as a")).to_pydict() == {"a": [1]}


def test_streams_outlive_everything(path):
    with turdb.connect(path) as connection:
        connection.execute("create table t(a int)")
        connection.execute("insert into t select i from generate_series(1, 100000) t(i)")
    connection = turdb.connect(path)
    table = connection.execute("select a from t").fetch_arrow_table()
    reader = pa.RecordBatchReader.from_stream(connection.execute("select a from t"))
    first = reader.read_next_batch()
    connection.close()
    del connection
    gc.collect()
    assert table.num_rows == 100000 and first.num_rows > 0
    try:
        reader.read_all()
    except (OSError, pa.ArrowInvalid) as error:
        assert "closed" in str(error)


def test_errors_and_interrupts_are_ours(connection):
    cursor = connection.execute("select 1000 / (50000 - i) as q from generate_series(1, 100000) t(i)")
    with pytest.raises(turdb.DataError) as caught:
        cursor.fetch_arrow_table()
    assert caught.value.sqlstate == "22012"
    cursor = connection.execute("select i from generate_series(1, 100000000) t(i) where i < 3000 or i > 99999990")
    timer = threading.Timer(0.1, connection.interrupt)
    timer.start()
    with pytest.raises(turdb.Interrupted):
        cursor.fetch_arrow_table()
    timer.join()
    connection.close()
    with pytest.raises(turdb.ProgrammingError):
        cursor.fetch_arrow_table()


def test_pandas(numbers):
    pandas = pytest.importorskip("pandas")
    frame = numbers.execute("select i, half, name, 1.5::numeric as n from numbers where i <= 3 order by i").df()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["i", "half", "name", "n"] and frame["n"].tolist() == [1.5] * 3
    assert frame["i"].sum() == 6 and frame["name"].tolist() == ["number 1", "number 2", "number 3"]
    frame = frame.set_index("i", drop=False)
    assert numbers.execute("select sum(half) from frame where name <> 'number 1'").scalar() == 2.5
    numbers.execute("create table copied as select * from frame")
    assert numbers.execute("select count(*) from copied").scalar() == 3
    mixed = pandas.DataFrame({"Day": pandas.to_datetime(["2020-01-01", None]), "Word": pandas.Categorical(["a", "b"])})
    assert numbers.execute('select "Word", "Day" from mixed where "Day" is not null').fetchall() == [
        ("a", datetime.datetime(2020, 1, 1))
    ]


def test_polars(numbers):
    polars = pytest.importorskip("polars")
    frame = numbers.execute("select i, name from numbers where i <= 3 order by i").pl()
    assert isinstance(frame, polars.DataFrame) and frame["i"].to_list() == [1, 2, 3]
    assert numbers.execute("select n.half from frame join numbers n using (i) order by i").fetchall() == [(0.5,), (1.0,), (1.5,)]
    lazy = frame.lazy().filter(polars.col("i") > 1)
    assert numbers.execute("select count(*) from lazy").scalar() == 2
    assert polars.DataFrame(numbers.execute("select i from numbers where i < 3")).height == 2


def test_numpy(connection):
    numpy = pytest.importorskip("numpy")
    columns = connection.execute(
        "select i, i * 0.5::float8 as half, case when i > 1 then i end as some, 'x' || i as name from generate_series(1, 3) t(i)"
    ).fetchnumpy()
    assert columns["i"].dtype == numpy.int32 and columns["half"].tolist() == [0.5, 1.0, 1.5]
    assert columns["some"].mask.tolist() == [True, False, False] and columns["some"].sum() == 5
    assert columns["name"].tolist() == ["x1", "x2", "x3"]
    assert connection.execute("select 1 as a where false").fetchnumpy()["a"].size == 0
    table = {"a": numpy.arange(5), "b": numpy.linspace(0, 1, 5)}
    connection.register("arrays", table)
    assert connection.execute("select sum(a), max(b) from arrays").fetchone() == (10, 1.0)


def test_replacement_scans(connection):
    local = pa.table({"a": [1, 2, 3]})
    assert connection.execute("select sum(a) from local").scalar() == 6
    assert connection.execute("select count(*) from local x join local y on x.a < y.a").scalar() == 3
    local = pa.table({"a": [10]})
    assert connection.execute("select sum(a) from local").scalar() == 10
    MixedCase = pa.table({"a": [7]})
    assert connection.execute("select a from MixedCase").scalar() == 7
    assert connection.execute('select a from "MixedCase"').scalar() == 7
    assert MixedCase.num_rows == 1

    def inner():
        return connection.execute("select sum(a) from outer_table").scalar()

    outer_table = pa.table({"a": [1]})
    with pytest.raises(turdb.ProgrammingError):  # of the caller of inner, not of inner
        inner()
    assert outer_table.num_rows == 1
    assert connection.execute("select sum(a) from GLOBAL_TABLE").scalar() == 5
    text = "no table"
    with pytest.raises(turdb.ProgrammingError) as caught:
        connection.execute("select * from text")
    assert caught.value.sqlstate == "42P01" and text
    # What the database has comes first.
    connection.execute("create table local(b text)")
    assert connection.execute("select * from local").fetchall() == []
    connection.replacement_scans = False
    with pytest.raises(turdb.ProgrammingError):
        connection.execute("select sum(a) from MixedCase")
    assert not connection.replacement_scans


GLOBAL_TABLE = pa.table({"a": [5]})


def test_a_name_means_what_it_is_bound_to_when_the_statement_runs(connection):
    """Statements are cached, by the package and by the connection: neither answers for a table that has gone. [C-SOURCE-5]"""
    connection.set_setting("statement_cache_size", "10")
    sql = "select * from frame"
    for frame in (pa.table({"a": [1]}), pa.table({"a": [2]}), pa.table({"a": ["x"]}), pa.table({"b": [1.5], "c": [None]})):
        expected = [tuple(frame.to_pylist()[0].values())]
        for _ in range(2):
            cursor = connection.execute(sql)
            assert cursor.fetchall() == expected
            assert [column[0] for column in cursor.description] == frame.column_names
            assert connection.execute(sql).fetch_arrow_table().column_names == frame.column_names
    del frame
    with pytest.raises(turdb.ProgrammingError) as caught:
        connection.execute(sql)
    assert caught.value.sqlstate == "42P01"
    frame = pa.table({"a": [7]})
    assert connection.execute(sql).fetchall() == [(7,)] and frame.num_rows
    # A table of the database comes first as soon as there is one, beside other tables, too.
    connection.execute("create table kept as select 1 as k")
    both = "select frame.a from frame, kept"
    assert connection.execute(both).fetchall() == [(7,)]
    connection.execute("create table frame as select 'mine' as a")
    assert connection.execute(both).fetchall() == connection.execute(sql).fetchall() == [("mine",)]
    connection.execute("drop table frame")
    assert connection.execute(both).fetchall() == connection.execute(sql).fetchall() == [(7,)]
    # What is registered comes before both, whatever was prepared.
    own = "select k from kept"
    assert connection.execute(own).scalar() == 1
    connection.register("kept", {"k": [2]})
    assert connection.execute(own).scalar() == 2
    connection.register("kept", {"k": ["three"]})
    assert connection.execute(own).scalar() == "three"
    connection.unregister("kept")
    assert connection.execute(own).scalar() == 1


def test_a_statement_that_failed_before_it_ran_finds_its_tables_anew(connection):
    sql = "select a + ? from frame"
    frame = pa.table({"a": [1]})
    with pytest.raises(turdb.ProgrammingError):
        connection.execute(sql)  # without its parameter
    frame = pa.table({"a": [10]})
    assert connection.execute(sql, [1]).scalar() == 11 and frame.num_rows


def test_statements_over_tables_of_the_database_stay_compiled(connection):
    connection.execute("create table t(a integer primary key)")
    connection.set_setting("statement_cache_size", "10")
    connection.commit()
    statement = "select a from t where a = 1"
    connection.execute(statement)
    hits = "select value from turdb_catalog.metrics where name = 'statement_cache_hits'"
    before = connection.execute(hits).scalar()
    for _ in range(3):
        connection.executescript(statement)  # which the package does not keep
    assert connection.execute(hits).scalar() >= before + 3


GLOBAL_FRAME = pa.table({"a": [5]})


def test_a_global_that_changes_is_read_as_it_is(connection):
    global GLOBAL_FRAME
    sql = "select sum(a) from global_frame where a > 0"
    assert connection.execute(sql).scalar() == 5
    GLOBAL_FRAME = pa.table({"a": [6, 7]})
    assert connection.execute(sql).scalar() == 13
    GLOBAL_FRAME = pa.table({"a": [1.5]})
    assert connection.execute(sql).scalar() == 1.5


def test_structs_and_maps_both_ways(connection):
    people = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "who": pa.array([{"name": "Ada", "born": 1815}, None, {"name": None, "born": 1912}]),
            "tags": pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int32())),
        }
    )
    assert connection.execute("select (who).name from people where (who).born < 1900").scalar() == "Ada"
    assert connection.execute("select tags['a'] from people where id = 1").scalar() == 1
    back = connection.execute("select * from people order by id").fetch_arrow_table()
    assert back.schema.types[1:] == people.schema.types[1:]
    assert back.to_pylist() == people.to_pylist()
    connection.execute("create table kept(id bigint, who struct(name text, born bigint), tags map(text, integer))")
    assert connection.append("kept", people) == 3
    assert connection.execute("select * from kept order by id").fetch_arrow_table().to_pylist() == people.to_pylist()
    # A column of json gets json, as before there were types for structs.
    connection.execute("create table loose(id bigint, who json)")
    connection.append("loose", people.select(["id", "who"]))
    assert connection.execute("select who from loose where id = 1").scalar() == {"name": "Ada", "born": 1815}


def test_registered_tables(connection):
    connection.register("people", pa.table({"name": ["Ada", "Alan"], "born": [1815, 1912]}))
    for _ in range(3):
        assert connection.execute("select name from people order by born desc").fetchall() == [("Alan",), ("Ada",)]
    connection.execute("create table kept as select * from people")
    connection.register("people", {"name": ["Grace"]})
    assert connection.execute("select * from people").fetchall() == [("Grace",)]
    connection.unregister("people")
    with pytest.raises(turdb.ProgrammingError):
        connection.execute("select * from people")
    with pytest.raises(turdb.Error):
        connection.unregister("people")
    assert connection.execute("select count(*) from kept").scalar() == 2
    for wrong in (7, "text", [1, 2], object()):
        with pytest.raises(TypeError):
            connection.register("wrong", wrong)


def test_readers_are_read_once(connection):
    table = pa.table({"a": list(range(10))})
    connection.register("once", table.to_reader(max_chunksize=3))
    assert connection.execute("select sum(a) from once").scalar() == 45
    with pytest.raises(turdb.Error):
        connection.execute("select sum(a) from once")


def test_cursors_are_tables_of_other_connections(connection):
    with turdb.connect() as other:
        other.execute("create table t(a int)")
        other.execute("insert into t select i from generate_series(1, 20000) t(i)")
        connection.register("theirs", other.execute("select a from t"))
        assert connection.execute("select sum(a) from theirs").scalar() == 200010000
    with pytest.raises(ValueError):
        connection.register("mine", connection.execute("select 1"))


class Moody:
    """A table whose streams fail when it is told so."""

    def __init__(self):
        self.error = None

    def __arrow_c_stream__(self, requested_schema=None):
        if self.error is not None:
            raise self.error
        return pa.table({"a": [1, 2]}).__arrow_c_stream__()


@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt(), SystemExit(3), MemoryError()])
def test_what_a_replacement_scan_raises_is_raised_again(connection, error):
    moody = Moody()
    sql = "select sum(a) from moody"
    for _ in range(2):
        assert connection.execute(sql).scalar() == 3
        moody.error = error
        with pytest.raises(type(error)):
            connection.execute(sql)
        with pytest.raises(type(error)):
            connection.execute("select max(a) from moody")
        moody.error = None
    assert connection.execute("select 1").scalar() == 1


def test_a_replacement_scan_may_not_use_its_connection(connection):
    class Meddler(Moody):
        def __arrow_c_stream__(self, requested_schema=None):
            with pytest.raises(turdb.ProgrammingError):
                connection.execute("select 1")
            with pytest.raises(turdb.ProgrammingError):
                connection.close()
            return super().__arrow_c_stream__(requested_schema)

    meddler = Meddler()
    for _ in range(2):
        assert connection.execute("select count(*) from meddler").scalar() == 2 and meddler
    assert connection.execute("select 1").scalar() == 1


def test_what_a_source_raises_is_raised_again(connection):
    class Broken:
        calls = 0

        def __arrow_c_stream__(self, requested_schema=None):
            Broken.calls += 1
            if Broken.calls > 2:
                raise KeyError("mine")
            return pa.table({"a": [1]}).__arrow_c_stream__()

    connection.register("broken", Broken())
    with pytest.raises(KeyError, match="mine"):
        for _ in range(3):
            connection.execute("select * from broken").fetchall()
    assert connection.execute("select 1").scalar() == 1


def test_append(connection):
    connection.execute("create table t(id bigint primary key, name text default 'none', half double precision)")
    rows = pa.table({"id": [1, 2], "name": ["one", None], "half": [0.5, 1.0]})
    assert connection.append("t", rows) == 2
    assert connection.append("t", {"half": [1.5], "id": [3]}, by_name=True) == 1
    assert connection.append("t", {"x": [4, 5]}, columns=["id"]) == 2
    assert connection.execute("select * from t order by id").fetchall() == [
        (1, "one", 0.5),
        (2, None, 1.0),
        (3, "none", 1.5),
        (4, "none", None),
        (5, "none", None),
    ]
    assert connection.in_transaction
    with pytest.raises(turdb.IntegrityError):
        connection.append("t", {"id": [6, 1]}, columns=["id"])
    assert connection.execute("select count(*) from t").scalar() == 5
    with pytest.raises(turdb.ProgrammingError):
        connection.append("nowhere", rows)
    with pytest.raises(turdb.Error):
        connection.append("t", {"a": [1]})
    with pytest.raises(ValueError):
        connection.append("t", rows, columns=["id"], by_name=True)
    with pytest.raises(TypeError):
        connection.append("t", 7)
    connection.execute("create schema s")
    connection.execute("create table s.t(a int)")
    assert connection.append("t", {"a": [1]}, schema="s") == 1


def test_append_of_frames(connection):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    connection.execute("create table t(a bigint, b text)")
    assert connection.append("t", pandas.DataFrame({"a": [1], "b": ["x"]})) == 1
    assert connection.append("t", polars.DataFrame({"b": ["y"], "a": [2]}), by_name=True) == 1
    assert connection.execute("select * from t order by a").fetchall() == [(1, "x"), (2, "y")]


def test_round_trip_of_a_large_table(connection):
    count = 200_000
    table = pa.table({"i": pa.array(range(count)), "s": pa.array([f"text {i % 1000}" for i in range(count)]), "d": [i / 3 for i in range(count)]})
    connection.execute("create table t(i bigint, s text, d double precision)")
    assert connection.append("t", table) == count
    assert connection.execute("select * from t order by i").fetch_arrow_table().equals(table)


def test_threads_scan_their_own_variables():
    def scan(first, results):
        numbers = pa.table({"a": list(range(first, first + 1000))})
        with turdb.connect() as own:
            for _ in range(20):
                results.append(own.execute("select min(a) from numbers").scalar() == first)
        assert numbers.num_rows == 1000

    results = []
    threads = [threading.Thread(target=scan, args=(i * 7, results)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80
