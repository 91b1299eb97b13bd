//! One long value, read and written in pieces.
use std::ffi::CString;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ptr;

use turdb_sys as sys;

use crate::connection::{c_text, Connection};
use crate::error::{check, Error, Result};
use crate::packed::Packer;
use crate::params::{Binder, Names, Params};

/// The value of one column in one row, read and written in pieces: [`Connection::blob`], [`Connection::blob_mut`]. It is a file of
/// [`std::io`]: writing behind its end makes it longer.
pub struct Blob<'c> {
    raw: *mut sys::turdb_blob,
    at: u64,
    conn: PhantomData<&'c Connection>,
}

/// Which value to open. Names are taken as they are; without a schema the table is looked up as in SQL.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlobPlace<'a> {
    /// The schema.
    pub schema: Option<&'a str>,
    /// The table.
    pub table: &'a str,
    /// The column, a blob, text or JSON.
    pub column: &'a str,
}

impl<'a> From<(&'a str, &'a str)> for BlobPlace<'a> {
    fn from((table, column): (&'a str, &'a str)) -> Self {
        Self { schema: None, table, column }
    }
}

impl Connection {
    /// Opens a value to be read in pieces. The row is given by its primary key, or by the rowid of a table without one.
    ///
    /// ```
    /// use std::io::{Read, Seek, SeekFrom, Write};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let conn = turdb::Connection::open_in_memory()?;
    /// conn.execute_batch("create table file(id integer primary key, content blob); insert into file values (1, zeroblob(1000000))")?;
    /// let mut content = conn.blob_mut(("file", "content"), [1])?;
    /// content.seek(SeekFrom::Start(500_000))?;
    /// content.write_all(b"in the middle")?;
    /// let mut tail = String::new();
    /// content.seek(SeekFrom::Start(500_007))?;
    /// content.take(6).read_to_string(&mut tail)?;
    /// assert_eq!(tail, "middle");
    /// # Ok(())
    /// # }
    /// ```
    pub fn blob<'a>(&self, place: impl Into<BlobPlace<'a>>, key: impl Params) -> Result<Blob<'_>> {
        self.open_blob(place.into(), key, false)
    }

    /// The same, to be written as well. What was written is in the row, and committed where no transaction is open. Each write copies
    /// the value: few large pieces are better than many small ones, so put a [`std::io::BufWriter`] in front.
    pub fn blob_mut<'a>(&self, place: impl Into<BlobPlace<'a>>, key: impl Params) -> Result<Blob<'_>> {
        self.open_blob(place.into(), key, true)
    }

    fn open_blob(&self, place: BlobPlace<'_>, key: impl Params, writable: bool) -> Result<Blob<'_>> {
        let schema: Option<CString> = place.schema.map(c_text).transpose()?;
        let (table, column) = (c_text(place.table)?, c_text(place.column)?);
        let key = packed(key)?;
        let mut blob = Blob { raw: ptr::null_mut(), at: 0, conn: PhantomData };
        // SAFETY: texts are copied; the key is not kept.
        unsafe {
            let schema = schema.as_ref().map_or(ptr::null(), |schema| schema.as_ptr());
            check(|error| {
                let (table, column, data, size) = (table.as_ptr(), column.as_ptr(), key.as_ptr(), key.len() as i64);
                sys::turdb_blob_open_key(self.raw, schema, table, column, data, size, writable, &mut blob.raw, error)
            })?;
        }
        Ok(blob)
    }
}

struct NoNames;

impl Names for NoNames {
    fn names(&self) -> Vec<Option<String>> {
        Vec::new()
    }
}

fn packed(key: impl Params) -> Result<Vec<u8>> {
    let mut packer = Packer::default();
    key.bind(&mut Binder { packer: &mut packer, names: &NoNames, count: 0 })?;
    Ok(packer.data)
}

impl Blob<'_> {
    /// Bytes of the value.
    #[allow(clippy::len_without_is_empty)] // a blob is a file, not a collection
    pub fn len(&self) -> u64 {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_blob_size(self.raw) as u64 }
    }

    /// To the value of another row, or of the same one as it is now. Cheaper than opening another blob.
    pub fn reopen(&mut self, key: impl Params) -> Result<()> {
        let key = packed(key)?;
        self.at = 0;
        // SAFETY: the key is not kept.
        unsafe { check(|error| sys::turdb_blob_reopen_key(self.raw, key.as_ptr(), key.len() as i64, error))? };
        Ok(())
    }

    /// Reads bytes from `offset` on; all of them must be inside the value.
    pub fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<()> {
        let offset = small(offset)?;
        let (data, size) = (out.as_mut_ptr().cast(), out.len() as i64);
        // SAFETY: the memory and its size.
        unsafe { check(|error| sys::turdb_blob_read(self.raw, offset, data, size, error))? };
        Ok(())
    }

    /// Writes bytes over those from `offset` on; all of them must be inside the value.
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let offset = small(offset)?;
        let (data, size) = (bytes.as_ptr().cast(), bytes.len() as i64);
        // SAFETY: the memory and its size.
        unsafe { check(|error| sys::turdb_blob_write(self.raw, offset, data, size, error))? };
        Ok(())
    }

    /// Makes the value longer, with zeros behind, or shorter.
    pub fn resize(&mut self, size: u64) -> Result<()> {
        let size = small(size)?;
        // SAFETY: the handle is ours.
        unsafe { check(|error| sys::turdb_blob_resize(self.raw, size, error))? };
        Ok(())
    }
}

fn small(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|_| Error::ToSql(format!("{size} bytes are more than a value can have")))
}

impl io::Read for Blob<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.len().saturating_sub(self.at).min(out.len() as u64) as usize;
        if count > 0 {
            self.read_at(self.at, &mut out[..count])?;
            self.at += count as u64;
        }
        Ok(count)
    }
}

impl io::Write for Blob<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let end = self.at.checked_add(bytes.len() as u64).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        if end > self.len() {
            self.resize(end)?;
        }
        self.write_at(self.at, bytes)?;
        self.at = end;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Seek for Blob<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let at = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            io::SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning of the blob"))?;
        Ok(self.at)
    }
}

impl Drop for Blob<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { sys::turdb_blob_free(self.raw) }
    }
}

impl fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob").field("len", &self.len()).field("at", &self.at).finish_non_exhaustive()
    }
}
