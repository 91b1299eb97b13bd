//! Functions, aggregates, table functions, collations and hooks of Rust: what they give, and how they fail and panic.
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use turdb::{
    params, Access, Action, Aggregate, ArrowStream, CallbackError, Change, Connection, Date, Error, ErrorCode, FunctionFlags,
    Limit, Operation, Panicked, Trace, ValueRef,
};

fn open() -> Connection {
    Connection::open_in_memory().unwrap()
}

fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, (), |row| row.get(0)).unwrap()
}

/// An error of a program's own.
#[derive(Debug, PartialEq)]
struct Odd(i64);

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot halve {}", self.0)
    }
}

impl std::error::Error for Odd {}

#[test]
fn functions_fail_and_panic() {
    let conn = open();
    let halve = |arguments: &[ValueRef<'_>]| match arguments {
        [ValueRef::Int(number)] if number % 2 == 0 => Ok(number / 2),
        [ValueRef::Int(13)] => panic!("not thirteen"),
        [ValueRef::Int(number)] => Err(Odd(*number).into()),
        _ => unreachable!("it has one parameter, an integer"),
    };
    conn.create_function("halve", "bigint", "bigint", FunctionFlags::DETERMINISTIC, halve).unwrap();
    assert_eq!(number(&conn, "select sum(halve(i * 2))::bigint from generate_series(1, 5000) g(i)"), 12_502_500);
    for (number, message) in [(13, "the function panicked: not thirteen"), (3, "cannot halve 3")] {
        let error = conn.execute("select halve(?)", [number]).unwrap_err();
        assert_eq!(error.sqlstate(), Some("38000"));
        assert!(error.to_string().contains(message), "{error}");
        let cause = std::error::Error::source(&error).expect("the original");
        assert_eq!(cause.downcast_ref::<Odd>(), (number == 3).then_some(&Odd(3)));
        assert_eq!(cause.downcast_ref::<Panicked>().map(|panic| panic.message.as_str()), (number == 13).then_some("not thirteen"));
    }
    let other = conn.execute("select 1 / 0", ()).unwrap_err();
    assert!(other.database().unwrap().cause.is_none());
    let unseen: Option<i64> = conn.query_row("select halve(null)", (), |row| row.get(0)).unwrap();
    assert_eq!(unseen, None);
    let seen = |arguments: &[ValueRef<'_>]| Ok(arguments.len() as i64);
    conn.create_function("seen", "any", "bigint", FunctionFlags::SEES_NULL | FunctionFlags::VARIADIC, seen).unwrap();
    assert_eq!(number(&conn, "select seen(1, null, 'x')"), 3);
    let nothing = conn.create_function("bad", "no_such_type", "int", FunctionFlags::default(), |_| Ok(0)).unwrap_err();
    assert_eq!(nothing.sqlstate(), Some("42704"));
    // A result that is not of the type, and an error that has a SQLSTATE.
    conn.create_function("text", "", "bigint", FunctionFlags::default(), |_| Ok("x")).unwrap();
    assert_eq!(conn.execute("select text()", ()).unwrap_err().sqlstate(), Some("22P02"));
    let nested = open();
    let fails = move |_: &[ValueRef<'_>]| Ok(nested.execute("select * from nothing", ())? as i64);
    conn.create_function("nested", "", "bigint", FunctionFlags::default(), fails).unwrap();
    let error = conn.execute("select nested()", ()).unwrap_err();
    assert_eq!(error.sqlstate(), Some("42P01"));
    assert!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Error>().is_some());
    conn.drop_function("halve").unwrap();
    assert_eq!(conn.execute("select halve(2)", ()).unwrap_err().sqlstate(), Some("42883"));
    assert_eq!(conn.drop_function("halve").unwrap_err().code(), Some(ErrorCode::NotFound));
}

/// What a function captures is dropped exactly once, whatever becomes of it; a panic of that goes nowhere.
#[test]
fn what_functions_capture_is_dropped_once() {
    struct Counted(Arc<AtomicI64>, bool);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            if self.1 {
                panic!("in drop");
            }
        }
    }
    let dropped = Arc::new(AtomicI64::new(0));
    let conn = open();
    let register = |name: &str, parameters: &str, panics: bool| {
        let counted = Counted(dropped.clone(), panics);
        conn.create_function(name, parameters, "int", FunctionFlags::default(), move |_| {
            let _ = &counted;
            Ok(1)
        })
    };
    register("f", "", false).unwrap();
    register("f", "", true).unwrap(); // replaces it
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert!(register("g", "no_such_type", false).is_err());
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
    drop(conn);
    assert_eq!(dropped.load(Ordering::SeqCst), 3);
}

