//! Asynchronous connections: turns, errors, panics, futures that are dropped.
#![cfg(feature = "tokio")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use turdb::{AsyncConnection, Database, Error, ErrorCode};

const ENDLESS: &str = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";

async fn number(conn: &AsyncConnection, sql: &'static str) -> i64 {
    conn.call(move |conn| conn.query_row(sql, (), |row| row.get(0))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_take_turns() {
    let conn = AsyncConnection::open_in_memory().await.unwrap();
    conn.call(|conn| conn.execute_batch("create table t(a int)")).await.unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|i| {
            let conn = conn.clone();
            tokio::spawn(async move { conn.call(move |conn| conn.execute("insert into t values (?)", [i])).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
    assert_eq!(number(&conn, "select sum(a)::bigint from t").await, 1225);
    let error = conn.call(|conn| conn.execute("select * from nothing", ())).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("42P01"));
    let database = Arc::new(Database::open_in_memory().unwrap());
    let (one, two) = (AsyncConnection::connect(database.clone()).await.unwrap(), AsyncConnection::connect(database).await.unwrap());
    one.call(|conn| conn.execute_batch("create table t(a int)")).await.unwrap();
    assert_eq!(number(&two, "select count(*) from t").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_futures_stop_what_they_run() {
    let conn = AsyncConnection::open_in_memory().await.unwrap();
    conn.call(|conn| conn.execute_batch("create table t(a int)")).await.unwrap();
    let run = conn.call(|conn| {
        let transaction = conn.transaction()?;
        transaction.execute("insert into t values (1)", ())?;
        transaction.execute(ENDLESS, ())?;
        transaction.commit()
    });
    let began = Arc::new(AtomicBool::new(false));
    let begins = began.clone();
    let timed = tokio::time::timeout(Duration::from_millis(200), run);
    // Waits behind the first, and is dropped before its turn.
    let waits = conn.call(move |_| {
        begins.store(true, Ordering::SeqCst);
        Ok(())
    });
    let waits = tokio::time::timeout(Duration::from_millis(100), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waits.await
    });
    let (timed, waits) = tokio::join!(timed, waits);
    assert!(timed.is_err() && waits.is_err());
    assert_eq!(number(&conn, "select count(*) from t").await, 0);
    assert!(!began.load(Ordering::SeqCst));
    assert_eq!(Error::Dropped.code(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn panics_go_to_who_called() {
    let conn = AsyncConnection::open_in_memory().await.unwrap();
    let other = conn.clone();
    let panicked = tokio::spawn(async move {
        other
            .call(|conn| {
                let _transaction = conn.transaction()?;
                if conn_is_there() {
                    panic!("in a call");
                }
                Ok(())
            })
            .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert!(conn.call(|conn| Ok(conn.is_autocommit())).await.unwrap());
    let interrupted = conn
        .call(|conn| {
            let handle = conn.interrupt_handle()?;
            handle.interrupt_execution(handle.execution() + 1);
            Ok(conn.execute(ENDLESS, ()).unwrap_err().code())
        })
        .await
        .unwrap();
    assert_eq!(interrupted, Some(ErrorCode::Interrupted));
}

fn conn_is_there() -> bool {
    true
}
