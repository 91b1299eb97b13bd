//! Limits of a connection, and profiles of what it runs.
use turdb_sys as sys;

use crate::connection::Connection;
use crate::error::{check, Result};
use crate::statement::Statement;

/// What can be limited for the statements of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of the text of a call.
    SqlBytes,
    /// Depth of expressions and queries.
    NestingDepth,
    /// Parameters of a statement.
    Parameters,
    /// Columns of a result.
    Columns,
    /// Arguments of a call of a function.
    FunctionArguments,
    /// Triggers set off by triggers.
    TriggerDepth,
    /// Bytes of a text or blob that is a parameter.
    ValueBytes,
}

impl Limit {
    fn number(self) -> i32 {
        (match self {
            Self::SqlBytes => sys::TURDB_LIMIT_SQL_BYTES,
            Self::NestingDepth => sys::TURDB_LIMIT_NESTING_DEPTH,
            Self::Parameters => sys::TURDB_LIMIT_PARAMETERS,
            Self::Columns => sys::TURDB_LIMIT_COLUMNS,
            Self::FunctionArguments => sys::TURDB_LIMIT_FUNCTION_ARGUMENTS,
            Self::TriggerDepth => sys::TURDB_LIMIT_TRIGGER_DEPTH,
            Self::ValueBytes => sys::TURDB_LIMIT_VALUE_BYTES,
        }) as i32
    }

    /// The most that it can be, which is what it is at first.
    pub fn maximum(self) -> i64 {
        // SAFETY: a number.
        unsafe { sys::turdb_limit_maximum(self.number()) }
    }
}

impl Connection {
    /// What a limit is now.
    pub fn limit(&self, limit: Limit) -> Result<i64> {
        let mut value = 0;
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_conn_limit(self.raw, limit.number(), &mut value, error))? };
        Ok(value)
    }

    /// Changes a limit, from 0 to its maximum, for statements that are prepared or run from now on. What goes past it is
    /// [`ErrorCode::Limit`](crate::ErrorCode::Limit).
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.set_limit(turdb::Limit::Columns, 2)?;
    /// assert!(conn.prepare("select 1, 2").is_ok());
    /// assert_eq!(conn.prepare("select 1, 2, 3").unwrap_err().code(), Some(turdb::ErrorCode::Limit));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_limit(&self, limit: Limit, value: i64) -> Result<()> {
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_conn_set_limit(self.raw, limit.number(), value, error))? };
        Ok(())
    }

    /// Whether statements that begin from now on are measured, for [`Statement::profile`]. Measuring costs time.
    pub fn set_profiling(&self, profiling: bool) -> Result<()> {
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_conn_set_profiling(self.raw, profiling, error))? };
        Ok(())
    }
}

impl Statement<'_> {
    /// Its plan with what each part of it did in the run that began last, as EXPLAIN ANALYZE shows it: rows, time, memory.
    ///
    /// ```
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.set_profiling(true)?;
    /// let mut statement = conn.prepare("select count(*) from generate_series(1, 1000)")?;
    /// statement.execute(())?;
    /// assert!(statement.profile()?.contains("rows"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn profile(&mut self) -> Result<String> {
        self.profile_as(sys::TURDB_EXPLAIN_TEXT)
    }

    /// The same as JSON.
    pub fn profile_json(&mut self) -> Result<String> {
        self.profile_as(sys::TURDB_EXPLAIN_JSON)
    }

    fn profile_as(&mut self, flags: u32) -> Result<String> {
        // SAFETY: the handle is ours; the text is copied.
        unsafe { self.text(|raw, out, error| sys::turdb_stmt_profile(raw, i64::from(flags), out, error)) }
    }

    /// Its plan as JSON, without running it.
    pub fn explain_json(&mut self) -> Result<String> {
        // SAFETY: as above.
        unsafe { self.text(|raw, out, error| sys::turdb_stmt_explain(raw, i64::from(sys::TURDB_EXPLAIN_JSON), out, error)) }
    }
}
