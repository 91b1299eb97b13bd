"""libturdb for sqllogictest runners: the C interface through ctypes, standard library only.

`Database(path, library)` gives connections; `Connection.execute(sql)` runs every statement of `sql` and
returns (column_count, rows) of the last. `TurdbBackend` is the class that runners of the sqllogictest family
ask for (names, connect, execute, close).
"""
import ctypes
import os
from decimal import Decimal

ROW, DONE = 100, 101
NULL, BOOL = 0, 1
INTEGERS = {2, 3, 4, 5, 7, 8, 9, 10}
FLOATS = {12, 13}
DECIMAL, BLOB = 14, 16


class TurdbError(Exception):
    def __init__(self, status, sqlstate, message, hint, position, frames):
        super().__init__(f"[{sqlstate}] " + ": ".join(frames + [message]) + (f" (hint: {hint})" if hint else ""))
        self.status, self.sqlstate, self.message, self.hint, self.position = status, sqlstate, message, hint, position


def find_library():
    here = os.path.dirname(os.path.abspath(__file__))
    return os.environ.get("TURDB_LIBRARY") or os.path.join(here, "..", "..", "build", "release", "libturdb.so")


def load(path=None):
    lib = ctypes.CDLL(path or find_library())
    handle, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
    out = ctypes.POINTER(ctypes.c_void_p)

    def declare(name, result, *arguments):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments

    declare("turdb_db_open", ctypes.c_int32, text, handle, out, out)
    declare("turdb_db_close", ctypes.c_int32, handle, out)
    declare("turdb_db_free", None, handle)
    declare("turdb_options_new", ctypes.c_int32, out, out)
    declare("turdb_options_set", ctypes.c_int32, handle, text, text, out)
    declare("turdb_options_free", None, handle)
    declare("turdb_conn_open", ctypes.c_int32, handle, out, out)
    declare("turdb_conn_free", None, handle)
    declare("turdb_conn_changes", ctypes.c_int64, handle)
    declare("turdb_db_check", ctypes.c_int32, handle, ctypes.c_void_p, handle, ctypes.POINTER(ctypes.c_int64), out)
    declare("turdb_stmt_prepare", ctypes.c_int32, handle, text, size, ctypes.POINTER(ctypes.c_int64), out, out)
    declare("turdb_stmt_step", ctypes.c_int32, handle, out)
    declare("turdb_stmt_free", None, handle)
    declare("turdb_stmt_column_count", ctypes.c_int64, handle)
    declare("turdb_stmt_value_type", ctypes.c_int32, handle, size)
    declare("turdb_stmt_column_int64", ctypes.c_int64, handle, size)
    declare("turdb_stmt_column_uint64", ctypes.c_uint64, handle, size)
    declare("turdb_stmt_column_double", ctypes.c_double, handle, size)
    declare("turdb_stmt_column_bool", ctypes.c_bool, handle, size)
    declare("turdb_stmt_column_text", ctypes.c_void_p, handle, size, ctypes.POINTER(ctypes.c_int64))
    declare("turdb_stmt_column_blob", ctypes.c_void_p, handle, size, ctypes.POINTER(ctypes.c_int64))
    for name in ("message", "sqlstate", "hint"):
        declare("turdb_error_" + name, text, handle)
    declare("turdb_error_position", ctypes.c_int64, handle)
    declare("turdb_error_frame_count", ctypes.c_int64, handle)
    declare("turdb_error_frame", text, handle, size)
    declare("turdb_error_free", None, handle)
    return lib


