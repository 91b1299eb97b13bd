//! TurDB's crate beside rusqlite, in one run, as ratios: `./dev bench rust [ROWS] [ROUNDS]`.
//!
//! Rounds alternate between the two, and medians are compared. Time is that of the process on the CPUs, its other threads included, so
//! that what else the machine does is not counted. Databases are in memory.
use std::hint::black_box;

const TABLE: &str = "create table t(id integer primary key, a integer, b double precision, c text)";
const INSERT: &str = "insert into t values (?, ?, ?, ?)";
const SELECT: &str = "select a, b, c from t where id = ?";
const READ: &str = "select id, a, b, c from t";
const TEXT: &str = "sixteen letters.";
const FEW: i64 = 100_000;

/// Nanoseconds on the CPUs.
fn now() -> f64 {
    // SAFETY: the struct is filled by the call.
    unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    }
}

trait Peer {
    fn open() -> Self;
    /// By the fastest way there is.
    fn fill(&mut self, rows: i64);
    /// By a statement for each row.
    fn insert(&mut self, rows: i64);
    fn points(&self, count: i64);
    fn read(&self) -> i64;
}

impl Peer for turdb::Connection {
    fn open() -> Self {
        let conn = Self::open_in_memory().unwrap();
        conn.execute_batch(TABLE).unwrap();
        conn
    }

    fn fill(&mut self, rows: i64) {
        let transaction = self.transaction().unwrap();
        let mut appender = transaction.appender("t").unwrap();
        for i in 1..=rows {
            appender.append((i, i * 7, i as f64 / 2.0, TEXT)).unwrap();
        }
        assert_eq!(appender.close().unwrap(), rows as u64);
        transaction.commit().unwrap();
    }

    fn insert(&mut self, rows: i64) {
        self.execute_many(INSERT, (1..=rows).map(|i| (i, i * 7, i as f64 / 2.0, TEXT))).unwrap();
    }

    fn points(&self, count: i64) {
        let mut statement = self.prepare(SELECT).unwrap();
        for i in 0..count {
            let row: (i64, f64, String) =
                statement.query_row([i % FEW + 1], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            black_box(row);
        }
    }

    fn read(&self) -> i64 {
        let mut statement = self.prepare(READ).unwrap();
        let mut rows = statement.query(()).unwrap();
        let mut count = 0;
        while let Some(row) = rows.next().unwrap() {
            let (id, a, b): (i64, i64, f64) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
            let c: String = row.get(3).unwrap();
            black_box((id, a, b, c));
            count += 1;
        }
        count
    }
}

impl Peer for rusqlite::Connection {
    fn open() -> Self {
        let conn = Self::open_in_memory().unwrap();
        conn.execute_batch(TABLE).unwrap();
        conn
    }

    fn fill(&mut self, rows: i64) {
        let transaction = self.transaction().unwrap();
        {
            let mut statement = transaction.prepare(INSERT).unwrap();
            for i in 1..=rows {
                statement.execute((i, i * 7, i as f64 / 2.0, TEXT)).unwrap();
            }
        }
        transaction.commit().unwrap();
    }

    fn insert(&mut self, rows: i64) {
        self.fill(rows);
    }

    fn points(&self, count: i64) {
        let mut statement = self.prepare(SELECT).unwrap();
        for i in 0..count {
            let row: (i64, f64, String) =
                statement.query_row([i % FEW + 1], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            black_box(row);
        }
    }

    fn read(&self) -> i64 {
        let mut statement = self.prepare(READ).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut count = 0;
        while let Some(row) = rows.next().unwrap() {
            let (id, a, b): (i64, i64, f64) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
            let c: String = row.get(3).unwrap();
            black_box((id, a, b, c));
            count += 1;
        }
        count
    }
}

/// Nanoseconds a unit: of a point select, of inserting, of reading, of inserting by statements.
fn measure<P: Peer>(rows: i64, times: &mut [Vec<f64>; 4]) {
    const POINTS: i64 = 200_000;
    let mut few = P::open();
    few.fill(FEW);
    let begin = now();
    few.points(POINTS);
    times[0].push((now() - begin) / POINTS as f64);
    let mut many = P::open();
    let begin = now();
    many.fill(rows);
    times[1].push((now() - begin) / rows as f64);
    // Again and again: what the database does in the background after the inserts is over then.
    let mut reads: Vec<f64> = (0..5)
        .map(|_| {
            let begin = now();
            assert_eq!(many.read(), rows);
            (now() - begin) / rows as f64
        })
        .collect();
    times[2].push(median(&mut reads));
    let mut more = P::open();
    let begin = now();
    more.insert(rows);
    times[3].push((now() - begin) / rows as f64);
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let argument = |number, default| std::env::args().nth(number).map_or(default, |text| text.parse().expect("a number"));
    let (rows, rounds): (i64, i64) = (argument(1, 1_000_000), argument(2, 5));
    let (mut ours, mut theirs) = (<[Vec<f64>; 4]>::default(), <[Vec<f64>; 4]>::default());
    for round in 0..rounds {
        if round % 2 == 0 {
            measure::<turdb::Connection>(rows, &mut ours);
            measure::<rusqlite::Connection>(rows, &mut theirs);
        } else {
            measure::<rusqlite::Connection>(rows, &mut theirs);
            measure::<turdb::Connection>(rows, &mut ours);
        }
    }
    println!("rusqlite with SQLite {}; medians of {rounds}", rusqlite::version());
    let titles = [
        ("prepared point select of 3 columns", Some(0.5)),
        ("insert a row, one transaction", Some(0.7)),
        ("read a row of 4 columns", Some(0.7)),
        ("insert a row by execute_many", None),
    ];
    for (i, (title, bar)) in titles.iter().enumerate() {
        let (mine, other) = (median(&mut ours[i]), median(&mut theirs[i]));
        let verdict =
            bar.map_or(String::new(), |bar| format!("   bar {bar:.1}x: {}", if mine <= bar * other { "holds" } else { "MISSED" }));
        println!("{title:38}  turdb {mine:7.0} ns   rusqlite {other:7.0} ns   {:5.2}x{verdict}", mine / other);
    }
}
