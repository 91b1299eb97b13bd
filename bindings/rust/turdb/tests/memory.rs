//! Memory stays flat over many cycles: a program of its own, since memory is that of the process. `TURDB_CYCLES=1000000` is the long
//! version (run_tests.sh).
#![cfg(target_os = "linux")]

use turdb::{Connection, Database};

fn resident_kb() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
}

/// Cycles until memory is what it will be, then the rest.
fn stays_flat(short: usize, cycle: impl Fn(usize)) {
    let cycles = std::env::var("TURDB_CYCLES").map_or(short, |text| text.parse().unwrap());
    (0..cycles / 5).for_each(&cycle);
    let before = resident_kb();
    (0..cycles).for_each(&cycle);
    let after = resident_kb();
    println!("{cycles} cycles: {before} KiB before, {after} KiB after");
    assert!(after < before + 8192, "{before} KiB became {after} KiB in {cycles} cycles");
}

/// Connections, statements, cursors half read, errors, functions, appenders, blobs.
#[test]
fn cycles_leak_nothing() {
    let database = Database::open_in_memory().unwrap();
    let conn = database.connect().unwrap();
    conn.execute_batch(
        "create table t(a int primary key, b text); insert into t select i, repeat('x', 100) from generate_series(1, 1000) g(i)",
    )
    .unwrap();
    stays_flat(2000, |i| {
        let mut statement = conn.prepare("select b from t where a > ?").unwrap();
        let mut rows = statement.query([i as i64 % 1000]).unwrap();
        let _ = rows.next().unwrap().map(|row| row.get::<String>(0).unwrap());
    });
    stays_flat(2000, |_| {
        let conn = database.connect().unwrap();
        conn.execute("select 1", ()).unwrap();
        conn.prepare_cached("select 2").unwrap().execute(()).unwrap();
        let _handle = conn.interrupt_handle().unwrap();
    });
    stays_flat(2000, |_| {
        assert!(conn.execute("insert into t values (1, 'twice')", ()).is_err());
        assert!(conn.prepare("selec").is_err());
        conn.create_function("f", "", "text", Default::default(), |_| Ok("text")).unwrap();
        assert!(conn.execute("select f()", ()).is_ok());
        let mut appender = conn.appender("t").unwrap();
        appender.append((5, "text")).unwrap();
    });
    let mut opened = 0;
    let cycles: usize = std::env::var("TURDB_CYCLES").map_or(100, |text| text.parse::<usize>().unwrap() / 100);
    let before = {
        (0..20).for_each(|_| drop(Connection::open_in_memory().unwrap()));
        resident_kb()
    };
    while opened < cycles {
        Connection::open_in_memory().unwrap().execute_batch("create table t(a int)").unwrap();
        opened += 1;
    }
    let after = resident_kb();
    println!("{cycles} databases: {before} KiB before, {after} KiB after");
    assert!(after < before + 16_384, "{before} KiB became {after} KiB");
}
