//! Statements, parameters, rows.
use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr;

use turdb_sys as sys;

use crate::connection::Connection;
use crate::error::{check, text, Error, Result};
use crate::value::{FromSql, Packer, Reader, ToSql, ValueRef};

const FIRST_BUFFER: usize = 8 << 10;
const LATER_BUFFER: usize = 64 << 10; // larger ones are not faster

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
}

/// A compiled statement without the lifetime of its connection.
#[derive(Debug)]
pub(crate) struct RawStatement {
    raw: *mut sys::turdb_stmt, // NULL for a text without a statement
    conn: *mut sys::turdb_conn,
    columns: Vec<Column>,
    compilations: i64,
    packer: Packer,
    buffer: Vec<u8>,
}

impl Drop for RawStatement {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, or NULL.
        unsafe { sys::turdb_stmt_free(self.raw) }
    }
}

impl RawStatement {
    pub(crate) fn prepare(conn: *mut sys::turdb_conn, sql: &str) -> Result<(Self, usize)> {
        let (mut raw, mut tail) = (ptr::null_mut(), 0);
        // SAFETY: the text and its size; it is copied.
        unsafe {
            check(|error| sys::turdb_stmt_prepare(conn, sql.as_ptr().cast(), sql.len() as i64, &mut tail, &mut raw, error))?;
        }
        let tail = if raw.is_null() { sql.len() } else { tail as usize };
        let statement = Self { raw, conn, columns: Vec::new(), compilations: 0, packer: Packer::default(), buffer: Vec::new() };
        Ok((statement, tail))
    }

    pub(crate) fn is_statement(&self) -> bool {
        !self.raw.is_null()
    }

    fn parameters(&self) -> usize {
        // SAFETY: the handle is ours, or NULL.
        unsafe { sys::turdb_stmt_parameter_count(self.raw) as usize }
    }

    fn bind(&mut self, params: impl Params) -> Result<()> {
        self.packer.data.clear();
        let expected = self.parameters();
        let got = params.pack(self)?;
        if got != expected {
            return Err(Error::ParameterCount { expected, got });
        }
        if expected > 0 {
            let data = &self.packer.data;
            // SAFETY: the bytes and their size; they are copied.
            unsafe { check(|error| sys::turdb_stmt_bind_packed(self.raw, data.as_ptr(), data.len() as i64, error))? };
        }
        Ok(())
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

    /// Fetches rows into the buffer: how many, and whether there may be more.
    fn fetch(&mut self) -> Result<(i64, bool)> {
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
    fn describe(&mut self) {
        // SAFETY: the handle is ours, or NULL; texts are copied.
        unsafe {
            let compilations = sys::turdb_stmt_counter(self.raw, sys::TURDB_COUNTER_COMPILATIONS as i32);
            if compilations == self.compilations {
                return;
            }
            self.columns = (0..sys::turdb_stmt_column_count(self.raw))
                .map(|i| Column {
                    name: text(sys::turdb_stmt_column_name(self.raw, i)).unwrap_or_default(),
                    declared_type: text(sys::turdb_stmt_column_declared_type(self.raw, i)).unwrap_or_default(),
                    kind: sys::turdb_stmt_column_type(self.raw, i),
                })
                .collect();
            self.compilations = compilations;
        }
    }
}

/// A compiled statement of a connection.
#[derive(Debug)]
pub struct Statement<'c> {
    inner: RawStatement,
    conn: PhantomData<&'c Connection>,
}

impl Statement<'_> {
    pub(crate) fn new(inner: RawStatement) -> Self {
        Self { inner, conn: PhantomData }
    }

    /// Binds the parameters, and gives the handle.
    pub(crate) fn bound(&mut self, params: impl Params) -> Result<*mut sys::turdb_stmt> {
        self.inner.bind(params)?;
        Ok(self.inner.raw)
    }

    /// How many parameters it has.
    pub fn parameter_count(&self) -> usize {
        self.inner.parameters()
    }

    /// Its columns; those of a statement whose types depend on its parameters are what its last run had.
    pub fn columns(&mut self) -> &[Column] {
        self.inner.describe();
        &self.inner.columns
    }

