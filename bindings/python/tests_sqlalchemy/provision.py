"""How the suite sets its databases up. SQLAlchemy imports it with the dialect (conftest.py)."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.testing.provision import (
    post_configure_engine,
    set_default_schema_on_connection,
    temp_table_keyword_args,
    upsert,
)


@post_configure_engine.for_db("turdb")
def _make_schemas(url, engine, follower_ident):
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema if not exists test_schema")
        connection.exec_driver_sql("create schema if not exists test_schema_2")


@temp_table_keyword_args.for_db("turdb")
def _temporary(cfg, eng):
    return {"prefixes": ["TEMPORARY"]}


@set_default_schema_on_connection.for_db("turdb")
def _set_schema(cfg, dbapi_connection, schema_name):
    before, dbapi_connection.autocommit = dbapi_connection.autocommit, True
    dbapi_connection.execute(f"set search_path = '{schema_name}'").close()
    dbapi_connection.autocommit = before


@upsert.for_db("turdb")
def _upsert(cfg, table, returning, *, set_lambda=None, sort_by_parameter_order=False, index_elements=None):
    statement = insert(table)
    if set_lambda is not None:
        statement = statement.on_conflict_do_update(
            index_elements=index_elements or table.primary_key, set_=set_lambda(statement.excluded)
        )
    else:
        statement = statement.on_conflict_do_nothing()
    return statement.returning(*returning, sort_by_parameter_order=sort_by_parameter_order)
