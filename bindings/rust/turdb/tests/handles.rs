//! Databases, blobs, backups, snapshots, the cache of statements: what they do, how they end, and that memory stays flat.
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use turdb::{Blob, Connection, Database, Error, ErrorCode, LogLevel};

/// A folder that goes when the test ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("turdb-rust-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn blobs_are_files() {
    let mut conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(
        "create table f(id int primary key, body blob, note text); insert into f values (1, '\\x0102', 'text'), (2, null, 'x')",
    )
    .unwrap();
    let mut blob = conn.blob_mut(("f", "body"), [1]).unwrap();
    assert_eq!(blob.len(), 2);
    blob.seek(SeekFrom::End(0)).unwrap();
    blob.write_all(&[3; 100_000]).unwrap();
    blob.seek(SeekFrom::Start(1)).unwrap();
    let mut start = [0; 3];
    blob.read_exact(&mut start).unwrap();
    assert_eq!(start, [2, 3, 3]);
    assert_eq!(blob.seek(SeekFrom::Current(-4)).unwrap(), 0);
    assert!(blob.seek(SeekFrom::Current(-1)).is_err());
    let mut all = Vec::new();
    assert_eq!(blob.read_to_end(&mut all).unwrap(), 100_002);
    assert_eq!(blob.read(&mut [0; 8]).unwrap(), 0);
    blob.resize(1).unwrap();
    assert_eq!(blob.read_at(0, &mut [0; 2]).unwrap_err().sqlstate(), Some("22023"));
    drop(blob);
    assert_eq!(conn.query_row("select body from f where id = 1", (), |row| row.get::<Vec<u8>>(0)).unwrap(), [1]);
    let mut note = conn.blob(("f", "note"), [1]).unwrap();
    let mut text = String::new();
    note.read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    assert!(note.write(b"x").is_err()); // opened for reading
    assert_eq!(note.reopen([2]).map(|()| note.len()).unwrap(), 1);
    let failed = |blob: turdb::Result<Blob<'_>>| blob.unwrap_err().code().unwrap();
    assert_eq!(failed(conn.blob(("f", "body"), [3])), ErrorCode::NotFound);
    assert_eq!(failed(conn.blob(("f", "body"), [2])), ErrorCode::Data);
    assert_eq!(failed(conn.blob(("f", "nothing"), [1])), ErrorCode::Sql);
    drop(note);
    let transaction = conn.transaction().unwrap();
    let mut blob = transaction.blob_mut(("f", "body"), [1]).unwrap();
    blob.write_all(b"abc").unwrap();
    transaction.execute("delete from f where id = 1", ()).unwrap();
    assert_eq!(blob.read_at(0, &mut [0]).unwrap_err().sqlstate(), Some("24000"));
    drop(blob);
    drop(transaction);
    assert_eq!(conn.query_row("select body from f where id = 1", (), |row| row.get::<Vec<u8>>(0)).unwrap(), [1]);
}

#[test]
fn backups_checks_and_recovery() {
    let (from, to, saved) = (Folder::new("from"), Folder::new("to"), Folder::new("saved"));
    let database = Database::open(&from.0).unwrap();
    let conn = database.connect().unwrap();
    conn.execute_batch("create table t(a int); insert into t select * from generate_series(1, 10000)").unwrap();
    database.backup(&to.0).unwrap(); // dropped before it is complete
    assert!(!to.0.exists() || std::fs::read_dir(&to.0).unwrap().next().is_none());
    let mut backup = database.backup(&to.0).unwrap();
    let mut steps = 1;
    while !backup.step(1).unwrap() {
        steps += 1;
    }
    assert!(steps > 1 && backup.pages_done() > 0 && backup.pages_total() >= 1);
    let copy = Database::open(&to.0).unwrap();
    let count = |conn: &Connection| conn.query_row("select count(*) from t", (), |row| row.get::<i64>(0)).unwrap();
    assert_eq!(count(&copy.connect().unwrap()), 10_000);
    assert_eq!(copy.check().unwrap(), Vec::<String>::new());
    copy.checkpoint().unwrap();
    assert!(copy.memory_used() > 0 && copy.memory_peak() >= copy.memory_used());
    copy.close().unwrap();
    let recovered = Database::recover(&to.0, &saved.0).unwrap();
    assert_eq!((recovered.rows, recovered.lost.len()), (10_000, 0));
    assert_eq!(database.backup(&from.0).unwrap_err().database().unwrap().sqlstate.len(), 5);
    for name in turdb::metric_names() {
        database.metric(name).unwrap();
    }
    assert_eq!(database.metric("no_such_metric").unwrap_err().code(), Some(ErrorCode::NotFound));
    assert!(turdb::version().starts_with("0."));
}

