"""The SQLAlchemy dialect ``turdb``.

>>> import sqlalchemy
>>> engine = sqlalchemy.create_engine("turdb://")          # in memory; turdb:///path/to/database for a directory
>>> with engine.begin() as connection:
...     _ = connection.execute(sqlalchemy.text("create table t(a int)"))
...     _ = connection.execute(sqlalchemy.text("insert into t values (:a)"), {"a": 1})
...     connection.execute(sqlalchemy.text("select a from t")).scalar()
1

It is SQLAlchemy's default dialect with PostgreSQL's compilers, so that types and options of ``sqlalchemy.dialects.postgresql``
work: ``ARRAY``, ``JSONB``, ``insert().on_conflict_do_update()``, ``postgresql_where``. Options of TurDB come with the URL:
``turdb:///database?memory_limit=64MB&read_only=true``.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Tuple, Type

from sqlalchemy import exc, pool, sql, types as sqltypes, util
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, DOUBLE_PRECISION, ENUM, INTERVAL, JSON, JSONB, REAL, TIME, TIMESTAMP
from sqlalchemy.dialects.postgresql.base import (
    PGCompiler,
    PGDDLCompiler,
    PGExecutionContext,
    PGIdentifierPreparer,
    PGTypeCompiler,
)
from sqlalchemy.engine import default, interfaces, reflection
from sqlalchemy.engine.url import URL
from sqlalchemy.sql.compiler import InsertmanyvaluesSentinelOpts

import turdb

__all__ = ["TurDBDialect"]


# ---- types that say what they are where SQL alone does not: `date '2024-01-31' + ?`


def _casting(base: Type[Any]) -> Type[Any]:
    return type("_" + base.__name__, (base,), {"render_bind_cast": True, "__module__": __name__})


class _Interval(INTERVAL):
    render_bind_cast = True

    def bind_processor(self, dialect: Any) -> Any:
        return None

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return None


_COLSPECS: Dict[Any, Any] = {
    sqltypes.Interval: _Interval,
    INTERVAL: _Interval,
    sqltypes.Enum: ENUM,
    sqltypes.JSON: JSON,
    sqltypes.ARRAY: ARRAY,
    sqltypes.Integer: _casting(sqltypes.Integer),
    sqltypes.SmallInteger: _casting(sqltypes.SmallInteger),
    sqltypes.BigInteger: _casting(sqltypes.BigInteger),
    sqltypes.Numeric: _casting(sqltypes.Numeric),
    sqltypes.Boolean: _casting(sqltypes.Boolean),
    sqltypes.Date: _casting(sqltypes.Date),
    sqltypes.Time: _casting(sqltypes.Time),
    sqltypes.DateTime: _casting(sqltypes.DateTime),
}

_ISCHEMA: Dict[str, Any] = {
    "boolean": sqltypes.BOOLEAN,
    "tinyint": sqltypes.SMALLINT,
    "utinyint": sqltypes.SMALLINT,
    "smallint": sqltypes.SMALLINT,
    "usmallint": sqltypes.INTEGER,
    "integer": sqltypes.INTEGER,
    "uinteger": sqltypes.BIGINT,
    "bigint": sqltypes.BIGINT,
    "ubigint": sqltypes.NUMERIC,
    "int128": sqltypes.NUMERIC,
    "real": REAL,
    "double precision": DOUBLE_PRECISION,
    "numeric": sqltypes.NUMERIC,
    "decimal": sqltypes.NUMERIC,
    "text": sqltypes.TEXT,
    "character varying": sqltypes.VARCHAR,
    "character": sqltypes.CHAR,
    "bytea": BYTEA,
    "blob": BYTEA,
    "date": sqltypes.DATE,
    "time without time zone": TIME,
    "timestamp without time zone": TIMESTAMP,
    "timestamp with time zone": TIMESTAMP,
    "interval": INTERVAL,
    "uuid": sqltypes.UUID,
    "json": JSON,
    "jsonb": JSONB,
}


class TurDBCompiler(PGCompiler):
    pass


class TurDBExecutionContext(PGExecutionContext):
    pass


class TurDBDialect(default.DefaultDialect):
    """SQLAlchemy's default dialect with PostgreSQL's compilers."""

    name = "turdb"
    driver = "turdb"
    supports_statement_cache = True
    default_paramstyle = "qmark"
    max_identifier_length = 63

    statement_compiler = TurDBCompiler
    ddl_compiler = PGDDLCompiler
    type_compiler_cls = PGTypeCompiler
    preparer = PGIdentifierPreparer
    execution_ctx_cls = TurDBExecutionContext
    colspecs = _COLSPECS
    ischema_names = _ISCHEMA
    bind_typing = interfaces.BindTyping.RENDER_CASTS

    supports_alter = True
    supports_comments = True
    supports_constraint_comments = True
    supports_default_values = True
    supports_default_metavalue = True
    supports_empty_insert = False
    supports_identity_columns = True
    supports_multivalues_insert = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_enum = True
    supports_native_uuid = True
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = True
    supports_schemas = True
    supports_sequences = True
    supports_smallserial = True
    supports_virtual_generated_columns = True
    sequences_optional = True
    preexecute_autoincrement_sequences = True
    postfetch_lastrowid = False
    returns_native_bytes = True
    insert_returning = update_returning = delete_returning = True
    update_returning_multifrom = delete_returning_multifrom = True
    use_insertmanyvalues = True
    insertmanyvalues_implicit_sentinel = (
        InsertmanyvaluesSentinelOpts.ANY_AUTOINCREMENT
        | InsertmanyvaluesSentinelOpts.USE_INSERT_FROM_SELECT
        | InsertmanyvaluesSentinelOpts.RENDER_SELECT_COL_CASTS
    )

    # What PostgreSQL's compilers ask their dialect.
    _backslash_escapes = False
    _supports_create_index_concurrently = False
    _supports_drop_index_concurrently = False
    _supports_jsonb_subscripting = False

    def __init__(self, json_serializer: Any = None, json_deserializer: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer
        self._memory: Optional[turdb.Database] = None

    # ---- connections

    @classmethod
    def import_dbapi(cls) -> Any:
        return turdb

    @classmethod
    def get_pool_class(cls, url: URL) -> Any:
        return pool.QueuePool

    def create_connect_args(self, url: URL) -> Tuple[List[Any], Dict[str, Any]]:
        options = dict(url.query)
        return [url.database or ":memory:"], options

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """All connections of an engine in memory are to one database."""
        (path,) = arguments or (options.pop("database", ":memory:"),)
        if path != ":memory:":
            connection = turdb.connect(path, **options)
        else:
            if self._memory is None or self._memory.closed:
                self._memory = turdb.Database(":memory:", **options)
            connection = self._memory.connect()
        connection.json_loads = None  # SQLAlchemy's types do it
        return connection

    def do_ping(self, dbapi_connection: Any) -> bool:
        dbapi_connection.execute("select 1").close()
        return True

    def is_disconnect(self, error: Any, connection: Any, cursor: Any) -> bool:
        return isinstance(error, turdb.ProgrammingError) and error.code_name == "TURDB_MISUSE" and "closed" in error.message

    def _get_server_version_info(self, connection: Any) -> Tuple[int, ...]:
        return tuple(int(part) for part in turdb.library_version.split("."))

    def _get_default_schema_name(self, connection: Any) -> str:
        return str(connection.exec_driver_sql("select current_schema()").scalar())

    def get_isolation_level_values(self, dbapi_connection: Any) -> Any:
        return ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        if level == "AUTOCOMMIT":
            dbapi_connection.autocommit = True
            return
        dbapi_connection.autocommit = False
        dbapi_connection.execute(f"set session characteristics as transaction isolation level {level}").close()

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        if dbapi_connection.autocommit:
            return "AUTOCOMMIT"
        return str(dbapi_connection.execute("show default_transaction_isolation").scalar()).upper()

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        return bool(dbapi_connection.autocommit)

    # ---- what there is

    def _schema(self, connection: Any, schema: Optional[str]) -> str:
        return schema or self.default_schema_name or "root"

    def _rows(self, connection: Any, statement: str, **parameters: Any) -> List[Any]:
        return list(connection.execute(sql.text(statement), parameters))

    @reflection.cache
    def get_schema_names(self, connection: Any, **kw: Any) -> List[str]:
        query = "select schema_name from turdb_catalog.schemas where not is_temporary order by schema_name"
        return [row[0] for row in self._rows(connection, query)]

    def _names(self, connection: Any, schema: Optional[str], *kinds: str) -> List[str]:
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        rows = self._rows(
            connection,
            f"select table_name from turdb_catalog.tables where schema_name = :schema and kind in ({listed}) order by table_name",
            schema=self._schema(connection, schema),
        )
        return [row[0] for row in rows]

    @reflection.cache
    def get_table_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> List[str]:
        return self._names(connection, schema, "table")

    @reflection.cache
    def get_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> List[str]:
        return self._names(connection, schema, "view")

    @reflection.cache
    def get_materialized_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> List[str]:
        return self._names(connection, schema, "materialized view")

    @reflection.cache
    def get_temp_table_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> List[str]:
        return self._names(connection, "temp", "table")

    @reflection.cache
    def get_temp_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> List[str]:
        return self._names(connection, "temp", "view")

    @reflection.cache
    def get_sequence_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> List[str]:
        rows = self._rows(
            connection,
            "select sequence_name from turdb_catalog.sequences where schema_name = :schema and owner_table is null order by 1",
            schema=self._schema(connection, schema),
        )
        return [row[0] for row in rows]

    @reflection.cache
    def has_table(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        schemas = [schema] if schema else [self._schema(connection, None), "temp"]
        return any(
            self._rows(
                connection,
                "select 1 from turdb_catalog.tables where schema_name = :schema and table_name = :name",
                schema=each,
                name=table_name,
            )
            for each in schemas
        )

    @reflection.cache
    def has_sequence(self, connection: Any, sequence_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        return bool(
            self._rows(
                connection,
                "select 1 from turdb_catalog.sequences where schema_name = :schema and sequence_name = :name",
                schema=self._schema(connection, schema),
                name=sequence_name,
            )
        )

    @reflection.cache
    def has_type(self, connection: Any, type_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        """Whether there is an enumerated type or domain of that name."""
        return bool(
            self._rows(
                connection,
                "select 1 from turdb_catalog.types where schema_name = :schema and type_name = :name",
                schema=self._schema(connection, schema),
                name=type_name,
            )
        )

    @reflection.cache
    def has_schema(self, connection: Any, schema_name: str, **kw: Any) -> bool:
        return bool(self._rows(connection, "select 1 from turdb_catalog.schemas where schema_name = :name", name=schema_name))

    @reflection.cache
    def get_view_definition(self, connection: Any, view_name: str, schema: Optional[str] = None, **kw: Any) -> str:
        rows = self._rows(
            connection,
            "select sql from turdb_catalog.tables where schema_name = :schema and table_name = :name and kind like '%view'",
            schema=self._schema(connection, schema),
            name=view_name,
        )
        if not rows:
            raise exc.NoSuchTableError(view_name)
        return str(rows[0][0])

    def _table(self, connection: Any, name: str, schema: Optional[str]) -> Tuple[str, Any]:
        """The schema that the table is in, and its line of turdb_catalog.tables."""
        for each in [schema] if schema else [self._schema(connection, None), "temp"]:
            rows = self._rows(
                connection,
                "select table_id, kind, comment, sql from turdb_catalog.tables where schema_name = :schema and table_name = :name",
                schema=each,
                name=name,
            )
            if rows:
                return each, rows[0]
        raise exc.NoSuchTableError(f"{schema}.{name}" if schema else name)

    @reflection.cache
    def get_columns(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> List[Any]:
        found, table = self._table(connection, table_name, schema)
        rows = self._rows(
            connection,
            "select c.column_name, c.data_type, c.is_nullable, c.default_sql, c.comment, i.identity_generation, i.is_identity, "
            "i.identity_start, i.identity_increment, i.identity_minimum, i.identity_maximum, i.identity_cycle, "
            "i.generation_expression, a.attgenerated, c.key_position, q.cache_size "
            "from turdb_catalog.columns c left join information_schema.columns i on i.table_schema = c.schema_name and "
            "i.table_name = c.table_name and i.column_name = c.column_name "
            "left join pg_catalog.pg_attribute a on a.attrelid = :id and a.attname = c.column_name "
            "left join turdb_catalog.sequences s on s.schema_name = c.schema_name and s.owner_table = c.table_name and "
            "s.owner_column = c.column_name left join pg_catalog.pg_sequences q on q.sequencename = s.sequence_name and "
            "(q.schemaname = s.schema_name or q.schemaname = 'public') "
            "where c.schema_name = :schema and c.table_name = :name order by c.position",
            schema=found,
            name=table_name,
            id=table[0],
        )
        enums = self._enums(connection)
        return [self._column(row, enums, connection, found, table_name) for row in rows]

    def _column(self, row: Any, enums: Dict[str, Any], connection: Any, schema: str, table: str) -> Dict[str, Any]:
        column: Dict[str, Any] = {
            "name": row[0],
            "type": self._type(row[1], row[0], enums),
            "nullable": bool(row[2]),
            "default": row[3],
            "autoincrement": bool(row[3] and "nextval(" in row[3]) or row[6] == "YES",
            "comment": row[4],
        }
        if row[6] == "YES":
            column["default"] = None
            column["identity"] = {
                "always": row[5] == "ALWAYS",
                "start": int(row[7] or 1),
                "increment": int(row[8] or 1),
                "minvalue": int(row[9] or 1),
                "maxvalue": int(row[10] or 2**31 - 1),
                "cycle": row[11] == "YES",
                "cache": int(row[15] or 1),
            }
        if row[13]:
            column["computed"] = {"sqltext": row[12] or row[3], "persisted": row[13] == "s"}
            column["default"] = None
        return column

    def _enums(self, connection: Any) -> Dict[str, Any]:
        rows = self._rows(
            connection,
            "select t.typname, n.nspname, e.enumlabel from pg_catalog.pg_enum e join pg_catalog.pg_type t on t.oid = e.enumtypid "
            "join pg_catalog.pg_namespace n on n.oid = t.typnamespace order by t.typname, e.enumsortorder",
        )
        enums: Dict[str, Any] = {}
        for name, schema, label in rows:
            enums.setdefault(name, (schema, []))[1].append(label)
        return enums

    _TYPE = re.compile(r"^(?P<name>[^([]+)(?:\((?P<arguments>[\d, ]+)\))?(?P<rest>[^[(]*)(?P<array>(?:\[\])*)$")

    def _type(self, declared: str, column: str, enums: Dict[str, Any]) -> Any:
        match = self._TYPE.match(declared)
        assert match is not None, declared
        name = (match["name"].rstrip() + match["rest"]).strip()
        arguments = [int(part) for part in match["arguments"].split(",")] if match["arguments"] else []
        made: Any
        if name in self.ischema_names:
            kind = self.ischema_names[name]
            if kind is TIMESTAMP or kind is TIME:
                made = kind(timezone="with time zone" in name, precision=arguments[0] if arguments else None)
            elif kind is INTERVAL:
                made = kind(precision=arguments[0] if arguments else None)
            elif kind in (sqltypes.NUMERIC, sqltypes.VARCHAR, sqltypes.CHAR):
                made = kind(*arguments)
            else:
                made = kind()
        elif name.strip('"').split(".")[-1].strip('"') in enums:
            short = name.strip('"').split(".")[-1].strip('"')
            made = ENUM(*enums[short][1], name=short)
        elif name == "any":
            made = sqltypes.NullType()
        else:
            util.warn(f"Did not recognize type '{declared}' of column '{column}'")
            made = sqltypes.NullType()
        return ARRAY(made) if match["array"] else made

    def _constraints(self, connection: Any, name: str, schema: Optional[str], kind: str) -> Tuple[str, List[Any]]:
        found, _ = self._table(connection, name, schema)
        rows = self._rows(
            connection,
            "select c.constraint_name, k.column_name from information_schema.table_constraints c "
            "join information_schema.key_column_usage k on k.constraint_schema = c.constraint_schema and "
            "k.constraint_name = c.constraint_name and k.table_name = c.table_name "
            "where c.table_schema = :schema and c.table_name = :name and c.constraint_type = :kind "
            "order by c.constraint_name, k.ordinal_position",
            schema=found,
            name=name,
            kind=kind,
        )
        return found, rows

    def _constraint_comments(self, connection: Any, schema: str, table: str) -> Dict[str, str]:
        rows = self._rows(
            connection,
            "select part_name, comment from turdb_catalog.comments where kind like '%constraint%' and schema_name = :schema and "
            "object_name = :name",
            schema=schema,
            name=table,
        )
        return {row[0]: row[1] for row in rows}

    @reflection.cache
    def get_pk_constraint(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        found, rows = self._constraints(connection, table_name, schema, "PRIMARY KEY")
        if not rows:
            return reflection.ReflectionDefaults.pk_constraint()
        name = rows[0][0]
        comment = self._constraint_comments(connection, found, table_name).get(name)
        return {"constrained_columns": [row[1] for row in rows], "name": name, "comment": comment}

    @reflection.cache
    def get_unique_constraints(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        found, rows = self._constraints(connection, table_name, schema, "UNIQUE")
        comments = self._constraint_comments(connection, found, table_name)
        constraints: Dict[str, List[str]] = {}
        for name, column in rows:
            constraints.setdefault(name, []).append(column)
        return [
            {"name": name, "column_names": columns, "comment": comments.get(name)} for name, columns in constraints.items()
        ] or reflection.ReflectionDefaults.unique_constraints()

    @reflection.cache
    def get_check_constraints(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        found, _ = self._table(connection, table_name, schema)
        rows = self._rows(
            connection,
            "select c.constraint_name, k.check_clause from information_schema.table_constraints c "
            "join information_schema.check_constraints k on k.constraint_schema = c.constraint_schema and "
            "k.constraint_name = c.constraint_name "
            "where c.table_schema = :schema and c.table_name = :name and c.constraint_type = 'CHECK' order by c.constraint_name",
            schema=found,
            name=table_name,
        )
        comments = self._constraint_comments(connection, found, table_name)
        return [
            {"name": name, "sqltext": _unwrap(text), "comment": comments.get(name)}
            for name, text in rows
            if not text.lower().endswith(" is not null")
        ] or reflection.ReflectionDefaults.check_constraints()

    @reflection.cache
    def get_foreign_keys(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        found, table = self._table(connection, table_name, schema)
        rows = self._rows(
            connection,
            "select c.conname, c.conkey, c.confkey, n.nspname, t.relname, c.confupdtype, c.confdeltype, c.condeferrable, "
            "c.condeferred, c.confmatchtype, c.confrelid "
            "from pg_catalog.pg_constraint c join pg_catalog.pg_class t on t.oid = c.confrelid "
            "join pg_catalog.pg_namespace n on n.oid = t.relnamespace where c.conrelid = :id and c.contype = 'f' order by c.conname",
            id=table[0],
        )
        comments = self._constraint_comments(connection, found, table_name)
        return [self._foreign_key(connection, row, schema, table[0], comments) for row in rows] or (
            reflection.ReflectionDefaults.foreign_keys()
        )

    def _foreign_key(self, connection: Any, row: Any, schema: Optional[str], table_id: int, comments: Dict[str, str]) -> Any:
        actions = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}
        options: Dict[str, Any] = {}
        if row[5] in actions:
            options["onupdate"] = actions[row[5]]
        if row[6] in actions:
            options["ondelete"] = actions[row[6]]
        if row[7]:
            options["deferrable"] = True
        if row[8]:
            options["initially"] = "DEFERRED"
        if row[9] == "f":
            options["match"] = "FULL"
        referred = row[3] if row[3] != "public" else self._schema(connection, None)
        return {
            "name": row[0],
            "constrained_columns": self._numbered(connection, table_id, row[1]),
            "referred_schema": None if referred == self.default_schema_name and schema is None else referred,
            "referred_table": row[4],
            "referred_columns": self._numbered(connection, row[10], row[2]),
            "options": options,
            "comment": comments.get(row[0]),
        }

    def _numbered(self, connection: Any, table_id: int, numbers: str) -> List[str]:
        rows = self._rows(connection, "select attnum, attname from pg_catalog.pg_attribute where attrelid = :id", id=table_id)
        names = {row[0]: row[1] for row in rows}
        return [names[int(number)] for number in numbers.strip("{}").split(",")]

    @reflection.cache
    def get_indexes(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        found, table = self._table(connection, table_name, schema)
        names = {row[0]: row[1] for row in self._rows(
            connection, "select attnum, attname from pg_catalog.pg_attribute where attrelid = :id", id=table[0]
        )}
        rows = self._rows(
            connection,
            "select c.relname, i.indisunique, i.indkey, i.indexprs, i.indpred, i.indoption, x.is_constraint, x.columns "
            "from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid "
            "join turdb_catalog.indexes x on x.index_name = c.relname and x.schema_name = :schema and x.table_name = :name "
            "where i.indrelid = :id and not i.indisprimary order by c.relname",
            schema=found,
            name=table_name,
            id=table[0],
        )
        return [self._index(row, names) for row in rows] or reflection.ReflectionDefaults.indexes()

    def _index(self, row: Any, names: Dict[int, str]) -> Dict[str, Any]:
        name, unique, keys, expressions, predicate, flags, is_constraint, listed = row
        columns = [names.get(int(key)) for key in keys.split()]
        index: Dict[str, Any] = {"name": name, "unique": bool(unique), "column_names": columns, "dialect_options": {}}
        if None in columns:
            texts = _split(listed)
            index["expressions"] = [column or _unwrap(texts[i]) for i, column in enumerate(columns)]
        sorting = {}
        for column, flag in zip(columns, flags.split()):
            number = int(flag)
            words: Tuple[str, ...] = ("desc",) if number & 1 else ()
            if bool(number & 1) != bool(number & 2):
                words += ("nulls_first",) if number & 2 else ("nulls_last",)
            if words and column is not None:
                sorting[column] = words
        if sorting:
            index["column_sorting"] = sorting
        if is_constraint:
            index["duplicates_constraint"] = name
        if predicate:
            index["dialect_options"]["postgresql_where"] = predicate
        return index

    @reflection.cache
    def get_table_comment(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        _, table = self._table(connection, table_name, schema)
        return {"text": table[2]}

    @reflection.cache
    def get_table_options(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        self._table(connection, table_name, schema)
        return reflection.ReflectionDefaults.table_options()


def _unwrap(text: str) -> str:
    """Without the brackets around all of it."""
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for i, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if depth == 0 and i < len(text) - 1:
                return text
        text = text[1:-1]
    return text


def _split(listed: str) -> List[str]:
    """What stands between the commas that are in no brackets."""
    parts, depth, begin = [], 0, 0
    for i, character in enumerate(listed):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(listed[begin:i].strip())
            begin = i + 1
    return parts + [listed[begin:].strip()]
