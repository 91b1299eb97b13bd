//! Hooks: what is told of, and asked about, commits, changes, statements, and the time they take.
use std::ffi::{c_char, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::time::Duration;

use turdb_sys as sys;

use crate::callback::{caught, destroy, into_data, refuses, CallbackError};
use crate::connection::Connection;
use crate::error::{borrowed, check, text, Error, Result};
use crate::from_sql::FromSql;
use crate::packed::Reader;
use crate::value::ValueRef;

type CommitHook = Box<dyn FnMut() -> Result<(), CallbackError> + Send>;
type RollbackHook = Box<dyn FnMut() + Send>;
type ChangeHook = Box<dyn FnMut(&Change<'_>) -> Result<(), CallbackError> + Send>;
type TraceHook = Box<dyn FnMut(&Trace<'_>) + Send>;
type Authorizer = Box<dyn FnMut(&Authorization<'_>) -> Access + Send>;
type Progress = Box<dyn FnMut() -> ControlFlow<()> + Send>;

type Destroy = unsafe extern "C" fn(*mut c_void);

/// Sets or takes away a hook whose setter takes `user_data` and `destroy`.
macro_rules! set_hook {
    ($conn:expr, $setter:ident, $run:ident, $kind:ty, $hook:expr) => {{
        let (raw, hook): (_, Option<$kind>) = ($conn.raw, $hook);
        // SAFETY: what is handed over is given to `destroy` exactly once, also on failure [C-CALLBACK-2].
        unsafe {
            check(|error| match hook {
                Some(hook) => sys::$setter(raw, Some($run), into_data::<$kind>(hook), Some(destroy::<$kind> as Destroy), error),
                None => sys::$setter(raw, None, std::ptr::null_mut(), None, error),
            })?;
        }
        Ok(())
    }};
}

impl Connection {
    /// Asked before a transaction that changed something commits. An error rolls it back: the commit fails with SQLSTATE 23000, and the
    /// error as [`cause`](crate::DatabaseError::cause). Hooks may not use the connection. None takes it away.
    pub fn set_commit_hook<F>(&self, hook: Option<F>) -> Result<()>
    where
        F: FnMut() -> Result<(), CallbackError> + Send + 'static,
    {
        set_hook!(self, turdb_conn_set_commit_hook, on_commit, CommitHook, hook.map(|hook| Box::new(hook) as CommitHook))
    }

    /// Told after a transaction that changed something was rolled back.
    pub fn set_rollback_hook<F: FnMut() + Send + 'static>(&self, hook: Option<F>) -> Result<()> {
        set_hook!(self, turdb_conn_set_rollback_hook, on_rollback, RollbackHook, hook.map(|hook| Box::new(hook) as RollbackHook))
    }

    /// Told of rows that a statement has changed, some rows of one table at a time. An error takes the statement back.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.execute_batch("create table t(a int)")?;
    /// conn.set_change_hook(Some(|change: &turdb::Change<'_>| {
    ///     for row in 0..change.row_count() {
    ///         let new = change.new_row(row)?.ok_or("rows are only added here")?;
    ///         if new.get::<i64>(0)? > 10 {
    ///             return Err("too large".into());
    ///         }
    ///     }
    ///     Ok(())
    /// }))?;
    /// assert!(conn.execute("insert into t values (10)", ()).is_ok());
    /// assert!(conn.execute("insert into t values (11)", ()).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_change_hook<F>(&self, hook: Option<F>) -> Result<()>
    where
        F: FnMut(&Change<'_>) -> Result<(), CallbackError> + Send + 'static,
    {
        set_hook!(self, turdb_conn_set_change_hook, on_change, ChangeHook, hook.map(|hook| Box::new(hook) as ChangeHook))
    }

    /// Told when a statement begins and when it ends.
    pub fn set_trace<F: FnMut(&Trace<'_>) + Send + 'static>(&self, hook: Option<F>) -> Result<()> {
        set_hook!(self, turdb_conn_set_trace, on_trace, TraceHook, hook.map(|hook| Box::new(hook) as TraceHook))
    }

    /// Asked while a statement is compiled, about everything that it names. A panic denies.
    pub fn set_authorizer<F: FnMut(&Authorization<'_>) -> Access + Send + 'static>(&self, authorizer: Option<F>) -> Result<()> {
        let authorizer = authorizer.map(|authorizer| Box::new(authorizer) as Authorizer);
        set_hook!(self, turdb_conn_set_authorizer, on_authorize, Authorizer, authorizer)
    }

    /// Asked about every `interval` while a statement works or waits: `Break` interrupts it.
    pub fn set_progress<F: FnMut() -> ControlFlow<()> + Send + 'static>(
        &self,
        interval: Duration,
        progress: Option<F>,
    ) -> Result<()> {
        let millis = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let mut next = progress.map(|progress| Box::new(Box::new(progress) as Progress));
        let data = next.as_deref_mut().map_or(std::ptr::null_mut(), |progress| (progress as *mut Progress).cast::<c_void>());
        // SAFETY: the box lives in the connection for as long as it is set: what was set before is dropped after it is replaced.
        unsafe {
            let call = next.as_ref().map(|_| on_progress as unsafe extern "C" fn(*mut c_void) -> bool);
            check(|error| sys::turdb_conn_set_progress(self.raw, millis, call, data, error))?;
        }
        *self.progress.borrow_mut() = next.map(|progress| progress as Box<dyn Send>);
        Ok(())
    }
}

unsafe extern "C" fn on_commit(data: *mut c_void) -> bool {
    refuses("23000", || (*data.cast::<CommitHook>())())
}

unsafe extern "C" fn on_rollback(data: *mut c_void) {
    let _ = caught(|| {
        (*data.cast::<RollbackHook>())();
        Ok(())
    });
}

unsafe extern "C" fn on_change(data: *mut c_void, change: *mut sys::turdb_change) -> bool {
    refuses("23000", || (*data.cast::<ChangeHook>())(&Change { raw: change, life: PhantomData }))
}

unsafe extern "C" fn on_trace(data: *mut c_void, trace: *mut sys::turdb_trace) {
    let _ = caught(|| {
        (*data.cast::<TraceHook>())(&Trace { raw: trace, life: PhantomData });
        Ok(())
    });
}

unsafe extern "C" fn on_progress(data: *mut c_void) -> bool {
    refuses("57014", || match (*data.cast::<Progress>())() {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err("the progress hook stopped the statement".into()),
    })
}

unsafe extern "C" fn on_authorize(
    data: *mut c_void,
    action: i32,
    schema: *const c_char,
    object: *const c_char,
    column: *const c_char,
    accessor: *const c_char,
) -> i32 {
    let (schema, object, column, accessor) = (text(schema), text(object), text(column), text(accessor));
    let asked = Authorization {
        action: Action::of(action),
        schema: schema.as_deref(),
        object: object.as_deref(),
        column: column.as_deref(),
        accessor: accessor.as_deref(),
    };
    match caught(|| Ok((*data.cast::<Authorizer>())(&asked))) {
        Ok(Access::Allow) => sys::TURDB_ALLOW as i32,
        Ok(Access::Ignore) => sys::TURDB_IGNORE as i32,
        Ok(Access::Deny) | Err(_) => sys::TURDB_DENY as i32,
    }
}

// ---- what hooks are told

/// What was done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// They are new.
    Insert,
    /// They have other values.
    Update,
    /// They are gone.
    Delete,
}

/// Rows of one table that a statement has changed, for [`Connection::set_change_hook`].
pub struct Change<'h> {
    raw: *mut sys::turdb_change,
    life: PhantomData<&'h ()>,
}

impl Change<'_> {
    /// What was done.
    pub fn operation(&self) -> Operation {
        // SAFETY: the change is valid while the hook runs.
        match unsafe { sys::turdb_change_operation(self.raw) } as u32 {
            sys::TURDB_CHANGE_INSERT => Operation::Insert,
            sys::TURDB_CHANGE_UPDATE => Operation::Update,
            _ => Operation::Delete,
        }
    }

    /// The schema of the table.
    pub fn schema(&self) -> &str {
        // SAFETY: as above; the text lives as long.
        unsafe { borrowed(sys::turdb_change_schema(self.raw)) }
    }

    /// The table.
    pub fn table(&self) -> &str {
        // SAFETY: as above.
        unsafe { borrowed(sys::turdb_change_table(self.raw)) }
    }

    /// Whether a trigger made the change.
    pub fn by_trigger(&self) -> bool {
        // SAFETY: as above.
        unsafe { sys::turdb_change_by_trigger(self.raw) }
    }

    /// Whether a foreign key did.
    pub fn by_foreign_key(&self) -> bool {
        // SAFETY: as above.
        unsafe { sys::turdb_change_by_foreign_key(self.raw) }
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        // SAFETY: as above.
        unsafe { sys::turdb_change_row_count(self.raw) as usize }
    }

    /// How many columns the table has.
    pub fn column_count(&self) -> usize {
        // SAFETY: as above.
        unsafe { sys::turdb_change_column_count(self.raw) as usize }
    }

    /// The name of a column.
    pub fn column_name(&self, column: usize) -> &str {
        // SAFETY: as above; NULL outside the range is the empty text.
        unsafe { borrowed(sys::turdb_change_column_name(self.raw, column as i64)) }
    }

    /// Whether a column is part of the primary key.
    pub fn column_is_key(&self, column: usize) -> bool {
        // SAFETY: as above.
        unsafe { sys::turdb_change_column_is_key(self.raw, column as i64) }
    }

    /// A row as it was; None for one that was inserted.
    pub fn old_row(&self, row: usize) -> Result<Option<ChangedRow>> {
        if self.operation() == Operation::Insert {
            Ok(None)
        } else {
            self.row(false, row).map(Some)
        }
    }

    /// A row as it is; None for one that was deleted.
    pub fn new_row(&self, row: usize) -> Result<Option<ChangedRow>> {
        if self.operation() == Operation::Delete {
            Ok(None)
        } else {
            self.row(true, row).map(Some)
        }
    }

    fn row(&self, new: bool, row: usize) -> Result<ChangedRow> {
        let mut data = vec![0; 256];
        loop {
            let mut size = 0;
            // SAFETY: the memory and its size.
            unsafe {
                let (to, room) = (data.as_mut_ptr(), data.len() as i64);
                check(|error| sys::turdb_change_pack(self.raw, new, row as i64, to, room, &mut size, error))?;
            }
            let fits = size as usize <= data.len();
            data.resize(size as usize, 0);
            if fits {
                return Ok(ChangedRow { data, columns: self.column_count() });
            }
        }
    }
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}.{}, {} rows", self.operation(), self.schema(), self.table(), self.row_count())
    }
}

