//! Many rows into one table.
//!
//! Rows are collected here by column, and handed over as batches of Arrow, which spares the library a call and a look at the type for
//! each value. A column that Arrow has no plain layout for, or a value that is not of its column's type, needs what `INSERT` does with a
//! value of SQL: then the rows go one by one, packed.
use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use turdb_sys as sys;

use crate::column_batch::{ColumnBuilder, RowBatch};
use crate::connection::{c_text, quoted, Connection};
use crate::error::{check, Error, Result};
use crate::packed::Packer;
use crate::params::{Binder, Names, Params};
use crate::statement::RawStatement;

const FLUSH_ROWS: usize = 100_000; // those of turdb_appender
const FLUSH_BYTES: usize = 16 << 20;

/// Inserts many rows into one table: [`Connection::appender`]. A flush is one INSERT: all of its rows go in, or none. Outside a
/// transaction each flush commits. One that fails names the row, and poisons the appender.
///
/// Rows that were not flushed are discarded when it is dropped: [`close`](Self::close) flushes.
pub struct Appender<'c> {
    raw: *mut sys::turdb_appender,
    names: ColumnNames,
    packer: Packer,
    batch: Option<RowBatch>, // None: row by row
    conn: PhantomData<&'c Connection>,
}

struct ColumnNames(Vec<String>);

impl Names for ColumnNames {
    fn names(&self) -> Vec<Option<String>> {
        self.0.iter().cloned().map(Some).collect()
    }
}

impl Connection {
    /// Begins to append to a table or view. A row has all columns that are not generated.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let mut conn = turdb::Connection::open_in_memory()?;
    /// conn.execute_batch("create table reading(sensor text, value double precision)")?;
    /// let transaction = conn.transaction()?;
    /// let mut appender = transaction.appender("reading")?;
    /// for i in 0..1000 {
    ///     appender.append(("north", f64::from(i) / 2.0))?;
    /// }
    /// appender.close()?;
    /// transaction.commit()?;
    /// let sum: f64 = conn.query_row("select sum(value) from reading", (), |row| row.get(0))?;
    /// assert_eq!(sum, 249_750.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn appender(&self, table: &str) -> Result<Appender<'_>> {
        self.appender_with(None, table, &[])
    }

    /// The same for a table of a schema, and for some of its columns: the others get their defaults. Names are taken as they are.
    pub fn appender_with(&self, schema: Option<&str>, table: &str, columns: &[&str]) -> Result<Appender<'_>> {
        let schema_name = schema.map(c_text).transpose()?;
        let table_name = c_text(table)?;
        let mut appender = Appender {
            raw: ptr::null_mut(),
            names: ColumnNames(Vec::new()),
            packer: Packer::default(),
            batch: None,
            conn: PhantomData,
        };
        // SAFETY: the connection lives; texts end with a NUL and are copied.
        let count = unsafe {
            let schema = schema_name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
            check(|error| sys::turdb_appender_open(self.raw, schema, table_name.as_ptr(), &mut appender.raw, error))?;
            for column in columns {
                let column = c_text(column)?;
                check(|error| sys::turdb_appender_add_column(appender.raw, column.as_ptr(), error))?;
            }
            sys::turdb_appender_column_count(appender.raw) as usize
        };
        appender.names = ColumnNames(columns.iter().map(|name| name.to_string()).collect());
        appender.learn_columns(self, schema, table, columns, count);
        Ok(appender)
    }
}

