//! Collations of Rust.
use std::ffi::c_void;

use turdb_sys as sys;

use crate::callback::{destroy, in_call, into_data, CallbackError};
use crate::connection::{c_text, Connection};
use crate::error::{check, Result};
use crate::function::{for_rows, give_results};
use crate::packed::Packer;
use crate::to_sql::ToSql;

type SortKey = Box<dyn FnMut(&str, &mut Vec<u8>) -> Result<(), CallbackError> + Send>;

impl Connection {
    /// Registers a collation: `order by name collate german`. `sort_key` writes what a text is sorted by: two texts are equal when their
    /// keys are, and in the order of their keys, byte by byte.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.create_collation("any_case", |text, key| Ok(key.extend(text.to_lowercase().into_bytes())))?;
    /// let equal: bool = conn.query_row("select 'Straße' = 'STRAßE' collate any_case", (), |row| row.get(0))?;
    /// assert!(equal);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_collation(
        &self,
        name: &str,
        sort_key: impl FnMut(&str, &mut Vec<u8>) -> Result<(), CallbackError> + Send + 'static,
    ) -> Result<()> {
        let name = c_text(name)?;
        let boxed: SortKey = Box::new(sort_key);
        let data = into_data(boxed);
        // SAFETY: the text is copied; `data` is given back to `destroy` exactly once, also on failure.
        unsafe {
            let end = Some(destroy::<SortKey> as unsafe extern "C" fn(*mut c_void));
            check(|error| sys::turdb_conn_create_collation(self.raw, name.as_ptr(), 0, Some(run), data, end, error))?;
        }
        Ok(())
    }

    /// Takes a collation away. Statements that run keep it.
    pub fn drop_collation(&self, name: &str) -> Result<()> {
        let name = c_text(name)?;
        // SAFETY: the text is not kept.
        unsafe { check(|error| sys::turdb_conn_drop_collation(self.raw, name.as_ptr(), error))? };
        Ok(())
    }
}

unsafe extern "C" fn run(data: *mut c_void, call: *mut sys::turdb_call) {
    in_call(call, || {
        let sort_key = &mut *data.cast::<SortKey>();
        let (mut out, mut key) = (Packer::default(), Vec::new());
        for_rows(call, |_, arguments| {
            key.clear();
            match arguments.first().and_then(|value| value.as_str()) {
                Some(text) => {
                    sort_key(text, &mut key)?;
                    key.to_sql(&mut out)?;
                }
                None => None::<i64>.to_sql(&mut out)?,
            }
            Ok(())
        })?;
        give_results(call, &out)
    });
}