/// The values of a row that was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedRow {
    data: Vec<u8>,
    columns: usize,
}

impl ChangedRow {
    /// All values.
    pub fn values(&self) -> Vec<ValueRef<'_>> {
        let mut reader = Reader { data: &self.data, at: 0 };
        (0..self.columns).map(|_| reader.value()).collect()
    }

    /// One value.
    pub fn get<'r, T: FromSql<'r>>(&'r self, column: usize) -> Result<T> {
        if column >= self.columns {
            return Err(Error::NoSuchColumn(column.to_string()));
        }
        let mut reader = Reader { data: &self.data, at: 0 };
        (0..column).for_each(|_| reader.skip());
        T::from_packed(&mut reader).map_err(|reason| Error::FromSql { column: column.to_string(), reason })
    }
}

/// A statement that begins or ends, for [`Connection::set_trace`].
pub struct Trace<'h> {
    raw: *mut sys::turdb_trace,
    life: PhantomData<&'h ()>,
}

impl Trace<'_> {
    /// Whether it begins; otherwise it ends.
    pub fn begins(&self) -> bool {
        // SAFETY: the trace is valid while the hook runs.
        unsafe { sys::turdb_trace_begins(self.raw) }
    }

    /// The number of the execution: [`InterruptHandle::execution`](crate::InterruptHandle::execution).
    pub fn execution(&self) -> i64 {
        // SAFETY: as above.
        unsafe { sys::turdb_trace_execution(self.raw) }
    }

    /// The statement.
    pub fn sql(&self) -> &str {
        // SAFETY: as above; the text lives as long.
        unsafe { borrowed(sys::turdb_trace_sql(self.raw)) }
    }

    /// The statement with its parameters in their places.
    pub fn expanded_sql(&self) -> String {
        // SAFETY: as above.
        unsafe { text(sys::turdb_trace_expanded_sql(self.raw)).unwrap_or_default() }
    }

    /// At the end: the message of its error.
    pub fn error(&self) -> Option<String> {
        // SAFETY: as above; the error is borrowed.
        unsafe { text(sys::turdb_error_message(sys::turdb_trace_error(self.raw))).filter(|_| !self.succeeded()) }
    }

    /// At the end: whether it succeeded.
    pub fn succeeded(&self) -> bool {
        // SAFETY: as above.
        unsafe { sys::turdb_trace_status(self.raw) >= 0 }
    }

    /// At the end: the time inside it.
    pub fn duration(&self) -> Duration {
        // SAFETY: as above.
        Duration::from_nanos(unsafe { sys::turdb_trace_nanos(self.raw) }.try_into().unwrap_or(0))
    }

    /// At the end: rows that it gave.
    pub fn rows(&self) -> u64 {
        // SAFETY: as above.
        unsafe { sys::turdb_trace_rows(self.raw) as u64 }
    }

    /// At the end: rows that it changed.
    pub fn changes(&self) -> u64 {
        // SAFETY: as above.
        unsafe { sys::turdb_trace_changes(self.raw) as u64 }
    }
}

