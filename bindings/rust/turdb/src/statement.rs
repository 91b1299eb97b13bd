//! Statements.
use std::marker::PhantomData;
use std::ptr;

use turdb_sys as sys;

use crate::connection::Connection;
use crate::error::{check, text, Error, Result};
use crate::packed::Packer;
use crate::params::{Binder, Names, Params};
use crate::rows::{MappedRows, Row, RowPlace, Rows, LATER_BUFFER};

const FIRST_BUFFER: usize = 8 << 10;
const BATCH_ROWS: i64 = 1000;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as SQL writes it.
    pub declared_type: String,
    /// Its type, a `TURDB_TYPE_*` of `turdb.h`.
    pub kind: i32,
    /// Whether it can be NULL, as far as is known.
    pub nullable: Option<bool>,
    /// The column of a table that it is: schema, table and name there.
    pub origin: Option<Origin>,
}

/// Where a column of a result comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column's name in the table.
    pub column: String,
}

/// A compiled statement without the lifetime of its connection.
#[derive(Debug)]
pub(crate) struct RawStatement {
    pub(crate) raw: *mut sys::turdb_stmt, // NULL for a text without a statement
    conn: *mut sys::turdb_conn,
    parameters: usize,
    pub(crate) columns: Vec<Column>,
    compilations: i64,
    packer: Packer,
    pub(crate) buffer: Vec<u8>,
    pub(crate) place: RowPlace,
}

// SAFETY: turdb_stmt may move between threads [C-THREAD-1]; it moves with its connection, which keeps it in its cache.
unsafe impl Send for RawStatement {}

impl Drop for RawStatement {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, or NULL.
        unsafe { sys::turdb_stmt_free(self.raw) }
    }
}

/// The names of a statement's parameters.
struct ParameterNames(*mut sys::turdb_stmt, usize);

impl Names for ParameterNames {
    fn names(&self) -> Vec<Option<String>> {
        // SAFETY: the handle lives; the text is copied.
        (1..=self.1 as i64).map(|i| unsafe { text(sys::turdb_stmt_parameter_name(self.0, i)) }).collect()
    }
}

impl RawStatement {
    /// The first statement of a text, and where it ends.
    pub(crate) fn prepare(conn: *mut sys::turdb_conn, sql: &str) -> Result<(Self, usize)> {
        let (mut raw, mut tail) = (ptr::null_mut(), 0);
        // SAFETY: the text and its size; it is copied.
        let parameters = unsafe {
            check(|error| sys::turdb_stmt_prepare(conn, sql.as_ptr().cast(), sql.len() as i64, &mut tail, &mut raw, error))?;
            sys::turdb_stmt_parameter_count(raw) as usize
        };
        let tail = if raw.is_null() { sql.len() } else { tail as usize };
        let statement = Self {
            raw,
            conn,
            parameters,
            columns: Vec::new(),
            compilations: 0,
            packer: Packer::default(),
            buffer: Vec::new(),
            place: RowPlace::default(),
        };
        Ok((statement, tail))
    }

    /// The only statement of a text.
    pub(crate) fn prepare_one(conn: *mut sys::turdb_conn, sql: &str) -> Result<Self> {
        let (statement, tail) = Self::prepare(conn, sql)?;
        let rest = sql[tail..].trim_matches(|c: char| c.is_ascii_whitespace() || c == ';');
        if !rest.is_empty() && Self::prepare(conn, rest)?.0.is_statement() {
            return Err(Error::SeveralStatements);
        }
        Ok(statement)
    }

    #[inline]
    pub(crate) fn is_statement(&self) -> bool {
        !self.raw.is_null()
    }

