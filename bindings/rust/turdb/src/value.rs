//! Values: what rows have, and what parameters may be.
use std::fmt;

use turdb_sys as sys;

use crate::packed::Reader;

/// Days since 1970-01-01. `i32::MAX` and `i32::MIN` are the infinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);
/// Microseconds since midnight, up to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);
/// Microseconds since 1970-01-01 00:00:00, without a time zone. `i64::MAX` and `i64::MIN` are the infinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);
/// Microseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimestampTz(pub i64);
/// A span of time, as SQL has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months, which are not so many days.
    pub months: i32,
    /// Days, which are not so many hours.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}
/// A decimal number as text, exactly: "-12.50".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal(pub String);
/// The text of a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Json(pub String);
/// The 16 bytes of a UUID in the order they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);
/// A slice as an array of SQL, as a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a, T>(pub &'a [T]);
/// A slice as a vector of halves, `halfvec(n)`, as a parameter: the bits of IEEE 754 binary16.
#[derive(Debug, Clone, Copy)]
pub struct HalfVector<'a>(pub &'a [u16]);
/// A slice as a vector of bits, `vector(n, bit)`, as a parameter.
#[derive(Debug, Clone, Copy)]
pub struct BitVector<'a>(pub &'a [bool]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A value of a row, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// Every integer that fits.
    Int(i64),
    /// An unsigned integer of 64 bits.
    UInt(u64),
    /// An integer of 128 bits.
    Int128(i128),
    /// `real`.
    Float(f32),
    /// `double precision`.
    Double(f64),
    /// `decimal` and `numeric`, as text.
    Decimal(&'a str),
    /// Text, and whatever TurDB gives as text: addresses, ranges, structs.
    Text(&'a str),
    /// The label of an enum.
    Enum(&'a str),
    /// `json` and `jsonb`.
    Json(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A timestamp without a time zone.
    Timestamp(Timestamp),
    /// An instant.
    TimestampTz(TimestampTz),
    /// An interval.
    Interval(Interval),
    /// A UUID.
    Uuid(Uuid),
    /// An array.
    Array(ArrayRef<'a>),
    /// A vector, of any of its kinds.
    Vector(VectorRef<'a>),
}

impl<'a> ValueRef<'a> {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a text, enum, JSON or decimal.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Text(text) | Self::Enum(text) | Self::Json(text) | Self::Decimal(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a blob.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// An integer that fits into 64 bits with a sign.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Int(number) => Some(number),
            Self::UInt(number) => number.try_into().ok(),
            Self::Int128(number) => number.try_into().ok(),
            _ => None,
        }
    }

    /// A number of floating point.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Double(number) => Some(number),
            Self::Float(number) => Some(number.into()),
            _ => None,
        }
    }
}

/// An array, borrowed from its row. Elements of an array of several dimensions are arrays.
#[derive(Clone, Copy, PartialEq)]
pub struct ArrayRef<'a> {
    pub(crate) dimensions: &'a [u8], // 8 bytes each: the lower bound, the length
    pub(crate) data: &'a [u8],       // begins with its elements
}

impl<'a> ArrayRef<'a> {
    fn length(dimension: &[u8]) -> usize {
        u32::from_le_bytes([dimension[4], dimension[5], dimension[6], dimension[7]]) as usize
    }

    /// How many elements it has; of several dimensions, how many arrays.
    pub fn len(&self) -> usize {
        self.dimensions.chunks_exact(8).next().map_or(0, Self::length)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many dimensions it has: 0 for the empty array.
    pub fn dimensions(&self) -> usize {
        self.dimensions.len() / 8
    }

    /// Its elements.
    pub fn iter(&self) -> ArrayElements<'a> {
        let inner = self.dimensions.get(8..).unwrap_or(&[]);
        let each = inner.chunks_exact(8).map(Self::length).product();
        ArrayElements { left: self.len(), inner, each, reader: Reader { data: self.data, at: 0 } }
    }
}

impl<'a> IntoIterator for ArrayRef<'a> {
    type Item = ValueRef<'a>;
    type IntoIter = ArrayElements<'a>;
    fn into_iter(self) -> ArrayElements<'a> {
        self.iter()
    }
}

impl fmt::Debug for ArrayRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements of an [`ArrayRef`].
#[derive(Clone, Debug)]
pub struct ArrayElements<'a> {
    left: usize,
    inner: &'a [u8], // dimensions of the elements
    each: usize,     // values in an element that is an array
    reader: Reader<'a>,
}

