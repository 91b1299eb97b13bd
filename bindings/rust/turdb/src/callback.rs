//! What functions and hooks of Rust share: a panic or an error of theirs is caught, given to TurDB as text, and found again as the
//! cause of the error that the statement fails with.
use std::any::Any;
use std::cell::RefCell;
use std::ffi::{c_void, CString};
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use turdb_sys as sys;

use crate::error::{DatabaseError, Error};

/// What functions and hooks of Rust may fail with: whatever `?` and `into` make an error of. It is the
/// [`cause`](DatabaseError::cause) of the error that the statement fails with.
pub type CallbackError = Box<dyn std::error::Error + Send + Sync + 'static>;

pub(crate) type Cause = Arc<dyn std::error::Error + Send + Sync + 'static>;

/// A panic that was caught in a function or a hook of Rust: the [`cause`](DatabaseError::cause) of the statement's error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Panicked {
    /// What it said.
    pub message: String,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function panicked: {}", self.message)
    }
}

impl std::error::Error for Panicked {}

impl Panicked {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self { message: text.unwrap_or("?").into() }
    }
}

/// Where a failure shows again.
enum Trail {
    /// In the message of the error.
    Message(String),
    /// In its SQLSTATE: a hook only says no.
    Sqlstate(&'static str),
}

thread_local! {
    /// The last failure of a callback on this thread, which is the one that made the call that will fail with it.
    static LAST: RefCell<Option<(Trail, Cause)>> = const { RefCell::new(None) };
}

fn remember(trail: Trail, cause: Cause) {
    LAST.with(|last| *last.borrow_mut() = Some((trail, cause)));
}

/// Gives an error the cause that it has.
pub(crate) fn find_cause(error: &mut DatabaseError) {
    let Some((trail, cause)) = LAST.with(|last| last.borrow_mut().take()) else { return };
    let same = match trail {
        Trail::Message(text) => error.message.contains(&text),
        Trail::Sqlstate(state) => error.sqlstate == state,
    };
    if same {
        error.cause = Some(cause);
    }
}

/// Runs what a callback does; panics are errors.
pub(crate) fn caught<T>(body: impl FnOnce() -> Result<T, CallbackError>) -> Result<T, CallbackError> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let panicked = Panicked::of(&*panic);
        // What a panic carries may panic when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(panic)));
        Err(panicked.into())
    })
}

/// Whether a hook says no: it failed, which the statement will with this SQLSTATE.
pub(crate) fn refuses(sqlstate: &'static str, body: impl FnOnce() -> Result<(), CallbackError>) -> bool {
    match caught(body) {
        Ok(()) => false,
        Err(error) => {
            remember(Trail::Sqlstate(sqlstate), error.into());
            true
        }
    }
}

/// Remembers an error, and gives its text, without NULs.
pub(crate) fn told(error: CallbackError) -> CString {
    let text = error.to_string().replace('\0', "");
    remember(Trail::Message(text.clone()), error.into());
    CString::new(text).unwrap_or_default()
}

/// Runs what a function of Rust does in a call; its failure is the call's.
///
/// # Safety
/// `call` is valid.
pub(crate) unsafe fn in_call(call: *mut sys::turdb_call, body: impl FnOnce() -> Result<(), CallbackError>) {
    let Err(error) = caught(body) else { return };
    if sys::turdb_call_has_failed(call) {
        return; // with what TurDB itself said of a result
    }
    let state = error.downcast_ref::<Error>().and_then(Error::sqlstate).unwrap_or("38000").to_string();
    let state = CString::new(state).unwrap_or_default();
    sys::turdb_call_fail(call, state.as_ptr(), told(error).as_ptr());
}

/// `data` for a callback.
pub(crate) fn into_data<T>(value: T) -> *mut c_void {
    Box::into_raw(Box::new(value)).cast()
}

/// The `destroy` of what [`into_data`] made.
///
/// # Safety
/// `data` is of `into_data::<T>`, and nobody uses it any more.
pub(crate) unsafe extern "C" fn destroy<T>(data: *mut c_void) {
    let value = Box::from_raw(data.cast::<T>());
    // A panic of what it captures cannot leave.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(value)));
}