#[test]
fn the_log_tells_of_closing() {
    let seen: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let log = seen.clone();
    let database = Database::open_in_memory().unwrap();
    database.set_log(LogLevel::Info, Some(move |level, message: &str| log.lock().unwrap().push((level, message.into())))).unwrap();
    database.close().unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|(level, _)| *level == LogLevel::Info), "{seen:?}");
}

#[test]
fn snapshots_are_shared() {
    let database = Database::open_in_memory().unwrap();
    let (writer, mut reader) = (database.connect().unwrap(), database.connect().unwrap());
    writer.execute_batch("create table t(a int); insert into t values (1)").unwrap();
    let snapshot = writer.snapshot().unwrap();
    writer.execute_batch("insert into t values (2)").unwrap();
    let transaction = reader.transaction_at(&snapshot).unwrap();
    drop(snapshot);
    let count = |conn: &Connection| conn.query_row("select count(*) from t", (), |row| row.get::<i64>(0)).unwrap();
    assert_eq!((count(&transaction), count(&writer)), (1, 2));
    transaction.commit().unwrap();
    assert_eq!(count(&reader), 2);
}

#[test]
fn savepoints_nest() {
    let mut conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("create table t(a int)").unwrap();
    let mut transaction = conn.transaction().unwrap();
    let mut outer = transaction.savepoint("same").unwrap();
    outer.execute("insert into t values (1)", ()).unwrap();
    {
        let inner = outer.savepoint("same").unwrap();
        inner.execute("insert into t values (10)", ()).unwrap();
    }
    outer.execute("insert into t values (100)", ()).unwrap();
    outer.rollback().unwrap();
    outer.execute("insert into t values (1000)", ()).unwrap();
    outer.release().unwrap();
    transaction.commit().unwrap();
    assert_eq!(conn.query_row("select sum(a)::bigint from t", (), |row| row.get::<i64>(0)).unwrap(), 1000);
}

#[test]
fn cached_statements_come_back() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("create table t(a int)").unwrap();
    let sql = "insert into t values (?) returning a";
    conn.set_statement_cache_capacity(2);
    for i in 0..10 {
        let mut first = conn.prepare_cached(sql).unwrap();
        let mut second = conn.prepare_cached(sql).unwrap(); // one of them is compiled anew
        assert_eq!(first.query_row([i], |row| row.get::<i64>(0)).unwrap(), i);
        let mut rows = second.query([i]).unwrap();
        rows.next().unwrap();
    }
    conn.execute_batch("drop table t; create table t(a text)").unwrap(); // what is kept is compiled again
    let text: String = conn.prepare_cached(sql).unwrap().query_row(["x"], |row| row.get(0)).unwrap();
    assert_eq!(text, "x");
    conn.prepare_cached(sql).unwrap().discard();
    conn.set_statement_cache_capacity(0);
    assert!(conn.prepare_cached("select 1").unwrap().exists(()).unwrap());
    assert!(matches!(conn.prepare_cached("select 1; select 2"), Err(Error::SeveralStatements)));
}

#[track_caller]
fn misuse(result: turdb::Result<()>) {
    assert_eq!(result.unwrap_err().code(), Some(ErrorCode::Misuse));
}

#[test]
fn use_after_the_end_is_an_error() {
    let database = Database::open_in_memory().unwrap();
    let conn = database.connect().unwrap();
    conn.execute_batch("create table t(a int, b blob); insert into t select i, 'x' from generate_series(1, 100000) g(i)").unwrap();
    let mut statement = conn.prepare("select a, b from t").unwrap();
    let appender = conn.appender("t").unwrap();
    let stream = conn.prepare("select a from t").unwrap().query_arrow(()).unwrap();
    let mut rows = statement.query(()).unwrap();
    let row = rows.next().unwrap().unwrap();
    let value = row.get_ref(1).unwrap();
    conn.shutdown().unwrap();
    // What was fetched is this side's memory.
    assert_eq!(value.as_bytes(), Some(b"x".as_slice()));
    while let Ok(more) = rows.next() {
        assert!(more.is_some(), "it does not end as if that were all");
    }
    drop(rows);
    misuse(statement.execute(()).map(drop));
    misuse(conn.execute("select 1", ()).map(drop));
    misuse(conn.prepare("select 1").map(drop));
    misuse(conn.prepare_cached("select 1").map(drop));
    misuse(conn.execute_many("insert into t values (?, null)", [[1]]).map(drop));
    misuse(conn.appender("t").map(drop));
    misuse(conn.blob(("t", "b"), [1]).map(drop));
    misuse(conn.snapshot().map(drop));
    conn.interrupt_handle().unwrap().interrupt(); // which does nothing
    misuse(appender.close().map(drop));
    conn.shutdown().unwrap();
    let other = database.connect().unwrap();
    let mut transaction = other.unchecked_transaction("").unwrap();
    let savepoint = transaction.savepoint("s").unwrap();
    database.close().unwrap();
    misuse(savepoint.execute("select 1", ()).map(drop));
    drop(savepoint);
    misuse(transaction.commit());
    drop((statement, stream, other));
}

