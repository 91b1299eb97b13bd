//! Arrow's C Stream Interface.
use std::ffi::{c_char, c_int, c_void, CString};
use std::fmt;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use turdb_sys as sys;

use crate::callback::{caught, destroy, into_data, told, CallbackError};
use crate::connection::{c_text, Connection};
use crate::error::{check, take, text, Error, Result};
use crate::params::Params;
use crate::statement::Statement;

/// A stream of Arrow's C Stream Interface. One that a query gave has the execution and its snapshot, and may outlive the statement. With
/// the feature `arrow` it is made of, and read as, record batches.
pub struct ArrowStream {
    raw: Box<sys::ArrowArrayStream>,
}

// SAFETY: a stream may be used on any thread, by one at a time [C-STREAM-1].
unsafe impl Send for ArrowStream {}

impl ArrowStream {
    /// One that is released, for who fills it.
    pub fn empty() -> Self {
        // SAFETY: a struct of pointers, all of them NULL.
        Self { raw: Box::new(unsafe { std::mem::zeroed() }) }
    }

    /// The struct, for who reads or fills it. Who moves the stream away sets `release` to `None`, as Arrow says.
    pub fn as_mut_ptr(&mut self) -> *mut sys::ArrowArrayStream {
        &mut *self.raw
    }

    /// The next batch; one that is released behind the last.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) fn next_array(&mut self) -> Result<sys::ArrowArray> {
        // SAFETY: what comes out is written by the call; zeros are a released array.
        let mut array: sys::ArrowArray = unsafe { std::mem::zeroed() };
        let Some(get_next) = self.raw.get_next else { return Ok(array) };
        // SAFETY: the stream is not released, or it would have no calls.
        match unsafe { get_next(self.as_mut_ptr(), &mut array) } {
            0 => Ok(array),
            code => Err(self.failure(code)),
        }
    }

    /// Why a call has failed: what TurDB says, or the text of another's stream.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) fn failure(&mut self, code: c_int) -> Error {
        let mut error = ptr::null_mut();
        // SAFETY: the stream is not released; texts are copied; a foreign stream is refused.
        unsafe {
            if sys::turdb_stream_error(self.as_mut_ptr(), &mut error) == sys::TURDB_OK && !error.is_null() {
                return take(sys::turdb_error_status(error), error);
            }
            let said = self.raw.get_last_error.and_then(|get| text(get(self.as_mut_ptr())));
            Error::Arrow(said.unwrap_or_else(|| format!("the stream failed with error {code}")))
        }
    }
}

impl Drop for ArrowStream {
    fn drop(&mut self) {
        if let Some(release) = self.raw.release {
            // SAFETY: the stream is ours.
            unsafe { release(&mut *self.raw) }
        }
    }
}

impl fmt::Debug for ArrowStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowStream").field("released", &self.raw.release.is_none()).finish_non_exhaustive()
    }
}

/// How values become Arrow's. Flags may be combined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArrowFlags(u32);

impl ArrowFlags {
    /// Texts and blobs as views.
    pub const STRING_VIEWS: Self = Self(sys::TURDB_ARROW_STRING_VIEWS);
    /// `numeric` without precision rounded to doubles, not as text.
    pub const NUMERIC_AS_DOUBLE: Self = Self(sys::TURDB_ARROW_NUMERIC_AS_DOUBLE);
    /// Columns of type `any` as text, not as unions.
    pub const ANY_AS_TEXT: Self = Self(sys::TURDB_ARROW_ANY_AS_TEXT);
}

impl std::ops::BitOr for ArrowFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What an execution gives, as a stream.
///
/// # Safety
/// The statement is valid.
unsafe fn execute(statement: *mut sys::turdb_stmt, flags: ArrowFlags) -> Result<(ArrowStream, u64)> {
    let mut stream = ArrowStream::empty();
    let mut result = ptr::null_mut();
    check(|error| sys::turdb_stmt_execute(statement, flags.0.into(), &mut result, error))?;
    let changes = sys::turdb_result_changes(result) as u64;
    let moved = check(|error| sys::turdb_result_stream(result, stream.as_mut_ptr(), error));
    sys::turdb_result_free(result);
    moved?;
    Ok((stream, changes))
}

impl Statement<'_> {
    /// Runs it and gives its rows as an Arrow stream.
    pub fn query_arrow(&mut self, params: impl Params) -> Result<ArrowStream> {
        self.query_arrow_with(params, ArrowFlags::default())
    }

    /// The same with a choice of types.
    pub fn query_arrow_with(&mut self, params: impl Params, flags: ArrowFlags) -> Result<ArrowStream> {
        self.inner.bind(params)?;
        // SAFETY: the handle is ours, or NULL, which is an error.
        unsafe { execute(self.inner.raw, flags) }.map(|(stream, _)| stream)
    }

    /// Runs it once for each row of a stream, whose columns are its parameters: by name when all are called as one, by place otherwise.
    /// Changes are all made, or none. Tells how many rows were changed.
    pub fn execute_stream(&mut self, mut stream: ArrowStream) -> Result<u64> {
        // SAFETY: the handle is ours; the stream is taken over.
        unsafe {
            check(|error| sys::turdb_stmt_bind_stream(self.inner.raw, stream.as_mut_ptr(), error))?;
            execute(self.inner.raw, ArrowFlags::default()).map(|(_, changes)| changes)
        }
    }
}