    /// Runs it to its end, and tells how many rows it changed.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        self.inner.bind(params)?;
        if !self.inner.is_statement() {
            return Ok(0);
        }
        // SAFETY: the handles are ours.
        unsafe {
            let before = sys::turdb_conn_total_changes(self.inner.conn);
            while check(|error| sys::turdb_stmt_step(self.inner.raw, error))? == sys::TURDB_ROW {}
            Ok((sys::turdb_conn_total_changes(self.inner.conn) - before) as usize)
        }
    }

    /// Runs it once for each row of parameters, many rows in one call, and tells how many rows it changed.
    pub(crate) fn execute_rows<P: Params>(&mut self, rows: impl IntoIterator<Item = P>) -> Result<usize> {
        let statement = &mut self.inner;
        let expected = statement.parameters();
        statement.packer.data.clear();
        let mut count = 0;
        // SAFETY: the handle is ours.
        let before = unsafe { sys::turdb_conn_total_changes(statement.conn) };
        for row in rows {
            let got = row.pack(statement)?;
            if got != expected {
                return Err(Error::ParameterCount { expected, got });
            }
            count += 1;
            if count == 1000 || statement.packer.data.len() >= LATER_BUFFER {
                statement.run_packed(count)?;
                count = 0;
            }
        }
        statement.run_packed(count)?;
        // SAFETY: the handle is ours.
        Ok((unsafe { sys::turdb_conn_total_changes(statement.conn) } - before) as usize)
    }

    /// Runs it up to its first rows.
    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        let statement = &mut self.inner;
        statement.bind(params)?;
        let (mut left, mut more) = (0, false);
        if statement.is_statement() {
            if statement.buffer.is_empty() {
                statement.buffer.resize(FIRST_BUFFER, 0);
            }
            (left, more) = statement.fetch()?;
            statement.describe();
        }
        Ok(Rows { statement, left, more, at: 0, offsets: Vec::new() })
    }

    /// Runs it and reads the first row.
    pub fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        let mut rows = self.query(params)?;
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
        Ok(MappedRows { rows: self.query(params)?, read })
    }
}

/// The rows of a query. They come from TurDB many at a time; each is borrowed until the next is asked for.
#[derive(Debug)]
pub struct Rows<'s> {
    statement: &'s mut RawStatement,
    left: i64, // rows in the buffer
    more: bool,
    at: usize, // in the buffer
    offsets: Vec<usize>,
}

impl Rows<'_> {
    /// The next row.
    #[inline]
    #[allow(clippy::should_implement_trait)] // rows are borrowed: an Iterator could not give them
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        if self.left == 0 {
            if !self.more {
                return Ok(None);
            }
            if self.statement.buffer.len() < LATER_BUFFER {
                self.statement.buffer.resize(LATER_BUFFER, 0);
            }
            self.more = false; // a statement that fails has ended
            (self.left, self.more) = self.statement.fetch()?;
            self.at = 0;
            if self.left == 0 {
                return Ok(None);
            }
        }
        self.left -= 1;
        self.offsets.clear();
        let mut reader = Reader { data: &self.statement.buffer, at: self.at };
        for _ in &self.statement.columns {
            self.offsets.push(reader.at);
            reader.skip();
        }
        self.at = reader.at;
        Ok(Some(Row { data: &self.statement.buffer, offsets: &self.offsets, columns: &self.statement.columns }))
    }

    /// The columns of the rows.
    pub fn columns(&self) -> &[Column] {
        &self.statement.columns
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if self.more {
            // SAFETY: the handle is ours. There is nobody to tell of an error.
            unsafe { sys::turdb_stmt_reset(self.statement.raw, ptr::null_mut()) };
        }
    }
}

/// What [`Statement::query_map`] gives.
#[derive(Debug)]
pub struct MappedRows<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for MappedRows<'_, F> {
    type Item = Result<T>;
    fn next(&mut self) -> Option<Result<T>> {
        let row = self.rows.next().transpose()?;
        Some(row.and_then(|row| (self.read)(&row)))
    }
}

/// A row, borrowed from its [`Rows`].
#[derive(Debug)]
pub struct Row<'r> {
    data: &'r [u8],
    offsets: &'r [usize],
    columns: &'r [Column],
}

/// Which column: by number from 0, or by name.
pub trait RowIndex {
    /// Its number.
    fn index(&self, columns: &[Column]) -> Result<usize>;
}

impl RowIndex for usize {
    fn index(&self, columns: &[Column]) -> Result<usize> {
        (*self < columns.len()).then_some(*self).ok_or_else(|| Error::NoSuchColumn(self.to_string()))
    }
}

impl RowIndex for &str {
    fn index(&self, columns: &[Column]) -> Result<usize> {
        columns.iter().position(|column| column.name == *self).ok_or_else(|| Error::NoSuchColumn((*self).into()))
    }
}

