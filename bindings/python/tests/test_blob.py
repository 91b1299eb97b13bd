"""Long values in pieces."""

import io
import os

import pytest

import turdb


@pytest.fixture
def files(connection):
    connection.execute("create table file(id integer primary key, content blob, note text)")
    connection.execute("insert into file values (1, ?, 'note'), (2, zeroblob(100000), null)", [bytes(range(256)) * 400])
    connection.commit()
    return connection


def test_reading_as_a_file(files):
    with files.blobopen("file", "content", 1, readonly=True) as blob:
        assert len(blob) == 102400
        assert blob.read(3) == b"\x00\x01\x02" and blob.tell() == 3
        assert blob.seek(-2, os.SEEK_END) == 102398
        assert blob.read() == b"\xfe\xff" and blob.read() == b"" and blob.read(5) == b""
        assert blob.seek(10) == 10 and blob.seek(5, os.SEEK_CUR) == 15
        buffer = bytearray(4)
        assert blob.readinto(buffer) == 4 and buffer == b"\x0f\x10\x11\x12"
        with pytest.raises(ValueError):
            blob.seek(-1)
        with pytest.raises(ValueError):
            blob.seek(0, 7)
        with pytest.raises(turdb.ProgrammingError):
            blob.write(b"x")
    assert blob.closed
    with pytest.raises(turdb.ProgrammingError):
        blob.read(1)
    blob.close()


def test_slices(files):
    blob = files.blobopen("file", "content", 1)
    content = bytes(range(256)) * 400
    for key in [slice(0, 10), slice(5, 2), slice(-5, None), slice(0, 100, 7), slice(50, 10, -3), slice(None, None, 5000)]:
        assert blob[key] == content[key]
    assert blob[0] == 0 and blob[-1] == 255
    with pytest.raises(IndexError):
        blob[102400]
    with pytest.raises(TypeError):
        blob["x"]
    blob[0] = 77
    blob[1:4] = b"abc"
    blob[10:20:5] = b"xy"
    with pytest.raises(IndexError):
        blob[0:3] = b"long"
    with pytest.raises(TypeError):
        blob[0:1] = 5
    with pytest.raises(TypeError):
        blob[0] = b"x"
    assert blob[:5] == b"Mabc\x04" and blob[10] == ord("x") and blob[15] == ord("y")
    files.commit()
    value = files.execute("select content from file where id = 1").scalar()
    assert value[:4] == b"Mabc" and len(value) == 102400


def test_writing(files):
    with files.blobopen("file", "content", 2) as blob:
        assert blob.write(b"begin") == 5 and blob.tell() == 5
        blob.seek(-3, os.SEEK_END)
        blob.write(memoryview(b"end"))
        with pytest.raises(turdb.DataError):
            blob.write(b"more")
        blob.reopen(1)
        assert blob.tell() == 0 and blob.read(2) == b"\x00\x01"
        blob.reopen(2)
        assert blob.read(6) == b"begin\x00"
    files.rollback()
    assert files.execute("select content = zeroblob(100000) from file where id = 2").scalar() is True


def test_autocommit_writes_at_once(tmp_path):
    with turdb.Database(str(tmp_path / "db")) as database:
        connection = database.connect(autocommit=True)
        connection.execute("create table t(a int primary key, b blob)")
        connection.execute("insert into t values (1, zeroblob(70000))")
        blob = connection.blobopen("t", "b", 1)
        other = database.connect()
        blob.write(b"seen")
        assert other.execute("select substr(b, 1, 4) from t").scalar() == b"seen"
        assert io.BufferedReader is not None and blob.readable() and blob.seekable()
        blob.close()
        connection.close()
        other.close()


def test_what_cannot_be_opened(files):
    with pytest.raises(turdb.Error):
        files.blobopen("nothing", "content", 1)
    with pytest.raises(turdb.Error):
        files.blobopen("file", "nothing", 1)
    with pytest.raises(turdb.Error) as caught:
        files.blobopen("file", "content", 99)
    assert caught.value.sqlstate == "02000"
    with pytest.raises(turdb.Error):
        files.blobopen("file", "note", 1)  # a text can only be read
    assert files.blobopen("file", "note", 1, readonly=True, schema="root").read() == b"note"
    with pytest.raises(turdb.Error):
        files.blobopen("file", "note", 2, readonly=True)  # NULL


def test_a_blob_expires_with_its_value(files):
    blob = files.blobopen("file", "content", 1)
    files.execute("update file set content = zeroblob(5) where id = 1")
    with pytest.raises(turdb.Error) as caught:
        blob.read(1)
    assert caught.value.sqlstate == "24000"
    blob.reopen(1)
    assert len(blob) == 5
    files.close()
    with pytest.raises(turdb.ProgrammingError):
        blob.read(1)


def test_other_sizes(files):
    with files.blobopen("file", "content", 1) as blob:
        blob.seek(100)
        assert blob.truncate() == 100 and len(blob) == 100 and blob.tell() == 100
        assert blob.truncate(300000) == 300000 and blob.tell() == 100
        assert blob[:100] == bytes(range(100)) and blob[100:] == bytes(299900)
        blob.seek(0, os.SEEK_END)
        assert blob.truncate(3) == 3 and blob.tell() == 3
        with pytest.raises(turdb.DataError):
            blob.truncate(-1)
        with pytest.raises(turdb.Error):
            blob.truncate(1 << 40)
        with pytest.raises(TypeError):
            blob.truncate("x")
    assert files.execute("select length(content) from file where id = 1").scalar() == 3
    files.rollback()
    assert files.execute("select length(content) from file where id = 1").scalar() == 102400
    with files.blobopen("file", "content", 1, readonly=True) as blob:
        with pytest.raises(turdb.ProgrammingError):
            blob.truncate(5)
    with pytest.raises(turdb.ProgrammingError):
        blob.truncate(5)