impl<'a> Iterator for ArrayElements<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<ValueRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        if self.inner.is_empty() {
            return Some(self.reader.value());
        }
        let array = ArrayRef { dimensions: self.inner, data: &self.reader.data[self.reader.at..] };
        (0..self.each).for_each(|_| self.reader.skip());
        Some(ValueRef::Array(array))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for ArrayElements<'_> {}

/// What the elements of a vector are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VectorKind {
    /// `vector(n)`.
    Float32,
    /// `halfvec(n)`.
    Float16,
    /// `vector(n, int8)`.
    Int8,
    /// `vector(n, bit)`.
    Bit,
}

/// A vector, borrowed from its row.
#[derive(Clone, Copy, PartialEq)]
pub struct VectorRef<'a> {
    pub(crate) kind: VectorKind,
    pub(crate) bytes: &'a [u8],
    pub(crate) dimensions: usize,
}

impl<'a> VectorRef<'a> {
    /// Of the body of a packed value.
    pub(crate) fn of_body(body: &'a [u8]) -> Self {
        let Some((&element, bytes)) = body.split_first() else {
            return Self { kind: VectorKind::Float32, bytes: &[], dimensions: 0 };
        };
        match u32::from(element) {
            sys::TURDB_VECTOR_FLOAT32 => Self { kind: VectorKind::Float32, bytes, dimensions: bytes.len() / 4 },
            sys::TURDB_VECTOR_FLOAT16 => Self { kind: VectorKind::Float16, bytes, dimensions: bytes.len() / 2 },
            sys::TURDB_VECTOR_INT8 => Self { kind: VectorKind::Int8, bytes, dimensions: bytes.len() },
            _ => {
                let (&last, bytes) = bytes.split_last().unwrap_or((&0, &[]));
                let dimensions = (8 * bytes.len()).saturating_sub(8) + usize::from(last);
                Self { kind: VectorKind::Bit, bytes, dimensions }
            }
        }
    }

    /// What its elements are.
    pub fn kind(&self) -> VectorKind {
        self.kind
    }

    /// How many elements it has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Its elements as they lie in memory, little-endian, not aligned; eight bits to a byte, the first lowest.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its elements as numbers, whatever they are.
    pub fn to_f32(&self) -> Vec<f32> {
        let bytes = self.bytes;
        match self.kind {
            VectorKind::Float32 => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            VectorKind::Float16 => bytes.chunks_exact(2).map(|b| half_to_float(u16::from_le_bytes([b[0], b[1]]))).collect(),
            VectorKind::Int8 => bytes.iter().map(|&b| f32::from(b as i8)).collect(),
            VectorKind::Bit => self.bits().map(|bit| if bit { 1.0 } else { 0.0 }).collect(),
        }
    }

    pub(crate) fn bits(self) -> impl Iterator<Item = bool> + 'a {
        (0..self.dimensions).map(move |i| self.bytes[i / 8] >> (i % 8) & 1 != 0)
    }
}

impl fmt::Debug for VectorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{:?}", self.kind, self.to_f32())
    }
}

fn half_to_float(half: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(half >> 15) << 31, u32::from(half >> 10 & 31), u32::from(half & 1023));
    match exponent {
        0 => f32::from_bits((fraction as f32 / (1 << 24) as f32).to_bits() | sign),
        31 => f32::from_bits(sign | 255 << 23 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// What SQL reads as the value: `{1,"a b",NULL}`, `[1,2.5]`, `2000-02-29`.
impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::UInt(value) => value.fmt(f),
            Self::Int128(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Double(value) => value.fmt(f),
            Self::Decimal(text) | Self::Text(text) | Self::Enum(text) | Self::Json(text) => f.write_str(text),
            Self::Blob(bytes) => {
                f.write_str("\\x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Date(value) => value.fmt(f),
            Self::Time(value) => value.fmt(f),
            Self::Timestamp(value) => value.fmt(f),
            Self::TimestampTz(value) => value.fmt(f),
            Self::Interval(value) => value.fmt(f),
            Self::Uuid(value) => value.fmt(f),
            Self::Array(array) => array.fmt(f),
            Self::Vector(vector) => {
                let elements: Vec<String> = vector.to_f32().iter().map(ToString::to_string).collect();
                write!(f, "[{}]", elements.join(","))
            }
        }
    }
}

impl fmt::Display for ArrayRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, element) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            match element {
                ValueRef::Null | ValueRef::Array(_) => element.fmt(f)?,
                element => write!(f, "\"{}\"", element.to_string().replace('\\', "\\\\").replace('"', "\\\""))?,
            }
        }
        f.write_str("}")
    }
}