/// Each on a thread of its own; conflicts are run again.
#[test]
fn connections_work_at_once() {
    let database = Arc::new(Database::open_in_memory().unwrap());
    database
        .connect()
        .unwrap()
        .execute_batch("create table t(id int primary key, n bigint); insert into t values (1, 0), (2, 0)")
        .unwrap();
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let database = database.clone();
            thread::spawn(move || {
                let mut conn = database.connect().unwrap();
                for i in 0..100 {
                    loop {
                        let transfer = || -> turdb::Result<()> {
                            let transaction = conn.transaction()?;
                            let (from, to) = if (i + worker) % 2 == 0 { (1, 2) } else { (2, 1) };
                            transaction.execute("update t set n = n - 1 where id = ?", [from])?;
                            transaction.execute("update t set n = n + 1 where id = ?", [to])?;
                            transaction.commit()
                        };
                        let mut transfer = transfer;
                        match transfer() {
                            Ok(()) => break,
                            Err(error) => assert!(error.can_retry(), "{error}"),
                        }
                    }
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let sum: i64 = database.connect().unwrap().query_row("select sum(n)::bigint from t", (), |row| row.get(0)).unwrap();
    assert_eq!(sum, 0);
}

#[test]
fn interrupts_are_aimed() {
    let conn = Connection::open_in_memory().unwrap();
    let handle = conn.interrupt_handle().unwrap();
    conn.execute("select 1", ()).unwrap();
    let last = handle.execution();
    handle.interrupt_execution(last); // too late
    conn.execute("select 1", ()).unwrap();
    handle.interrupt_execution(handle.execution() + 1); // the next
    let error = conn.execute("select 1", ()).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Interrupted));
    conn.execute("select 1", ()).unwrap();
    let number = handle.execution() + 1;
    let other = handle.clone();
    let stopper = thread::spawn(move || {
        while other.execution() < number {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(5));
        other.interrupt_execution(number);
    });
    let endless = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";
    assert_eq!(conn.execute(endless, ()).unwrap_err().code(), Some(ErrorCode::Interrupted));
    stopper.join().unwrap();
    // A wait for another connection's row ends, too.
    let database = Database::open_with(":memory:", &[("busy_timeout", "600000")]).unwrap();
    let (mut holder, waiter) = (database.connect().unwrap(), database.connect().unwrap());
    holder.execute_batch("create table t(a int); insert into t values (1)").unwrap();
    let transaction = holder.transaction().unwrap();
    transaction.execute("update t set a = 2", ()).unwrap();
    let handle = waiter.interrupt_handle().unwrap();
    let waiting = thread::spawn(move || waiter.execute("update t set a = 3", ()).unwrap_err().code());
    while !waiting.is_finished() {
        handle.interrupt();
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(waiting.join().unwrap(), Some(ErrorCode::Interrupted));
}

#[test]
fn settings_and_metadata() {
    let conn = Connection::open_in_memory().unwrap();
    conn.set_setting("busy_timeout", Some("123")).unwrap();
    assert!(conn.setting("busy_timeout").unwrap().starts_with("123"));
    conn.set_setting("busy_timeout", None).unwrap();
    assert!(!conn.setting("busy_timeout").unwrap().starts_with("123"));
    assert!(conn.setting("nothing").is_err());
    conn.execute_batch("create table t(id int primary key, \"Name\" varchar(9))").unwrap();
    let mut statement = conn.prepare("select id, \"Name\" as n, 1 + :add from t where id = :id").unwrap();
    assert_eq!(statement.parameter_names(), [Some(":add".to_string()), Some(":id".to_string())]);
    assert!(statement.is_read_only());
    assert!(statement.explain().unwrap().to_lowercase().contains("t"));
    let columns = statement.columns().to_vec();
    assert_eq!((columns[0].nullable, columns[1].nullable), (Some(false), Some(true)));
    assert_eq!(columns[1].origin.as_ref().map(|origin| origin.column.as_str()), Some("Name"));
    assert_eq!((columns[1].declared_type.as_str(), columns[2].origin.is_none()), ("character varying(9)", true));
    statement.execute(turdb::named_params! {"add": 1, ":id": 2}).unwrap();
    assert!(statement.expanded_sql().unwrap().ends_with("where id = 2"));
}
