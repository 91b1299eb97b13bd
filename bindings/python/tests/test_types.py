"""Values of Python become values of SQL and come back."""

import datetime
import decimal
import enum
import json
import math
import uuid

import pytest

import turdb
from turdb import Interval, Json

UTC = datetime.timezone.utc


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    SEVEN = 7


class Text(str):
    pass


ROUND_TRIPS = [
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**63 - 1,
    -(2**63),
    2**63,
    2**64 - 1,
    2**127 - 1,
    -(2**127),
    0.0,
    -0.0,
    1.5,
    5e-324,
    1.7976931348623157e308,
    math.inf,
    -math.inf,
    "",
    "twelve bytes",
    "thirteen byte",
    "naïve 🐢 ไทย",
    "x" * 100_000,
    b"",
    b"\0\1\xff",
    bytes(range(256)) * 1000,
    decimal.Decimal("0"),
    decimal.Decimal("-0.10"),
    decimal.Decimal("1" * 40 + "." + "9" * 40),
    decimal.Decimal("Infinity"),
    datetime.date.min,
    datetime.date.max,
    datetime.date(1969, 12, 31),
    datetime.date(2000, 2, 29),
    datetime.time.min,
    datetime.time.max,
    datetime.datetime.min,
    datetime.datetime.max,
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
    datetime.datetime.min.replace(tzinfo=UTC),
    datetime.datetime.max.replace(tzinfo=UTC),
    datetime.datetime(2024, 3, 10, 2, 30, tzinfo=UTC),
    datetime.timedelta(0),
    datetime.timedelta(days=-1, microseconds=1),
    datetime.timedelta(days=999999999, hours=23, minutes=59, seconds=59, microseconds=999999),
    datetime.timedelta(days=-999999999),
    Interval(months=14, days=-3, microseconds=5),
    Interval(months=-(2**31), days=2**31 - 1, microseconds=-(2**63)),
    uuid.UUID(int=0),
    uuid.UUID(int=2**128 - 1),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    {"a": [1, 2.5, "x", None, True], "ü": {}},
    {},
    [1, 2, 3],
    [1, None],
    [[1, 2], [3, 4]],
    [[[1], [2]]],
    ["a", "", 'quote " and \\', "{}", None, "NULL"],
    [1.5, math.inf],
    [True, False],
    [b"\0", b""],
    [datetime.date(2020, 1, 1)],
    [decimal.Decimal("1.50")],
    [uuid.UUID(int=5)],
    [{"a": 1}, {"b": [2]}],
]


@pytest.mark.parametrize("value", ROUND_TRIPS, ids=lambda value: repr(value)[:40])
def test_a_value_comes_back(connection, value):
    (got,) = connection.execute("select ?", [value]).fetchone()
    assert got == value
    assert type(got) is type(value)
    if isinstance(value, float):
        assert math.copysign(1, got) == math.copysign(1, value)


def test_nan_comes_back(connection):
    assert math.isnan(connection.execute("select ?", [math.nan]).scalar())
    assert connection.execute("select ?", [decimal.Decimal("NaN")]).scalar().is_nan()


def test_values_of_other_types_are_bound_as_what_they_are(connection):
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    expected = [
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (memoryview(b"abcd"), b"abcd"),
        ((1, 2), [1, 2]),
        (Colour.RED, "red"),
        (Number.SEVEN, 7),
        (Text("text"), "text"),
        (Json([1, "a"]), [1, "a"]),
        (Json("text"), "text"),
        (Json(None), None),
        (datetime.datetime(2024, 1, 1, 5, 30, tzinfo=zone), datetime.datetime(2024, 1, 1, tzinfo=UTC)),
        ([1, 2.5], [1.0, 2.5]),
        ([1, decimal.Decimal("2.5")], [decimal.Decimal(1), decimal.Decimal("2.5")]),
        ([1, 2**100], [1, 2**100]),
        (2**200, decimal.Decimal(2**200)),
    ]
    for value, result in expected:
        assert connection.execute("select ?", [value]).scalar() == result


