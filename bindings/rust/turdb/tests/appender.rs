//! Appenders: rows by column, rows one by one, and from one way to the other.
use turdb::{
    named_params, params, Array, Connection, Date, Decimal, Error, ErrorCode, Interval, Json, Time, Timestamp, TimestampTz, Uuid,
};

fn open(sql: &str) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(sql).unwrap();
    conn
}

fn texts(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map((), |row| Ok(format!("{row:?}"))).unwrap();
    rows.collect::<turdb::Result<_>>().unwrap()
}

/// Each type, and NULL in each, is what INSERT would have put there.
#[test]
fn every_type_is_as_insert_has_it() {
    let columns =
        "b boolean, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, t text, c varchar(4), bl blob, d date, \
                   ti time, ts timestamp, tz timestamptz, u uuid, v vector(2), dec numeric(8,2), j json, a int[], iv interval";
    for whole in [true, false] {
        // Without the last four all columns have a layout of Arrow's.
        let columns = if whole { columns } else { columns.split(", dec").next().unwrap() };
        let count = columns.matches(',').count() + 1 - if whole { 1 } else { 0 };
        let conn = open(&format!("create table x({columns}); create table y({columns})"));
        let id = Uuid([9; 16]);
        let row = |n: i64| {
            let mut row: Vec<Box<dyn turdb::ToSql>> = vec![
                Box::new(n % 2 == 0),
                Box::new(n),
                Box::new(n as i32),
                Box::new(-n),
                Box::new(n as f32 / 4.0),
                Box::new(n as f64 / 3.0),
                Box::new(format!("naïve {n}")),
                Box::new("four"),
                Box::new(vec![0_u8, n as u8]),
                Box::new(Date(n as i32)),
                Box::new(Time(n)),
                Box::new(Timestamp(n)),
                Box::new(TimestampTz(n)),
                Box::new(id),
                Box::new(vec![n as f32, 0.5]),
            ];
            if whole {
                row.push(Box::new(Decimal(format!("{n}.25"))));
                row.push(Box::new(Json(format!("[{n}]"))));
                row.push(Box::new(Numbers(vec![n as i32, 7])));
                row.push(Box::new(Interval { months: 1, days: n as i32, micros: 3 }));
            }
            row
        };
        let nulls = || (0..count).map(|_| Box::new(None::<i64>) as Box<dyn turdb::ToSql>).collect::<Vec<_>>();
        let rows = || (0..20).map(|n| if n % 7 == 3 { nulls() } else { row(n) });
        let mut appender = conn.appender("x").unwrap();
        assert_eq!(appender.column_count(), count);
        rows().for_each(|row| appender.append(row).unwrap());
        assert_eq!(appender.row_count(), 0);
        assert_eq!(appender.close().unwrap(), 20);
        let marks = vec!["?"; count].join(", ");
        conn.execute_many(&format!("insert into y values ({marks})"), rows()).unwrap();
        assert_eq!(texts(&conn, "select * from x"), texts(&conn, "select * from y"));
    }
}

/// An array parameter that owns its elements.
struct Numbers(Vec<i32>);
impl turdb::ToSql for Numbers {
    fn to_sql(&self, out: &mut turdb::Packer) -> turdb::Result<()> {
        Array(&self.0).to_sql(out)
    }
}

#[test]
fn values_of_other_types_are_assigned() {
    let conn = open("create table t(i int, f double precision, t text, d date)");
    let mut appender = conn.appender("t").unwrap();
    appender.append((1, 1.5, "a", Date(0))).unwrap();
    appender.append((2, 2, "b", "2000-01-02")).unwrap(); // from here on one by one
    appender.append((2.5, 2.5_f32, None::<i64>, None::<i64>)).unwrap();
    appender.append(named_params! {"d": Date(1), "i": 4, "f": 0.0, "t": "c"}).unwrap();
    assert_eq!(appender.close().unwrap(), 4);
    let got = texts(&conn, "select i::text || f::text || coalesce(t, '-') || coalesce(d::text, '-') as x from t");
    let expected = ["11.5a1970-01-01", "22b2000-01-02", "22.5--", "40c1970-01-02"];
    // 2.5 is rounded as PostgreSQL rounds halves: to even.
    assert_eq!(got, expected.map(|text| format!("{{\"x\": Text({text:?})}}")));
}

