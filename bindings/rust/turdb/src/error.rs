//! What goes wrong.
use std::ffi::{c_char, CStr};
use std::fmt;

use turdb_sys as sys;

use crate::callback::{find_cause, Cause};

/// The kind of an error, a status of `turdb.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// SQL that is wrong or cannot be run: syntax, names, types.
    Sql,
    /// The interface was used wrongly: closed handles, numbers of parameters.
    Misuse,
    /// Unique, primary key, not null, check, foreign key.
    Constraint,
    /// A value that does not fit.
    Data,
    /// Serialization failure or deadlock: run the transaction again.
    Conflict,
    /// `busy_timeout` passed while waiting for another transaction.
    Busy,
    /// Another process has the database open.
    Locked,
    /// An [`InterruptHandle`](crate::InterruptHandle), or a timeout.
    Interrupted,
    /// A change on a read-only database or transaction.
    ReadOnly,
    /// The file system failed.
    Io,
    /// The disk, or a quota, is full.
    Full,
    /// A file is damaged, or not TurDB's.
    Corrupt,
    /// `memory_limit`, or the machine, has no more.
    NoMemory,
    /// A documented limit of size, depth or count.
    Limit,
    /// Valid, but not in this version.
    Unsupported,
    /// No such option, parameter or file.
    NotFound,
    /// A bug in TurDB; please report it.
    Internal,
    /// A status that this crate does not know.
    Unknown(i32),
}

impl ErrorCode {
    fn from_status(status: sys::turdb_status) -> Self {
        match status {
            sys::TURDB_ERROR => Self::Sql,
            sys::TURDB_MISUSE => Self::Misuse,
            sys::TURDB_CONSTRAINT => Self::Constraint,
            sys::TURDB_DATA => Self::Data,
            sys::TURDB_CONFLICT => Self::Conflict,
            sys::TURDB_BUSY => Self::Busy,
            sys::TURDB_LOCKED => Self::Locked,
            sys::TURDB_INTERRUPTED => Self::Interrupted,
            sys::TURDB_READ_ONLY => Self::ReadOnly,
            sys::TURDB_IO => Self::Io,
            sys::TURDB_FULL => Self::Full,
            sys::TURDB_CORRUPT => Self::Corrupt,
            sys::TURDB_NO_MEMORY => Self::NoMemory,
            sys::TURDB_LIMIT => Self::Limit,
            sys::TURDB_UNSUPPORTED => Self::Unsupported,
            sys::TURDB_NOT_FOUND => Self::NotFound,
            sys::TURDB_INTERNAL => Self::Internal,
            other => Self::Unknown(other),
        }
    }
}

/// What TurDB says of a failure.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseError {
    /// The status, as a code.
    pub code: ErrorCode,
    /// The name of the status in `turdb.h`, such as `TURDB_CONFLICT`.
    pub code_name: &'static str,
    /// Five characters, as in PostgreSQL's appendix A.
    pub sqlstate: String,
    /// What failed, on which resource, and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// A byte of the SQL.
    pub position: Option<usize>,
    /// What was being done, outermost first.
    pub frames: Vec<String>,
    /// Whether running the whole transaction again can succeed.
    pub can_retry: bool,
    /// What a function or a hook of Rust failed with, or a [`Panicked`](crate::Panicked), if that is why.
    pub cause: Option<Cause>,
}

/// The cause is not compared.
impl PartialEq for DatabaseError {
    fn eq(&self, other: &Self) -> bool {
        let all = |error: &Self| (error.code, error.position, error.can_retry);
        let texts = |error: &Self| (error.sqlstate.clone(), error.message.clone(), error.hint.clone(), error.frames.clone());
        all(self) == all(other) && texts(self) == texts(other)
    }
}

impl Eq for DatabaseError {}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for frame in &self.frames {
            write!(f, "{frame}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        if let Some(position) = self.position {
            write!(f, " at byte {position}")?;
        }
        write!(f, " [{}]", self.sqlstate)
    }
}

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// TurDB failed.
    Database(Box<DatabaseError>),
    /// A query that must give a row gave none.
    NoRows,
    /// A column that the row does not have.
    NoSuchColumn(String),
    /// A value that does not fit the type that was asked for.
    FromSql {
        /// The name of the column.
        column: String,
        /// What does not fit.
        reason: String,
    },
    /// A value that cannot be a parameter.
    ToSql(String),
    /// A text of several statements, where one can be: `execute_batch` runs them.
    SeveralStatements,
    /// Another number of parameters than the statement has.
    ParameterCount {
        /// How many the statement has.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// A name that the statement has no parameter of, or a parameter without a value.
    ParameterName(String),
    /// A text or path with a NUL, where none can be.
    Nul,
    /// What a stream or a batch of Arrow's says that is not TurDB's.
    Arrow(String),
    /// A call of an [`AsyncConnection`](crate::AsyncConnection) whose future was dropped before it began.
    #[cfg(feature = "tokio")]
    Dropped,
}

