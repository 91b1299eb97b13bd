"""The ADBC driver of the wheel; what the driver can do is tested in tests/adbc of the source tree."""

import doctest
import os

import pytest

pytest.importorskip("adbc_driver_manager")
pa = pytest.importorskip("pyarrow")

import turdb  # noqa: E402

adbc_driver_turdb = pytest.importorskip("adbc_driver_turdb")
from adbc_driver_turdb import dbapi  # noqa: E402


def test_the_library_is_the_one_of_turdb():
    assert os.path.exists(adbc_driver_turdb.driver_path())
    assert os.path.dirname(adbc_driver_turdb.driver_path()) == os.path.dirname(turdb.__file__)


def test_queries_and_ingestion():
    with dbapi.connect() as connection, connection.cursor() as cursor:
        assert cursor.adbc_ingest("t", pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]}), mode="create") in (3, -1)
        cursor.execute("select max(a), count(b) from t where a > ?", (1,))
        assert cursor.fetchall() == [(3, 1)]
        with pytest.raises(dbapi.ProgrammingError):
            cursor.execute("select nothing")


def test_one_database_both_ways(path):
    with turdb.connect(path) as ours:
        ours.execute("create table t(a bigint)")
        ours.execute("insert into t values (42)")
        ours.commit()
        with dbapi.connect(str(path)) as theirs, theirs.cursor() as cursor:
            cursor.execute("select a from t")
            assert cursor.fetchone() == (42,)


def test_the_example_of_the_docstring():
    assert doctest.testmod(adbc_driver_turdb, optionflags=doctest.ELLIPSIS).failed == 0
