//! Rows as structs, structs as parameters, values as JSON.
#![cfg(feature = "serde")]
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use turdb::{params, params_from_struct, Connection, Error, JsonOf};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Level {
    Low,
    High,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    tags: Vec<String>,
    depth: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    id: i64,
    name: Option<String>,
    value: f64,
    good: bool,
    level: Level,
    inner: Inner,
}

#[test]
fn structs_go_both_ways() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("create table t(id bigint, name text, value double precision, good boolean, level text, inner_ json)")
        .unwrap();
    let reading = Reading {
        id: 7,
        name: None,
        value: 0.5,
        good: true,
        level: Level::High,
        inner: Inner { tags: vec!["a\"b".into()], depth: 3 },
    };
    let sql = "insert into t values (:id, :name, :value, :good, :level, :inner)";
    conn.execute(sql, params_from_struct(&reading).unwrap()).unwrap();
    let select = "select id, name, value, good, level, inner_ as \"inner\" from t";
    let read: Reading = conn.query_row(select, (), |row| row.deserialize()).unwrap();
    assert_eq!(read, reading);
    let sum: (i64, Option<String>) = conn.query_row("select id, name from t", (), |row| row.deserialize()).unwrap();
    assert_eq!(sum, (7, None));
    assert_eq!(conn.query_row("select value from t", (), |row| row.deserialize::<f64>()).unwrap(), 0.5);
    assert_eq!(conn.query_row("select name from t", (), |row| row.deserialize::<Option<String>>()).unwrap(), None);
    assert_eq!(conn.query_row("select level from t", (), |row| row.deserialize::<Level>()).unwrap(), Level::High);
    let map: BTreeMap<String, i64> = conn.query_row("select id, id * 2 as twice from t", (), |row| row.deserialize()).unwrap();
    assert_eq!(map["twice"], 14);
    let lists: (Vec<i32>, Vec<f32>, Vec<Vec<i32>>, String) = conn
        .query_row("select array[1, 2], '[1,2.5]'::vector(2), array[array[1], array[2]], date '2000-02-29'", (), |row| {
            row.deserialize()
        })
        .unwrap();
    assert_eq!(lists, (vec![1, 2], vec![1.0, 2.5], vec![vec![1], vec![2]], "2000-02-29".into()));
    // Borrowed from the row.
    conn.query_row("select 'text' as t", (), |row| {
        #[derive(Deserialize)]
        struct Borrowed<'a> {
            t: &'a str,
        }
        assert_eq!(row.deserialize::<Borrowed<'_>>()?.t, "text");
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_does_not_fit_is_an_error() {
    let conn = Connection::open_in_memory().unwrap();
    let error = conn.query_row("select 'x' as id, 1 as b", (), |row| row.deserialize::<BTreeMap<String, i64>>()).unwrap_err();
    assert!(matches!(&error, Error::FromSql { reason, .. } if reason.contains("column id")), "{error}");
    assert!(conn.query_row("select 1, 2, 3", (), |row| row.deserialize::<(i64, i64)>()).is_err());
    assert!(conn.query_row("select null", (), |row| row.deserialize::<i64>()).is_err());
    assert!(conn.query_row("select 300", (), |row| row.deserialize::<u8>()).is_err());
    assert!(conn.query_row("select 'Middle'", (), |row| row.deserialize::<Level>()).is_err());
    assert!(params_from_struct(&1).is_err());
    let reading = BTreeMap::from([("a", 1)]);
    assert!(matches!(conn.execute("select :b", params_from_struct(&reading).unwrap()), Err(Error::ParameterName(_))));
}

#[test]
fn values_are_json() {
    let conn = Connection::open_in_memory().unwrap();
    let inner = Inner { tags: vec!["x".into()], depth: 1 };
    let (back, whole): (JsonOf<Inner>, serde_json::Value) = conn
        .query_row("select ?::jsonb, ?::json", params![JsonOf(&inner), serde_json::json!({"a": [1, null]})], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((back.0, whole["a"][0].as_i64()), (inner, Some(1)));
    assert!(conn.query_row("select '[1]'::json", (), |row| row.get::<JsonOf<Inner>>(0)).is_err());
}
