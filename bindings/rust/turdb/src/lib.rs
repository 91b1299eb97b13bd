//! TurDB, an embedded database, for Rust.
//!
//! ```
//! use turdb::{params, Connection};
//!
//! fn main() -> turdb::Result<()> {
//!     let mut conn = Connection::open_in_memory()?;
//!     conn.execute_batch("create table city(id integer primary key, name text not null, people bigint)")?;
//!     let transaction = conn.transaction()?;
//!     for (name, people) in [("Lagos", 15_388_000), ("Accra", 2_514_000)] {
//!         transaction.execute("insert into city(name, people) values (?, ?)", params![name, people])?;
//!     }
//!     transaction.commit()?;
//!     let mut statement = conn.prepare("select name, people from city where people > ?")?;
//!     let cities: Vec<(String, i64)> =
//!         statement.query_map([3_000_000], |row| Ok((row.get(0)?, row.get("people")?)))?.collect::<turdb::Result<_>>()?;
//!     assert_eq!(cities, [("Lagos".to_string(), 15_388_000)]);
//!     Ok(())
//! }
//! ```
//!
//! Nearest neighbours: vectors are slices of `f32`.
//!
//! ```
//! # fn main() -> turdb::Result<()> {
//! # let conn = turdb::Connection::open_in_memory()?;
//! conn.execute_batch("create table item(name text, v vector(2)); insert into item values ('a', '[0,1]'), ('b', '[1,0]')")?;
//! let nearest: String =
//!     conn.query_row("select name from item order by v <-> $1 limit 1", [[0.9_f32, 0.1]], |row| row.get(0))?;
//! assert_eq!(nearest, "b");
//! # Ok(())
//! # }
//! ```
//!
//! Errors have a code, a SQLSTATE and the context.
//!
//! ```
//! # fn main() -> turdb::Result<()> {
//! # let conn = turdb::Connection::open_in_memory()?;
//! let error = conn.execute("select emial from person", ()).unwrap_err();
//! assert_eq!(error.code(), Some(turdb::ErrorCode::Sql));
//! assert_eq!(error.sqlstate(), Some("42P01"));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

mod aggregate;
mod appender;
mod arrow;
mod blob;
mod cache;
mod callback;
mod collation;
mod column_batch;
mod connection;
mod database;
mod error;
mod from_sql;
mod function;
mod hooks;
mod limit;
mod other_types;
mod packed;
mod params;
#[cfg(feature = "arrow")]
mod record_batch;
mod rows;
#[cfg(feature = "serde")]
mod serde;
mod statement;
mod table_function;
mod temporal;
mod to_sql;
#[cfg(feature = "tokio")]
mod tokio;
mod transaction;
mod value;

pub use aggregate::Aggregate;
pub use appender::Appender;
pub use arrow::{ArrowFlags, ArrowStream};
pub use blob::{Blob, BlobPlace};
pub use cache::CachedStatement;
pub use callback::{CallbackError, Panicked};
pub use connection::{Connection, InterruptHandle};
pub use database::{metric_names, version, Backup, Database, LogLevel, Recovered};
pub use error::{DatabaseError, Error, ErrorCode, Result};
pub use from_sql::FromSql;
pub use function::FunctionFlags;
pub use hooks::{Access, Action, Authorization, Change, ChangedRow, Operation, Trace};
pub use limit::Limit;
pub use packed::Packer;
pub use params::{params_from_iter, Params, ParamsFromIter};
#[cfg(feature = "arrow")]
pub use record_batch::RecordBatches;
pub use rows::{MappedRows, Row, RowIndex, Rows};
#[cfg(feature = "serde")]
pub use serde::{params_from_struct, JsonOf, StructParams};
pub use statement::{Column, Origin, Statement};
pub use to_sql::ToSql;
#[cfg(feature = "tokio")]
pub use tokio::AsyncConnection;
pub use transaction::{Savepoint, Snapshot, Transaction};
pub use value::{
    Array, ArrayElements, ArrayRef, BitVector, Date, Decimal, HalfVector, Interval, Json, Time, Timestamp, TimestampTz, Uuid,
    ValueRef, VectorKind, VectorRef,
};
