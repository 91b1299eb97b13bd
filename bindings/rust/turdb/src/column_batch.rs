//! Rows by column, and as a batch of Arrow's C Data Interface.
use std::ffi::{c_void, CStr, CString};
use std::ptr;

use turdb_sys as sys;

use crate::packed::Reader;
use crate::statement::Column;

/// The values of a column, as Arrow has them.
pub(crate) struct ColumnBuilder {
    kind: Kind,
    data: Vec<u8>,       // of values of one width; of texts and blobs all bytes
    offsets: Vec<i32>,   // of texts and blobs, one more than there are
    missing: Vec<usize>, // rows that are NULL
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Bool,
    Integer,
    Double,
    Text,
    Blob,
    Date,
    Micros(u32), // TURDB_TYPE_* of a time or timestamp
    Uuid,
    Vector, // of floats, as a list
}

impl ColumnBuilder {
    /// For a column of a table; None where Arrow has no plain layout that every value of it fits into.
    pub(crate) fn of_column(column: &Column) -> Option<Self> {
        let kind = match column.kind as u32 {
            sys::TURDB_TYPE_BOOL => Kind::Bool,
            sys::TURDB_TYPE_INT8 | sys::TURDB_TYPE_INT16 | sys::TURDB_TYPE_INT32 | sys::TURDB_TYPE_INT64 => Kind::Integer,
            sys::TURDB_TYPE_FLOAT | sys::TURDB_TYPE_DOUBLE => Kind::Double,
            sys::TURDB_TYPE_TEXT => Kind::Text,
            sys::TURDB_TYPE_BLOB => Kind::Blob,
            sys::TURDB_TYPE_DATE => Kind::Date,
            kind @ (sys::TURDB_TYPE_TIME | sys::TURDB_TYPE_TIMESTAMP | sys::TURDB_TYPE_TIMESTAMPTZ) => Kind::Micros(kind),
            sys::TURDB_TYPE_UUID => Kind::Uuid,
            // Of floats: "vector(3)", not "vector(3, int8)".
            sys::TURDB_TYPE_VECTOR if column.declared_type.starts_with("vector(") && !column.declared_type.contains(',') => {
                Kind::Vector
            }
            _ => return None,
        };
        Some(Self { kind, data: Vec::new(), offsets: vec![0], missing: Vec::new() })
    }

    /// Adds the next value as row `row`. False: it is of another type, and nothing was added.
    #[inline]
    fn push(&mut self, reader: &mut Reader<'_>, row: usize) -> bool {
        match self.kind {
            Kind::Integer => {
                if let Some(bytes) = reader.fixed::<8>(sys::TURDB_TYPE_INT64) {
                    self.data.extend_from_slice(&bytes);
                    return true;
                }
            }
            Kind::Double => {
                if let Some(bytes) = reader.fixed::<8>(sys::TURDB_TYPE_DOUBLE) {
                    self.data.extend_from_slice(&bytes);
                    return true;
                }
                if let Some(bytes) = reader.fixed::<4>(sys::TURDB_TYPE_FLOAT) {
                    self.data.extend_from_slice(&f64::from(f32::from_le_bytes(bytes)).to_le_bytes());
                    return true;
                }
            }
            Kind::Text => {
                if let Some(bytes) = reader.sized_of(sys::TURDB_TYPE_TEXT) {
                    return self.push_sized(bytes);
                }
            }
            Kind::Blob => {
                if let Some(bytes) = reader.sized_of(sys::TURDB_TYPE_BLOB) {
                    return self.push_sized(bytes);
                }
            }
            Kind::Bool => {
                if let Some([value]) = reader.fixed::<1>(sys::TURDB_TYPE_BOOL) {
                    self.data.push(value);
                    return true;
                }
            }
            Kind::Date => {
                if let Some(bytes) = reader.fixed::<4>(sys::TURDB_TYPE_DATE) {
                    self.data.extend_from_slice(&bytes);
                    return true;
                }
            }
            Kind::Micros(constant) => {
                if let Some(bytes) = reader.fixed::<8>(constant) {
                    self.data.extend_from_slice(&bytes);
                    return true;
                }
            }
            Kind::Vector => {
                let body = reader.sized_of(sys::TURDB_TYPE_VECTOR);
                if let Some(elements) = body.and_then(|body| body.strip_prefix(&[sys::TURDB_VECTOR_FLOAT32 as u8])) {
                    return self.push_sized(elements);
                }
                if body.is_some() {
                    return false;
                }
            }
            Kind::Uuid => {
                if let Some(bytes) = reader.fixed::<16>(sys::TURDB_TYPE_UUID) {
                    self.data.extend_from_slice(&bytes);
                    return true;
                }
            }
        }
        self.push_null(reader, row)
    }

