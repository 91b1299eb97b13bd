//! Databases, connections, transactions.
use std::ffi::CString;
use std::ops::Deref;
use std::path::Path;
use std::ptr;

use turdb_sys as sys;

use crate::error::{check, Error, Result};
use crate::params::Params;
use crate::rows::Row;
use crate::statement::{RawStatement, Statement};

pub(crate) fn c_text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::Nul)
}

/// An open database. It ends with the last of its handles and connections.
#[derive(Debug)]
pub struct Database {
    raw: *mut sys::turdb_db,
}

// SAFETY: turdb_db may be used by any thread, by several at once [C-THREAD-1].
unsafe impl Send for Database {}
unsafe impl Sync for Database {}

impl Database {
    /// Opens the database in a directory, which is made when it does not exist.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &[])
    }

    /// Opens a database in memory.
    pub fn open_in_memory() -> Result<Self> {
        Self::open(":memory:")
    }

    /// Opens with options, which are those of `turdb_db_open`: `&[("memory_limit", "64MB")]`.
    pub fn open_with(path: impl AsRef<Path>, options: &[(&str, &str)]) -> Result<Self> {
        struct Options(*mut sys::turdb_options);
        impl Drop for Options {
            fn drop(&mut self) {
                // SAFETY: it is ours, or NULL.
                unsafe { sys::turdb_options_free(self.0) }
            }
        }
        let path = path.as_ref().to_str().ok_or_else(|| Error::ToSql("a path that is no UTF-8".into()))?;
        let path = c_text(path)?;
        let mut set = Options(ptr::null_mut());
        // SAFETY: texts end with a NUL, and are copied; what comes out is owned here.
        unsafe {
            check(|error| sys::turdb_options_new(&mut set.0, error))?;
            for (key, value) in options {
                let (key, value) = (c_text(key)?, c_text(value)?);
                check(|error| sys::turdb_options_set(set.0, key.as_ptr(), value.as_ptr(), error))?;
            }
            let mut raw = ptr::null_mut();
            check(|error| sys::turdb_db_open(path.as_ptr(), set.0, &mut raw, error))?;
            Ok(Self { raw })
        }
    }

    /// A new connection.
    pub fn connect(&self) -> Result<Connection> {
        let mut raw = ptr::null_mut();
        // SAFETY: the database is open, or closed, which is an error.
        unsafe { check(|error| sys::turdb_conn_open(self.raw, &mut raw, error))? };
        Ok(Connection { raw })
    }

    /// Ends the database now: what runs is interrupted, open transactions are rolled back. What is still there of it fails then.
    pub fn close(self) -> Result<()> {
        // SAFETY: as above; drop frees the handle.
        unsafe { check(|error| sys::turdb_db_close(self.raw, error))? };
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: the handle is ours; children may outlive it [C-FREE-1].
        unsafe { sys::turdb_db_free(self.raw) }
    }
}

/// A session with a transaction of its own. It moves between threads, and is used by one at a time.
#[derive(Debug)]
pub struct Connection {
    pub(crate) raw: *mut sys::turdb_conn,
}

// SAFETY: turdb_conn may move between threads [C-THREAD-1]. It is not Sync.
unsafe impl Send for Connection {}