impl<'r> Row<'r> {
    /// A value.
    pub fn get<T: FromSql>(&self, index: impl RowIndex) -> Result<T> {
        let index = index.index(self.columns)?;
        let value = Reader { data: self.data, at: self.offsets[index] }.value();
        T::from_sql(value).map_err(|reason| Error::FromSql { column: self.columns[index].name.clone(), reason })
    }

    /// A value, borrowed from the row.
    pub fn get_ref(&self, index: impl RowIndex) -> Result<ValueRef<'r>> {
        let index = index.index(self.columns)?;
        Ok(Reader { data: self.data, at: self.offsets[index] }.value())
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        self.columns
    }
}

// ---- parameters

/// What parameters of a statement may be given as: `()`, arrays, tuples, [`params!`](crate::params) and
/// [`named_params!`](crate::named_params).
pub trait Params {
    #[doc(hidden)]
    fn pack(self, statement: &mut impl Binder) -> Result<usize>;
}

#[doc(hidden)]
pub trait Binder {
    fn pack(&mut self, value: &dyn ToSql) -> Result<()>;
    fn names(&self) -> Vec<Option<String>>;
}

impl Binder for RawStatement {
    fn pack(&mut self, value: &dyn ToSql) -> Result<()> {
        value.to_sql(&mut self.packer)
    }

    fn names(&self) -> Vec<Option<String>> {
        let name = |i| {
            // SAFETY: the handle is ours; the text is copied.
            unsafe {
                let name = sys::turdb_stmt_parameter_name(self.raw, i);
                (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
            }
        };
        (1..=self.parameters() as i64).map(name).collect()
    }
}

impl Params for () {
    fn pack(self, _: &mut impl Binder) -> Result<usize> {
        Ok(0)
    }
}

impl<T: ToSql, const N: usize> Params for [T; N] {
    fn pack(self, statement: &mut impl Binder) -> Result<usize> {
        self.iter().try_for_each(|value| statement.pack(value))?;
        Ok(N)
    }
}

/// When they have one type, or are `Box<dyn ToSql>` in a type of the program's own.
impl<T: ToSql> Params for Vec<T> {
    fn pack(self, statement: &mut impl Binder) -> Result<usize> {
        self.iter().try_for_each(|value| statement.pack(value))?;
        Ok(self.len())
    }
}

impl Params for &[&dyn ToSql] {
    fn pack(self, statement: &mut impl Binder) -> Result<usize> {
        self.iter().try_for_each(|value| statement.pack(value))?;
        Ok(self.len())
    }
}

/// By name, with the name's first character or without.
impl Params for &[(&str, &dyn ToSql)] {
    fn pack(self, statement: &mut impl Binder) -> Result<usize> {
        let names = statement.names();
        let same = |given: &str, name: &str| given == name || given == &name[1..];
        for (given, _) in self {
            if !names.iter().flatten().any(|name| same(given, name)) {
                return Err(Error::ParameterName((*given).into()));
            }
        }
        for (i, name) in names.iter().enumerate() {
            let name = name.as_deref().ok_or_else(|| Error::ParameterName(format!("number {}", i + 1)))?;
            let (_, value) = self.iter().find(|(given, _)| same(given, name)).ok_or_else(|| Error::ParameterName(name.into()))?;
            statement.pack(value)?;
        }
        Ok(names.len())
    }
}

macro_rules! tuple_params {
    ($($type:ident $index:tt),+) => {
        impl<$($type: ToSql),+> Params for ($($type,)+) {
            fn pack(self, statement: &mut impl Binder) -> Result<usize> {
                $(statement.pack(&self.$index)?;)+
                Ok([$($index),+].len())
            }
        }
    };
}

tuple_params! { A 0 }
tuple_params! { A 0, B 1 }
tuple_params! { A 0, B 1, C 2 }
tuple_params! { A 0, B 1, C 2, D 3 }
tuple_params! { A 0, B 1, C 2, D 3, E 4 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7 }

/// Parameters of different types: `params![1, "x", None::<i64>]`.
#[macro_export]
macro_rules! params {
    () => { () };
    ($($value:expr),+ $(,)?) => { &[$(&$value as &dyn $crate::ToSql),+] as &[&dyn $crate::ToSql] };
}

/// Parameters by name: `named_params! { "id": 1, "name": "x" }`.
#[macro_export]
macro_rules! named_params {
    ($($name:literal : $value:expr),+ $(,)?) => { &[$(($name, &$value as &dyn $crate::ToSql)),+] as &[(&str, &dyn $crate::ToSql)] };
}
