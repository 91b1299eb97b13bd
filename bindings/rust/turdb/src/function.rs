//! Functions of Rust that SQL calls: one value a row.
use std::ffi::c_void;

use turdb_sys as sys;

use crate::callback::{destroy, in_call, into_data, CallbackError};
use crate::connection::{c_text, Connection};
use crate::error::{check, Result};
use crate::packed::{Packer, Reader};
use crate::to_sql::ToSql;
use crate::value::ValueRef;

/// How a function may be called. Flags may be combined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FunctionFlags(pub(crate) u32);

impl FunctionFlags {
    /// Equal arguments give equal results: calls may be saved.
    pub const DETERMINISTIC: Self = Self(sys::TURDB_FUNCTION_DETERMINISTIC);
    /// Called for NULLs, too; without it one NULL argument makes the result NULL without a call, and aggregates leave the row out.
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

type Function = Box<dyn FnMut(&[ValueRef<'_>], &mut Packer) -> Result<(), CallbackError> + Send>;

impl Connection {
    /// Makes a function of Rust one of SQL, for this connection. Parameters are types of SQL, separated by commas, as `returns` is one;
    /// `any` is a value of any type. Its errors are those of the statement, and so are its panics, with SQLSTATE 38000 and the error as
    /// [`cause`](crate::DatabaseError::cause).
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
        mut function: impl FnMut(&[ValueRef<'_>]) -> Result<T, CallbackError> + Send + 'static,
    ) -> Result<()> {
        let (name, parameters, returns) = (c_text(name)?, c_text(parameters)?, c_text(returns)?);
        let packed: Function = Box::new(move |arguments, out| Ok(function(arguments)?.to_sql(out)?));
        let data = into_data(packed);
        // SAFETY: texts are not kept; `data` is given back to `destroy` exactly once, also on failure [C-FUNCTION-2].
        unsafe {
            check(|error| {
                let (name, parameters, returns) = (name.as_ptr(), parameters.as_ptr(), returns.as_ptr());
                let (flags, end) = (i64::from(flags.0), Some(destroy::<Function> as unsafe extern "C" fn(*mut c_void)));
                sys::turdb_conn_create_scalar(self.raw, name, parameters, returns, flags, Some(run), data, end, error)
            })?;
        }
        Ok(())
    }

    /// Takes a function of Rust away, of whatever kind, with all its lists of parameters. Statements that run keep it.
    pub fn drop_function(&self, name: &str) -> Result<()> {
        let name = c_text(name)?;
        // SAFETY: the text is not kept.
        unsafe { check(|error| sys::turdb_conn_drop_function(self.raw, name.as_ptr(), std::ptr::null(), 0, error))? };
        Ok(())
    }
}

unsafe extern "C" fn run(data: *mut c_void, call: *mut sys::turdb_call) {
    in_call(call, || {
        // One call at a time: functions are not registered as parallel, and may not use the connection that calls.
        let function = &mut *data.cast::<Function>();
        let mut out = Packer::default();
        for_rows(call, |_, arguments| function(arguments, &mut out))?;
        give_results(call, &out)
    });
}

/// Calls `each` with the number and the arguments of each row.
///
/// # Safety
/// `call` is valid.
pub(crate) unsafe fn for_rows(
    call: *mut sys::turdb_call,
    mut each: impl FnMut(usize, &[ValueRef<'_>]) -> Result<(), CallbackError>,
) -> Result<(), CallbackError> {
    let (rows, count) = (sys::turdb_call_row_count(call), sys::turdb_call_argument_count(call) as usize);
    let (mut data, mut size) = (std::ptr::null(), 0);
    check(|error| sys::turdb_call_arguments_packed(call, &mut data, &mut size, error))?;
    let data = if size == 0 { &[] } else { std::slice::from_raw_parts(data, size as usize) };
    let mut reader = Reader { data, at: 0 };
    let mut arguments = Vec::with_capacity(count);
    for row in 0..rows {
        arguments.clear();
        arguments.extend((0..count).map(|_| reader.value()));
        each(row as usize, &arguments)?;
    }
    Ok(())
}

/// Gives the results of all rows. What TurDB says of them is the failure of the call.
///
/// # Safety
/// `call` is valid.
pub(crate) unsafe fn give_results(call: *mut sys::turdb_call, out: &Packer) -> Result<(), CallbackError> {
    check(|error| sys::turdb_call_return_packed(call, out.data.as_ptr(), out.data.len() as i64, error))?;
    Ok(())
}
