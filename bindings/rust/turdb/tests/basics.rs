//! What the compiler does not prove: transactions, savepoints, types, bad input, interrupts, threads.
use std::thread;
use std::time::Duration;

use turdb::{named_params, params, Array, Connection, Database, Date, Decimal, Error, ErrorCode, Interval, Json, Uuid, ValueRef};

fn open() -> Connection {
    Connection::open_in_memory().unwrap()
}

fn count(conn: &Connection, table: &str) -> i64 {
    conn.query_row(&format!("select count(*) from {table}"), (), |row| row.get(0)).unwrap()
}

#[test]
fn transactions_roll_back_when_dropped() {
    let mut conn = open();
    conn.execute_batch("create table t(a int primary key)").unwrap();
    {
        let transaction = conn.transaction().unwrap();
        transaction.execute("insert into t values (1)", ()).unwrap();
    }
    assert_eq!(count(&conn, "t"), 0);
    let mut transaction = conn.transaction().unwrap();
    transaction.execute("insert into t values (?)", [1]).unwrap();
    {
        let savepoint = transaction.savepoint("a \"name\"").unwrap();
        savepoint.execute("insert into t values (?)", [2]).unwrap();
    }
    let savepoint = transaction.savepoint("b").unwrap();
    savepoint.execute("insert into t values (?)", [3]).unwrap();
    savepoint.release().unwrap();
    transaction.commit().unwrap();
    let sum: i64 = conn.query_row("select sum(a) from t", (), |row| row.get(0)).unwrap();
    assert_eq!(sum, 4);
    assert!(conn.is_autocommit());
    let read_only = conn.transaction_with("read only").unwrap();
    let error = read_only.execute("insert into t values (9)", ()).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ReadOnly));
}

#[test]
fn values_go_both_ways() {
    let conn = open();
    macro_rules! round_trip {
        ($kind:expr, $value:expr, $type:ty) => {{
            let value: $type = $value;
            conn.execute_batch(&format!("drop table if exists t; create table t(v {})", $kind)).unwrap();
            conn.execute("insert into t values (?)", params![value]).unwrap();
            let got: $type = conn.query_row("select v from t", (), |row| row.get("v")).unwrap();
            assert_eq!(got, value, "{}", $kind);
        }};
    }
    round_trip!("bigint", i64::MIN, i64);
    round_trip!("smallint", -3, i16);
    round_trip!("ubigint", u64::MAX, u64);
    round_trip!("int128", i128::MIN, i128);
    round_trip!("bigint", None, Option<i64>);
    round_trip!("double precision", f64::MIN_POSITIVE, f64);
    round_trip!("real", 0.1, f32);
    round_trip!("boolean", true, bool);
    round_trip!("text", "naïve 🐢".to_string(), String);
    round_trip!("blob", vec![0, 255], Vec<u8>);
    round_trip!("date", Date(i32::MAX), Date);
    round_trip!("numeric(10,2)", Decimal("-12.50".into()), Decimal);
    round_trip!("json", Json("[1]".into()), Json);
    round_trip!("uuid", Uuid([7; 16]), Uuid);
    round_trip!("interval", Interval { months: 1, days: -2, micros: 3 }, Interval);
    round_trip!("vector(2)", vec![1.0, -2.5], Vec<f32>);
    let (numbers, texts): (Vec<i64>, Vec<Option<String>>) = conn
        .query_row("select ?::bigint[], ?::text[]", params![Array(&[1, 2]), Array(&[Some("a"), None])], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((numbers, texts), (vec![1, 2], vec![Some("a".into()), None]));
    conn.query_row("select 'x' as a", (), |row| {
        assert_eq!(row.get_ref("a")?, ValueRef::Text("x"));
        Ok(())
    })
    .unwrap();
}

#[test]
fn bad_input_is_an_error() {
    let conn = open();
    conn.execute_batch("create table t(a int not null, v vector(2))").unwrap();
    assert_eq!(conn.execute("insert into t values (?, ?)", [1]).unwrap_err(), Error::ParameterCount { expected: 2, got: 1 });
    assert!(matches!(conn.execute("select :a", named_params! {"b": 1}), Err(Error::ParameterName(_))));
    assert!(matches!(conn.execute("select :a, :b", named_params! {":a": 1}), Err(Error::ParameterName(_))));
    assert_eq!(conn.execute("select 1; select 2", ()).unwrap_err(), Error::SeveralStatements);
    assert_eq!(conn.execute("select 1; -- a comment", ()).unwrap(), 0);
    assert_eq!(conn.execute("", ()).unwrap(), 0);
    let sqlstate = |result: turdb::Result<usize>| result.unwrap_err().sqlstate().unwrap().to_string();
    assert_eq!(sqlstate(conn.execute("insert into t(a) values (?)", params!["a\0b"])), "22021");
    assert_eq!(sqlstate(conn.execute("insert into t(a) values (?)", params!["x"])), "22P02");
    assert_eq!(sqlstate(conn.execute("insert into t(a) values (?)", params![None::<i64>])), "23502");
    assert_eq!(sqlstate(conn.execute("insert into t(v) values (?)", params![[f32::NAN, 1.0]])), "22000");
    assert_eq!(sqlstate(conn.execute("insert into t(a) values (?)", [f64::NAN])), "22003");
    assert_eq!(sqlstate(conn.execute("insert into t(a) values (?)", [f64::INFINITY])), "22003");
    assert_eq!(sqlstate(conn.execute("insert into t(a) values (?)", [i64::MAX])), "22003");
    assert_eq!(sqlstate(conn.execute("select convert_from(?::blob, 'UTF8')", params![[0xff_u8, 0xfe]])), "22021");
    assert!(matches!(
        conn.execute("select ?", params![Array(&[Box::new(1) as Box<dyn turdb::ToSql>, Box::new("x")])]),
        Err(Error::ToSql(_))
    ));
    let nan: f64 = conn.query_row("select ?::double precision", [f64::NAN], |row| row.get(0)).unwrap();
    assert!(nan.is_nan());
    assert!(conn.execute("select ?", params![Array(&[] as &[i64])]).is_ok());
    let wrong = |sql: &str| conn.query_row(sql, (), |row| row.get::<i8>(0)).unwrap_err();
    for sql in ["select 300", "select null", "select 'x'", "select true"] {
        assert!(matches!(wrong(sql), Error::FromSql { .. }), "{sql}");
    }
    assert_eq!(wrong("select 1 where false"), Error::NoRows);
    assert_eq!(conn.query_row("select 1", (), |row| row.get::<i64>(1)).unwrap_err(), Error::NoSuchColumn("1".into()));
    assert!(matches!(Database::open("a\0b"), Err(Error::Nul)));
    assert!(matches!(Database::open_with(":memory:", &[("nothing", "1")]), Err(Error::Database(_))));
    assert_eq!(count(&conn, "t"), 0);
}

#[test]
fn many_rows_are_all_or_none() {
    let conn = open();
    conn.execute_batch("create table t(a int primary key)").unwrap();
    assert_eq!(conn.execute_many("insert into t values (?)", (0..1000).map(|i| [i])).unwrap(), 1000);
    let twice = (1000..1100).chain([5]).map(|i| [i]);
    assert_eq!(conn.execute_many("insert into t values (?)", twice).unwrap_err().code(), Some(ErrorCode::Constraint));
    assert_eq!(count(&conn, "t"), 1000);
}

/// What a program's iterator does in the middle of many rows: an error of its own, and a panic. Nothing is left of them.
#[test]
fn many_rows_that_end_badly_leave_nothing() {
    let mut conn = open();
    conn.execute_batch("create table t(a int)").unwrap();
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        conn.execute_many("insert into t values (?)", (0..5000).map(|i| if i == 4000 { panic!("no more") } else { [i] }))
    }));
    assert!(panics.is_err() && conn.is_autocommit());
    let transaction = conn.transaction().unwrap();
    transaction.execute("insert into t values (1)", ()).unwrap();
    let rows = (0..3000).map(|i| if i == 2000 { vec![1, 2] } else { vec![i] });
    let error = transaction.execute_many("insert into t values (?)", rows).unwrap_err();
    assert_eq!(error, Error::ParameterCount { expected: 1, got: 2 });
    transaction.commit().unwrap();
    assert_eq!(count(&conn, "t"), 1);
}