def test_lists_go_into_columns_of_arrays(connection):
    connection.execute("create table t(a int[], b text[], c double precision[], d int[])")
    connection.execute("insert into t values (?, ?, ?, ?)", [[1, 2], ["a", None], [1, 2.5], []])
    assert connection.execute("select * from t").fetchone() == ([1, 2], ["a", None], [1.0, 2.5], [])
    assert connection.execute("select ? = any(a) from t", [2]).scalar() is True
    assert connection.execute("select count(*) from generate_series(1, 10) t(i) where i = any(?)", [[2, 3, 11]]).scalar() == 2


@pytest.mark.parametrize("value", [[1, "a"], [[1], [2, 3]], [1, [2]], [[1], 2], [[[[[[[1]]]]]]]])
def test_lists_that_are_no_arrays_are_refused(connection, value):
    with pytest.raises(turdb.DataError):
        connection.execute("select ?", [value])


def test_a_list_that_holds_itself_is_refused(connection):
    endless = []
    endless.append(endless)
    with pytest.raises(turdb.DataError):
        connection.execute("select ?", [endless])


def test_values_without_a_type_are_refused(connection):
    for value in (object(), {1, 2}, 1j, type):
        with pytest.raises(turdb.ProgrammingError) as caught:
            connection.execute("select ?", [value])
        assert caught.value.sqlstate == "07006"
    with pytest.raises(turdb.NotSupportedError):
        connection.execute("select ?", [datetime.time(1, tzinfo=UTC)])


def test_bad_text_is_refused(connection):
    with pytest.raises(UnicodeEncodeError):
        connection.execute("select ?", ["\ud800"])
    with pytest.raises(turdb.DataError) as caught:
        connection.execute("select ?", ["a\0b"])
    assert caught.value.sqlstate == "22021"
    with pytest.raises(UnicodeEncodeError):
        connection.execute("select '\ud800'")


def test_every_type_of_a_column_has_a_python_type(connection):
    cases = [
        ("1::tinyint", 1, turdb.Type.INT8),
        ("1::smallint", 1, turdb.Type.INT16),
        ("1::integer", 1, turdb.Type.INT32),
        ("1::bigint", 1, turdb.Type.INT64),
        ("1::int128", 1, turdb.Type.INT128),
        ("255::utinyint", 255, turdb.Type.UINT8),
        ("65535::usmallint", 65535, turdb.Type.UINT16),
        ("4294967295::uinteger", 4294967295, turdb.Type.UINT32),
        ("18446744073709551615::ubigint", 18446744073709551615, turdb.Type.UINT64),
        ("1.5::real", 1.5, turdb.Type.FLOAT),
        ("1.5::double precision", 1.5, turdb.Type.DOUBLE),
        ("1.5::decimal(4,2)", decimal.Decimal("1.50"), turdb.Type.DECIMAL),
        ("1.5::numeric", decimal.Decimal("1.5"), turdb.Type.DECIMAL),
        ("true", True, turdb.Type.BOOL),
        ("'a'::text", "a", turdb.Type.TEXT),
        ("'a'::varchar(3)", "a", turdb.Type.TEXT),
        ("'a'::char(3)", "a  ", turdb.Type.TEXT),
        ("'\\x00ff'::bytea", b"\0\xff", turdb.Type.BLOB),
        ("date '2020-02-29'", datetime.date(2020, 2, 29), turdb.Type.DATE),
        ("time '01:02:03.5'", datetime.time(1, 2, 3, 500000), turdb.Type.TIME),
        ("timestamp '2020-02-29 01:02'", datetime.datetime(2020, 2, 29, 1, 2), turdb.Type.TIMESTAMP),
        ("timestamptz '2020-02-29 01:02+01'", datetime.datetime(2020, 2, 29, 0, 2, tzinfo=UTC), turdb.Type.TIMESTAMPTZ),
        ("interval '1 day 2 hours'", datetime.timedelta(days=1, hours=2), turdb.Type.INTERVAL),
        ("interval '1 month'", Interval(months=1), turdb.Type.INTERVAL),
        ("'12345678-1234-5678-1234-567812345678'::uuid", uuid.UUID("12345678123456781234567812345678"), turdb.Type.UUID),
        ("'[1,2]'::json", [1, 2], turdb.Type.JSON),
        ("'{\"a\":null}'::jsonb", {"a": None}, turdb.Type.JSONB),
        ("'[0:1]={1,2}'::int[]", [1, 2], turdb.Type.ARRAY),
    ]
    for sql, value, type_code in cases:
        cursor = connection.execute("select " + sql)
        assert cursor.description[0][1] is type_code, sql
        assert cursor.fetchone() == (value,), sql