    /// Packs one row of parameters behind those that are there.
    #[inline]
    fn pack(&mut self, params: impl Params) -> Result<()> {
        let names = ParameterNames(self.raw, self.parameters);
        let mut binder = Binder { packer: &mut self.packer, names: &names, count: 0 };
        params.bind(&mut binder)?;
        if binder.count != self.parameters {
            return Err(Error::ParameterCount { expected: self.parameters, got: binder.count });
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn bind(&mut self, params: impl Params) -> Result<()> {
        self.packer.data.clear();
        self.pack(params)?;
        if self.parameters > 0 {
            let data = &self.packer.data;
            // SAFETY: the bytes and their size; they are copied.
            unsafe { check(|error| sys::turdb_stmt_bind_packed(self.raw, data.as_ptr(), data.len() as i64, error))? };
        }
        Ok(())
    }

    fn total_changes(&self) -> i64 {
        // SAFETY: the connection outlives its statements.
        unsafe { sys::turdb_conn_total_changes(self.conn) }
    }

    pub(crate) fn execute(&mut self, params: impl Params) -> Result<usize> {
        self.bind(params)?;
        if !self.is_statement() {
            return Ok(0);
        }
        let before = self.total_changes();
        // SAFETY: the handle is ours.
        unsafe { while check(|error| sys::turdb_stmt_step(self.raw, error))? == sys::TURDB_ROW {} }
        Ok((self.total_changes() - before) as usize)
    }

    /// Runs it once for each row of parameters, many rows in one call, and tells how many rows it changed.
    pub(crate) fn execute_rows<P: Params>(&mut self, rows: impl IntoIterator<Item = P>) -> Result<usize> {
        self.packer.data.clear();
        let mut count = 0;
        let before = self.total_changes();
        for row in rows {
            self.pack(row)?;
            count += 1;
            if count == BATCH_ROWS || self.packer.data.len() >= LATER_BUFFER {
                self.run_packed(count)?;
                count = 0;
            }
        }
        self.run_packed(count)?;
        Ok((self.total_changes() - before) as usize)
    }

    /// Runs it for `count` rows in the packer, which is empty afterwards.
    fn run_packed(&mut self, count: i64) -> Result<()> {
        if count > 0 && self.is_statement() {
            let data = &self.packer.data;
            // SAFETY: the bytes and their size; they are not kept.
            unsafe {
                check(|error| {
                    let size = data.len() as i64;
                    sys::turdb_stmt_run_packed(self.raw, data.as_ptr(), size, count, ptr::null_mut(), error)
                })?
            };
        }
        self.packer.data.clear();
        Ok(())
    }

    pub(crate) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        self.bind(params)?;
        let (mut left, mut more) = (0, false);
        if self.is_statement() {
            if self.buffer.is_empty() {
                self.buffer.resize(FIRST_BUFFER, 0);
            }
            (left, more) = self.fetch()?;
            self.describe();
        }
        Ok(Rows::new(self, left, more))
    }

    /// Fetches rows into the buffer: how many, and whether there may be more.
    #[inline]
    pub(crate) fn fetch(&mut self) -> Result<(i64, bool)> {
        loop {
            let (mut rows, mut size) = (0, 0);
            let buffer = &mut self.buffer;
            // SAFETY: the memory and its size.
            let status = unsafe {
                check(|error| {
                    let (data, length) = (buffer.as_mut_ptr(), buffer.len() as i64);
                    sys::turdb_stmt_fetch_packed(self.raw, i64::MAX, data, length, &mut rows, &mut size, error)
                })?
            };
            let more = status == sys::TURDB_ROW;
            if !more || rows > 0 {
                return Ok((rows, more));
            }
            self.buffer.resize(size as usize, 0); // the next row is longer than the memory
        }
    }

    /// Describes the columns, when they were not since the last compilation.
    #[inline]
    pub(crate) fn describe(&mut self) {
        // SAFETY: the handle is ours, or NULL.
        let compilations = unsafe { sys::turdb_stmt_counter(self.raw, sys::TURDB_COUNTER_COMPILATIONS as i32) };
        if compilations != self.compilations {
            self.compilations = compilations;
            // SAFETY: as above.
            self.columns = (0..unsafe { sys::turdb_stmt_column_count(self.raw) }).map(|i| self.column(i)).collect();
        }
    }

    #[cold]
    fn column(&self, i: i64) -> Column {
        // SAFETY: the handle is ours; texts are copied.
        unsafe {
            let origin = || {
                let schema = text(sys::turdb_stmt_column_schema(self.raw, i))?;
                let table = text(sys::turdb_stmt_column_table(self.raw, i))?;
                Some(Origin { schema, table, column: text(sys::turdb_stmt_column_origin(self.raw, i))? })
            };
            Column {
                name: text(sys::turdb_stmt_column_name(self.raw, i)).unwrap_or_default(),
                declared_type: text(sys::turdb_stmt_column_declared_type(self.raw, i)).unwrap_or_default(),
                kind: sys::turdb_stmt_column_type(self.raw, i),
                nullable: match sys::turdb_stmt_column_nullability(self.raw, i) as u32 {
                    sys::TURDB_NOT_NULL => Some(false),
                    sys::TURDB_NULLABLE => Some(true),
                    _ => None,
                },
                origin: origin(),
            }
        }
    }
}

/// A compiled statement of a connection. Its memory for parameters and rows is kept from one query to the next.
#[derive(Debug)]
pub struct Statement<'c> {
    pub(crate) inner: RawStatement,
    conn: PhantomData<&'c Connection>,
}