/// Makes a stream over the rows of a table, from the first one on.
type Source = Box<dyn Fn() -> Result<ArrowStream, CallbackError> + Send + Sync>;

/// What `turdb_conn_register_source` has.
struct OpenSource {
    open: Source,
    message: Mutex<CString>,
}

impl Connection {
    /// Makes the rows of a stream a table of this connection, which can be scanned once.
    pub fn register_stream(&self, name: &str, mut stream: ArrowStream) -> Result<()> {
        let name = c_text(name)?;
        // SAFETY: the stream is taken over; its release is NULL afterwards.
        unsafe { check(|error| sys::turdb_conn_register_stream(self.raw, name.as_ptr(), stream.as_mut_ptr(), error))? };
        Ok(())
    }

    /// The same for rows that can be read as often as wanted: `open` is called at once, for the schema, and whenever a scan begins.
    pub fn register_source(
        &self,
        name: &str,
        open: impl Fn() -> Result<ArrowStream, CallbackError> + Send + Sync + 'static,
    ) -> Result<()> {
        let name = c_text(name)?;
        let data = into_data(OpenSource { open: Box::new(open), message: Default::default() });
        // SAFETY: the text is copied; `data` is given back to `destroy` exactly once, also on failure [C-SOURCE-4].
        unsafe {
            let end = Some(destroy::<OpenSource> as unsafe extern "C" fn(*mut c_void));
            check(|error| sys::turdb_conn_register_source(self.raw, name.as_ptr(), Some(open_source), data, end, error))?;
        }
        Ok(())
    }

    /// Takes a table away that was registered. Statements that run keep it.
    pub fn unregister(&self, name: &str) -> Result<()> {
        let name = c_text(name)?;
        // SAFETY: the text is not kept.
        unsafe { check(|error| sys::turdb_conn_unregister(self.raw, name.as_ptr(), error))? };
        Ok(())
    }
}

unsafe extern "C" fn open_source(data: *mut c_void, out: *mut sys::ArrowArrayStream, message: *mut *const c_char) -> i32 {
    let source = &*data.cast::<OpenSource>();
    hand_over(|| (source.open)().map(Some), &source.message, out, message)
}

/// Gives the stream that `open` makes: 0; -1 when it makes none; or an errno value and a message, which lives until the next call.
///
/// # Safety
/// `out` and `message` may be written.
unsafe fn hand_over(
    open: impl FnOnce() -> Result<Option<ArrowStream>, CallbackError>,
    kept: &Mutex<CString>,
    out: *mut sys::ArrowArrayStream,
    message: *mut *const c_char,
) -> i32 {
    const EIO: i32 = 5;
    match caught(open) {
        Ok(Some(mut stream)) => {
            out.write(*stream.raw);
            stream.raw.release = None; // it has moved
            0
        }
        Ok(None) => -1,
        Err(error) => {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = told(error);
            if !message.is_null() {
                *message = kept.as_ptr();
            }
            EIO
        }
    }
}

// ---- replacement scans

/// Makes a stream over the rows of a table that nobody else knows.
type Find = Box<dyn Fn(&str) -> Result<Option<ArrowStream>, CallbackError> + Send + Sync>;

/// What `turdb_conn_set_replacement` has.
struct Replacement {
    find: Find,
    message: Mutex<CString>,
}

impl Connection {
    /// Asked for names in FROM that neither the catalog nor [`register_stream`](Self::register_stream) knows, while a statement is
    /// compiled and again whenever a scan of it begins: a stream over the rows, from the first one on, or `Ok(None)` for a name that it
    /// does not know either. Names are folded to lower case unless they were quoted. None takes it away.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// # let other = turdb::Connection::open_in_memory()?;
    /// # let other = std::sync::Mutex::new(other);
    /// conn.set_replacement(Some(move |name: &str| {
    ///     if name != "elsewhere" {
    ///         return Ok(None);
    ///     }
    ///     let other = other.lock().unwrap(); // another database
    ///     let stream = other.prepare("select 6 as a union all select 7")?.query_arrow(())?;
    ///     Ok(Some(stream))
    /// }))?;
    /// let sum: i64 = conn.query_row("select sum(a)::bigint from elsewhere", (), |row| row.get(0))?;
    /// assert_eq!(sum, 13);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_replacement<F>(&self, find: Option<F>) -> Result<()>
    where
        F: Fn(&str) -> Result<Option<ArrowStream>, CallbackError> + Send + Sync + 'static,
    {
        // SAFETY: what is handed over is given to `destroy` exactly once, also on failure [C-SOURCE-4].
        unsafe {
            check(|error| match find {
                Some(find) => {
                    let data = into_data(Replacement { find: Box::new(find), message: Default::default() });
                    let end = Some(destroy::<Replacement> as unsafe extern "C" fn(*mut c_void));
                    sys::turdb_conn_set_replacement(self.raw, Some(find_source), data, end, error)
                }
                None => sys::turdb_conn_set_replacement(self.raw, None, ptr::null_mut(), None, error),
            })?;
        }
        Ok(())
    }
}

unsafe extern "C" fn find_source(
    data: *mut c_void,
    name: *const c_char,
    out: *mut sys::ArrowArrayStream,
    message: *mut *const c_char,
) -> i32 {
    let replacement = &*data.cast::<Replacement>();
    let name = text(name).unwrap_or_default();
    hand_over(|| (replacement.find)(&name), &replacement.message, out, message)
}