impl fmt::Debug for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", if self.begins() { "begins" } else { "ends" }, self.sql())
    }
}

/// What an authorizer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// The statement may.
    Allow,
    /// It is not compiled: SQLSTATE 42501.
    Deny,
    /// A column reads as NULL; for everything else as `Deny`.
    Ignore,
}

/// What a statement wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Read a table or view, or a column of it.
    Read,
    /// Insert into one.
    Insert,
    /// Update one, or a column of it.
    Update,
    /// Delete from one.
    Delete,
    /// Call a function.
    Function,
    /// Create an object of the catalog.
    Create,
    /// Alter one.
    Alter,
    /// Drop one.
    Drop,
    /// Begin, commit, and their like.
    Transaction,
    /// Set, reset or show a setting.
    Setting,
    /// Read or write a file of the machine.
    File,
    /// Vacuum, analyze, checkpoint.
    Maintenance,
    /// Another action, by its number.
    Other(i32),
}

impl Action {
    fn of(action: i32) -> Self {
        match action as u32 {
            sys::TURDB_ACTION_READ => Self::Read,
            sys::TURDB_ACTION_INSERT => Self::Insert,
            sys::TURDB_ACTION_UPDATE => Self::Update,
            sys::TURDB_ACTION_DELETE => Self::Delete,
            sys::TURDB_ACTION_FUNCTION => Self::Function,
            sys::TURDB_ACTION_CREATE => Self::Create,
            sys::TURDB_ACTION_ALTER => Self::Alter,
            sys::TURDB_ACTION_DROP => Self::Drop,
            sys::TURDB_ACTION_TRANSACTION => Self::Transaction,
            sys::TURDB_ACTION_SETTING => Self::Setting,
            sys::TURDB_ACTION_FILE => Self::File,
            sys::TURDB_ACTION_MAINTENANCE => Self::Maintenance,
            _ => Self::Other(action),
        }
    }
}

/// What an authorizer is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authorization<'a> {
    /// What is to be done.
    pub action: Action,
    /// The schema, if there is one.
    pub schema: Option<&'a str>,
    /// The table, function, setting.
    pub object: Option<&'a str>,
    /// The column.
    pub column: Option<&'a str>,
    /// The view or trigger whose text names it; None: the statement itself.
    pub accessor: Option<&'a str>,
}