class Database:
    def __init__(self, path, library=None, **options):
        self.lib = library or load()
        opts, self.handle = None, None
        if options:
            opts = ctypes.c_void_p()
            self.call(self.lib.turdb_options_new, ctypes.byref(opts))
            for key, value in options.items():
                self.call(self.lib.turdb_options_set, opts, key.encode(), str(value).encode())
        handle = ctypes.c_void_p()
        try:
            self.call(self.lib.turdb_db_open, path.encode(), opts, ctypes.byref(handle))
        finally:
            self.lib.turdb_options_free(opts)
        self.handle = handle

    def call(self, function, *arguments):
        error = ctypes.c_void_p()
        status = function(*arguments, ctypes.byref(error))
        if status >= 0:
            return status
        lib = self.lib
        decode = lambda value: (value or b"").decode("utf-8", "replace")
        made = TurdbError(
            status, decode(lib.turdb_error_sqlstate(error)), decode(lib.turdb_error_message(error)),
            decode(lib.turdb_error_hint(error)), lib.turdb_error_position(error),
            [decode(lib.turdb_error_frame(error, i)) for i in range(lib.turdb_error_frame_count(error))])
        lib.turdb_error_free(error)
        raise made

    def connect(self):
        return Connection(self)

    def check(self):
        problems = []
        visit = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)(
            lambda _, text: problems.append(text.decode("utf-8", "replace")))
        count = ctypes.c_int64()
        self.call(self.lib.turdb_db_check, self.handle, ctypes.cast(visit, ctypes.c_void_p), None, ctypes.byref(count))
        return problems

    def close(self):
        if self.handle:
            handle, self.handle = self.handle, None
            try:
                self.call(self.lib.turdb_db_close, handle)
            finally:
                self.lib.turdb_db_free(handle)


class Connection:
    def __init__(self, database):
        self.database, self.lib = database, database.lib
        self.handle = ctypes.c_void_p()
        database.call(self.lib.turdb_conn_open, database.handle, ctypes.byref(self.handle))

    def close(self):
        self.lib.turdb_conn_free(self.handle)
        self.handle = None

    def execute_texts(self, sql):
        """The rows of the last statement, every value as its text; conditions as bool."""
        kind = lambda stmt, i: self.lib.turdb_stmt_value_type(stmt, i)
        text = lambda stmt, i: self.lib.turdb_stmt_column_bool(stmt, i) if kind(stmt, i) == BOOL else self.text(stmt, i)
        return self.execute(sql, lambda stmt, i: None if kind(stmt, i) == NULL else text(stmt, i))[1]

    def execute(self, sql, value=None):
        value = value or self.value
        data = sql.encode("utf-8", "surrogateescape")
        count, rows = 0, []
        while data:
            tail, stmt = ctypes.c_int64(), ctypes.c_void_p()
            self.database.call(self.lib.turdb_stmt_prepare, self.handle, data, len(data), ctypes.byref(tail), ctypes.byref(stmt))
            data = data[tail.value:]
            if not stmt:
                break
            try:
                count, rows = self.lib.turdb_stmt_column_count(stmt), []
                while self.database.call(self.lib.turdb_stmt_step, stmt) == ROW:
                    rows.append([value(stmt, i) for i in range(count)])
            finally:
                self.lib.turdb_stmt_free(stmt)
        return count, rows

    def value(self, stmt, index):
        lib = self.lib
        kind = lib.turdb_stmt_value_type(stmt, index)
        if kind == NULL:
            return None
        if kind == BOOL:
            return lib.turdb_stmt_column_bool(stmt, index)
        if kind in INTEGERS:
            return lib.turdb_stmt_column_uint64(stmt, index) if kind == 10 else lib.turdb_stmt_column_int64(stmt, index)
        if kind in FLOATS:
            if kind == 12:  # float4: its own shortest text, not the double's
                return float(self.text(stmt, index))
            return lib.turdb_stmt_column_double(stmt, index)
        if kind == BLOB:
            size = ctypes.c_int64()
            data = lib.turdb_stmt_column_blob(stmt, index, ctypes.byref(size))
            return ctypes.string_at(data, size.value) if data else b""
        text = self.text(stmt, index)
        if kind == DECIMAL or kind == 6:
            try:
                return int(text) if kind == 6 else Decimal(text)
            except ArithmeticError:
                return text
        return text

    def text(self, stmt, index):
        size = ctypes.c_int64()
        data = self.lib.turdb_stmt_column_text(stmt, index, ctypes.byref(size))
        return ctypes.string_at(data, size.value).decode("utf-8", "surrogateescape") if data else ""


class TurdbBackend:
    """Decimals arrive as Decimal; binary large objects as bytes; dates and times as SQL prints them."""

    names = ("turdb", "postgresql")

    def connect(self, workdir):
        self.database = Database(os.path.join(workdir, "slt.turdb"), synchronous="off", memory_limit="1GB")
        self.connections = {}

    def execute(self, sql, conn=None):
        if conn not in self.connections:
            self.connections[conn] = self.database.connect()
        return self.connections[conn].execute(sql)

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.database.close()