    #[inline]
    fn push_sized(&mut self, bytes: &[u8]) -> bool {
        let Ok(end) = i32::try_from(self.data.len() + bytes.len()) else { return false };
        self.data.extend_from_slice(bytes);
        self.offsets.push(end);
        true
    }

    #[cold]
    fn push_null(&mut self, reader: &mut Reader<'_>, row: usize) -> bool {
        if reader.tag() != sys::TURDB_TYPE_NULL {
            return false;
        }
        reader.skip();
        self.missing.push(row);
        match self.width() {
            Some(width) => self.data.resize(self.data.len() + width, 0),
            None => self.offsets.push(self.data.len() as i32),
        }
        true
    }

    fn width(&self) -> Option<usize> {
        match self.kind {
            Kind::Bool => Some(1), // a byte, until it is exported
            Kind::Date => Some(4),
            Kind::Integer | Kind::Double | Kind::Micros(_) => Some(8),
            Kind::Uuid => Some(16),
            Kind::Text | Kind::Blob | Kind::Vector => None,
        }
    }

    /// Takes values away so that `rows` are left.
    fn truncate(&mut self, rows: usize) {
        match self.width() {
            Some(width) => self.data.truncate(rows * width),
            None => {
                self.offsets.truncate(rows + 1);
                self.data.truncate(self.offsets[rows] as usize);
            }
        }
        while self.missing.last().is_some_and(|row| *row >= rows) {
            self.missing.pop();
        }
    }

    fn format(&self) -> &'static CStr {
        match self.kind {
            Kind::Bool => c"b",
            Kind::Integer => c"l",
            Kind::Double => c"g",
            Kind::Text => c"u",
            Kind::Blob => c"z",
            Kind::Date => c"tdD",
            Kind::Micros(sys::TURDB_TYPE_TIME) => c"ttu",
            Kind::Micros(sys::TURDB_TYPE_TIMESTAMP) => c"tsu:",
            Kind::Micros(_) => c"tsu:UTC",
            Kind::Uuid => c"w:16",
            Kind::Vector => c"+l",
        }
    }

    /// Gives the values of `rows` rows away.
    fn export(&mut self, rows: usize) -> sys::ArrowArray {
        let mut data = std::mem::take(&mut self.data);
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.data.reserve(data.len());
        let missing = std::mem::take(&mut self.missing);
        if self.kind == Kind::Bool {
            let bits = data.chunks(8).map(|bytes| bytes.iter().enumerate().fold(0, |byte, (i, bit)| byte | bit << i));
            data = bits.collect();
        }
        let mut validity = Vec::new();
        if !missing.is_empty() {
            validity = vec![u8::MAX; rows.div_ceil(8)];
            missing.iter().for_each(|row| validity[row / 8] &= !(1 << (row % 8)));
        }
        if self.kind == Kind::Vector {
            let floats = data.len() / 4;
            let elements = Owned { data, ..Owned::default() }.into_array(floats, 0, false);
            let offsets = offsets.iter().map(|bytes| bytes / 4).collect();
            let children = vec![Box::into_raw(Box::new(elements))];
            return Owned { validity, offsets, children, ..Owned::default() }.into_list(rows, missing.len());
        }
        Owned { validity, offsets, data, ..Owned::default() }.into_array(rows, missing.len(), self.width().is_none())
    }
}