/// Sums, and remembers how many states live.
struct Sum {
    live: Arc<AtomicI64>,
}

struct SumState(i64, Arc<AtomicI64>);

impl Drop for SumState {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Aggregate for Sum {
    type State = SumState;
    type Output = Option<i64>;
    const MERGES: bool = true;

    fn start(&self) -> SumState {
        self.live.fetch_add(1, Ordering::SeqCst);
        SumState(0, self.live.clone())
    }

    fn step(&self, state: &mut SumState, arguments: &[ValueRef<'_>]) -> Result<(), CallbackError> {
        let number = arguments[0].as_i64().ok_or("an integer")?;
        match number {
            -1 => return Err(Odd(-1).into()),
            -2 => panic!("minus two"),
            _ => state.0 += number,
        }
        Ok(())
    }

    fn finish(&self, state: &SumState) -> Result<Option<i64>, CallbackError> {
        Ok((state.0 != 0).then_some(state.0))
    }

    fn merge(&self, into: &mut SumState, from: &SumState) -> Result<(), CallbackError> {
        into.0 += from.0;
        Ok(())
    }
}

#[test]
fn aggregates_group_and_slide() {
    let conn = open();
    let live = Arc::new(AtomicI64::new(0));
    conn.create_aggregate("total", "bigint", "bigint", FunctionFlags::DETERMINISTIC, Sum { live: live.clone() }).unwrap();
    assert_eq!(number(&conn, "select total(i) from generate_series(1, 10000) g(i)"), 50_005_000);
    assert_eq!(
        number(&conn, "select max(t) from (select i % 7, total(i) t from generate_series(1, 700) g(i) group by i % 7)"),
        35_350
    );
    let windows =
        "select sum(t)::bigint from (select total(i) over (order by i rows 2 preceding) t from generate_series(1, 5) g(i))";
    assert_eq!(number(&conn, windows), 1 + 3 + 6 + 9 + 12);
    let none: Option<i64> = conn.query_row("select total(i) from generate_series(1, 0) g(i)", (), |row| row.get(0)).unwrap();
    assert_eq!(none, None);
    let error = conn.execute("select total(i) from (values (1), (-1)) v(i)", ()).unwrap_err();
    assert_eq!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Odd>(), Some(&Odd(-1)));
    let error = conn.execute("select total(i) from (values (1), (-2)) v(i)", ()).unwrap_err();
    assert!(error.to_string().contains("panicked: minus two"), "{error}");
    drop(conn);
    assert_eq!(live.load(Ordering::SeqCst), 0);
}

#[test]
fn table_functions_give_rows() {
    let conn = open();
    let columns = [("n", "bigint"), ("half", "double precision"), ("name", "text"), ("day", "date"), ("price", "numeric(6,2)")];
    conn.create_table_function("things", "bigint", &columns, FunctionFlags::default(), |arguments| {
        let count = arguments[0].as_i64().ok_or("a number")?;
        if count < 0 {
            return Err(Odd(count).into());
        }
        Ok((0..count).map(|n| match n {
            9999 => Err(Odd(n).into()),
            12_000 => panic!("too far"),
            _ => Ok((n, n as f64 / 2.0, (n % 2 == 0).then(|| format!("thing {n}")), Date(n as i32), n)),
        }))
    })
    .unwrap();
    assert_eq!(number(&conn, "select count(*) from things(5000)"), 5000);
    let row: (f64, Option<String>, Option<String>, String) = conn
        .query_row(
            "select half, name, (select name from things(4) where n = 3), day::text || price from things(4) where n = 2",
            (),
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(row, (1.0, Some("thing 2".into()), None, "1970-01-032.00".into()));
    assert_eq!(number(&conn, "select sum(t.n)::bigint from (values (2), (3)) v(c), lateral things(c) t"), 1 + 3);
    for (sql, cause) in [("select * from things(-5)", -5), ("select count(*) from things(10000)", 9999)] {
        let error = conn.execute(sql, ()).unwrap_err();
        assert!(error.to_string().contains(&format!("cannot halve {cause}")), "{error}");
        assert_eq!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Odd>(), Some(&Odd(cause)));
    }
    assert_eq!(number(&conn, "select n from things(20000) limit 1"), 0); // what is not read is not asked for
    let wrong = |_: &[ValueRef<'_>]| Ok([Ok(("x",))].into_iter());
    conn.create_table_function("wrong", "", &[("n", "bigint")], FunctionFlags::default(), wrong).unwrap();
    assert_eq!(conn.execute("select * from wrong()", ()).unwrap_err().sqlstate(), Some("22P02"));
    // Values of every kind, and what comes beyond a batch.
    let columns = [("n", "smallint"), ("v", "vector(2)"), ("a", "int[]"), ("x", "text")];
    conn.create_table_function("kinds", "", &columns, FunctionFlags::default(), |_| {
        Ok((0..5000).map(|n| Ok((n, [1.5f32, n as f32], format!("{{1,{n}}}"), "text"))))
    })
    .unwrap();
    let row: String = conn.query_row("select k::text from kinds() k order by n desc limit 1", (), |row| row.get(0)).unwrap();
    assert_eq!(row, "(4999,\"[1.5,4999]\",\"{1,4999}\",text)");
    let few = |_: &[ValueRef<'_>]| Ok([Ok([1])].into_iter());
    conn.create_table_function("few", "", &[("a", "int"), ("b", "int")], FunctionFlags::default(), few).unwrap();
    assert!(conn.execute("select * from few()", ()).unwrap_err().to_string().contains("2 parameters"));
}

#[test]
fn replacements_are_asked_for_unknown_names() {
    let conn = open();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let names = asked.clone();
    conn.set_replacement(Some(move |name: &str| {
        names.lock().unwrap().push(name.to_string());
        match name {
            "numbers" => Ok(Some(open().prepare("select i from generate_series(1, 10000) g(i)")?.query_arrow(())?)),
            "Odd One" => Err(Odd(1).into()),
            "panics" => panic!("no table"),
            _ => Ok(None),
        }
    }))
    .unwrap();
    conn.execute_batch("create table known(a int)").unwrap();
    assert_eq!(number(&conn, "select count(*) from known"), 0);
    assert!(asked.lock().unwrap().is_empty());
    assert_eq!(number(&conn, "select sum(a.i)::bigint from numbers a, numbers b where a.i = b.i"), 50_005_000);
    let error = conn.execute("select * from \"Odd One\"", ()).unwrap_err();
    assert_eq!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Odd>(), Some(&Odd(1)));
    let error = conn.execute("select * from panics", ()).unwrap_err();
    assert!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Panicked>().is_some());
    assert_eq!(conn.execute("select * from Nothing", ()).unwrap_err().sqlstate(), Some("42P01"));
    assert_eq!(asked.lock().unwrap().last().map(String::as_str), Some("nothing"));
    conn.set_replacement(None::<fn(&str) -> Result<Option<ArrowStream>, CallbackError>>).unwrap();
    assert_eq!(conn.execute("select * from numbers", ()).unwrap_err().sqlstate(), Some("42P01"));
}

#[test]
fn limits_and_profiles_are_of_the_connection() {
    let conn = open();
    for limit in [
        Limit::SqlBytes,
        Limit::NestingDepth,
        Limit::Parameters,
        Limit::Columns,
        Limit::FunctionArguments,
        Limit::TriggerDepth,
        Limit::ValueBytes,
    ] {
        assert!(limit.maximum() > 0);
        assert_eq!(conn.limit(limit).unwrap(), limit.maximum());
        assert_eq!(conn.set_limit(limit, limit.maximum() + 1).unwrap_err().sqlstate(), Some("22023"));
    }
    conn.set_limit(Limit::ValueBytes, 3).unwrap();
    assert_eq!(conn.execute("select ?", ["long"]).unwrap_err().code(), Some(ErrorCode::Limit));
    conn.execute("select ?", ["not"]).unwrap();
    assert_eq!(conn.limit(Limit::ValueBytes).unwrap(), 3);

    let mut statement = conn.prepare("select count(*) from generate_series(1, 1000)").unwrap();
    assert_eq!(statement.profile().unwrap_err().code(), Some(ErrorCode::Misuse));
    conn.set_profiling(true).unwrap();
    statement.execute(()).unwrap();
    conn.set_profiling(false).unwrap();
    assert!(statement.profile().unwrap().contains("1000"));
    assert!(statement.profile_json().unwrap().starts_with('['));
    assert!(statement.explain_json().unwrap().starts_with('['));
}

#[test]
fn collations_sort_and_compare() {
    let conn = open();
    let by_length = |text: &str, key: &mut Vec<u8>| {
        if text == "bad" {
            return Err(Odd(3).into());
        }
        key.push(text.len() as u8);
        Ok(())
    };
    conn.create_collation("by_length", by_length).unwrap();
    let sorted: String = conn
        .query_row("select string_agg(t, ',' order by t collate by_length) from (values ('ccc'), ('a'), ('bb')) v(t)", (), |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(sorted, "a,bb,ccc");
    let error = conn.execute("select t from (values ('bad'), ('x')) v(t) order by t collate by_length", ()).unwrap_err();
    assert_eq!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Odd>(), Some(&Odd(3)));
    conn.drop_collation("by_length").unwrap();
    assert_eq!(conn.execute("select 'a' collate by_length", ()).unwrap_err().sqlstate(), Some("42704"));
}

#[test]
fn commits_are_asked_and_rollbacks_told() {
    let mut conn = open();
    conn.execute_batch("create table t(a int)").unwrap();
    let (asked, told) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let (asks, tells) = (asked.clone(), told.clone());
    conn.set_commit_hook(Some(move || match asks.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(()),
        1 => Err(Odd(1).into()),
        _ => panic!("no more"),
    }))
    .unwrap();
    conn.set_rollback_hook(Some(move || {
        tells.fetch_add(1, Ordering::SeqCst);
        panic!("this goes nowhere");
    }))
    .unwrap();
    conn.execute("insert into t values (1)", ()).unwrap();
    let error = conn.execute("insert into t values (2)", ()).unwrap_err();
    assert_eq!((error.code(), error.sqlstate()), (Some(ErrorCode::Constraint), Some("23000")));
    assert_eq!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Odd>(), Some(&Odd(1)));
    let transaction = conn.transaction().unwrap();
    transaction.execute("insert into t values (3)", ()).unwrap();
    let error = transaction.commit().unwrap_err();
    assert!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Panicked>().is_some());
    assert_eq!((asked.load(Ordering::SeqCst), told.load(Ordering::SeqCst)), (3, 2));
    conn.set_commit_hook(None::<fn() -> Result<(), CallbackError>>).unwrap();
    conn.set_rollback_hook(None::<fn()>).unwrap();
    conn.execute("insert into t values (4)", ()).unwrap();
    assert_eq!(number(&conn, "select sum(a)::bigint from t"), 5);
}

