//! Aggregate functions of Rust, which are window functions as well.
use std::ffi::c_void;

use turdb_sys as sys;

use crate::callback::{caught, destroy, in_call, into_data, told, CallbackError};
use crate::connection::{c_text, Connection};
use crate::error::{check, Result};
use crate::function::{for_rows, give_results, FunctionFlags};
use crate::packed::Packer;
use crate::to_sql::ToSql;
use crate::value::ValueRef;

/// An aggregate function: [`Connection::create_aggregate`].
pub trait Aggregate: Send + 'static {
    /// What a group has. It counts against no `memory_limit`.
    type State: Send + 'static;
    /// The result.
    type Output: ToSql;

    /// The state of a group without rows.
    fn start(&self) -> Self::State;

    /// Adds a row.
    fn step(&self, state: &mut Self::State, arguments: &[ValueRef<'_>]) -> Result<(), CallbackError>;

    /// The result of a group. The state may be added to, and asked again: a window's frame grows.
    fn finish(&self, state: &Self::State) -> Result<Self::Output, CallbackError>;

    /// Whether there is [`merge`](Self::merge), which makes frames of windows cheaper.
    const MERGES: bool = false;

    /// Adds what is in `from`.
    fn merge(&self, into: &mut Self::State, from: &Self::State) -> Result<(), CallbackError> {
        let _ = (into, from);
        Err("the aggregate has no merge".into())
    }
}

impl Connection {
    /// Makes an aggregate of Rust one of SQL, for this connection: DISTINCT, FILTER, ORDER BY and OVER work as with those that are built
    /// in. See [`create_function`](Self::create_function) for types, errors and panics.
    ///
    /// ```
    /// use turdb::{Aggregate, CallbackError, FunctionFlags, ValueRef};
    ///
    /// struct Longest;
    /// impl Aggregate for Longest {
    ///     type State = String;
    ///     type Output = String;
    ///     fn start(&self) -> String {
    ///         String::new()
    ///     }
    ///     fn step(&self, state: &mut String, arguments: &[ValueRef<'_>]) -> Result<(), CallbackError> {
    ///         let text = arguments[0].as_str().unwrap_or_default();
    ///         if text.len() > state.len() {
    ///             *state = text.into();
    ///         }
    ///         Ok(())
    ///     }
    ///     fn finish(&self, state: &String) -> Result<String, CallbackError> {
    ///         Ok(state.clone())
    ///     }
    /// }
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.create_aggregate("longest", "text", "text", FunctionFlags::DETERMINISTIC, Longest)?;
    /// let text: String = conn.query_row("select longest(t) from (values ('a'), ('ccc'), ('bb')) v(t)", (), |row| row.get(0))?;
    /// assert_eq!(text, "ccc");
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_aggregate<A: Aggregate>(
        &self,
        name: &str,
        parameters: &str,
        returns: &str,
        flags: FunctionFlags,
        aggregate: A,
    ) -> Result<()> {
        let (name, parameters, returns) = (c_text(name)?, c_text(parameters)?, c_text(returns)?);
        let data = into_data(aggregate);
        // SAFETY: texts are not kept; `data` is given back to `destroy` exactly once, also on failure [C-FUNCTION-2].
        unsafe {
            check(|error| {
                sys::turdb_conn_create_aggregate(
                    self.raw,
                    name.as_ptr(),
                    parameters.as_ptr(),
                    returns.as_ptr(),
                    i64::from(flags.0),
                    Some(create::<A>),
                    Some(update::<A>),
                    if A::MERGES { Some(merge::<A>) } else { None },
                    Some(finish::<A>),
                    Some(release::<A>),
                    data,
                    Some(destroy::<A>),
                    error,
                )
            })?;
        }
        Ok(())
    }
}

unsafe extern "C" fn create<A: Aggregate>(data: *mut c_void, call: *mut sys::turdb_call) -> *mut c_void {
    match caught(|| Ok(into_data((*data.cast::<A>()).start()))) {
        Ok(state) => state,
        Err(error) => {
            sys::turdb_call_fail(call, std::ptr::null(), told(error).as_ptr());
            std::ptr::null_mut()
        }
    }
}

unsafe extern "C" fn update<A: Aggregate>(data: *mut c_void, call: *mut sys::turdb_call, states: *const *mut c_void) {
    in_call(call, || {
        let aggregate = &*data.cast::<A>();
        for_rows(call, |row, arguments| aggregate.step(&mut *(*states.add(row)).cast::<A::State>(), arguments))
    });
}

unsafe extern "C" fn merge<A: Aggregate>(data: *mut c_void, call: *mut sys::turdb_call, into: *mut c_void, from: *mut c_void) {
    in_call(call, || (*data.cast::<A>()).merge(&mut *into.cast::<A::State>(), &*from.cast::<A::State>()));
}

unsafe extern "C" fn finish<A: Aggregate>(data: *mut c_void, call: *mut sys::turdb_call, states: *const *mut c_void) {
    in_call(call, || {
        let aggregate = &*data.cast::<A>();
        let mut out = Packer::default();
        for row in 0..sys::turdb_call_row_count(call) as usize {
            aggregate.finish(&*(*states.add(row)).cast::<A::State>())?.to_sql(&mut out)?;
        }
        give_results(call, &out)
    });
}

unsafe extern "C" fn release<A: Aggregate>(_: *mut c_void, state: *mut c_void) {
    if !state.is_null() {
        destroy::<A::State>(state);
    }
}
