//! Record batches of the crate arrow, both ways.
use std::fmt;
use std::sync::Arc;

use arrow_array::ffi::{from_ffi_and_data_type, FFI_ArrowArray};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchIterator, RecordBatchOptions, RecordBatchReader, StructArray};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};

use crate::appender::Appender;
use crate::arrow::ArrowStream;
use crate::callback::CallbackError;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::params::Params;
use crate::statement::Statement;

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error.to_string())
    }
}

impl ArrowStream {
    /// A stream of what a reader gives.
    pub fn of_reader(reader: impl RecordBatchReader + Send + 'static) -> Self {
        let mut stream = Self::empty();
        let exported = FFI_ArrowArrayStream::new(Box::new(reader));
        // SAFETY: both are the struct of the C Stream Interface; what was there is released, and what comes is moved.
        unsafe { stream.as_mut_ptr().cast::<FFI_ArrowArrayStream>().write(exported) };
        stream
    }

    /// A stream of batches that are there.
    pub fn of_batches(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self::of_reader(RecordBatchIterator::new(batches.into_iter().map(Ok), schema))
    }

    /// Its batches.
    pub fn into_batches(mut self) -> Result<RecordBatches> {
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: the stream is not released, or it would have no calls; the struct is that of the C Data Interface.
        unsafe {
            let raw = self.as_mut_ptr();
            let get_schema = (*raw).get_schema.ok_or_else(|| Error::Arrow("the stream is released".into()))?;
            match get_schema(raw, (&mut schema as *mut FFI_ArrowSchema).cast()) {
                0 => {}
                code => return Err(self.failure(code)),
            }
        }
        let schema = Arc::new(Schema::try_from(&schema)?);
        Ok(RecordBatches { stream: self, schema })
    }
}

/// The rows of a query as record batches, which own their memory: [`Statement::query_batches`]. They may outlive the statement.
pub struct RecordBatches {
    stream: ArrowStream,
    schema: SchemaRef,
}

impl RecordBatches {
    /// The schema of all batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn read(&mut self) -> Result<Option<RecordBatch>> {
        let array = self.stream.next_array()?;
        if array.release.is_none() {
            return Ok(None);
        }
        // SAFETY: both are the struct of the C Data Interface, which is moved; the array is as the stream's schema says.
        let data = unsafe {
            let array = std::mem::transmute::<turdb_sys::ArrowArray, FFI_ArrowArray>(array);
            from_ffi_and_data_type(array, DataType::Struct(self.schema.fields().clone()))?
        };
        let rows = StructArray::from(data);
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(Some(RecordBatch::try_new_with_options(self.schema.clone(), rows.into_parts().1, &options)?))
    }
}

impl Iterator for RecordBatches {
    type Item = Result<RecordBatch>;
    fn next(&mut self) -> Option<Result<RecordBatch>> {
        self.read().transpose()
    }
}

impl fmt::Debug for RecordBatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBatches").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Statement<'_> {
    /// Runs it and gives its rows as record batches.
    ///
    /// ```
    /// use arrow_array::cast::AsArray;
    /// use arrow_array::types::Int64Type;
    /// # fn main() -> turdb::Result<()> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// let mut statement = conn.prepare("select i from generate_series(1::bigint, ?) g(i)")?;
    /// let mut sum = 0;
    /// for batch in statement.query_batches([100_000])? {
    ///     sum += batch?.column(0).as_primitive::<Int64Type>().values().iter().sum::<i64>();
    /// }
    /// assert_eq!(sum, 5_000_050_000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn query_batches(&mut self, params: impl Params) -> Result<RecordBatches> {
        self.query_arrow(params)?.into_batches()
    }
}

impl Connection {
    /// Makes record batches a table of this connection, which can be scanned as often as wanted: nothing of them is copied.
    pub fn register_batches(&self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let open = move || Ok::<_, CallbackError>(ArrowStream::of_batches(schema.clone(), batches.clone()));
        self.register_source(name, open)
    }
}

impl Appender<'_> {
    /// Flushes, then inserts all rows of a batch, columns by place: all go in or none.
    pub fn append_record_batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.append_stream(ArrowStream::of_batches(batch.schema(), vec![batch]))
    }
}