#[test]
fn changes_are_told_with_their_rows() {
    let conn = open();
    conn.execute_batch("create table t(id int primary key, name text)").unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = seen.clone();
    conn.set_change_hook(Some(move |change: &Change<'_>| {
        assert_eq!((change.schema(), change.table(), change.column_count()), ("root", "t", 2));
        assert!(change.column_is_key(0) && !change.column_is_key(1) && change.column_name(1) == "name");
        assert!(!change.by_trigger() && !change.by_foreign_key());
        for row in 0..change.row_count() {
            let (old, new) = (change.old_row(row)?, change.new_row(row)?);
            let name = |row: Option<turdb::ChangedRow>| row.map(|row| row.get::<Option<String>>(1)).transpose();
            let (old, new) = (name(old)?, name(new)?);
            if new == Some(Some("no".into())) {
                return Err(Odd(0).into());
            }
            log.lock().unwrap().push(format!("{:?} {old:?} {new:?}", change.operation()));
        }
        assert_eq!(change.old_row(0)?.is_none(), change.operation() == Operation::Insert);
        Ok(())
    }))
    .unwrap();
    let long = "x".repeat(1000);
    conn.execute("insert into t values (1, 'a'), (2, null)", ()).unwrap();
    conn.execute("update t set name = ? where id = 2", [&long]).unwrap();
    conn.execute("delete from t where id = 1", ()).unwrap();
    let error = conn.execute("insert into t values (3, 'no')", ()).unwrap_err();
    assert_eq!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Odd>(), Some(&Odd(0)));
    conn.set_change_hook(None::<fn(&Change<'_>) -> Result<(), CallbackError>>).unwrap();
    conn.execute("insert into t values (3, 'no')", ()).unwrap();
    let expected = [
        "Insert None Some(Some(\"a\"))".to_string(),
        "Insert None Some(None)".into(),
        format!("Update Some(None) Some(Some({long:?}))"),
        "Delete Some(Some(\"a\")) None".into(),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn progress_stops_a_statement() {
    let conn = open();
    let endless = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";
    let count = Arc::new(AtomicI64::new(0));
    let calls = count.clone();
    conn.set_progress(
        Duration::from_millis(1),
        Some(move || if calls.fetch_add(1, Ordering::SeqCst) < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }),
    )
    .unwrap();
    let error = conn.execute(endless, ()).unwrap_err();
    assert_eq!((error.code(), count.load(Ordering::SeqCst)), (Some(ErrorCode::Interrupted), 4));
    conn.set_progress(Duration::from_millis(1), Some(|| panic!("in progress"))).unwrap();
    assert_eq!(Arc::strong_count(&count), 1);
    let error = conn.execute(endless, ()).unwrap_err();
    assert!(error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Panicked>().is_some());
    conn.set_progress(Duration::ZERO, None::<fn() -> ControlFlow<()>>).unwrap();
    assert_eq!(number(&conn, "select count(*) from generate_series(1, 1000000)"), 1_000_000);
}

#[test]
fn traces_and_authorizers() {
    let conn = open();
    conn.execute_batch("create table t(a int, secret text); insert into t values (1, 'x')").unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = seen.clone();
    conn.set_trace(Some(move |trace: &Trace<'_>| {
        if !trace.begins() {
            let how = trace.error().map_or(format!("{} rows", trace.rows()), |error| error);
            log.lock().unwrap().push(format!("{}: {how}", trace.expanded_sql()));
        }
    }))
    .unwrap();
    conn.execute("select a from t where a = ?", [1]).unwrap();
    let _ = conn.execute("select 1 / (a - 1) from t", ());
    conn.set_trace(None::<fn(&Trace<'_>)>).unwrap();
    assert_eq!(*seen.lock().unwrap(), ["select a from t where a = 1: 1 rows", "select 1 / (a - 1) from t: division by zero"]);
    conn.set_authorizer(Some(|asked: &turdb::Authorization<'_>| match (asked.action, asked.column) {
        (Action::Read, Some("secret")) => Access::Ignore,
        (Action::Delete, _) => Access::Deny,
        (Action::Update, _) => panic!("denies"),
        _ => Access::Allow,
    }))
    .unwrap();
    let secret: Option<String> = conn.query_row("select secret from t", (), |row| row.get(0)).unwrap();
    assert_eq!(secret, None);
    for sql in ["delete from t", "update t set a = 2"] {
        assert_eq!(conn.execute(sql, ()).unwrap_err().sqlstate(), Some("42501"));
    }
    conn.set_authorizer(None::<fn(&turdb::Authorization<'_>) -> Access>).unwrap();
    assert_eq!(conn.execute("delete from t where a = ?", params![1]).unwrap(), 1);
}

/// A callback that uses its own connection is refused, and may interrupt it.
#[test]
fn callbacks_may_not_use_their_connection() {
    thread_local! { static CONN: Connection = Connection::open_in_memory().unwrap(); }
    CONN.with(|conn| {
        let handle = conn.interrupt_handle().unwrap();
        let again = move |arguments: &[ValueRef<'_>]| {
            if arguments[0] == ValueRef::Bool(true) {
                handle.interrupt();
                return Ok(0);
            }
            CONN.with(|conn| Ok(conn.execute("select again(true)", ())? as i64))
        };
        conn.create_function("again", "boolean", "bigint", FunctionFlags::default(), again).unwrap();
        let error = conn.execute("select again(false)", ()).unwrap_err();
        let cause = error.database().unwrap().cause.as_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(cause.code(), Some(ErrorCode::Misuse));
        assert_eq!(conn.execute("select again(true), pg_sleep(60)", ()).unwrap_err().code(), Some(ErrorCode::Interrupted));
        assert_eq!(number(conn, "select 1"), 1);
    });
}
