//! Statements that are kept.
use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::ptr;

use turdb_sys as sys;

use crate::connection::Connection;
use crate::error::Result;
use crate::statement::{RawStatement, Statement};

const CAPACITY: usize = 16;

/// Statements that nobody uses, by their text; the one used last is the last.
pub(crate) struct StatementCache {
    idle: RefCell<Vec<(Box<str>, RawStatement)>>,
    capacity: Cell<usize>,
}

impl Default for StatementCache {
    fn default() -> Self {
        Self { idle: RefCell::new(Vec::new()), capacity: Cell::new(CAPACITY) }
    }
}

impl StatementCache {
    pub(crate) fn set_capacity(&self, capacity: usize) {
        self.capacity.set(capacity);
        let mut idle = self.idle.borrow_mut();
        let surplus = idle.len().saturating_sub(capacity);
        idle.drain(..surplus);
    }

    pub(crate) fn prepare<'c>(&'c self, conn: &'c Connection, sql: &str) -> Result<CachedStatement<'c>> {
        let mut idle = self.idle.borrow_mut();
        let (key, statement) = match idle.iter().rposition(|(key, _)| **key == *sql) {
            Some(found) => idle.remove(found),
            None => (sql.into(), RawStatement::prepare_one(conn.raw, sql)?),
        };
        drop(idle);
        Ok(CachedStatement { statement: Some(Statement::new(statement)), key, cache: self })
    }

    fn give_back(&self, key: Box<str>, statement: RawStatement) {
        // SAFETY: the handle is ours, or NULL. There is nobody to tell of an error.
        unsafe { sys::turdb_stmt_reset(statement.raw, ptr::null_mut()) };
        self.idle.borrow_mut().push((key, statement));
        self.set_capacity(self.capacity.get());
    }
}

/// A statement that goes back to its connection's cache when it is dropped: [`Connection::prepare_cached`].
pub struct CachedStatement<'c> {
    statement: Option<Statement<'c>>,
    key: Box<str>,
    cache: &'c StatementCache,
}

impl std::fmt::Debug for CachedStatement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CachedStatement").field(&self.key).finish()
    }
}

impl CachedStatement<'_> {
    /// Does not give it back: it is freed when it is dropped.
    pub fn discard(mut self) {
        self.statement = None;
    }
}

impl<'c> Deref for CachedStatement<'c> {
    type Target = Statement<'c>;
    fn deref(&self) -> &Statement<'c> {
        self.statement.as_ref().expect("there until it is dropped")
    }
}

impl<'c> DerefMut for CachedStatement<'c> {
    fn deref_mut(&mut self) -> &mut Statement<'c> {
        self.statement.as_mut().expect("there until it is dropped")
    }
}

impl Drop for CachedStatement<'_> {
    fn drop(&mut self) {
        if let Some(statement) = self.statement.take() {
            self.cache.give_back(std::mem::take(&mut self.key), statement.inner);
        }
    }
}