def test_an_enum_is_text(connection):
    connection.execute("create type mood as enum ('sad', 'happy')")
    connection.execute("create table t(m mood)")
    connection.execute("insert into t values (?)", ["happy"])
    cursor = connection.execute("select m from t")
    assert cursor.description[0].type_code is turdb.Type.ENUM and cursor.description[0].declared_type == "mood"
    assert cursor.fetchall() == [("happy",)]
    with pytest.raises(turdb.DataError):
        connection.execute("insert into t values (?)", ["angry"])


def test_a_column_without_a_type_keeps_types(connection):
    connection.execute("create table t(a)")
    connection.executemany("insert into t values (?)", [(1,), ("one",), (1.5,), (b"1",), (None,)])
    assert [row[0] for row in connection.execute("select a from t")] == [1, "one", 1.5, b"1", None]


@pytest.mark.parametrize(
    "sql",
    [
        "date '0044-03-15 BC'",
        "date 'infinity'",
        "timestamp '-infinity'",
        "timestamptz '20000-01-01'",
        "time '24:00'",
    ],
)
def test_what_python_has_no_value_for_raises_and_can_be_read_as_text(connection, sql):
    with pytest.raises(turdb.DataError) as caught:
        connection.execute("select " + sql).fetchone()
    assert caught.value.sqlstate == "22008"
    assert isinstance(connection.execute(f"select ({sql})::text").scalar(), str)


def test_json_loads_and_dumps_can_be_changed(connection):
    connection.json_loads = None
    assert connection.execute("select '{\"a\": 1}'::jsonb").scalar() == '{"a": 1}'
    connection.json_loads = lambda text: json.loads(text, parse_float=decimal.Decimal)
    assert connection.execute("select '1.10'::json").scalar() == decimal.Decimal("1.10")
    connection.json_dumps = lambda value: json.dumps(value, default=str).encode()
    assert connection.execute("select ?", [{"d": datetime.date(2020, 1, 1)}]).scalar() == {"d": "2020-01-01"}
    connection.json_dumps = lambda value: 7
    with pytest.raises(TypeError):
        connection.execute("select ?", [{}])
    with pytest.raises(TypeError):
        connection.json_loads = 7


def test_adapters(connection):
    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

    class Special(Point):
        pass

    turdb.register_adapter(Point, lambda point: f"({point.x},{point.y})")
    try:
        assert connection.execute("select ?, ?", [Point(1, 2), Special(3, 4)]).fetchone() == ("(1,2)", "(3,4)")
        turdb.register_adapter(Special, lambda point: [point.x, point.y])
        assert connection.execute("select ?", [Special(3, 4)]).scalar() == [3, 4]
        turdb.register_adapter(Special, lambda point: point)  # for ever
        with pytest.raises(RecursionError):
            connection.execute("select ?", [Special(3, 4)])

        def fails(point):
            raise KeyError("as it is")

        turdb.register_adapter(Special, fails)
        with pytest.raises(KeyError, match="as it is"):
            connection.execute("select ?", [Special(3, 4)])
    finally:
        from turdb import _native

        _native.adapters.clear()
    with pytest.raises(TypeError):
        turdb.register_adapter(Point, 7)


def test_values_convert_to_what_the_column_wants(connection):
    connection.execute("create table t(a int, b decimal(10,2), c text, d date, e timestamptz, f json, g bigint)")
    connection.execute(
        "insert into t values (?, ?, ?, ?, ?, ?, ?)", ["7", 2.5, 3, "2020-02-29", "2020-01-01 00:00+00", '{"a": 1}', True]
    )
    row = connection.execute("select * from t").fetchone()
    assert row[:2] == (7, decimal.Decimal("2.50"))
    assert row[2] == "3" and row[3] == datetime.date(2020, 2, 29) and row[5] == {"a": 1}


