"""Functions of Python in SQL: what their annotations mean, and how rows that they give become Arrow streams."""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import inspect
import itertools
import typing
import uuid
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from . import _arrow, _native
from ._types import Interval, Json

if TYPE_CHECKING:
    from ._connection import Connection

#: A type: SQL's name for it, or the type of Python that its values have.
TypeLike = Any
Parameters = Union[None, int, str, Sequence[TypeLike]]
Columns = Union[None, str, Sequence[Tuple[str, TypeLike]], Mapping[str, TypeLike]]

_SQL_TYPES: Dict[Any, str] = {
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    str: "text",
    bytes: "bytea",
    bytearray: "bytea",
    memoryview: "bytea",
    decimal.Decimal: "numeric",
    datetime.date: "date",
    datetime.time: "time",
    datetime.datetime: "timestamp",
    datetime.timedelta: "interval",
    Interval: "interval",
    uuid.UUID: "uuid",
    dict: "json",
    Json: "json",
    Any: "any",
    object: "any",
    inspect.Parameter.empty: "any",
}


def sql_type(kind: TypeLike) -> str:
    """SQL's name for a type of Python, or the name itself."""
    if isinstance(kind, str):
        return kind
    try:
        if kind in _SQL_TYPES:
            return _SQL_TYPES[kind]
    except TypeError:
        pass
    origin: Any = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is Union or type(kind).__name__ == "UnionType":
        others = [argument for argument in arguments if argument is not type(None)]
        return sql_type(others[0]) if len(others) == 1 else "any"
    if origin in (list, collections.abc.Sequence, tuple) and arguments:
        element = sql_type(arguments[0])
        return "any" if element == "any" else element + "[]"
    if origin in (dict, collections.abc.Mapping):
        return "json"
    raise TypeError(f"{kind!r} stands for no type of SQL: give SQL's name of one as a str")


def _annotations(function: Callable[..., Any]) -> Dict[str, Any]:
    target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
    try:
        return typing.get_type_hints(target)
    except Exception:  # names that only a type checker knows
        return {}


