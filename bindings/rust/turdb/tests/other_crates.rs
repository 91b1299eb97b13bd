//! Types of chrono and uuid, as parameters and from rows.
#![cfg(all(feature = "chrono", feature = "uuid"))]

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use turdb::{params, Connection, Error};

#[test]
fn types_of_other_crates_go_both_ways() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("create table t(d date, ts timestamp, tz timestamptz, u uuid)").unwrap();
    let day = NaiveDate::from_ymd_opt(1969, 2, 28).unwrap();
    let at = day.and_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    let instant = at.and_utc();
    let id = uuid::Uuid::from_u128(0x1234_5678_1234_5678_1234_5678_1234_5678);
    conn.execute("insert into t values (?, ?, ?, ?)", params![day, at, instant, id]).unwrap();
    let got: (NaiveDate, NaiveDateTime, DateTime<Utc>, uuid::Uuid) =
        conn.query_row("select * from t", (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    assert_eq!(got, (day, at, instant, id));
    let text: String = conn.query_row("select d || ' ' || u from t", (), |row| row.get(0)).unwrap();
    assert_eq!(text, "1969-02-28 12345678-1234-5678-1234-567812345678");
    for infinite in ["date 'infinity'", "date '-infinity'"] {
        let error = conn.query_row(&format!("select {infinite}"), (), |row| row.get::<NaiveDate>(0)).unwrap_err();
        assert!(matches!(error, Error::FromSql { .. }), "{error}");
    }
    let error = conn.query_row("select timestamp 'infinity'", (), |row| row.get::<NaiveDateTime>(0)).unwrap_err();
    assert!(matches!(error, Error::FromSql { .. }), "{error}");
}

#[test]
fn times_and_spans_go_both_ways() {
    let conn = Connection::open_in_memory().unwrap();
    let time = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    let span = TimeDelta::days(-3) + TimeDelta::microseconds(5);
    let instant = DateTime::parse_from_rfc3339("2000-01-01T01:00:00+01:00").unwrap();
    let got: (NaiveTime, TimeDelta, DateTime<Utc>) = conn
        .query_row("select ?::time, ?::interval, ?::timestamptz", params![time, span, instant], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(got, (time, span, instant.to_utc()));
    for sql in ["select time '24:00'", "select interval '1 month'", "select 1"] {
        let wrong = conn.query_row(sql, (), |row| row.get::<NaiveTime>(0).map(drop).or_else(|_| row.get::<TimeDelta>(0).map(drop)));
        assert!(matches!(wrong, Err(Error::FromSql { .. })), "{sql}");
    }
}
