//! Rows of a query.
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use turdb_sys as sys;

use crate::error::{Error, Result};
use crate::from_sql::FromSql;
use crate::packed::Reader;
use crate::statement::{Column, RawStatement};
use crate::value::ValueRef;

pub(crate) const LATER_BUFFER: usize = 64 << 10; // larger ones are not faster

/// Where the values of the current row lie in the buffer, as far as somebody has asked: reading values in order finds the next one, and
/// the next row, on its way.
#[derive(Debug, Default)]
pub(crate) struct RowPlace {
    offsets: Vec<Cell<usize>>, // of values, as many as there are columns
    known: Cell<usize>,        // how many of them
    end: Cell<usize>,          // behind the last of them
}

impl RowPlace {
    pub(crate) fn set_columns(&mut self, count: usize) {
        self.offsets.resize(count, Cell::new(0));
    }

    #[inline]
    fn begin(&self, at: usize) {
        self.known.set(0);
        self.end.set(at);
    }

    /// Where value `index` lies. REQUIRES: it is in the range.
    #[inline]
    fn find(&self, data: &[u8], index: usize) -> usize {
        if index < self.known.get() {
            return self.offsets[index].get();
        }
        let mut reader = Reader { data, at: self.end.get() };
        for offset in &self.offsets[self.known.get()..index] {
            offset.set(reader.at);
            reader.skip();
        }
        self.known.set(index);
        self.end.set(reader.at);
        reader.at
    }

    /// Value `index`, the first that was not known, lies at `at` and ends at `end`.
    #[inline]
    fn learn(&self, index: usize, at: usize, end: usize) {
        if index == self.known.get() {
            self.offsets[index].set(at);
            self.known.set(index + 1);
            self.end.set(end);
        }
    }
}

/// The rows of a query. They come from TurDB many at a time; each is borrowed until the next is asked for.
///
/// A row cannot be kept while the next is asked for:
///
/// ```compile_fail
/// # fn main() -> turdb::Result<()> {
/// # let conn = turdb::Connection::open_in_memory()?;
/// let mut statement = conn.prepare("select 1 union all select 2")?;
/// let mut rows = statement.query(())?;
/// let first = rows.next()?;
/// let second = rows.next()?;
/// drop(first);
/// # Ok(())
/// # }
/// ```
///
/// Nor can rows, or statements, go to another thread than their connection:
///
/// ```compile_fail
/// # fn main() -> turdb::Result<()> {
/// # let conn = turdb::Connection::open_in_memory()?;
/// let mut statement = conn.prepare("select 1")?;
/// let mut rows = statement.query(())?;
/// std::thread::scope(|scope| scope.spawn(|| rows.next().map(|_| ())).join().unwrap())?;
/// # Ok(())
/// # }
/// ```
pub struct Rows<'s> {
    statement: &'s mut RawStatement,
    left: i64, // rows in the buffer behind the current one
    more: bool,
    thread: PhantomData<*const ()>, // they stay with their connection, which one thread uses at a time
}

impl<'s> Rows<'s> {
    /// Of a statement that has fetched its first rows.
    #[inline]
    pub(crate) fn new(statement: &'s mut RawStatement, left: i64, more: bool) -> Self {
        statement.place.set_columns(statement.columns.len());
        // As if a row without columns had been read: the first one begins at 0.
        statement.place.known.set(statement.columns.len());
        statement.place.end.set(0);
        Self { statement, left, more, thread: PhantomData }
    }

    /// The next row.
    #[inline]
    #[allow(clippy::should_implement_trait)] // rows are borrowed: an Iterator could not give them
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        let place = &self.statement.place;
        if self.left == 0 {
            if !self.more || !self.fetch()? {
                return Ok(None);
            }
            self.statement.place.begin(0);
        } else {
            place.begin(place.find(&self.statement.buffer, self.statement.columns.len()));
        }
        self.left -= 1;
        Ok(Some(Row { statement: self.statement }))
    }

    #[cold]
    fn fetch(&mut self) -> Result<bool> {
        if self.statement.buffer.len() < LATER_BUFFER {
            self.statement.buffer.resize(LATER_BUFFER, 0);
        }
        self.more = false; // a statement that fails has ended
        (self.left, self.more) = self.statement.fetch()?;
        Ok(self.left != 0)
    }

    /// The columns of the rows.
    pub fn columns(&self) -> &[Column] {
        &self.statement.columns
    }

    /// An iterator of what `read` makes of the rows.
    pub fn map<T, F: FnMut(&Row<'_>) -> Result<T>>(self, read: F) -> MappedRows<'s, F> {
        MappedRows { rows: self, read }
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("columns", &self.statement.columns).field("left", &self.left).finish_non_exhaustive()
    }
}

impl Drop for Rows<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.more {
            // SAFETY: the handle is ours. There is nobody to tell of an error.
            unsafe { sys::turdb_stmt_reset(self.statement.raw, ptr::null_mut()) };
        }
    }
}

/// What [`Statement::query_map`](crate::Statement::query_map) gives.
#[derive(Debug)]
pub struct MappedRows<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for MappedRows<'_, F> {
    type Item = Result<T>;
    #[inline]
    fn next(&mut self) -> Option<Result<T>> {
        match self.rows.next() {
            Ok(Some(row)) => Some((self.read)(&row)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// A row, borrowed from its [`Rows`].
pub struct Row<'r> {
    statement: &'r RawStatement,
}

/// Which column: by number from 0, or by name.
pub trait RowIndex {
    /// Its number.
    fn index(&self, columns: &[Column]) -> Result<usize>;
}

impl RowIndex for usize {
    #[inline]
    fn index(&self, columns: &[Column]) -> Result<usize> {
        if *self < columns.len() {
            return Ok(*self);
        }
        Err(Error::NoSuchColumn(self.to_string()))
    }
}

impl RowIndex for &str {
    fn index(&self, columns: &[Column]) -> Result<usize> {
        columns.iter().position(|column| column.name == *self).ok_or_else(|| Error::NoSuchColumn((*self).into()))
    }
}

impl<'r> Row<'r> {
    /// A value: one of Rust's types, or a `&str`, `&[u8]` or [`ValueRef`] that borrows from the row.
    #[inline]
    pub fn get<T: FromSql<'r>>(&self, index: impl RowIndex) -> Result<T> {
        let statement = self.statement;
        let index = index.index(&statement.columns)?;
        let at = statement.place.find(&statement.buffer, index);
        let mut reader = Reader { data: &statement.buffer, at };
        match T::from_packed(&mut reader) {
            Ok(value) => {
                statement.place.learn(index, at, reader.at);
                Ok(value)
            }
            Err(reason) => Err(self.wrong(index, reason)),
        }
    }

    #[cold]
    fn wrong(&self, index: usize, reason: String) -> Error {
        Error::FromSql { column: self.statement.columns[index].name.clone(), reason }
    }

    /// A value, borrowed from the row.
    pub fn get_ref(&self, index: impl RowIndex) -> Result<ValueRef<'r>> {
        self.get(index)
    }

    /// The columns.
    pub fn columns(&self) -> &'r [Column] {
        &self.statement.columns
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.columns().iter().enumerate().map(|(i, column)| (&column.name, self.get_ref(i)));
        f.debug_map().entries(values.filter_map(|(name, value)| Some((name, value.ok()?)))).finish()
    }
}