#[test]
fn rows_are_long_and_many() {
    let conn = open();
    let mut statement = conn.prepare("select repeat('x', ?::int), i from generate_series(1, 5000) g(i) limit ?").unwrap();
    for (size, rows) in [(1, 5000), (9000, 20), (100_000, 3)] {
        let lengths: Vec<usize> = statement
            .query_map([size, rows], |row| Ok(row.get::<String>(0)?.len()))
            .unwrap()
            .collect::<turdb::Result<_>>()
            .unwrap();
        assert_eq!(lengths, vec![size as usize; rows as usize]);
    }
    let mut rows = statement.query([1, 5000]).unwrap();
    rows.next().unwrap();
    drop(rows); // what was not read
    assert_eq!(count(&conn, "generate_series(1, 3)"), 3);
}

#[test]
fn other_threads_interrupt() {
    let conn = open();
    let handle = conn.interrupt_handle().unwrap();
    let worker = thread::spawn(move || {
        let error =
            conn.execute("select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b", ()).unwrap_err();
        (conn, error)
    });
    while !worker.is_finished() {
        handle.interrupt();
        thread::sleep(Duration::from_millis(5));
    }
    let (conn, error) = worker.join().unwrap();
    assert_eq!(error.code(), Some(ErrorCode::Interrupted));
    assert_eq!(conn.query_row("select 1", (), |row| row.get::<i64>(0)).unwrap(), 1);
    drop(conn);
    handle.clone().interrupt(); // nothing is there any more
}

/// What the types promise to other threads.
#[test]
fn handles_go_where_they_may() {
    fn sends<T: Send>() {}
    fn shares<T: Send + Sync>() {}
    sends::<Connection>();
    sends::<turdb::Backup>();
    sends::<turdb::ArrowStream>();
    shares::<Database>();
    shares::<turdb::InterruptHandle>();
    shares::<turdb::Snapshot>();
    shares::<Error>();
}

#[test]
fn handles_end_in_any_order() {
    let database = Database::open_in_memory().unwrap();
    let conn = database.connect().unwrap();
    drop(database);
    assert_eq!(conn.query_row("select 1", (), |row| row.get::<i64>(0)).unwrap(), 1);
    let database = Database::open_in_memory().unwrap();
    let conn = database.connect().unwrap();
    let mut statement = conn.prepare("select 1").unwrap();
    database.close().unwrap();
    assert_eq!(statement.query(()).unwrap_err().code(), Some(ErrorCode::Misuse));
}
