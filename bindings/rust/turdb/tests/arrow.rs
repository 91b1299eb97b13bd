//! Record batches, both ways, and streams.
#![cfg(feature = "arrow")]
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array, ListArray, RecordBatch, RecordBatchIterator, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use turdb::{ArrowFlags, ArrowStream, Connection, Error, ErrorCode};

fn open() -> Connection {
    Connection::open_in_memory().unwrap()
}

fn batch(numbers: Vec<Option<i64>>, texts: Vec<&str>) -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> =
        vec![("n", Arc::new(Int64Array::from(numbers))), ("t", Arc::new(StringArray::from(texts)))];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, (), |row| row.get(0)).unwrap()
}

#[test]
fn queries_give_batches_that_outlive_everything() {
    let conn = open();
    let sql = "select i as n, case when i % 2 = 0 then 'text ' || i end as t, array[i::int, null] as a from generate_series(1::bigint, ?) g(i)";
    let mut statement = conn.prepare(sql).unwrap();
    let batches = statement.query_batches([10_000]).unwrap();
    let schema = batches.schema();
    assert_eq!(schema.field(0), &Field::new("n", DataType::Int64, true));
    drop(statement);
    let batches: Vec<RecordBatch> = batches.collect::<turdb::Result<_>>().unwrap();
    drop(conn);
    assert!(batches.len() > 1);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 10_000);
    let first = &batches[0];
    assert_eq!(first.column(0).as_primitive::<Int64Type>().value(2), 3);
    assert!(first.column(1).is_null(0));
    assert_eq!(first.column(1).as_string::<i32>().value(1), "text 2");
    let list = first.column(2).as_list::<i32>().value(1);
    assert_eq!((list.as_primitive::<Int32Type>().value(0), list.is_null(1)), (2, true));
    let conn = open();
    let nothing = conn.prepare("select 1 as x where false").unwrap().query_batches(()).unwrap();
    assert_eq!(nothing.schema().field(0).name(), "x");
    assert_eq!(nothing.count(), 0);
    let views = conn.prepare("select 'x'").unwrap().query_arrow_with((), ArrowFlags::STRING_VIEWS).unwrap().into_batches().unwrap();
    assert_eq!(views.schema().field(0).data_type(), &DataType::Utf8View);
}

#[test]
fn batches_are_tables_and_rows() {
    let conn = open();
    let (one, two) = (batch(vec![Some(1), None], vec!["a", "b"]), batch(vec![Some(40)], vec!["naïve"]));
    conn.register_batches("given", one.schema(), vec![one.clone(), two.clone()]).unwrap();
    for _ in 0..2 {
        assert_eq!(number(&conn, "select sum(n)::bigint + count(*) from given"), 44);
    }
    assert_eq!(number(&conn, "select count(*) from given a, given b"), 9);
    conn.unregister("given").unwrap();
    assert_eq!(conn.execute("select * from given", ()).unwrap_err().sqlstate(), Some("42P01"));
    assert_eq!(conn.unregister("given").unwrap_err().code(), Some(ErrorCode::NotFound));

    conn.register_stream("once", ArrowStream::of_batches(one.schema(), vec![one.clone()])).unwrap();
    assert_eq!(number(&conn, "select count(*) from once"), 2);
    assert_eq!(conn.execute("select * from once", ()).unwrap_err().sqlstate(), Some("24000"));

    conn.execute_batch("create table t(n bigint, t text)").unwrap();
    let mut appender = conn.appender("t").unwrap();
    appender.append((7, "first")).unwrap();
    appender.append_record_batch(one.clone()).unwrap();
    appender.append((8, "last")).unwrap();
    assert_eq!(appender.close().unwrap(), 4);
    let mut insert = conn.prepare("insert into t(t, n) values (:t, :n)").unwrap();
    assert_eq!(insert.execute_stream(ArrowStream::of_batches(one.schema(), vec![one, two])).unwrap(), 3);
    let all: String = conn.query_row("select string_agg(coalesce(n::text, '-') || t, ' ') from t", (), |row| row.get(0)).unwrap();
    assert_eq!(all, "7first 1a -b 8last 1a -b 40naïve");
}

#[test]
fn vectors_and_lists_come_in() {
    let conn = open();
    let lists =
        ListArray::from_iter_primitive::<Float32Type, _, _>([Some([Some(1.0), Some(2.5)]), None, Some([Some(0.0), Some(-1.0)])]);
    let given = RecordBatch::try_from_iter_with_nullable([("v", Arc::new(lists) as ArrayRef, true)]).unwrap();
    conn.execute_batch("create table t(v vector(2))").unwrap();
    conn.appender("t").unwrap().append_record_batch(given).unwrap();
    let near: Vec<f32> = conn.query_row("select v from t order by v <-> $1 limit 1", [[1.0_f32, 2.0]], |row| row.get(0)).unwrap();
    assert_eq!(near, [1.0, 2.5]);
}

#[test]
fn streams_fail_with_what_they_say() {
    let conn = open();
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
    let failing = || {
        let good = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
        let items = vec![Ok(good), Err(ArrowError::ComputeError("out of steam".into()))];
        ArrowStream::of_reader(RecordBatchIterator::new(items, schema.clone()))
    };
    conn.register_stream("bad", failing()).unwrap();
    let error = conn.execute("select sum(n) from bad", ()).unwrap_err();
    assert!(error.to_string().contains("out of steam"), "{error}");
    conn.execute_batch("create table t(n bigint)").unwrap();
    let error = conn.appender("t").unwrap().append_stream(failing()).unwrap_err();
    assert!(error.to_string().contains("out of steam"), "{error}");
    assert_eq!(number(&conn, "select count(*) from t"), 0);
    let mut batches = failing().into_batches().unwrap();
    assert!(batches.next().unwrap().is_ok());
    assert!(matches!(batches.next(), Some(Err(Error::Arrow(reason))) if reason.contains("out of steam")));
    assert!(matches!(ArrowStream::empty().into_batches(), Err(Error::Arrow(_))));
    assert!(conn.register_stream("empty", ArrowStream::empty()).is_err());
    // TurDB's own failures have their code.
    let mut halves = conn.prepare("select 1 / (i - 5000) from generate_series(1, 10000) g(i)").unwrap().query_batches(()).unwrap();
    let error = halves.find_map(Result::err).unwrap();
    assert_eq!(error.sqlstate(), Some("22012"));
    conn.register_source("panics", || panic!("no source")).unwrap_err();
    let error = conn.register_source("fails", || Err("nothing here".into())).unwrap_err();
    assert!(error.to_string().contains("nothing here"), "{error}");
}

/// A stream goes on while the connection and its progress hook are gone.
#[test]
fn streams_outlive_their_connection() {
    let conn = open();
    conn.set_progress(std::time::Duration::from_millis(1), Some(|| std::ops::ControlFlow::Continue(()))).unwrap();
    let stream = conn.prepare("select count(*) from generate_series(1, 3000000)").unwrap().query_batches(()).unwrap();
    drop(conn);
    let rows: usize =
        std::thread::spawn(move || stream.map(|batch| batch.map_or(0, |batch| batch.num_rows())).sum()).join().unwrap();
    assert!(rows <= 1);
}
