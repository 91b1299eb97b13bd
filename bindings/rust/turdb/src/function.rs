//! Functions of Rust that SQL calls.
use std::any::Any;
use std::ffi::{c_void, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};

use turdb_sys as sys;

use crate::connection::{c_text, Connection};
use crate::error::{check, Error, Result};
use crate::packed::{Packer, Reader};
use crate::to_sql::ToSql;
use crate::value::ValueRef;

/// How a function may be called. Flags may be combined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FunctionFlags(u32);

impl FunctionFlags {
    /// Equal arguments give equal results: calls may be saved.
    pub const DETERMINISTIC: Self = Self(sys::TURDB_FUNCTION_DETERMINISTIC);
    /// Called for NULLs, too; without it one NULL argument makes the result NULL without a call.
    pub const SEES_NULL: Self = Self(sys::TURDB_FUNCTION_SEES_NULL);
    /// The last parameter repeats, any number of times.
    pub const VARIADIC: Self = Self(sys::TURDB_FUNCTION_VARIADIC);
}

impl std::ops::BitOr for FunctionFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

type Function = dyn FnMut(&[ValueRef<'_>], &mut Packer) -> Result<()> + Send;

impl Connection {
    /// Makes a function of Rust one of SQL, for this connection. Parameters are types of SQL, separated by commas, as `returns` is one;
    /// `any` is a value of any type. Its errors are those of the statement, and so are its panics, with SQLSTATE 38000.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.create_function("twice", "text", "text", turdb::FunctionFlags::DETERMINISTIC, |arguments| match arguments {
    ///     [turdb::ValueRef::Text(text)] => Ok(text.repeat(2)),
    ///     _ => unreachable!("the parameter is a text"),
    /// })?;
    /// let text: String = conn.query_row("select twice('ab')", (), |row| row.get(0))?;
    /// assert_eq!(text, "abab");
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_function<T: ToSql>(
        &self,
        name: &str,
        parameters: &str,
        returns: &str,
        flags: FunctionFlags,
        mut function: impl FnMut(&[ValueRef<'_>]) -> Result<T> + Send + 'static,
    ) -> Result<()> {
        let (name, parameters, returns) = (c_text(name)?, c_text(parameters)?, c_text(returns)?);
        let packed: Box<Function> = Box::new(move |arguments, out| function(arguments)?.to_sql(out));
        let data = Box::into_raw(Box::new(packed)).cast::<c_void>();
        // SAFETY: texts are not kept; `data` is given back to `destroy` exactly once, also on failure [C-FUNCTION-2].
        unsafe {
            check(|error| {
                let (name, parameters, returns) = (name.as_ptr(), parameters.as_ptr(), returns.as_ptr());
                let flags = i64::from(flags.0);
                sys::turdb_conn_create_scalar(self.raw, name, parameters, returns, flags, Some(call), data, Some(destroy), error)
            })?;
        }
        Ok(())
    }
}

unsafe extern "C" fn destroy(data: *mut c_void) {
    let function = Box::from_raw(data.cast::<Box<Function>>());
    // A panic of what it captures cannot leave.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(function)));
}

unsafe extern "C" fn call(data: *mut c_void, call: *mut sys::turdb_call) {
    let function = &mut *data.cast::<Box<Function>>();
    let error = match catch_unwind(AssertUnwindSafe(|| run(function, call))) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => (error.sqlstate().map(str::to_string), error.to_string()),
        Err(panic) => (None, format!("the function panicked: {}", panic_text(&*panic))),
    };
    let state = CString::new(error.0.unwrap_or_else(|| "38000".into())).unwrap_or_default();
    let message = CString::new(error.1.replace('\0', "")).unwrap_or_default();
    sys::turdb_call_fail(call, state.as_ptr(), message.as_ptr());
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

/// Calls the function for each row.
///
/// # Safety
/// `call` is valid.
unsafe fn run(function: &mut Function, call: *mut sys::turdb_call) -> Result<()> {
    let (rows, count) = (sys::turdb_call_row_count(call), sys::turdb_call_argument_count(call));
    let (mut data, mut size) = (std::ptr::null(), 0);
    check(|error| sys::turdb_call_arguments_packed(call, &mut data, &mut size, error))?;
    let data = if size == 0 { &[] } else { std::slice::from_raw_parts(data, size as usize) };
    let mut reader = Reader { data, at: 0 };
    let mut out = Packer::default();
    for _ in 0..rows {
        let arguments: Vec<ValueRef<'_>> = (0..count).map(|_| reader.value()).collect();
        function(&arguments, &mut out)?;
    }
    match check(|error| sys::turdb_call_return_packed(call, out.data.as_ptr(), out.data.len() as i64, error)) {
        Ok(_) => Ok(()),
        Err(Error::Database(_)) => Ok(()), // the call has failed with it
        Err(other) => Err(other),
    }
}