/// Rows that are collected by column.
pub(crate) struct RowBatch {
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl RowBatch {
    pub(crate) fn new(columns: Vec<ColumnBuilder>) -> Self {
        Self { columns, rows: 0, bytes: 0 }
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a packed row. False: a value is not of its column's type, and nothing was added.
    #[inline]
    pub(crate) fn push(&mut self, row: &[u8]) -> bool {
        let mut reader = Reader { data: row, at: 0 };
        for column in &mut self.columns {
            if !column.push(&mut reader, self.rows) {
                self.columns.iter_mut().for_each(|column| column.truncate_to(self.rows));
                return false;
            }
        }
        self.rows += 1;
        self.bytes += row.len();
        true
    }

    /// Gives the rows away.
    pub(crate) fn export(&mut self) -> sys::ArrowArray {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let children: Vec<*mut sys::ArrowArray> =
            self.columns.iter_mut().map(|column| Box::into_raw(Box::new(column.export(rows)))).collect();
        Owned { children, ..Owned::default() }.into_struct(rows)
    }
}

impl ColumnBuilder {
    /// Of a row that was not added whole: some columns have it.
    fn truncate_to(&mut self, rows: usize) {
        let have = self.width().map_or(self.offsets.len() - 1, |width| self.data.len() / width);
        if have > rows {
            self.truncate(rows);
        }
    }
}

/// What an array owns, until it is released.
#[derive(Default)]
struct Owned {
    validity: Vec<u8>,
    offsets: Vec<i32>,
    data: Vec<u8>,
    buffers: Vec<*const c_void>,
    children: Vec<*mut sys::ArrowArray>,
}

impl Owned {
    fn validity(&self, missing: usize) -> *const c_void {
        if missing == 0 {
            ptr::null()
        } else {
            self.validity.as_ptr().cast()
        }
    }

    fn into_list(mut self, rows: usize, missing: usize) -> sys::ArrowArray {
        self.buffers = vec![self.validity(missing), self.offsets.as_ptr().cast()];
        self.finish(rows, missing)
    }

    fn into_array(mut self, rows: usize, missing: usize, sized: bool) -> sys::ArrowArray {
        let validity = self.validity(missing);
        self.buffers = match sized {
            true => vec![validity, self.offsets.as_ptr().cast(), self.data.as_ptr().cast()],
            false => vec![validity, self.data.as_ptr().cast()],
        };
        self.finish(rows, missing)
    }

    fn into_struct(mut self, rows: usize) -> sys::ArrowArray {
        self.buffers = vec![ptr::null()];
        self.finish(rows, 0)
    }

    fn finish(self, rows: usize, missing: usize) -> sys::ArrowArray {
        // A raw box from here on, so that what `buffers` and `children` point at is used through nothing else.
        let owned = Box::into_raw(Box::new(self));
        // SAFETY: it was just made.
        let (buffers, children) = unsafe { ((*owned).buffers.as_mut_ptr(), (*owned).children.as_mut_ptr()) };
        // SAFETY: as above.
        let (n_buffers, n_children) = unsafe { ((*owned).buffers.len() as i64, (*owned).children.len() as i64) };
        sys::ArrowArray {
            length: rows as i64,
            null_count: missing as i64,
            offset: 0,
            n_buffers,
            n_children,
            buffers,
            children: if n_children == 0 { ptr::null_mut() } else { children },
            dictionary: ptr::null_mut(),
            release: Some(release),
            private_data: owned.cast(),
        }
    }
}

unsafe extern "C" fn release(array: *mut sys::ArrowArray) {
    let owned = Box::from_raw((*array).private_data.cast::<Owned>());
    for child in &owned.children {
        if let Some(release) = (**child).release {
            release(*child);
        }
        drop(Box::from_raw(*child));
    }
    (*array).release = None;
}

// ---- the schema

/// What a schema owns, until it is released.
struct OwnedSchema {
    name: CString,
    metadata: Vec<u8>,
    children: Vec<*mut sys::ArrowSchema>,
}

fn schema_of(name: &str, format: &'static CStr, extension: Option<&str>, children: Vec<sys::ArrowSchema>) -> sys::ArrowSchema {
    let mut metadata = Vec::new(); // as Arrow encodes it
    if let Some(extension) = extension {
        metadata.extend_from_slice(&1_i32.to_ne_bytes());
        for text in ["ARROW:extension:name", extension] {
            metadata.extend_from_slice(&(text.len() as i32).to_ne_bytes());
            metadata.extend_from_slice(text.as_bytes());
        }
    }
    let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
    let name = CString::new(name.replace('\0', "")).unwrap_or_default();
    let owned = Box::into_raw(Box::new(OwnedSchema { name, metadata, children }));
    // SAFETY: it was just made.
    let inside = unsafe { &mut *owned };
    sys::ArrowSchema {
        format: format.as_ptr(),
        name: inside.name.as_ptr(),
        metadata: if inside.metadata.is_empty() { ptr::null() } else { inside.metadata.as_ptr().cast() },
        flags: 2, // ARROW_FLAG_NULLABLE
        n_children: inside.children.len() as i64,
        children: if inside.children.is_empty() { ptr::null_mut() } else { inside.children.as_mut_ptr() },
        dictionary: ptr::null_mut(),
        release: Some(release_schema),
        private_data: owned.cast(),
    }
}

unsafe extern "C" fn release_schema(schema: *mut sys::ArrowSchema) {
    let owned = Box::from_raw((*schema).private_data.cast::<OwnedSchema>());
    for child in &owned.children {
        if let Some(release) = (**child).release {
            release(*child);
        }
        drop(Box::from_raw(*child));
    }
    (*schema).release = None;
}

impl ColumnBuilder {
    fn schema(&self) -> sys::ArrowSchema {
        let elements = match self.kind {
            Kind::Vector => vec![schema_of("item", c"f", None, Vec::new())],
            _ => Vec::new(),
        };
        let extension = (self.kind == Kind::Uuid).then_some("arrow.uuid");
        schema_of("", self.format(), extension, elements)
    }
}

impl RowBatch {
    /// The schema of its batches, which its owner releases.
    pub(crate) fn schema(&self) -> sys::ArrowSchema {
        schema_of("", c"+s", None, self.columns.iter().map(ColumnBuilder::schema).collect())
    }
}