/// The result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::NoRows => f.write_str("the query gave no row"),
            Self::NoSuchColumn(name) => write!(f, "the row has no column {name}"),
            Self::FromSql { column, reason } => write!(f, "column {column}: {reason}"),
            Self::ToSql(reason) => f.write_str(reason),
            Self::SeveralStatements => f.write_str("a prepared statement is one statement: execute_batch runs several"),
            Self::ParameterCount { expected, got } => write!(f, "the statement has {expected} parameters, and {got} were given"),
            Self::ParameterName(name) => write!(f, "there is no parameter, or no value for it: {name}"),
            Self::Arrow(reason) => write!(f, "Arrow: {reason}"),
            #[cfg(feature = "tokio")]
            Self::Dropped => f.write_str("the future was dropped before its call began"),
            Self::Nul => f.write_str("a name or a path cannot contain NUL"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => error.cause.as_deref().map(|cause| cause as _),
            _ => None,
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.code() {
            Some(ErrorCode::Interrupted) => ErrorKind::Other, // not what callers of read repeat
            Some(ErrorCode::NotFound) => ErrorKind::NotFound,
            Some(ErrorCode::ReadOnly) => ErrorKind::PermissionDenied,
            Some(ErrorCode::NoMemory) => ErrorKind::OutOfMemory,
            Some(ErrorCode::Data | ErrorCode::Limit) => ErrorKind::InvalidInput,
            _ => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl Error {
    /// What TurDB says, if it is its error.
    pub fn database(&self) -> Option<&DatabaseError> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }

    /// The code, if it is TurDB's error.
    pub fn code(&self) -> Option<ErrorCode> {
        self.database().map(|error| error.code)
    }

    /// The SQLSTATE, if it is TurDB's error.
    pub fn sqlstate(&self) -> Option<&str> {
        self.database().map(|error| error.sqlstate.as_str())
    }

    /// Whether running the whole transaction again can succeed.
    pub fn can_retry(&self) -> bool {
        self.database().is_some_and(|error| error.can_retry)
    }
}

/// Copies a text of C.
///
/// # Safety
/// `text` is NULL or ends with a NUL.
pub(crate) unsafe fn text(text: *const c_char) -> Option<String> {
    (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
}

/// A text of C that lives for `'a`; what is no UTF-8 is the empty one.
///
/// # Safety
/// `text` is NULL or ends with a NUL, and lives for `'a`.
pub(crate) unsafe fn borrowed<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        ""
    } else {
        CStr::from_ptr(text).to_str().unwrap_or_default()
    }
}

/// Makes an error of what a call gave, and frees that.
#[cold]
pub(crate) fn take(status: sys::turdb_status, error: *mut sys::turdb_error) -> Error {
    // SAFETY: the error is ours, or NULL, for which the calls give defaults; texts are copied before it is freed.
    unsafe {
        let status = if error.is_null() { status } else { sys::turdb_error_status(error) };
        let count = sys::turdb_error_frame_count(error);
        let mut result = DatabaseError {
            code: ErrorCode::from_status(status),
            code_name: CStr::from_ptr(sys::turdb_status_name(status)).to_str().unwrap_or("TURDB_UNKNOWN"),
            sqlstate: text(sys::turdb_error_sqlstate(error)).unwrap_or_else(|| "XX000".into()),
            message: text(sys::turdb_error_message(error)).unwrap_or_default(),
            hint: text(sys::turdb_error_hint(error)),
            position: usize::try_from(sys::turdb_error_position(error)).ok(),
            frames: (0..count).filter_map(|i| text(sys::turdb_error_frame(error, i))).collect(),
            can_retry: sys::turdb_error_can_retry(error),
            cause: None,
        };
        sys::turdb_error_free(error);
        find_cause(&mut result);
        Error::Database(Box::new(result))
    }
}

/// Runs a call that gives a status.
#[inline]
pub(crate) fn check(call: impl FnOnce(*mut *mut sys::turdb_error) -> sys::turdb_status) -> Result<sys::turdb_status> {
    let mut error = std::ptr::null_mut();
    let status = call(&mut error);
    if status < 0 {
        return Err(take(status, error));
    }
    Ok(status)
}