def test_numpy_values(connection):
    numpy = pytest.importorskip("numpy")
    assert connection.execute("select ?, ?, ?", [numpy.int16(3), numpy.float32(1.5), numpy.bool_(True)]).fetchone() == (3, 1.5, True)
    assert connection.execute("select ?", [numpy.array([[1.0, 2.0], [3.0, 4.0]])]).scalar() == [[1.0, 2.0], [3.0, 4.0]]
    assert connection.execute("select ?", [numpy.str_("a")]).scalar() == "a"
    assert connection.execute("select ?", [numpy.datetime64("2020-01-01T00:00:00", "us")]).scalar() == datetime.datetime(2020, 1, 1)


def test_vectors(connection):
    numpy = pytest.importorskip("numpy")
    connection.execute("create table t (id integer, v vector(3), h halfvec(2), i vector(2, int8), b vector(9, bit))")
    v = numpy.array([1.5, -2, 0.1], dtype=numpy.float32)
    h = numpy.array([1, -2], dtype=numpy.float16)
    connection.execute("insert into t values (1, ?, ?, ?, ?)", [v, h, [1, -2], "100000001"])
    row = connection.execute("select v, h, i, b from t").fetchone()
    assert row[0].dtype == numpy.float32 and (row[0] == v).all()
    assert row[1].dtype == numpy.float16 and (row[1] == h).all()
    assert row[2].dtype == numpy.int8 and row[2].tolist() == [1, -2]
    assert row[3].dtype == bool and row[3].tolist() == [True] + [False] * 7 + [True]
    assert not row[0].flags.writeable
    cursor = connection.execute("select v from t")
    assert cursor.description[0].type_code == turdb.Type.VECTOR
    assert connection.execute("select v <-> ? from t", [v]).scalar() == 0
    assert connection.execute("select v <-> ? from t", [[1.5, -2, 0.1]]).scalar() < 1e-6
    assert connection.execute("select v <-> ? from t", [v[::-1]]).scalar() > 1  # not contiguous
    with pytest.raises(turdb.DataError) as caught:
        connection.execute("select v <-> ? from t", [v[:2]]).fetchall()
    assert caught.value.sqlstate == "22000"
    with pytest.raises(turdb.DataError):
        connection.execute("insert into t (v) values (?)", [numpy.array([numpy.nan, 0, 0], dtype=numpy.float32)])
    connection.execute("create table r (a real[])")
    connection.execute("insert into r values (?)", [numpy.array([numpy.nan, 1], dtype=numpy.float32)])
    connection.execute("insert into r values (?)", [v])
    assert connection.execute("select count(*) from r").scalar() == 2


def test_vectors_without_numpy(connection):
    from turdb._types import _vector_without_numpy

    assert _vector_without_numpy(0, b"\0\0\x80\x3f\0\0\0\xc0").tolist() == [1.0, -2.0]
    assert _vector_without_numpy(1, b"\0\x3c\0\xc0").tolist() == [1.0, -2.0]
    assert _vector_without_numpy(2, b"\x01\xff").tolist() == [1, -1]
    assert _vector_without_numpy(3, b"\x81\x01\x01").tolist() == [1, 0, 0, 0, 0, 0, 0, 1, 1]


def test_vectors_as_arrow(connection):
    pyarrow = pytest.importorskip("pyarrow")
    connection.execute("create table t (v vector(2))")
    connection.execute("insert into t values ('[1,2]'), (null), ('[3,4]')")
    vectors = connection.execute("select v from t").fetch_arrow_table()
    assert vectors.schema.field("v").type == pyarrow.list_(pyarrow.field("item", pyarrow.float32(), nullable=False), 2)
    assert vectors.column("v").to_pylist() == [[1, 2], None, [3, 4]]
    again = connection.execute("select pg_typeof(v), v from vectors").fetchall()
    assert again[0][0] == "vector" and again[1][1] is None and again[2][1].tolist() == [3, 4]