impl Connection {
    /// Opens a database and a connection of it: see [`Database::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Database::open(path)?.connect()
    }

    /// Opens a database in memory, which ends with this connection.
    pub fn open_in_memory() -> Result<Self> {
        Database::open_in_memory()?.connect()
    }

    /// Compiles one statement.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(Statement::new(RawStatement::prepare_one(self.raw, sql)?))
    }

    /// Runs one statement to its end, and tells how many rows it changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare(sql)?.execute(params)
    }

    /// Runs one statement for each set of parameters: all of them, or none. Tells how many rows were changed.
    pub fn execute_many<P: Params>(&self, sql: &str, rows: impl IntoIterator<Item = P>) -> Result<usize> {
        let mut statement = RawStatement::prepare_one(self.raw, sql)?;
        let own = self.is_autocommit();
        self.execute_batch(if own { "begin" } else { "savepoint \"turdb execute_many\"" })?;
        let result = statement.execute_rows(rows);
        let end = match (own, result.is_ok()) {
            (true, true) => "commit",
            (true, false) => "rollback",
            (false, true) => "release \"turdb execute_many\"",
            (false, false) => "rollback to \"turdb execute_many\"; release \"turdb execute_many\"",
        };
        let ended = self.execute_batch(end);
        let changes = result?;
        ended.map(|()| changes)
    }

    /// Runs every statement of a text, and drops their rows.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        // SAFETY: the text and its size; it is not kept.
        unsafe { check(|error| sys::turdb_conn_exec(self.raw, sql.as_ptr().cast(), sql.len() as i64, error))? };
        Ok(())
    }

    /// Runs a query and reads its first row.
    pub fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.prepare(sql)?.query_row(params, read)
    }

    /// Begins a transaction, which is rolled back when it is dropped without [`Transaction::commit`].
    pub fn transaction(&mut self) -> Result<Transaction<'_>> {
        self.transaction_with("")
    }

    /// Begins a transaction of an isolation level, read only or not: `transaction_with("isolation level serializable read only")`.
    pub fn transaction_with(&mut self, modes: &str) -> Result<Transaction<'_>> {
        self.execute_batch(&format!("begin {modes}"))?;
        Ok(Transaction { conn: self, done: false })
    }

    /// Whether no transaction is open.
    pub fn is_autocommit(&self) -> bool {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_conn_in_autocommit(self.raw) }
    }

    /// Rows inserted, updated or deleted by the last changing statement that succeeded.
    pub fn changes(&self) -> usize {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_conn_changes(self.raw) }.try_into().unwrap_or(0)
    }

    /// The last integer primary key or rowid that an INSERT was given.
    pub fn last_insert_id(&self) -> i64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_conn_last_insert_id(self.raw) }
    }

    /// A handle for other threads to stop what this connection runs.
    pub fn interrupt_handle(&self) -> Result<InterruptHandle> {
        let mut raw = ptr::null_mut();
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_interrupt_open(self.raw, &mut raw, error))? };
        Ok(InterruptHandle { raw })
    }

    /// Ends the session now. Dropping does so too, without telling of errors.
    pub fn close(self) -> Result<()> {
        self.shutdown()
    }

    /// Ends the session now, as [`close`](Self::close) does, for who has only a reference: its transaction is rolled back, and what is
    /// called later, on statements as well, is an error, [`ErrorCode::Misuse`](crate::ErrorCode::Misuse). Once more does nothing.
    pub fn shutdown(&self) -> Result<()> {
        // SAFETY: the handle is ours, and stays valid until drop frees it.
        unsafe { check(|error| sys::turdb_conn_close(self.raw, error))? };
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_conn_free(self.raw) }
    }
}

/// Stops what a connection runs. It outlives the connection, and then does nothing.
#[derive(Debug)]
pub struct InterruptHandle {
    raw: *mut sys::turdb_interrupt,
}

// SAFETY: turdb_interrupt may be used by any thread [C-THREAD-1].
unsafe impl Send for InterruptHandle {}
unsafe impl Sync for InterruptHandle {}

impl InterruptHandle {
    /// Stops the statements that run, cursors included: they are [`ErrorCode::Interrupted`](crate::ErrorCode). What begins later is not
    /// affected.
    pub fn interrupt(&self) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_interrupt_stop(self.raw) }
    }
}

impl Clone for InterruptHandle {
    fn clone(&self) -> Self {
        // SAFETY: one more owner.
        Self { raw: unsafe { sys::turdb_interrupt_retain(self.raw) } }
    }
}

impl Drop for InterruptHandle {
    fn drop(&mut self) {
        // SAFETY: one owner less.
        unsafe { sys::turdb_interrupt_free(self.raw) }
    }
}

/// A transaction, which is rolled back when it is dropped without [`commit`](Self::commit). It is used as the connection is.
#[derive(Debug)]
pub struct Transaction<'c> {
    conn: &'c Connection,
    done: bool,
}

impl Transaction<'_> {
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
        let name = c_text(name)?;
        // SAFETY: the name is copied.
        unsafe { check(|error| sys::turdb_conn_savepoint(self.conn.raw, name.as_ptr(), error))? };
        Ok(Savepoint { conn: self.conn, name, done: false })
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

/// A savepoint of a [`Transaction`].
#[derive(Debug)]
pub struct Savepoint<'t> {
    conn: &'t Connection,
    name: CString,
    done: bool,
}

impl Savepoint<'_> {
    /// Keeps what was done since.
    pub fn release(mut self) -> Result<()> {
        self.done = true;
        // SAFETY: the name is copied.
        unsafe { check(|error| sys::turdb_conn_release(self.conn.raw, self.name.as_ptr(), error))? };
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
