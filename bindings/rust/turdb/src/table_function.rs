//! Functions of Rust that give rows.
use std::ffi::c_void;
use std::ptr;

use turdb_sys as sys;

use crate::callback::{destroy, in_call, into_data, CallbackError};
use crate::connection::{c_text, quoted, Connection};
use crate::error::{check, Error, Result};
use crate::function::{for_rows, FunctionFlags};
use crate::packed::Packer;
use crate::params::{Binder, Names, Params};
use crate::value::ValueRef;

const BATCH_ROWS: i64 = 2048;
const BATCH_BYTES: usize = 1 << 20;

/// Packs the next row; false behind the last.
type NextRow = Box<dyn FnMut(&mut Packer) -> Result<bool, CallbackError> + Send>;

/// Begins to give the rows for some arguments.
type Open = Box<dyn FnMut(&[ValueRef<'_>]) -> Result<NextRow, CallbackError> + Send>;

impl Connection {
    /// Makes a function of Rust that gives rows one of SQL, for this connection: `select * from name(1, 'x')`. Columns are names and
    /// types; rows are given by an iterator, each as parameters are.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.create_table_function("words", "text", &[("n", "bigint"), ("word", "text")], Default::default(), |arguments| {
    ///     let text = arguments[0].as_str().unwrap_or_default().to_string();
    ///     let words: Vec<String> = text.split(' ').map(str::to_string).collect();
    ///     Ok(words.into_iter().enumerate().map(|(i, word)| Ok((i as i64, word))))
    /// })?;
    /// let last: String = conn.query_row("select word from words('a bc d') order by n desc limit 1", (), |row| row.get(0))?;
    /// assert_eq!(last, "d");
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_table_function<I, P>(
        &self,
        name: &str,
        parameters: &str,
        columns: &[(&str, &str)],
        flags: FunctionFlags,
        mut open: impl FnMut(&[ValueRef<'_>]) -> Result<I, CallbackError> + Send + 'static,
    ) -> Result<()>
    where
        I: Iterator<Item = Result<P, CallbackError>> + Send + 'static,
        P: Params,
    {
        let (name, parameters) = (c_text(name)?, c_text(parameters)?);
        let list: Vec<String> = columns.iter().map(|(name, kind)| format!("{} {kind}", quoted(name))).collect();
        let list = c_text(&list.join(", "))?;
        let names = RowNames(columns.iter().map(|(name, _)| name.to_string()).collect());
        let open: Open = Box::new(move |arguments: &[ValueRef<'_>]| {
            let (mut rows, names) = (open(arguments)?, names.clone());
            let next: NextRow = Box::new(move |packer| {
                let Some(row) = rows.next() else { return Ok(false) };
                let mut binder = Binder { packer, names: &names, count: 0 };
                row?.bind(&mut binder)?;
                match binder.count == names.0.len() {
                    true => Ok(true),
                    false => Err(Error::ParameterCount { expected: names.0.len(), got: binder.count }.into()),
                }
            });
            Ok(next)
        });
        let data = into_data(open);
        // SAFETY: texts are not kept; `data` is given back to `destroy` exactly once, also on failure [C-FUNCTION-2].
        unsafe {
            check(|error| {
                sys::turdb_conn_create_row_function(
                    self.raw,
                    name.as_ptr(),
                    parameters.as_ptr(),
                    list.as_ptr(),
                    i64::from(flags.0),
                    Some(open_rows),
                    Some(next_rows),
                    Some(close_rows),
                    data,
                    Some(destroy::<Open>),
                    error,
                )
            })?;
        }
        Ok(())
    }
}

#[derive(Clone)]
struct RowNames(Vec<String>);

impl Names for RowNames {
    fn names(&self) -> Vec<Option<String>> {
        self.0.iter().cloned().map(Some).collect()
    }
}

/// Rows that are being given.
struct Cursor {
    next: NextRow,
    packer: Packer,
    over: bool,
}

unsafe extern "C" fn open_rows(data: *mut c_void, call: *mut sys::turdb_call) -> *mut c_void {
    let mut cursor = ptr::null_mut();
    in_call(call, || {
        let open = &mut *data.cast::<Open>();
        for_rows(call, |_, arguments| {
            cursor = into_data(Cursor { next: open(arguments)?, packer: Packer::default(), over: false });
            Ok(())
        })
    });
    cursor
}

unsafe extern "C" fn next_rows(_: *mut c_void, cursor: *mut c_void, call: *mut sys::turdb_call) {
    in_call(call, || {
        let cursor = &mut *cursor.cast::<Cursor>();
        cursor.packer.data.clear();
        let mut rows = 0;
        while rows < BATCH_ROWS && cursor.packer.data.len() < BATCH_BYTES && !cursor.over {
            if (cursor.next)(&mut cursor.packer)? {
                rows += 1;
            } else {
                cursor.over = true;
            }
        }
        if rows > 0 {
            let data = &cursor.packer.data;
            check(|error| sys::turdb_call_return_rows(call, data.as_ptr(), data.len() as i64, rows, error))?;
        }
        Ok(())
    });
}

unsafe extern "C" fn close_rows(_: *mut c_void, cursor: *mut c_void) {
    if !cursor.is_null() {
        destroy::<Cursor>(cursor);
    }
}