def _places(function: Callable[..., Any], skip: int = 0) -> Tuple[List[str], bool, str]:
    """The types of the parameters that a function takes by place, whether the last one repeats, and of what it gives."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ["any"], True, "any"
    hints = _annotations(function)
    types: List[str] = []
    for parameter in list(signature.parameters.values())[skip:]:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            types.append(sql_type(hints.get(parameter.name, Any)))
            return types, True, sql_type(hints.get("return", Any))
        if parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            if parameter.default is not inspect.Parameter.empty:
                break
            types.append(sql_type(hints.get(parameter.name, Any)))
    returned = hints.get("return", Any)
    return types, False, "any" if returned is type(None) else sql_type(returned)


def _signature(parameters: Parameters, function: Callable[..., Any], skip: int = 0) -> Tuple[str, int, Optional[str]]:
    """(names of types, flags, the type that the annotations give to the result)"""
    if isinstance(parameters, bool):
        raise TypeError("parameters are a number or types")
    if isinstance(parameters, int):  # as sqlite3 has it
        if parameters < 0:
            return "any", _native.TURDB_FUNCTION_VARIADIC, None
        return ", ".join(["any"] * parameters), 0, None
    if isinstance(parameters, str):
        return parameters, 0, None
    if parameters is not None:
        return ", ".join(sql_type(kind) for kind in parameters), 0, None
    types, repeats, returned = _places(function, skip)
    return ", ".join(types), _native.TURDB_FUNCTION_VARIADIC if repeats else 0, returned


def _null_flag(null_handling: Optional[str], parameters: Parameters) -> int:
    if null_handling is None:  # sqlite3's functions see None
        null_handling = "special" if isinstance(parameters, int) else "default"
    if null_handling not in ("default", "special"):
        raise ValueError('null_handling is "default" (NULL gives NULL, without a call) or "special" (None is handed over)')
    return _native.TURDB_FUNCTION_SEES_NULL if null_handling == "special" else 0


def create_scalar(
    connection: Connection,
    name: str,
    function: Callable[..., Any],
    parameters: Parameters,
    return_type: Optional[TypeLike],
    vectorized: bool,
    deterministic: bool,
    null_handling: Optional[str],
) -> None:
    if not callable(function):
        raise TypeError("a function must be callable")
    types, flags, returned = _signature(parameters, function)
    returns = sql_type(return_type) if return_type is not None else returned or "any"
    flags |= _null_flag(null_handling, parameters)
    if deterministic:
        flags |= _native.TURDB_FUNCTION_DETERMINISTIC
    connection._create_scalar(name, types, returns, flags, _by_batch(function) if vectorized else function, vectorized)


def _by_batch(function: Callable[..., Any]) -> Callable[[Any, Any], Tuple[Any, Any]]:
    pa = _arrow.pyarrow()

    def call(schema: Any, rows: Any) -> Tuple[Any, Any]:
        batch = pa.Array._import_from_c_capsule(schema, rows)
        result = function(*batch.flatten())
        if isinstance(result, pa.ChunkedArray):
            result = pa.concat_arrays(result.chunks) if result.num_chunks != 1 else result.chunk(0)
        elif isinstance(result, pa.Scalar):
            result = pa.array([result.as_py()] * len(batch), result.type)
        elif not hasattr(result, "__arrow_c_array__"):
            if _is_series(result):
                result = pa.Array.from_pandas(result)
                if isinstance(result, pa.ChunkedArray):
                    result = result.combine_chunks()
            else:
                result = pa.array(result)
        capsules: Tuple[Any, Any] = result.__arrow_c_array__()
        return capsules

    return call


def _is_series(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("pandas", "numpy")


def create_aggregate(
    connection: Connection,
    name: str,
    parameters: Parameters,
    aggregate_class: Callable[[], Any],
    return_type: Optional[TypeLike],
    null_handling: Optional[str],
) -> None:
    if not callable(aggregate_class):
        raise TypeError("an aggregate is a class with methods step and finalize")
    step = getattr(aggregate_class, "step", None)
    finish = "value" if hasattr(aggregate_class, "value") else "finalize"
    if isinstance(aggregate_class, type) and (step is None or not hasattr(aggregate_class, finish)):
        raise TypeError("an aggregate is a class with methods step and finalize")
    if step is None and parameters is None:
        raise TypeError("what makes aggregates does not say what their step takes: give parameters")
    types, flags, _ = _signature(parameters, step if step is not None else aggregate_class, skip=1)
    flags |= _null_flag(null_handling, parameters)
    if return_type is not None:
        returns = sql_type(return_type)
    else:
        finishing = getattr(aggregate_class, finish, None)
        returns = sql_type(_annotations(finishing).get("return", Any)) if finishing is not None else "any"
    merges = hasattr(aggregate_class, "merge")
    connection._create_aggregate(name, types, returns, flags, aggregate_class, "step", finish, merges)


# ---- functions that give rows


def create_table_function(
    connection: Connection,
    name: str,
    function: Callable[..., Any],
    parameters: Parameters,
    columns: Columns,
    null_handling: Optional[str],
) -> None:
    if not callable(function):
        raise TypeError("a function must be callable")
    types, flags, _ = _signature(parameters, function)
    flags |= _null_flag(null_handling, parameters)
    if columns is not None and not isinstance(columns, str):
        pairs = columns.items() if isinstance(columns, collections.abc.Mapping) else columns
        columns = ", ".join('"{}" {}'.format(str(column).replace('"', '""'), sql_type(kind)) for column, kind in pairs)
    declared = columns

    def open_stream(*arguments: Any) -> Any:
        return _stream_of(function(*arguments), declared)

    connection._create_table(name, types, declared, flags, open_stream)


def _stream_of(rows: Any, columns: Optional[str]) -> Any:
    if _arrow.is_table(rows) or isinstance(rows, (dict, _native.Cursor)) or _arrow._is_once(rows):
        return _arrow.stream_of(rows)
    if isinstance(rows, (str, bytes)) or not isinstance(rows, collections.abc.Iterable):
        raise TypeError(f"a table function gives rows, or a table, not {type(rows).__name__}")
    pa = _arrow.pyarrow()
    schema, read = _batches(iter(rows), columns)
    return pa.RecordBatchReader.from_batches(schema, read).__arrow_c_stream__()


_ROWS_PER_BATCH = 1024


def _batches(rows: Iterator[Any], columns: Optional[str]) -> Tuple[Any, Iterator[Any]]:
    """Record batches of rows: tuples, mappings, or, of one column, values."""
    first = list(itertools.islice(rows, _ROWS_PER_BATCH if columns is None else 1))
    names = _names_of(first)
    if columns is not None:
        schema = _schema_of(columns)
    elif not first:
        raise ValueError("a function that gives no rows has no columns: register it with its columns")
    else:
        schema = _to_batch(first, names, None).schema

    def read() -> Iterator[Any]:
        chunk = first + list(itertools.islice(rows, _ROWS_PER_BATCH - len(first)))
        while chunk:
            yield _to_batch(chunk, names if columns is None else None, schema)
            chunk = list(itertools.islice(rows, _ROWS_PER_BATCH))

    return schema, read()


def _names_of(rows: List[Any]) -> Optional[List[str]]:
    if rows and isinstance(rows[0], collections.abc.Mapping):
        return [str(name) for name in rows[0]]
    if rows and hasattr(rows[0], "_fields"):
        return list(rows[0]._fields)
    return None


def _to_batch(rows: List[Any], names: Optional[List[str]], schema: Any) -> Any:
    pa = _arrow.pyarrow()
    count = len(schema.names) if schema is not None else None
    listed: List[Sequence[Any]] = []
    for row in rows:
        if isinstance(row, collections.abc.Mapping):
            wanted: Iterable[Any] = names if names is not None else schema.names
            listed.append([row.get(name) for name in wanted])
        elif isinstance(row, (tuple, list)):
            listed.append(row)
        else:
            listed.append((row,))
        if count is None:
            count = len(listed[0])
        if len(listed[-1]) != count:
            raise ValueError(f"a row has {len(listed[-1])} values, and the table {count} columns")
    arrays = []
    for place, values in enumerate(zip(*listed)):
        if schema is None:
            arrays.append(pa.array([_plain(value) for value in values]))
        else:
            kind = schema.field(place).type
            texts = pa.types.is_string(kind)
            arrays.append(pa.array([_text(value) if texts else value for value in values], kind))
    if schema is not None:
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    return pa.RecordBatch.from_arrays(arrays, names or [f"column{place + 1}" for place in range(len(arrays))])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, (uuid.UUID, Interval)) else value


def _text(value: Any) -> Any:
    """Types that Arrow has no values of Python for go as texts, which TurDB reads."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        import json

        return json.dumps(value)
    return str(value)


def _schema_of(columns: str) -> Any:
    """Arrow's schema for columns of SQL: what a table of them gives, with texts for what pyarrow cannot make."""
    from ._connection import connect

    pa = _arrow.pyarrow()
    with connect(autocommit=True) as scratch:
        scratch.execute(f"create temporary table t ({columns})")
        given = scratch.execute("select * from t").fetch_arrow_table().schema
    fields = []
    for field in given:
        kind = field.type
        simple = (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_binary(kind)
            or pa.types.is_date(kind)
            or pa.types.is_time(kind)
            or pa.types.is_timestamp(kind)
            or (pa.types.is_decimal(kind) and kind.bit_width == 128)
            or pa.types.is_list(kind)
        )
        fields.append(pa.field(field.name, kind if simple else pa.string()))
    return pa.schema(fields)