#[test]
fn columns_may_be_chosen_and_names_quoted() {
    let conn =
        open("create schema s; create table s.\"T\"\"x\"(a int default 7, b text, c int generated always as (a * 2) stored)");
    let mut appender = conn.appender_with(Some("s"), "T\"x", &["b"]).unwrap();
    appender.append(["one"]).unwrap();
    appender.close().unwrap();
    let mut appender = conn.appender_with(Some("s"), "T\"x", &[]).unwrap();
    assert_eq!(appender.column_count(), 2);
    appender.append((1, "two")).unwrap();
    appender.close().unwrap();
    let sum: i64 = conn.query_row("select sum(a * 100 + c)::bigint from s.\"T\"\"x\"", (), |row| row.get(0)).unwrap();
    assert_eq!(sum, 714 + 102);
    assert_eq!(conn.appender("nothing").unwrap_err().sqlstate(), Some("42P01"));
    assert_eq!(conn.appender_with(Some("s"), "T\"x", &["z"]).unwrap_err().sqlstate(), Some("42703"));
    assert_eq!(conn.appender("a\0b").unwrap_err(), Error::Nul);
}

#[test]
fn failures_name_the_row_and_poison() {
    let conn = open("create table t(a int primary key, b text not null)");
    let mut appender = conn.appender("t").unwrap();
    assert_eq!(appender.append([1]).unwrap_err(), Error::ParameterCount { expected: 2, got: 1 });
    for i in [1, 2, 3, 2, 4] {
        appender.append((i, "x")).unwrap();
    }
    let error = appender.flush().unwrap_err();
    assert_eq!((error.code(), error.sqlstate()), (Some(ErrorCode::Constraint), Some("23505")));
    assert!(error.database().unwrap().frames.iter().any(|frame| frame.contains("row 4")), "{error}");
    assert_eq!(appender.append((9, "x")).and_then(|()| appender.flush()).unwrap_err().code(), Some(ErrorCode::Misuse));
    drop(appender);
    let mut appender = conn.appender("t").unwrap();
    appender.append((1_i64 << 40, "x")).unwrap(); // fits a parameter, not the column
    assert_eq!(appender.close().unwrap_err().sqlstate(), Some("22003"));
    let mut appender = conn.appender("t").unwrap();
    appender.append((1, "a\0b")).unwrap();
    assert_eq!(appender.close().unwrap_err().code(), Some(ErrorCode::Data));
    let mut appender = conn.appender("t").unwrap();
    appender.append((1, "discarded")).unwrap();
    drop(appender);
    let count: i64 = conn.query_row("select count(*) from t", (), |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
    let conn = open("create table t(v vector(2))");
    for (value, state) in [(vec![f32::NAN, 1.0], "22000"), (vec![1.0, 2.0, 3.0], "22000")] {
        let mut appender = conn.appender("t").unwrap();
        appender.append([value]).unwrap();
        assert_eq!(appender.close().unwrap_err().sqlstate(), Some(state));
    }
}

#[test]
fn rows_flush_by_themselves_and_belong_to_the_transaction() {
    let mut conn = open("create table t(a bigint, b text)");
    let transaction = conn.transaction().unwrap();
    let mut appender = transaction.appender("t").unwrap();
    for i in 0..250_000_i64 {
        appender.append(params![i, if i % 3 == 0 { None } else { Some("text") }]).unwrap();
    }
    assert_eq!(appender.row_count(), 200_000);
    appender.close().unwrap();
    let count = |conn: &Connection| -> (i64, i64) {
        conn.query_row("select count(*), count(b) from t", (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    assert_eq!(count(&transaction), (250_000, 166_666));
    transaction.rollback().unwrap();
    assert_eq!(count(&conn), (0, 0));
}
