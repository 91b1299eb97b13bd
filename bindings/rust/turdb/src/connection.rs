//! Connections.
use std::cell::RefCell;
use std::ffi::CString;
use std::fmt;
use std::path::Path;
use std::ptr;

use turdb_sys as sys;

use crate::cache::{CachedStatement, StatementCache};
use crate::database::Database;
use crate::error::{check, text, Error, Result};
use crate::params::Params;
use crate::rows::Row;
use crate::statement::{RawStatement, Statement};
use crate::transaction::{Snapshot, Transaction};

pub(crate) fn c_text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::Nul)
}

/// A name as SQL takes it as it is.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A session with a transaction of its own. It moves between threads, and is used by one at a time.
pub struct Connection {
    pub(crate) cache: StatementCache, // goes before the handle
    pub(crate) raw: *mut sys::turdb_conn,
    pub(crate) progress: RefCell<Option<Box<dyn Send>>>, // what turdb_conn_set_progress has a pointer to
}

// SAFETY: turdb_conn may move between threads [C-THREAD-1], and so may what is kept beside it. It is not Sync.
unsafe impl Send for Connection {}

impl Connection {
    pub(crate) fn new(raw: *mut sys::turdb_conn) -> Self {
        Self { cache: StatementCache::default(), raw, progress: RefCell::new(None) }
    }

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

    /// Compiles one statement, or takes it from the connection's cache, where it goes back to when it is dropped.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// for i in 0..3 {
    ///     let twice: i64 = conn.prepare_cached("select ? * 2")?.query_row([i], |row| row.get(0))?;
    ///     assert_eq!(twice, i * 2);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare_cached(&self, sql: &str) -> Result<CachedStatement<'_>> {
        self.cache.prepare(self, sql)
    }

    /// How many statements the cache of [`prepare_cached`](Self::prepare_cached) keeps: 16 at first. 0 keeps none.
    pub fn set_statement_cache_capacity(&self, capacity: usize) {
        self.cache.set_capacity(capacity);
    }

    /// Runs one statement to its end, and tells how many rows it changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        RawStatement::prepare_one(self.raw, sql)?.execute(params)
    }

    /// Runs one statement for each set of parameters: all of them, or none. Tells how many rows were changed. For many rows into a table,
    /// [`appender`](Self::appender) is faster.
    pub fn execute_many<P: Params>(&self, sql: &str, rows: impl IntoIterator<Item = P>) -> Result<usize> {
        let mut statement = RawStatement::prepare_one(self.raw, sql)?;
        let own = self.is_autocommit();
        self.execute_batch(if own { "begin" } else { "savepoint \"turdb execute_many\"" })?;
        // The rows may panic: what was done is undone then, too.
        let undo = Undo { conn: self, own, armed: true };
        let changes = statement.execute_rows(rows)?;
        undo.keep()?;
        Ok(changes)
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
        self.unchecked_transaction("")
    }

    /// Begins a transaction of an isolation level, read only or not: `transaction_with("isolation level serializable read only")`.
    pub fn transaction_with(&mut self, modes: &str) -> Result<Transaction<'_>> {
        self.unchecked_transaction(modes)
    }

    /// The same for who has only a reference: that no other transaction is open is told when it runs, not by the compiler.
    pub fn unchecked_transaction(&self, modes: &str) -> Result<Transaction<'_>> {
        self.execute_batch(&format!("begin {modes}"))?;
        Ok(Transaction::new(self))
    }

    /// Begins a transaction that sees what a snapshot shows.
    pub fn transaction_at(&mut self, snapshot: &Snapshot) -> Result<Transaction<'_>> {
        // SAFETY: both handles are ours.
        unsafe { check(|error| sys::turdb_conn_begin_at(self.raw, snapshot.raw, error))? };
        Ok(Transaction::new(self))
    }

    /// The state of the database that this connection sees, to begin transactions of other connections at.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let mut raw = ptr::null_mut();
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_snapshot_open(self.raw, &mut raw, error))? };
        Ok(Snapshot { raw })
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

    /// The same, summed since the connection was opened.
    pub fn total_changes(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_conn_total_changes(self.raw) }.try_into().unwrap_or(0)
    }

    /// The last integer primary key or rowid that an INSERT was given.
    pub fn last_insert_id(&self) -> i64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_conn_last_insert_id(self.raw) }
    }

    /// The value of a setting, as SHOW has it.
    pub fn setting(&self, name: &str) -> Result<String> {
        let name = c_text(name)?;
        let mut out = ptr::null();
        // SAFETY: the text is copied before the next call.
        unsafe {
            check(|error| sys::turdb_conn_setting(self.raw, name.as_ptr(), &mut out, error))?;
            Ok(text(out).unwrap_or_default())
        }
    }

    /// Changes a setting of this connection, as SET does; None: as RESET does.
    pub fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()> {
        let (name, value) = (c_text(name)?, value.map(c_text).transpose()?);
        let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
        // SAFETY: texts are copied.
        unsafe { check(|error| sys::turdb_conn_set_setting(self.raw, name.as_ptr(), value, error))? };
        Ok(())
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
        self.cache.set_capacity(0);
        // SAFETY: the handle is ours. A stream of it may still run on another thread, and then its progress hook is called on.
        unsafe {
            let progress = self.progress.get_mut().take();
            if progress.is_some()
                && sys::turdb_conn_set_progress(self.raw, 1, None, ptr::null_mut(), ptr::null_mut()) != sys::TURDB_OK
            {
                std::mem::forget(progress);
            }
            sys::turdb_conn_free(self.raw);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("is_autocommit", &self.is_autocommit()).finish_non_exhaustive()
    }
}

/// Takes back what `execute_many` has done, unless it is kept.
struct Undo<'c> {
    conn: &'c Connection,
    own: bool, // the transaction, or else a savepoint
    armed: bool,
}

impl Undo<'_> {
    fn keep(mut self) -> Result<()> {
        self.armed = false;
        self.conn.execute_batch(if self.own { "commit" } else { "release \"turdb execute_many\"" })
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if self.armed && !self.conn.is_autocommit() {
            let undo = if self.own { "rollback" } else { "rollback to \"turdb execute_many\"; release \"turdb execute_many\"" };
            let _ = self.conn.execute_batch(undo);
        }
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

    /// The number of the execution that began last. Who is about to run a statement knows its number: one more.
    pub fn execution(&self) -> i64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_interrupt_execution(self.raw) }
    }

    /// Stops one execution. The next to begin is stopped as it begins; one that is over is over, so that coming late stops nothing else.
    pub fn interrupt_execution(&self, execution: i64) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_interrupt_stop_execution(self.raw, execution) }
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