impl Appender<'_> {
    /// Asks for the types of the columns; where that does not succeed, rows go one by one.
    fn learn_columns(&mut self, conn: &Connection, schema: Option<&str>, table: &str, columns: &[&str], count: usize) {
        let list = match columns {
            [] => "*".to_string(),
            names => names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "),
        };
        let from = schema.map(|name| quoted(name) + ".").unwrap_or_default() + &quoted(table);
        let Ok(mut select) = RawStatement::prepare_one(conn.raw, &format!("select {list} from {from} limit 0")) else { return };
        select.describe();
        if select.columns.len() != count {
            return; // some are generated
        }
        // The table itself, not a stream that is registered under its name.
        let of_table = |origin: &crate::Origin| origin.table.eq_ignore_ascii_case(table);
        if select.columns.iter().all(|column| column.origin.as_ref().is_some_and(of_table)) {
            let builders: Option<Vec<_>> = select.columns.iter().map(ColumnBuilder::of_column).collect();
            self.batch = builders.map(RowBatch::new);
        }
        if columns.is_empty() {
            self.names = ColumnNames(select.columns.iter().map(|column| column.name.clone()).collect());
        }
    }

    /// Appends a row. What a column cannot take is told here, and the row is not there then, or by the flush, which names the row.
    #[inline]
    pub fn append(&mut self, row: impl Params) -> Result<()> {
        self.packer.data.clear();
        let mut binder = Binder { packer: &mut self.packer, names: &self.names, count: 0 };
        row.bind(&mut binder)?;
        let got = binder.count;
        if let Some(batch) = &mut self.batch {
            if got != batch.columns() {
                return Err(Error::ParameterCount { expected: batch.columns(), got });
            }
            if batch.push(&self.packer.data) {
                if batch.rows() == FLUSH_ROWS || batch.bytes() >= FLUSH_BYTES {
                    return self.append_batch();
                }
                return Ok(());
            }
            self.append_batch()?;
            self.batch = None;
        }
        self.append_values(got)
    }

    /// Hands over the rows that were collected by column.
    #[cold]
    fn append_batch(&mut self) -> Result<()> {
        if let Some(batch) = self.batch.as_mut().filter(|batch| batch.rows() > 0) {
            let (mut schema, mut rows) = (batch.schema(), batch.export());
            // SAFETY: the schema is only read, the batch taken over.
            let appended = unsafe { check(|error| sys::turdb_appender_append_batch(self.raw, &schema, &mut rows, error)) };
            // SAFETY: the schema is ours.
            unsafe { schema.release.map(|release| release(&mut schema)) };
            appended?;
        }
        Ok(())
    }

    /// Appends the packed row by itself.
    fn append_values(&mut self, got: usize) -> Result<()> {
        let (expected, data) = (self.column_count(), &self.packer.data);
        if got != expected {
            return Err(Error::ParameterCount { expected, got });
        }
        // SAFETY: the bytes and their size; they are not kept.
        unsafe {
            check(|error| {
                let size = data.len() as i64;
                sys::turdb_appender_append_packed(self.raw, data.as_ptr(), size, 1, ptr::null_mut(), error)
            })?
        };
        Ok(())
    }

    /// Inserts what was collected.
    pub fn flush(&mut self) -> Result<()> {
        self.append_batch()?;
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_appender_flush(self.raw, error))? };
        Ok(())
    }

    /// Flushes and ends the appender. Tells how many rows it has inserted.
    pub fn close(mut self) -> Result<u64> {
        self.append_batch()?;
        // SAFETY: drop frees the handle.
        unsafe { check(|error| sys::turdb_appender_close(self.raw, error))? };
        Ok(self.row_count())
    }

    /// Rows inserted so far, without those that wait for a flush.
    pub fn row_count(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_appender_row_count(self.raw) as u64 }
    }

    /// How many columns a row has.
    pub fn column_count(&self) -> usize {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_appender_column_count(self.raw) as usize }
    }

    /// Flushes, then inserts all rows of an Arrow stream, columns by place: all go in or none.
    pub fn append_stream(&mut self, mut stream: crate::ArrowStream) -> Result<()> {
        self.append_batch()?;
        // SAFETY: the stream is taken over; its release is NULL afterwards.
        unsafe { check(|error| sys::turdb_appender_append_stream(self.raw, stream.as_mut_ptr(), error))? };
        Ok(())
    }
}

impl Drop for Appender<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_appender_free(self.raw) }
    }
}

impl fmt::Debug for Appender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender").field("columns", &self.names.0).field("row_count", &self.row_count()).finish_non_exhaustive()
    }
}
