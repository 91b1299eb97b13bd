//! Transactions, savepoints, snapshots.
use std::ffi::CString;
use std::ops::Deref;
use std::ptr;

use turdb_sys as sys;

use crate::connection::{c_text, Connection};
use crate::error::{check, Result};

/// A transaction, which is rolled back when it is dropped without [`commit`](Self::commit). It is used as the connection is.
#[derive(Debug)]
pub struct Transaction<'c> {
    conn: &'c Connection,
    done: bool,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Self {
        Self { conn, done: false }
    }

    /// Commits. A commit that failed has ended the transaction.
    pub fn commit(mut self) -> Result<()> {
        self.done = true;
        // SAFETY: the connection lives.
        unsafe { check(|error| sys::turdb_conn_commit(self.conn.raw, error))? };
        Ok(())
    }

    /// Rolls back, and tells of errors, which dropping does not.
    pub fn rollback(mut self) -> Result<()> {
        self.done = true;
        // SAFETY: the connection lives.
        unsafe { check(|error| sys::turdb_conn_rollback(self.conn.raw, error))? };
        Ok(())
    }

    /// A savepoint: what is done after it is undone when it is dropped without [`Savepoint::release`].
    pub fn savepoint(&mut self, name: &str) -> Result<Savepoint<'_>> {
        Savepoint::begin(self.conn, name)
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.conn
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.done && !self.conn.is_autocommit() {
            // SAFETY: the connection lives. There is nobody to tell of an error.
            unsafe { sys::turdb_conn_rollback(self.conn.raw, ptr::null_mut()) };
        }
    }
}

/// A savepoint of a [`Transaction`], or of a savepoint.
#[derive(Debug)]
pub struct Savepoint<'t> {
    conn: &'t Connection,
    name: CString,
    done: bool,
}

impl<'t> Savepoint<'t> {
    fn begin(conn: &'t Connection, name: &str) -> Result<Self> {
        let name = c_text(name)?;
        // SAFETY: the name is copied.
        unsafe { check(|error| sys::turdb_conn_savepoint(conn.raw, name.as_ptr(), error))? };
        Ok(Self { conn, name, done: false })
    }

    /// A savepoint inside this one.
    pub fn savepoint(&mut self, name: &str) -> Result<Savepoint<'_>> {
        Savepoint::begin(self.conn, name)
    }

    /// Keeps what was done since.
    pub fn release(mut self) -> Result<()> {
        self.done = true;
        // SAFETY: the name is copied.
        unsafe { check(|error| sys::turdb_conn_release(self.conn.raw, self.name.as_ptr(), error))? };
        Ok(())
    }

    /// Undoes what was done since, and goes on from there.
    pub fn rollback(&mut self) -> Result<()> {
        // SAFETY: the name is copied.
        unsafe { check(|error| sys::turdb_conn_rollback_to(self.conn.raw, self.name.as_ptr(), error))? };
        Ok(())
    }
}

impl Deref for Savepoint<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.conn
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if !self.done {
            // SAFETY: the name is copied.
            unsafe {
                sys::turdb_conn_rollback_to(self.conn.raw, self.name.as_ptr(), ptr::null_mut());
                sys::turdb_conn_release(self.conn.raw, self.name.as_ptr(), ptr::null_mut());
            }
        }
    }
}

/// A state of the database: [`Connection::snapshot`], [`Connection::transaction_at`]. It keeps old versions of rows while it lives.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) raw: *mut sys::turdb_snapshot,
}

// SAFETY: turdb_snapshot may be used by any thread.
unsafe impl Send for Snapshot {}
unsafe impl Sync for Snapshot {}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_snapshot_free(self.raw) }
    }
}