impl Statement<'_> {
    pub(crate) fn new(inner: RawStatement) -> Self {
        Self { inner, conn: PhantomData }
    }

    /// How many parameters it has.
    pub fn parameter_count(&self) -> usize {
        self.inner.parameters
    }

    /// The names of its parameters with their first character: `:id`. None for those without.
    pub fn parameter_names(&self) -> Vec<Option<String>> {
        ParameterNames(self.inner.raw, self.inner.parameters).names()
    }

    /// Its columns; those of a statement whose types depend on its parameters are what its last run had.
    pub fn columns(&mut self) -> &[Column] {
        self.inner.describe();
        &self.inner.columns
    }

    /// Whether it cannot change the database.
    pub fn is_read_only(&self) -> bool {
        // SAFETY: the handle is ours, or NULL.
        unsafe { sys::turdb_stmt_is_read_only(self.inner.raw) }
    }

    /// Its text with parameters in their places, for people to read.
    pub fn expanded_sql(&mut self) -> Result<String> {
        // SAFETY: the handle is ours; the text is copied.
        unsafe { self.text(|raw, out, error| sys::turdb_stmt_expanded_sql(raw, out, error)) }
    }

    /// Its plan, as EXPLAIN shows it, without running it.
    pub fn explain(&mut self) -> Result<String> {
        // SAFETY: the handle is ours; the text is copied.
        unsafe { self.text(|raw, out, error| sys::turdb_stmt_explain(raw, i64::from(sys::TURDB_EXPLAIN_TEXT), out, error)) }
    }

    /// # Safety
    /// `call` gives a text that ends with a NUL, or NULL.
    pub(crate) unsafe fn text(
        &mut self,
        call: impl FnOnce(*mut sys::turdb_stmt, *mut *const std::ffi::c_char, *mut *mut sys::turdb_error) -> sys::turdb_status,
    ) -> Result<String> {
        let mut out = ptr::null();
        if self.inner.is_statement() {
            check(|error| call(self.inner.raw, &mut out, error))?;
        }
        Ok(text(out).unwrap_or_default())
    }

    /// Runs it to its end, and tells how many rows it changed.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        self.inner.execute(params)
    }

    /// Runs it up to its first rows.
    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        self.inner.query(params)
    }

    /// Runs it and reads the first row.
    #[inline]
    pub fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        let mut rows = self.inner.query(params)?;
        match rows.next()? {
            Some(row) => read(&row),
            None => Err(Error::NoRows),
        }
    }

    /// Runs it, and gives an iterator of what `read` makes of its rows.
    pub fn query_map<T, F>(&mut self, params: impl Params, read: F) -> Result<MappedRows<'_, F>>
    where
        F: FnMut(&Row<'_>) -> Result<T>,
    {
        Ok(self.query(params)?.map(read))
    }

    /// Whether it gives a row.
    pub fn exists(&mut self, params: impl Params) -> Result<bool> {
        Ok(self.query(params)?.next()?.is_some())
    }
}
