//! Arrow's C Stream Interface.
use std::ptr;

use turdb_sys as sys;

use crate::connection::{c_text, Connection};
use crate::error::{check, Result};
use crate::params::Params;
use crate::statement::Statement;

/// A stream of Arrow's C Stream Interface. It has the execution and its snapshot, and may outlive the statement.
#[derive(Debug)]
pub struct ArrowStream {
    raw: Box<sys::ArrowArrayStream>,
}

// SAFETY: a stream may be used on any thread, by one at a time [C-STREAM-1].
unsafe impl Send for ArrowStream {}

impl ArrowStream {
    fn empty() -> Self {
        // SAFETY: a struct of pointers, all of them NULL.
        Self { raw: Box::new(unsafe { std::mem::zeroed() }) }
    }

    /// The struct, for who reads or fills it. Who moves the stream away sets `release` to `None`, as Arrow says.
    pub fn as_mut_ptr(&mut self) -> *mut sys::ArrowArrayStream {
        &mut *self.raw
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

impl Statement<'_> {
    /// Runs it and gives its rows as an Arrow stream.
    pub fn query_arrow(&mut self, params: impl Params) -> Result<ArrowStream> {
        self.inner.bind(params)?;
        let statement = self.inner.raw;
        let mut stream = ArrowStream::empty();
        let mut result = ptr::null_mut();
        // SAFETY: handles are ours; the result is freed, whatever comes of it.
        unsafe {
            check(|error| sys::turdb_stmt_execute(statement, i64::from(sys::TURDB_ARROW_DEFAULT), &mut result, error))?;
            let moved = check(|error| sys::turdb_result_stream(result, stream.as_mut_ptr(), error));
            sys::turdb_result_free(result);
            moved?;
        }
        Ok(stream)
    }
}

impl Connection {
    /// Makes the rows of a stream a table of this connection, which can be scanned once.
    pub fn register_stream(&self, name: &str, mut stream: ArrowStream) -> Result<()> {
        let name = c_text(name)?;
        // SAFETY: the stream is taken over; its release is NULL afterwards.
        unsafe { check(|error| sys::turdb_conn_register_stream(self.raw, name.as_ptr(), stream.as_mut_ptr(), error))? };
        Ok(())
    }
}
