//! Databases: opening, backups, checks, metrics, the log.
use std::ffi::{c_char, c_void};
use std::fmt;
use std::path::Path;
use std::ptr;

use turdb_sys as sys;

use crate::callback::{caught, destroy, into_data};
use crate::connection::{c_text, Connection};
use crate::error::{borrowed, check, Error, Result};

/// An open database. It ends with the last of its handles and connections. [`clone`](Clone::clone) is not there: an
/// [`Arc`](std::sync::Arc) of it does.
#[derive(Debug)]
pub struct Database {
    raw: *mut sys::turdb_db,
}

// SAFETY: turdb_db may be used by any thread, by several at once [C-THREAD-1].
unsafe impl Send for Database {}
unsafe impl Sync for Database {}

fn path_text(path: &Path) -> Result<std::ffi::CString> {
    c_text(path.to_str().ok_or_else(|| Error::ToSql(format!("the path {} is no UTF-8", path.display())))?)
}

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
        let path = path_text(path.as_ref())?;
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
        Ok(Connection::new(raw))
    }

    /// Ends the database now: what runs is interrupted, open transactions are rolled back. What is still there of it fails then.
    pub fn close(self) -> Result<()> {
        // SAFETY: the handle is ours; drop frees it.
        unsafe { check(|error| sys::turdb_db_close(self.raw, error))? };
        Ok(())
    }

    /// Writes back what the log holds, so that the next open has little to do.
    pub fn checkpoint(&self) -> Result<()> {
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_db_checkpoint(self.raw, error))? };
        Ok(())
    }

    /// Verifies every page, tree and index: the problems that were found, none for a sound database.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut problems: Vec<String> = Vec::new();
        let mut count = 0;
        // SAFETY: the visitor is called on this thread, during the call.
        unsafe {
            let data = ptr::from_mut(&mut problems).cast::<c_void>();
            check(|error| sys::turdb_db_check(self.raw, Some(note), data, &mut count, error))?;
        }
        Ok(problems)
    }

    /// Makes a new database in `target` of what can be read of the damaged one in `path`: how many rows were saved, and what was lost.
    pub fn recover(path: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<Recovered> {
        let (path, target) = (path_text(path.as_ref())?, path_text(target.as_ref())?);
        let mut lost: Vec<String> = Vec::new();
        let (mut rows, mut count) = (0, 0);
        // SAFETY: texts are copied; the visitor is called on this thread, during the call.
        unsafe {
            let data = ptr::from_mut(&mut lost).cast::<c_void>();
            check(|error| sys::turdb_db_recover(path.as_ptr(), target.as_ptr(), Some(note), data, &mut rows, &mut count, error))?;
        }
        Ok(Recovered { rows: rows as u64, lost })
    }

    /// Bytes of memory that it holds now, counted against `memory_limit`.
    pub fn memory_used(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_db_memory_used(self.raw) as u64 }
    }

    /// The most that it has held.
    pub fn memory_peak(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_db_memory_peak(self.raw) as u64 }
    }

    /// The value of a metric: [`metric_names`].
    pub fn metric(&self, name: &str) -> Result<i64> {
        let name = c_text(name)?;
        let mut out = 0;
        // SAFETY: the text ends with a NUL.
        unsafe { check(|error| sys::turdb_db_metric(self.raw, name.as_ptr(), &mut out, error))? };
        Ok(out)
    }

    /// Begins a copy into a directory, which becomes a database of its own, while others go on reading and writing.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("turdb-backup-doc-{}", std::process::id()));
    /// # let database = turdb::Database::open_in_memory()?;
    /// # database.connect()?.execute_batch("create table t(a int); insert into t values (1)")?;
    /// let mut backup = database.backup(&folder)?;
    /// while !backup.step(100)? {
    ///     println!("{} of {} pages", backup.pages_done(), backup.pages_total());
    /// }
    /// let copy = turdb::Connection::open(&folder)?;
    /// assert_eq!(copy.query_row("select a from t", (), |row| row.get::<i64>(0))?, 1);
    /// # drop((copy, backup));
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<Backup> {
        let path = path_text(path.as_ref())?;
        let mut raw = ptr::null_mut();
        // SAFETY: the text is copied.
        unsafe { check(|error| sys::turdb_backup_open(self.raw, path.as_ptr(), &mut raw, error))? };
        Ok(Backup { raw })
    }

    /// Told what happens to the database besides what calls return, on any thread. `level` is the least important that is told. None
    /// takes it away.
    pub fn set_log<F: Fn(LogLevel, &str) + Send + Sync + 'static>(&self, level: LogLevel, log: Option<F>) -> Result<()> {
        // SAFETY: what is handed over is given to `destroy` exactly once, also on failure [C-LOG-3].
        unsafe {
            check(|error| match log {
                Some(log) => {
                    let (data, end) = (into_data::<Log>(Box::new(log)), Some(destroy::<Log> as unsafe extern "C" fn(*mut c_void)));
                    sys::turdb_db_set_log(self.raw, level as i32, Some(on_log), data, end, error)
                }
                None => sys::turdb_db_set_log(self.raw, level as i32, None, ptr::null_mut(), None, error),
            })?;
        }
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: the handle is ours; children may outlive it [C-FREE-1].
        unsafe { sys::turdb_db_free(self.raw) }
    }
}

