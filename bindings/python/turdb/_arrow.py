"""Arrow, pandas, polars and numpy: results as their tables, and their tables in SQL. None of them is needed to import turdb."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence, Tuple

from . import _native

if TYPE_CHECKING:
    from ._connection import Connection, Cursor

#: How values become Arrow's (``turdb_arrow_flags`` of turdb.h).
STRING_VIEWS = 1
NUMERIC_AS_DOUBLE = 2
ANY_AS_TEXT = 4


def pyarrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportError("this needs pyarrow: pip install turdb[arrow]") from error


# ---- out


def batches(cursor: Cursor, rows_per_batch: int, flags: int) -> Tuple[Any, Iterator[Any]]:
    """The schema and the record batches of what is left of the cursor's rows."""
    pa = pyarrow()
    result = cursor._result(flags)
    schema = pa.Schema._import_from_c_capsule(result.schema())

    def read() -> Iterator[Any]:
        while True:
            batch = result.next(rows_per_batch)
            if batch is None:
                return
            yield pa.RecordBatch._import_from_c_capsule(result.schema(), batch)

    return schema, read()


def table(cursor: Cursor, flags: int) -> Any:
    schema, read = batches(cursor, 0, flags)
    return pyarrow().Table.from_batches(list(read), schema)


def reader(cursor: Cursor, rows_per_batch: int, flags: int) -> Any:
    schema, read = batches(cursor, rows_per_batch, flags)
    return pyarrow().RecordBatchReader.from_batches(schema, read)


def numpy_columns(cursor: Cursor) -> Dict[str, Any]:
    """Arrays by the names of columns; with NULLs they are masked."""
    numpy: Any = importlib.import_module("numpy")
    columns: Dict[str, Any] = {}
    for name, column in zip_columns(table(cursor, NUMERIC_AS_DOUBLE)):
        if column.null_count == 0:
            columns[name] = column.to_numpy(zero_copy_only=False)
            continue
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        kind = column.type
        types = pyarrow().types
        if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
            filled = column.fill_null(False if types.is_boolean(kind) else 0).to_numpy(zero_copy_only=False)
        else:
            filled = column.to_numpy(zero_copy_only=False)
        columns[name] = numpy.ma.masked_array(filled, mask=nulls)
    return columns


def zip_columns(made: Any) -> Iterator[Tuple[str, Any]]:
    for i, name in enumerate(made.column_names):
        yield name, made.column(i).combine_chunks() if made.column(i).num_chunks != 1 else made.column(i).chunk(0)


# ---- in


def is_table(value: Any) -> bool:
    """Whether its rows can be read as Arrow, as often as wanted."""
    if isinstance(value, type) or isinstance(value, _native.Cursor):
        return False
    if _is_frame(value, "pandas") or _is_frame(value, "polars", "LazyFrame"):
        return True
    return hasattr(value, "__arrow_c_stream__") or _is_dataset(value) or _is_batch(value)


def _is_frame(value: Any, module: str, name: str = "DataFrame") -> bool:
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _is_dataset(value: Any) -> bool:
    loaded = sys.modules.get("pyarrow.dataset")
    return loaded is not None and isinstance(value, (loaded.Dataset, loaded.Scanner))


def _is_batch(value: Any) -> bool:
    loaded = sys.modules.get("pyarrow")
    return loaded is not None and isinstance(value, loaded.RecordBatch)


def _is_once(value: Any) -> bool:
    """Whether its rows can be read only once."""
    loaded = sys.modules.get("pyarrow")
    return isinstance(value, _native.Cursor) or (loaded is not None and isinstance(value, loaded.RecordBatchReader))


def stream_of(value: Any) -> Any:
    """A capsule with a stream over the rows of a table of whatever kind."""
    if _is_frame(value, "pandas"):
        return pyarrow().Table.from_pandas(value, preserve_index=False).__arrow_c_stream__()
    if _is_frame(value, "polars", "LazyFrame"):
        value = value.collect()
    elif _is_dataset(value):
        value = value.to_reader() if hasattr(value, "to_reader") else value.scanner().to_reader()
    elif _is_batch(value):
        value = pyarrow().Table.from_batches([value])
    elif isinstance(value, dict):
        value = pyarrow().table(value)
    if not hasattr(value, "__arrow_c_stream__"):
        raise TypeError(f"{type(value).__name__} is no table: it has no __arrow_c_stream__, and is no DataFrame or dict of columns")
    return value.__arrow_c_stream__()


def register(connection: Connection, name: str, value: Any) -> None:
    if isinstance(value, _native.Cursor) and value.connection is connection:
        raise ValueError("the rows of a cursor cannot be a table of its own connection: fetch_arrow_table first")
    if _is_once(value):
        connection._register_stream(name, stream_of(value))
    else:
        stream_of(value)  # so that what is wrong is raised here
        connection._register_source(name, lambda: stream_of(value))


def append(connection: Connection, table_name: str, value: Any, schema: Optional[str], columns: Optional[Sequence[str]], by_name: bool) -> int:
    if by_name:
        if columns is not None:
            raise ValueError("columns are named by `columns` or, with by_name, by the table that is appended")
        stream = pyarrow().RecordBatchReader._import_from_c_capsule(stream_of(value))
        columns = stream.schema.names
        value = stream
    rows: int = connection._append(schema, table_name, columns, stream_of(value))
    return rows


_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def find(name: str) -> Any:
    """A stream over the variable called ``name`` of whoever called turdb, or None: replacement scans ask for it."""
    frame = sys._getframe(1)
    while frame is not None and os.path.abspath(frame.f_code.co_filename).startswith(_FOLDER):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return None
    for variables in (frame.f_locals, frame.f_globals):
        candidates: List[str] = [name] if name in variables else []
        candidates += [other for other in variables if other != name and other.lower() == name.lower()]
        for candidate in candidates:
            value = variables[candidate]
            if is_table(value):
                return stream_of(value)
    return None
