#!/usr/bin/env python3
"""The ADBC driver through the official driver manager of Python.

Runs in a virtual environment in the build directory with adbc-driver-manager and pyarrow, which is made when it is not there.
Without them (no network, no wheels for this machine) the test is skipped, and says so: exit status 77.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

LIBRARY = os.environ["TURDB_LIBRARY"]
ENVIRONMENT = os.environ["TURDB_PYTHON_ENVIRONMENT"]
PACKAGES = ["adbc-driver-manager>=1.2", "pyarrow>=15"]


def run_in_environment():
    python = os.path.join(ENVIRONMENT, "bin", "python")
    check = [python, "-c", "import adbc_driver_manager.dbapi, pyarrow"]
    if not os.path.exists(python) or subprocess.run(check, capture_output=True).returncode != 0:
        made = subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], capture_output=True, text=True)
        if made.returncode == 0:
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
            made = subprocess.run(pip, capture_output=True, text=True)
        if made.returncode != 0:
            print("SKIPPED: the packages", PACKAGES, "cannot be had:", made.stderr.strip()[-500:])
            sys.exit(77)
    os.execv(python, [python, os.path.abspath(__file__), "--in-environment"])


if "--in-environment" not in sys.argv:
    run_in_environment()
sys.argv.remove("--in-environment")

import adbc_driver_manager as adbc  # noqa: E402
import adbc_driver_manager.dbapi as dbapi  # noqa: E402
import pyarrow as pa  # noqa: E402


def connect(autocommit=True, **options):
    return dbapi.connect(driver=LIBRARY, entrypoint="AdbcDriverInit", db_kwargs=options, autocommit=autocommit)


class Basics(unittest.TestCase):
    def test_query(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("select 1 as a, 'x' as b, null::double precision as c")
            self.assertEqual([d[0] for d in cursor.description], ["a", "b", "c"])
            self.assertEqual(cursor.fetchall(), [(1, "x", None)])
            cursor.execute("select i, 'text ' || i as t from generate_series(1, 100000) as g(i)")
            table = cursor.fetch_arrow_table()
            self.assertEqual(table.num_rows, 100000)
            self.assertEqual(table["t"][99999].as_py(), "text 100000")
            self.assertEqual(table.schema.names, ["i", "t"])

    def test_types(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create type mood as enum ('sad', 'happy')")
            cursor.execute("create table anything(a)")
            cursor.execute("insert into anything values (7)")
            cursor.execute(
                "select true as b, 1::smallint as s, 2 as i, 3::bigint as l, 1.5::real as f, 2.5::double precision as g, "
                "12.34::decimal(9,2) as d, '\\x00ff'::bytea as z, date '2024-02-29' as day, time '12:34:56' as t, "
                "timestamp '2024-02-29 01:02:03' as ts, timestamptz '2024-02-29 01:02:03+00' as tz, "
                "interval '1 month 2 days 3 seconds' as iv, '00112233-4455-6677-8899-aabbccddeeff'::uuid as u, "
                "'{\"a\": 1}'::json as j, array[1, null, 3] as arr, 'happy'::mood as m, a from anything")
            table = cursor.fetch_arrow_table()
            types = {field.name: field.type for field in table.schema}
            self.assertEqual(types["b"], pa.bool_())
            self.assertEqual(types["s"], pa.int16())
            self.assertEqual(types["d"], pa.decimal128(9, 2))
            self.assertEqual(types["day"], pa.date32())
            self.assertEqual(types["t"], pa.time64("us"))
            self.assertEqual(types["tz"], pa.timestamp("us", "UTC"))
            self.assertEqual(types["iv"], pa.month_day_nano_interval())
            self.assertEqual(types["arr"].value_type, pa.int32())
            self.assertTrue(pa.types.is_dictionary(types["m"]))
            self.assertTrue(pa.types.is_union(types["a"]))
            table.validate(full=True)
            row = {name: table[name][0].as_py() for name in table.schema.names}
            self.assertEqual(str(row["d"]), "12.34")
            self.assertEqual(row["z"], b"\x00\xff")
            self.assertEqual(row["arr"], [1, None, 3])
            self.assertEqual(row["m"], "happy")
            self.assertEqual(row["a"], 7)
            self.assertEqual(str(row["u"]), "00112233-4455-6677-8899-aabbccddeeff")

    def test_parameters(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create table t(a bigint, b text)")
            cursor.execute("insert into t values (?, ?)", (1, "one"))
            self.assertEqual(cursor.rowcount, 1)
            cursor.executemany("insert into t values (?, ?)", [(i, f"number {i}") for i in range(2, 1001)])
            self.assertEqual(cursor.rowcount, 999)
            cursor.execute("select sum(a)::bigint from t where a > ?", (500,))
            self.assertEqual(cursor.fetchone(), (sum(range(501, 1001)),))
            cursor.execute("select b from t where a = ?", pa.record_batch([pa.array([3, 5])], names=["x"]))
            self.assertEqual(cursor.fetchall(), [("number 3",), ("number 5",)])
            cursor.adbc_prepare("select a from t where b = ?")
            cursor.execute("select a from t where b = ?", ("number 7",))
            self.assertEqual(cursor.fetchall(), [(7,)])
            schema = cursor.adbc_prepare("insert into t values (?, ?)")
            self.assertEqual(schema.types, [pa.int64(), pa.string()])

    def test_schema_without_running(self):
        with connect() as conn, conn.cursor() as cursor:
            schema = cursor.adbc_execute_schema("select 1 as a, 'x' as b, now() as c")
            self.assertEqual(schema.names, ["a", "b", "c"])
            self.assertEqual(schema.field("c").type, pa.timestamp("us", "UTC"))

    def test_several_statements(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create table t(a int); insert into t values (1), (2); select count(*) from t")
            self.assertEqual(cursor.fetchone(), (2,))
            cursor.execute("-- nothing")

    def test_streams_outlive_their_cursor(self):
        with connect() as conn:
            cursor = conn.cursor()
            cursor.execute("select * from generate_series(1, 50000)")
            reader = cursor.fetch_record_batch()
            total = sum(batch.num_rows for batch in reader)
            self.assertEqual(total, 50000)
            cursor.close()


class Errors(unittest.TestCase):
    def test_details(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create table t(a int primary key)")
            cursor.execute("insert into t values (1)")
            with self.assertRaises(dbapi.IntegrityError) as raised:
                cursor.execute("insert into t values (1)")
            self.assertEqual(raised.exception.sqlstate, "23505")
            self.assertIn("duplicate key", str(raised.exception))
            details = dict(raised.exception.details)
            self.assertEqual(details[b"turdb.status"], b"TURDB_CONSTRAINT")
            with self.assertRaises(dbapi.ProgrammingError) as raised:
                cursor.execute("selec 1")
            self.assertEqual(dict(raised.exception.details)[b"turdb.position"], b"0")
            with self.assertRaises(dbapi.ProgrammingError) as raised:
                cursor.execute("select * from nowhere")
            self.assertEqual(raised.exception.status_code, adbc.AdbcStatusCode.NOT_FOUND)

    def test_of_streams(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("select 1 / (200000 - i) from generate_series(1, 300000) as g(i)")
            with self.assertRaises(Exception) as raised:
                cursor.fetch_arrow_table()
            self.assertIn("division by zero", str(raised.exception))
            if hasattr(raised.exception, "sqlstate"):
                self.assertEqual(raised.exception.sqlstate, "22012")

    def test_options(self):
        with self.assertRaises(adbc.NotSupportedError):
            connect(nonsense="1")
        with self.assertRaises(dbapi.Error):
            connect(memory_limit="lots")
        with connect(memory_limit="64MB") as conn:
            self.assertEqual(conn.adbc_database.get_option("memory_limit"), "64MB")
            with self.assertRaises(dbapi.Error):
                conn.adbc_connection.get_option("nonsense")
            with self.assertRaises(dbapi.Error):
                conn.adbc_connection.set_options(nonsense="1")
            conn.adbc_connection.set_options(**{"turdb.statement_timeout": "1500"})
            self.assertIn("1500", conn.adbc_connection.get_option("turdb.statement_timeout"))
            self.assertEqual(conn.adbc_connection.get_option("adbc.connection.autocommit"), "true")

    def test_wrong_calls(self):
        with connect() as conn:
            statement = adbc.AdbcStatement(conn.adbc_connection)
            with self.assertRaises(dbapi.Error):
                statement.execute_query()
            with self.assertRaises(dbapi.Error):
                statement.prepare()
            with self.assertRaises(dbapi.NotSupportedError):
                statement.set_substrait_plan(b"plan")
            with self.assertRaises(dbapi.Error):
                statement.set_options(**{"adbc.ingest.mode": "sideways"})
            statement.set_options(**{"adbc.ingest.target_table": "t"})
            with self.assertRaises(dbapi.Error):
                statement.execute_update()
            statement.close()
        with self.assertRaises(dbapi.Error):
            conn.cursor().execute("select 1")

    def test_cancel(self):
        with connect() as conn, conn.cursor() as cursor:
            timer = threading.Timer(0.3, conn.adbc_cancel)
            timer.start()
            began = time.monotonic()
            with self.assertRaises(dbapi.Error) as raised:
                cursor.execute("select count(*) from generate_series(1, 1000000000) a(i) where i % 7 = 8")
                cursor.fetchall()
            self.assertLess(time.monotonic() - began, 20)
            self.assertIn("interrupted", str(raised.exception))
            timer.join()


class Transactions(unittest.TestCase):
    def test_autocommit_off(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "db")
            with connect(autocommit=False, uri=path) as one, connect(uri=path) as two:
                with one.cursor() as writer, two.cursor() as reader:
                    writer.execute("create table t(a int)")
                    one.commit()
                    writer.execute("insert into t values (1)")
                    reader.execute("select count(*) from t")
                    self.assertEqual(reader.fetchone(), (0,))
                    one.rollback()
                    writer.execute("insert into t values (2)")
                    one.commit()
                    one.commit()
                    reader.execute("select a from t")
                    self.assertEqual(reader.fetchall(), [(2,)])
                with self.assertRaises(dbapi.Error):
                    two.adbc_connection.commit()

    def test_levels(self):
        with connect(autocommit=False) as conn, conn.cursor() as cursor:
            prefix = "adbc.connection.transaction.isolation."
            for level, shown in [("serializable", "serializable"), ("read_committed", "read committed"), ("snapshot", "repeatable read")]:
                conn.adbc_connection.set_options(**{"adbc.connection.transaction.isolation_level": prefix + level})
                cursor.execute("show transaction_isolation")
                self.assertIn(cursor.fetchone()[0], (shown, "snapshot" if level == "snapshot" else shown))
                conn.rollback()
            with self.assertRaises(dbapi.NotSupportedError):
                conn.adbc_connection.set_options(**{"adbc.connection.transaction.isolation_level": prefix + "linearizable"})

    def test_read_only(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create table t(a int)")
            conn.adbc_connection.set_options(**{"adbc.connection.readonly": "true"})
            with self.assertRaises(dbapi.Error) as raised:
                cursor.execute("insert into t values (1)")
            self.assertEqual(raised.exception.sqlstate, "25006")
            conn.adbc_connection.set_options(**{"adbc.connection.autocommit": "false"})
            with self.assertRaises(dbapi.Error) as raised:
                cursor.adbc_ingest("t", pa.table({"a": [1]}), mode="append")
            self.assertEqual(raised.exception.sqlstate, "25006")
            conn.rollback()
            conn.adbc_connection.set_options(**{"adbc.connection.readonly": "false", "adbc.connection.autocommit": "true"})
            cursor.execute("insert into t values (1)")

    def test_current_names(self):
        with connect() as conn, conn.cursor() as cursor:
            self.assertEqual(conn.adbc_current_catalog, "turdb")
            self.assertEqual(conn.adbc_current_db_schema, "root")
            cursor.execute("create schema other")
            conn.adbc_current_db_schema = "other"
            cursor.execute("create table t(a int)")
            cursor.execute("select table_schema from information_schema.tables where table_name = 't'")
            self.assertEqual(cursor.fetchone(), ("other",))
            with self.assertRaises(dbapi.Error):
                conn.adbc_current_db_schema = "absent"
            with self.assertRaises(dbapi.Error):
                conn.adbc_current_catalog = "absent"


class Ingestion(unittest.TestCase):
    table = pa.table({"a": pa.array(range(100000), pa.int64()), "b": [f"row {i}" for i in range(100000)],
                      "c": pa.array([None if i % 3 == 0 else i / 4 for i in range(100000)])})

    def count(self, cursor, name):
        cursor.execute(f"select count(*), sum(a)::bigint, count(c) from {name}")
        return cursor.fetchone()

    def test_modes(self):
        expected = (100000, sum(range(100000)), 66666)
        with connect() as conn, conn.cursor() as cursor:
            self.assertEqual(cursor.adbc_ingest("t", self.table, mode="create"), 100000)
            self.assertEqual(self.count(cursor, "t"), expected)
            with self.assertRaises(dbapi.Error):
                cursor.adbc_ingest("t", self.table, mode="create")
            cursor.adbc_ingest("t", self.table.to_reader(), mode="append")
            self.assertEqual(self.count(cursor, "t")[0], 200000)
            cursor.adbc_ingest("t", self.table, mode="replace")
            self.assertEqual(self.count(cursor, "t"), expected)
            cursor.adbc_ingest("t", self.table.slice(10, 5), mode="create_append")
            cursor.adbc_ingest("u", self.table.slice(10, 5), mode="create_append")
            self.assertEqual(self.count(cursor, "t")[0], 100005)
            self.assertEqual(self.count(cursor, "u")[0], 5)
            with self.assertRaises(dbapi.Error) as raised:
                cursor.adbc_ingest("absent", self.table, mode="append")
            self.assertEqual(raised.exception.status_code, adbc.AdbcStatusCode.NOT_FOUND)
            with self.assertRaises(dbapi.Error) as raised:
                cursor.adbc_ingest("t", pa.table({"z": [1]}), mode="append")
            self.assertEqual(raised.exception.status_code, adbc.AdbcStatusCode.ALREADY_EXISTS)
            # Columns by name, the others by their defaults.
            cursor.adbc_ingest("t", pa.table({"c": [1.5], "a": [-1]}), mode="append")
            cursor.execute("select a, b, c from t where a = -1")
            self.assertEqual(cursor.fetchall(), [(-1, None, 1.5)])

    def test_places(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create schema s")
            cursor.adbc_ingest("t", self.table, mode="create", db_schema_name="s", catalog_name="turdb")
            self.assertEqual(self.count(cursor, "s.t")[0], 100000)
            cursor.adbc_ingest("tmp", self.table, mode="create", temporary=True)
            self.assertEqual(self.count(cursor, "temp.tmp")[0], 100000)
            with self.assertRaises(dbapi.Error):
                cursor.adbc_ingest("t", self.table, mode="create", catalog_name="absent")

    def test_all_or_nothing(self):
        with connect() as conn, conn.cursor() as cursor:
            cursor.execute("create table t(a bigint primary key, b text, c double precision)")
            cursor.execute("insert into t values (77777, 'in the way', 0)")
            with self.assertRaises(dbapi.IntegrityError) as raised:
                cursor.adbc_ingest("t", self.table, mode="append")
            self.assertIn("row 77778", str(raised.exception))
            self.assertEqual(self.count(cursor, "t")[0], 1)
            with self.assertRaises(dbapi.Error):
                cursor.adbc_ingest("made", pa.table({"m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}), mode="create")
            cursor.execute("select count(*) from information_schema.tables where table_name = 'made'")
            self.assertEqual(cursor.fetchone(), (0,))

    def test_every_type_comes_back(self):
        import datetime
        import decimal
        import uuid
        arrays = {
            "bool": pa.array([True, None]), "i8": pa.array([-128, None], pa.int8()), "u8": pa.array([255, None], pa.uint8()),
            "i16": pa.array([1, None], pa.int16()), "u16": pa.array([65535, None], pa.uint16()),
            "i32": pa.array([1, None], pa.int32()), "u32": pa.array([2**32 - 1, None], pa.uint32()),
            "i64": pa.array([1, None], pa.int64()), "u64": pa.array([2**64 - 1, None], pa.uint64()),
            "f32": pa.array([0.5, None], pa.float32()), "f64": pa.array([0.25, None]),
            "dec": pa.array([decimal.Decimal("1.25"), None], pa.decimal128(20, 2)),
            "s": pa.array(["ä", None]), "bin": pa.array([b"\0", None]),
            "day": pa.array([datetime.date(2024, 2, 29), None]),
            "time": pa.array([datetime.time(1, 2, 3, 4), None], pa.time64("us")),
            "ts": pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5, 6), None], pa.timestamp("us")),
            "tz": pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5, 6), None], pa.timestamp("us", "UTC")),
            "iv": pa.array([pa.MonthDayNano([1, 2, 3000]), None]),
            "list": pa.array([[1, None], None], pa.list_(pa.int32())),
        }
        table = pa.table(arrays)
        converted = {
            "large": (pa.array(["long enough not to be inlined", None], pa.large_string()), pa.string()),
            "dict": (pa.array(["x", None]).dictionary_encode(), pa.string()),
            "ns": (pa.array([1_000_000_001, None], pa.timestamp("ns")), pa.timestamp("us")),
            "ms": (pa.array([1001, None], pa.timestamp("ms", "Europe/Berlin")), pa.timestamp("us", "UTC")),
            "t32": (pa.array([5, None], pa.time32("s")), pa.time64("us")),
            "d64": (pa.array([86400000, None], pa.date64()), pa.date32()),
            "fixed": (pa.array([b"ab", None], pa.binary(2)), pa.binary()),
            "ll": (pa.array([[1], None], pa.large_list(pa.int64())), pa.list_(pa.int64())),
            "fl": (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), pa.list_(pa.int64())),
            "nul": (pa.nulls(2), pa.string()),
            "ree": (pa.RunEndEncodedArray.from_arrays([1, 2], pa.array([7, None])), pa.int64()),
            "views": (pa.array(["a", "longer than twelve bytes"], pa.string_view()), pa.string()),
        }
        for name, (array, _) in converted.items():
            table = table.append_column(name, array)
        table = table.append_column("st", pa.array([{"x": 1, "y": ["a", None]}, None]))
        with connect() as conn, conn.cursor() as cursor:
            cursor.adbc_ingest("t", table)
            cursor.execute("select * from t")
            back = cursor.fetch_arrow_table()
            back.validate(full=True)
            for name, array in arrays.items():
                self.assertEqual(back.schema.field(name).type.to_pandas_dtype if False else back[name].to_pylist(), array.to_pylist(), name)
            for name, (array, expected) in converted.items():
                if name not in ("fl", "ll"):
                    self.assertEqual(back.schema.field(name).type, expected, name)
            self.assertEqual(back["dict"].to_pylist(), ["x", None])
            self.assertEqual(back["ree"].to_pylist(), [7, None])
            self.assertEqual(back["views"].to_pylist(), ["a", "longer than twelve bytes"])
            self.assertEqual(back["fl"].to_pylist(), [[1, 2], None])
            self.assertEqual(back["ns"][0].value, 1_000_000)
            self.assertEqual(back["nul"].to_pylist(), [None, None])
            cursor.execute("select st->>'x', st->'y'->>0 from t")
            self.assertEqual(cursor.fetchall(), [("1", "a"), (None, None)])
            self.assertIsNotNone(uuid)


class Metadata(unittest.TestCase):
    def setUp(self):
        self.conn = connect()
        with self.conn.cursor() as cursor:
            for sql in ["create schema s",
                        "create table p(id bigint primary key, name text not null default 'x', unique (name))",
                        "create table s.c(a int, b int generated always as (a * 2) stored, p bigint references p(id), primary key (a, p))",
                        "create view v as select id from p", "create temporary table tmp(i int)",
                        "comment on column p.name is 'what it is called'", "insert into p values (1, 'one'), (2, 'two')"]:
                cursor.execute(sql)

    def tearDown(self):
        self.conn.close()

    def objects(self, **filters):
        return self.conn.adbc_get_objects(**filters).read_all().to_pylist()

    def test_info(self):
        info = self.conn.adbc_get_info()
        self.assertEqual(info["vendor_name"], "TurDB")
        self.assertEqual(info["driver_adbc_version"], 1001000)
        reader = self.conn.adbc_connection.get_info([adbc.AdbcInfoCode.VENDOR_NAME])
        self.assertEqual(pa.RecordBatchReader.from_stream(reader).read_all().num_rows, 1)

    def test_depths(self):
        [catalog] = self.objects(depth="catalogs")
        self.assertEqual((catalog["catalog_name"], catalog["catalog_db_schemas"]), ("turdb", None))
        [catalog] = self.objects(depth="db_schemas")
        names = [schema["db_schema_name"] for schema in catalog["catalog_db_schemas"]]
        self.assertIn("root", names)
        self.assertIn("s", names)
        self.assertTrue(all(schema["db_schema_tables"] is None for schema in catalog["catalog_db_schemas"]))
        [catalog] = self.objects(depth="tables", db_schema_filter="root")
        [schema] = catalog["catalog_db_schemas"]
        self.assertEqual([(t["table_name"], t["table_type"]) for t in schema["db_schema_tables"]], [("p", "TABLE"), ("v", "VIEW")])
        self.assertIsNone(schema["db_schema_tables"][0]["table_columns"])
        self.assertEqual(self.objects(depth="catalogs", catalog_filter="other"), [])

    def test_columns_and_constraints(self):
        [catalog] = self.objects(depth="all", db_schema_filter="s")
        [schema] = catalog["catalog_db_schemas"]
        [table] = schema["db_schema_tables"]
        self.assertEqual([(c["column_name"], c["ordinal_position"], c["xdbc_is_generatedcolumn"]) for c in table["table_columns"]],
                         [("a", 1, False), ("b", 2, True), ("p", 3, False)])
        constraints = {c["constraint_type"]: c for c in table["table_constraints"]}
        self.assertEqual(constraints["PRIMARY KEY"]["constraint_column_names"], ["a", "p"])
        self.assertEqual(constraints["FOREIGN KEY"]["constraint_column_usage"],
                         [{"fk_catalog": "turdb", "fk_db_schema": "root", "fk_table": "p", "fk_column_name": "id"}])
        [catalog] = self.objects(depth="all", table_name_filter="p", column_name_filter="n%")
        [table] = [t for s in catalog["catalog_db_schemas"] for t in s["db_schema_tables"]]
        [column] = table["table_columns"]
        self.assertEqual((column["column_name"], column["remarks"], column["xdbc_is_nullable"], column["xdbc_column_def"]),
                         ("name", "what it is called", "NO", "'x'"))

    def test_types_of_tables(self):
        self.assertEqual(set(self.conn.adbc_get_table_types()), {"TABLE", "VIEW", "LOCAL TEMPORARY"})
        [catalog] = self.objects(depth="tables", table_types_filter=["VIEW"], db_schema_filter="root")
        self.assertEqual([t["table_name"] for s in catalog["catalog_db_schemas"] for t in s["db_schema_tables"]], ["v"])

    def test_table_schema(self):
        self.assertEqual(self.conn.adbc_get_table_schema("p").names, ["id", "name"])
        self.assertEqual(self.conn.adbc_get_table_schema("c", db_schema_filter="s").types, [pa.int32(), pa.int32(), pa.int64()])
        with self.assertRaises(dbapi.Error):
            self.conn.adbc_get_table_schema("absent")

    def test_statistics(self):
        rows = self.conn.adbc_get_statistics(table_name_filter="p", approximate=False).read_all().to_pylist()
        found = {}
        for schema in rows[0]["catalog_db_schemas"]:
            for statistic in schema["db_schema_statistics"]:
                found[statistic["column_name"], statistic["statistic_key"]] = statistic["statistic_value"]
        self.assertEqual(found[None, 6], 2)
        self.assertEqual(found["id", 1], 2)
        self.assertEqual(found["name", 5], 0)
        self.conn.adbc_get_statistics(approximate=True).read_all()
        self.assertEqual(self.conn.adbc_get_statistic_names().read_all().num_rows, 0)

    def test_partitions(self):
        with self.conn.cursor() as cursor:
            partitions, schema = cursor.adbc_execute_partitions("select id from p order by id")
            self.assertEqual(schema.names, ["id"])
            self.assertEqual(len(partitions), 1)
            cursor.adbc_read_partition(partitions[0])
            self.assertEqual(cursor.fetchall(), [(1,), (2,)])
            with self.assertRaises(dbapi.NotSupportedError):
                cursor.adbc_execute_partitions("insert into p values (3)")


if __name__ == "__main__":
    unittest.main(verbosity=1)