unsafe extern "C" fn note(data: *mut c_void, text: *const c_char) {
    let _ = caught(|| {
        (*data.cast::<Vec<String>>()).push(borrowed(text).to_string());
        Ok(())
    });
}

/// What [`Database::recover`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Rows that were saved.
    pub rows: u64,
    /// What was lost, in words.
    pub lost: Vec<String>,
}

/// How important a message of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Something is damaged, or cannot be written any more.
    Error = sys::TURDB_LOG_ERROR as isize,
    /// Deadlocks; memory or the disk is short.
    Warning = sys::TURDB_LOG_WARNING as isize,
    /// The database was opened, as it was found; it was closed.
    Info = sys::TURDB_LOG_INFO as isize,
    /// Checkpoints.
    Debug = sys::TURDB_LOG_DEBUG as isize,
}

type Log = Box<dyn Fn(LogLevel, &str) + Send + Sync>;

unsafe extern "C" fn on_log(data: *mut c_void, level: i32, message: *const c_char) {
    let level = match level as u32 {
        sys::TURDB_LOG_ERROR => LogLevel::Error,
        sys::TURDB_LOG_WARNING => LogLevel::Warning,
        sys::TURDB_LOG_INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    let _ = caught(|| {
        (*data.cast::<Log>())(level, borrowed(message));
        Ok(())
    });
}

/// The names of all metrics: [`Database::metric`].
pub fn metric_names() -> impl Iterator<Item = &'static str> {
    // SAFETY: text in static storage; NULL behind the last.
    (0..).map(|i| unsafe { sys::turdb_metric_name(i) }).take_while(|name| !name.is_null()).map(|name| unsafe { borrowed(name) })
}

/// The version of the library that is loaded.
pub fn version() -> &'static str {
    // SAFETY: text in static storage.
    unsafe { borrowed(sys::turdb_version()) }
}

/// A copy of a database that is being made: [`Database::backup`]. What it made is removed when it is dropped before it is complete.
pub struct Backup {
    raw: *mut sys::turdb_backup,
}

// SAFETY: turdb_backup may be used by any thread, by one at a time.
unsafe impl Send for Backup {}

impl Backup {
    /// Copies up to so many pages of 16 KiB more; true when the copy is complete and durable. Steps may be far apart.
    pub fn step(&mut self, pages: u32) -> Result<bool> {
        self.copy(pages.max(1).into())
    }

    /// Copies all the rest.
    pub fn finish(mut self) -> Result<()> {
        while !self.copy(i64::MAX)? {}
        Ok(())
    }

    fn copy(&mut self, pages: i64) -> Result<bool> {
        // SAFETY: the handle is ours.
        Ok(unsafe { check(|error| sys::turdb_backup_step(self.raw, pages, error))? } == sys::TURDB_DONE)
    }

    /// Pages that the copy will have, as far as is known now.
    pub fn pages_total(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_backup_pages_total(self.raw) as u64 }
    }

    /// Pages copied so far.
    pub fn pages_done(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_backup_pages_done(self.raw) as u64 }
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_backup_free(self.raw) }
    }
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backup({} of {} pages)", self.pages_done(), self.pages_total())
    }
}
