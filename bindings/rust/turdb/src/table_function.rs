//! Functions of Rust that give rows.
use std::ffi::{c_char, c_int, c_void, CString};
use std::ptr;

use turdb_sys as sys;

use crate::callback::{caught, destroy, in_call, into_data, told, CallbackError};
use crate::column_batch::{ColumnBuilder, RowBatch};
use crate::connection::{c_text, quoted, Connection};
use crate::error::{check, Error, Result};
use crate::function::{for_rows, FunctionFlags};
use crate::packed::{Packer, Reader};
use crate::params::{Binder, Names, Params};
use crate::statement::{Column, RawStatement};
use crate::to_sql::ToSql;
use crate::value::ValueRef;

const BATCH_ROWS: usize = 2048;
const BATCH_BYTES: usize = 1 << 20;

/// Packs the next row; false behind the last.
type NextRow = Box<dyn FnMut(&mut Packer) -> Result<bool, CallbackError> + Send>;

/// Begins to give the rows for some arguments.
type Open = Box<dyn FnMut(&[ValueRef<'_>]) -> Result<NextRow, CallbackError> + Send>;

struct TableFunction {
    columns: Vec<Column>,
    open: Open,
}

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
        let types: Vec<String> = columns.iter().map(|(name, kind)| format!("null::{kind} as {}", quoted(name))).collect();
        let mut types = RawStatement::prepare_one(self.raw, &format!("select {}", types.join(", ")))?;
        types.describe();
        let list: Vec<String> = columns.iter().map(|(name, kind)| format!("{} {kind}", quoted(name))).collect();
        let list = c_text(&list.join(", "))?;
        let names = RowNames(columns.iter().map(|(name, _)| name.to_string()).collect());
        let open = Box::new(move |arguments: &[ValueRef<'_>]| {
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
        let data = into_data(TableFunction { columns: types.columns.clone(), open });
        // SAFETY: texts are not kept; `data` is given back to `destroy` exactly once, also on failure [C-FUNCTION-2].
        unsafe {
            check(|error| {
                let (name, parameters, list) = (name.as_ptr(), parameters.as_ptr(), list.as_ptr());
                let (flags, end) = (i64::from(flags.0), Some(destroy::<TableFunction> as unsafe extern "C" fn(*mut c_void)));
                sys::turdb_conn_create_table_function(self.raw, name, parameters, list, flags, Some(run), data, end, error)
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

unsafe extern "C" fn run(data: *mut c_void, call: *mut sys::turdb_call, out: *mut sys::ArrowArrayStream) {
    in_call(call, || {
        let function = &mut *data.cast::<TableFunction>();
        let mut next = None;
        for_rows(call, |_, arguments| {
            next = Some((function.open)(arguments)?);
            Ok(())
        })?;
        let next = next.ok_or("a table function is called for one row of arguments")?;
        // What Arrow has no plain layout for goes as text, which TurDB reads as the column's type.
        let plain: Vec<bool> = function.columns.iter().map(|column| ColumnBuilder::of_column(column).is_some()).collect();
        let builders =
            function.columns.iter().map(|column| ColumnBuilder::of_column(column).unwrap_or_else(ColumnBuilder::of_text));
        let rows = RowStream { next, plain, batch: RowBatch::new(builders.collect()), error: CString::default() };
        out.write(sys::ArrowArrayStream {
            get_schema: Some(get_schema),
            get_next: Some(get_next),
            get_last_error: Some(get_last_error),
            release: Some(release),
            private_data: into_data(rows),
        });
        Ok(())
    });
}

/// Rows as a stream of Arrow.
struct RowStream {
    next: NextRow,
    plain: Vec<bool>,
    batch: RowBatch,
    error: CString,
}

impl RowStream {
    fn fill(&mut self) -> Result<(), CallbackError> {
        let (mut row, mut assigned) = (Packer::default(), Packer::default());
        while self.batch.rows() < BATCH_ROWS && self.batch.bytes() < BATCH_BYTES {
            row.data.clear();
            if !(self.next)(&mut row)? {
                break;
            }
            if self.batch.push(&row.data) {
                continue;
            }
            // Some value is not of its column's type: those of columns that are sent as text can be made one.
            assigned.data.clear();
            let mut reader = Reader { data: &row.data, at: 0 };
            for (i, plain) in self.plain.iter().enumerate() {
                match (reader.value(), plain) {
                    (value, true) => convert(i, value, self.batch.column(i), &mut assigned)?,
                    (ValueRef::Null, false) => None::<bool>.to_sql(&mut assigned)?,
                    (value, false) => value.to_string().to_sql(&mut assigned)?,
                }
            }
            if !self.batch.push(&assigned.data) {
                return Err("a row of the function has a value that its column cannot take".into());
            }
        }
        Ok(())
    }
}

/// A value as its column has it, where nothing is lost.
fn convert(i: usize, value: ValueRef<'_>, column: &ColumnBuilder, out: &mut Packer) -> Result<(), CallbackError> {
    let number = value.as_i64();
    match value {
        ValueRef::Int(number) if column.is_double() => (number as f64).to_sql(out)?,
        ValueRef::UInt(_) | ValueRef::Int128(_) if number.is_some() => number.to_sql(out)?,
        ValueRef::Enum(_) | ValueRef::Json(_) | ValueRef::Decimal(_) if column.is_text() => value.as_str().to_sql(out)?,
        _ if column.takes(&value) => value.to_sql(out)?,
        _ if column.is_text() => value.to_string().to_sql(out)?,
        _ => return Err(format!("column {} of the function cannot take {value:?}", i + 1).into()),
    }
    Ok(())
}

unsafe extern "C" fn get_schema(stream: *mut sys::ArrowArrayStream, out: *mut sys::ArrowSchema) -> c_int {
    let rows = &mut *(*stream).private_data.cast::<RowStream>();
    out.write(rows.batch.schema());
    0
}

unsafe extern "C" fn get_next(stream: *mut sys::ArrowArrayStream, out: *mut sys::ArrowArray) -> c_int {
    const EIO: c_int = 5;
    let rows = &mut *(*stream).private_data.cast::<RowStream>();
    let filled = caught(|| {
        rows.fill()?;
        Ok(match rows.batch.rows() {
            0 => std::mem::zeroed(), // the end
            _ => rows.batch.export(),
        })
    });
    match filled {
        Ok(array) => {
            out.write(array);
            0
        }
        Err(error) => {
            rows.error = told(error);
            EIO
        }
    }
}

unsafe extern "C" fn get_last_error(stream: *mut sys::ArrowArrayStream) -> *const c_char {
    let rows = &*(*stream).private_data.cast::<RowStream>();
    if rows.error.is_empty() {
        ptr::null()
    } else {
        rows.error.as_ptr()
    }
}

unsafe extern "C" fn release(stream: *mut sys::ArrowArrayStream) {
    destroy::<RowStream>((*stream).private_data);
    (*stream).release = None;
}
