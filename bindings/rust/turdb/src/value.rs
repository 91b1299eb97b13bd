//! Values: what rows have, and what parameters may be.
use std::fmt;

use turdb_sys as sys;

use crate::error::{Error, Result};

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
#[derive(Debug, Clone, PartialEq)]
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
    /// An array, with arrays in it for more dimensions.
    Array(Vec<ValueRef<'a>>),
    /// A vector of floats or halves.
    Vector(Vec<f32>),
    /// A vector of bytes.
    Int8Vector(Vec<i8>),
    /// A vector of bits.
    BitVector(Vec<bool>),
}

// ---- packed values (docs/packed.md), read

/// Reads packed values of memory that TurDB has written.
pub(crate) struct Reader<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) at: usize,
}

fn kind(constant: u32) -> u8 {
    constant as u8
}

impl<'a> Reader<'a> {
    #[inline]
    fn take(&mut self, size: usize) -> &'a [u8] {
        let bytes = &self.data[self.at..self.at + size];
        self.at += size;
        bytes
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("a slice of N bytes")
    }

    #[inline]
    fn u32(&mut self) -> usize {
        u32::from_le_bytes(self.array()) as usize
    }

    #[inline]
    fn sized(&mut self) -> &'a [u8] {
        let size = self.u32();
        self.take(size)
    }

    #[inline]
    fn text(&mut self) -> &'a str {
        // TurDB's texts are UTF-8 [C-TEXT-1]; this checks it all the same.
        std::str::from_utf8(self.sized()).unwrap_or("\u{fffd}")
    }

    /// Moves behind a value.
    #[inline]
    pub(crate) fn skip(&mut self) {
        let size = match u32::from(self.array::<1>()[0]) {
            sys::TURDB_TYPE_NULL => 0,
            sys::TURDB_TYPE_BOOL | sys::TURDB_TYPE_INT8 | sys::TURDB_TYPE_UINT8 => 1,
            sys::TURDB_TYPE_INT16 | sys::TURDB_TYPE_UINT16 => 2,
            sys::TURDB_TYPE_INT32 | sys::TURDB_TYPE_UINT32 | sys::TURDB_TYPE_FLOAT | sys::TURDB_TYPE_DATE => 4,
            sys::TURDB_TYPE_INT64
            | sys::TURDB_TYPE_UINT64
            | sys::TURDB_TYPE_DOUBLE
            | sys::TURDB_TYPE_TIME
            | sys::TURDB_TYPE_TIMESTAMP
            | sys::TURDB_TYPE_TIMESTAMPTZ => 8,
            sys::TURDB_TYPE_INT128 | sys::TURDB_TYPE_INTERVAL | sys::TURDB_TYPE_UUID => 16,
            _ => self.u32(),
        };
        self.at += size;
    }

    #[inline]
    pub(crate) fn value(&mut self) -> ValueRef<'a> {
        match u32::from(self.array::<1>()[0]) {
            sys::TURDB_TYPE_NULL => ValueRef::Null,
            sys::TURDB_TYPE_BOOL => ValueRef::Bool(self.array::<1>()[0] != 0),
            sys::TURDB_TYPE_INT8 => ValueRef::Int(i8::from_le_bytes(self.array()).into()),
            sys::TURDB_TYPE_INT16 => ValueRef::Int(i16::from_le_bytes(self.array()).into()),
            sys::TURDB_TYPE_INT32 => ValueRef::Int(i32::from_le_bytes(self.array()).into()),
            sys::TURDB_TYPE_INT64 => ValueRef::Int(i64::from_le_bytes(self.array())),
            sys::TURDB_TYPE_INT128 => ValueRef::Int128(i128::from_le_bytes(self.array())),
            sys::TURDB_TYPE_UINT8 => ValueRef::Int(u8::from_le_bytes(self.array()).into()),
            sys::TURDB_TYPE_UINT16 => ValueRef::Int(u16::from_le_bytes(self.array()).into()),
            sys::TURDB_TYPE_UINT32 => ValueRef::Int(u32::from_le_bytes(self.array()).into()),
            sys::TURDB_TYPE_UINT64 => ValueRef::UInt(u64::from_le_bytes(self.array())),
            sys::TURDB_TYPE_FLOAT => ValueRef::Float(f32::from_le_bytes(self.array())),
            sys::TURDB_TYPE_DOUBLE => ValueRef::Double(f64::from_le_bytes(self.array())),
            sys::TURDB_TYPE_DECIMAL => ValueRef::Decimal(self.text()),
            sys::TURDB_TYPE_BLOB => ValueRef::Blob(self.sized()),
            sys::TURDB_TYPE_DATE => ValueRef::Date(Date(i32::from_le_bytes(self.array()))),
            sys::TURDB_TYPE_TIME => ValueRef::Time(Time(i64::from_le_bytes(self.array()))),
            sys::TURDB_TYPE_TIMESTAMP => ValueRef::Timestamp(Timestamp(i64::from_le_bytes(self.array()))),
            sys::TURDB_TYPE_TIMESTAMPTZ => ValueRef::TimestampTz(TimestampTz(i64::from_le_bytes(self.array()))),
            sys::TURDB_TYPE_INTERVAL => ValueRef::Interval(Interval {
                months: i32::from_le_bytes(self.array()),
                days: i32::from_le_bytes(self.array()),
                micros: i64::from_le_bytes(self.array()),
            }),
            sys::TURDB_TYPE_UUID => ValueRef::Uuid(Uuid(self.array())),
            sys::TURDB_TYPE_ENUM => ValueRef::Enum(self.text()),
            sys::TURDB_TYPE_JSON | sys::TURDB_TYPE_JSONB => ValueRef::Json(self.text()),
            sys::TURDB_TYPE_ARRAY => self.elements(),
            sys::TURDB_TYPE_VECTOR => self.vector(),
            _ => ValueRef::Text(self.text()), // and what later versions pack as text
        }
    }

    #[inline(never)]
    fn elements(&mut self) -> ValueRef<'a> {
        self.at += 5; // the size, and the type of the elements, which say it themselves
        let lengths: Vec<usize> = (0..self.array::<1>()[0])
            .map(|_| {
                self.at += 4; // the lower bound
                self.u32()
            })
            .collect();
        if lengths.is_empty() {
            return ValueRef::Array(Vec::new());
        }
        self.block(&lengths)
    }

    fn block(&mut self, lengths: &[usize]) -> ValueRef<'a> {
        ValueRef::Array((0..lengths[0]).map(|_| if lengths.len() > 1 { self.block(&lengths[1..]) } else { self.value() }).collect())
    }

    #[inline(never)]
    fn vector(&mut self) -> ValueRef<'a> {
        let bytes = self.sized();
        let (element, bytes) = (u32::from(bytes[0]), &bytes[1..]);
        match element {
            sys::TURDB_VECTOR_FLOAT32 => {
                ValueRef::Vector(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
            }
            sys::TURDB_VECTOR_FLOAT16 => {
                ValueRef::Vector(bytes.chunks_exact(2).map(|b| half_to_float(u16::from_le_bytes([b[0], b[1]]))).collect())
            }
            sys::TURDB_VECTOR_INT8 => ValueRef::Int8Vector(bytes.iter().map(|&b| b as i8).collect()),
            _ => {
                let (&last, bytes) = bytes.split_last().expect("bits end with the number of the last ones");
                let count = 8 * (bytes.len() - 1) + usize::from(last);
                ValueRef::BitVector((0..count).map(|i| bytes[i / 8] >> (i % 8) & 1 != 0).collect())
            }
        }
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

// ---- packed values, written

/// Where parameters go.
#[derive(Debug, Default)]
pub struct Packer {
    pub(crate) data: Vec<u8>,
}

impl Packer {
    fn fixed(&mut self, constant: u32, bytes: &[u8]) {
        self.data.push(kind(constant));
        self.data.extend_from_slice(bytes);
    }

    fn sized(&mut self, constant: u32, bytes: &[u8]) -> Result<()> {
        let size = u32::try_from(bytes.len()).map_err(|_| Error::ToSql(format!("a value of {} bytes is too long", bytes.len())))?;
        self.data.push(kind(constant));
        self.data.extend_from_slice(&size.to_le_bytes());
        self.data.extend_from_slice(bytes);
        Ok(())
    }
}

/// What may be a parameter.
pub trait ToSql {
    /// Packs the value.
    fn to_sql(&self, out: &mut Packer) -> Result<()>;
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        (**self).to_sql(out)
    }
}

impl<T: ToSql> ToSql for Option<T> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        match self {
            Some(value) => value.to_sql(out),
            None => {
                out.fixed(sys::TURDB_TYPE_NULL, &[]);
                Ok(())
            }
        }
    }
}

macro_rules! fixed_to_sql {
    ($($type:ty, $constant:ident, $value:ident => $bytes:expr;)*) => {
        $(impl ToSql for $type {
            fn to_sql(&self, out: &mut Packer) -> Result<()> {
                let $value = *self;
                out.fixed(sys::$constant, &$bytes);
                Ok(())
            }
        })*
    };
}

fixed_to_sql! {
    bool, TURDB_TYPE_BOOL, value => [u8::from(value)];
    i8, TURDB_TYPE_INT64, value => i64::from(value).to_le_bytes();
    i16, TURDB_TYPE_INT64, value => i64::from(value).to_le_bytes();
    i32, TURDB_TYPE_INT64, value => i64::from(value).to_le_bytes();
    i64, TURDB_TYPE_INT64, value => value.to_le_bytes();
    isize, TURDB_TYPE_INT64, value => (value as i64).to_le_bytes();
    u8, TURDB_TYPE_INT64, value => i64::from(value).to_le_bytes();
    u16, TURDB_TYPE_INT64, value => i64::from(value).to_le_bytes();
    u32, TURDB_TYPE_INT64, value => i64::from(value).to_le_bytes();
    u64, TURDB_TYPE_UINT64, value => value.to_le_bytes();
    usize, TURDB_TYPE_UINT64, value => (value as u64).to_le_bytes();
    i128, TURDB_TYPE_INT128, value => value.to_le_bytes();
    f32, TURDB_TYPE_FLOAT, value => value.to_le_bytes();
    f64, TURDB_TYPE_DOUBLE, value => value.to_le_bytes();
    Date, TURDB_TYPE_DATE, value => value.0.to_le_bytes();
    Time, TURDB_TYPE_TIME, value => value.0.to_le_bytes();
    Timestamp, TURDB_TYPE_TIMESTAMP, value => value.0.to_le_bytes();
    TimestampTz, TURDB_TYPE_TIMESTAMPTZ, value => value.0.to_le_bytes();
    Uuid, TURDB_TYPE_UUID, value => value.0;
}

macro_rules! sized_to_sql {
    ($($type:ty, $constant:ident, $value:ident => $bytes:expr;)*) => {
        $(impl ToSql for $type {
            fn to_sql(&self, out: &mut Packer) -> Result<()> {
                let $value = self;
                out.sized(sys::$constant, $bytes)
            }
        })*
    };
}

sized_to_sql! {
    str, TURDB_TYPE_TEXT, value => value.as_bytes();
    String, TURDB_TYPE_TEXT, value => value.as_bytes();
    [u8], TURDB_TYPE_BLOB, value => value;
    Vec<u8>, TURDB_TYPE_BLOB, value => value;
    Decimal, TURDB_TYPE_DECIMAL, value => value.0.as_bytes();
    Json, TURDB_TYPE_JSON, value => value.0.as_bytes();
}

impl ToSql for Interval {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        out.fixed(sys::TURDB_TYPE_INTERVAL, &self.months.to_le_bytes());
        out.data.extend_from_slice(&self.days.to_le_bytes());
        out.data.extend_from_slice(&self.micros.to_le_bytes());
        Ok(())
    }
}

impl ToSql for [f32] {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        let mut body = vec![kind(sys::TURDB_VECTOR_FLOAT32)];
        self.iter().for_each(|value| body.extend_from_slice(&value.to_le_bytes()));
        out.sized(sys::TURDB_TYPE_VECTOR, &body)
    }
}

impl<const N: usize> ToSql for [f32; N] {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        self.as_slice().to_sql(out)
    }
}

impl ToSql for Vec<f32> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        self.as_slice().to_sql(out)
    }
}

impl<T: ToSql> ToSql for Array<'_, T> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        let (null, text) = (kind(sys::TURDB_TYPE_NULL), kind(sys::TURDB_TYPE_TEXT));
        let mut elements = Packer::default();
        let mut element = null;
        for value in self.0 {
            let at = elements.data.len();
            value.to_sql(&mut elements)?;
            let this = elements.data[at];
            if this != null && element != null && this != element {
                return Err(Error::ToSql("the elements of an array must all have one type".into()));
            }
            if this != null {
                element = this;
            }
        }
        if element == null {
            element = text;
        }
        let mut body = vec![element, u8::from(!self.0.is_empty())];
        if !self.0.is_empty() {
            let length = u32::try_from(self.0.len()).map_err(|_| Error::ToSql("an array is too long".into()))?;
            body.extend_from_slice(&1_i32.to_le_bytes());
            body.extend_from_slice(&length.to_le_bytes());
        }
        body.extend_from_slice(&elements.data);
        out.sized(sys::TURDB_TYPE_ARRAY, &body)
    }
}

// ---- from values

/// What a value of a row can be read as.
pub trait FromSql: Sized {
    /// Reads the value, or says why not.
    fn from_sql(value: ValueRef<'_>) -> Result<Self, String>;
}

fn wrong<T>(value: &ValueRef<'_>) -> String {
    if *value == ValueRef::Null {
        return format!("NULL cannot be read as {}: an Option can", std::any::type_name::<T>());
    }
    format!("{value:?} cannot be read as {}", std::any::type_name::<T>())
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::from_sql(value).map(Some),
        }
    }
}

macro_rules! integer_from_sql {
    ($($type:ty)*) => {
        $(impl FromSql for $type {
            fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
                let fits = match &value {
                    ValueRef::Int(number) => <$type>::try_from(*number).ok(),
                    ValueRef::UInt(number) => <$type>::try_from(*number).ok(),
                    ValueRef::Int128(number) => <$type>::try_from(*number).ok(),
                    _ => None,
                };
                fits.ok_or_else(|| wrong::<Self>(&value))
            }
        })*
    };
}

integer_from_sql! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize }

macro_rules! from_sql {
    ($($type:ty: $($pattern:pat => $result:expr),+;)*) => {
        $(impl FromSql for $type {
            fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
                match value {
                    $($pattern => Ok($result),)+
                    value => Err(wrong::<Self>(&value)),
                }
            }
        })*
    };
}

from_sql! {
    bool: ValueRef::Bool(value) => value;
    f64: ValueRef::Double(value) => value, ValueRef::Float(value) => value.into();
    f32: ValueRef::Float(value) => value;
    String: ValueRef::Text(value) | ValueRef::Enum(value) | ValueRef::Json(value) | ValueRef::Decimal(value) => value.into();
    Vec<u8>: ValueRef::Blob(value) => value.into();
    Decimal: ValueRef::Decimal(value) => Decimal(value.into()), ValueRef::Int(value) => Decimal(value.to_string());
    Json: ValueRef::Json(value) => Json(value.into());
    Date: ValueRef::Date(value) => value;
    Time: ValueRef::Time(value) => value;
    Timestamp: ValueRef::Timestamp(value) => value;
    TimestampTz: ValueRef::TimestampTz(value) => value;
    Interval: ValueRef::Interval(value) => value;
    Uuid: ValueRef::Uuid(value) => value;
    Vec<f32>: ValueRef::Vector(value) => value;
    Vec<i8>: ValueRef::Int8Vector(value) => value;
    Vec<bool>: ValueRef::BitVector(value) => value;
}

macro_rules! array_from_sql {
    ($($type:ty)*) => {
        $(impl FromSql for Vec<$type> {
            fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
                match value {
                    ValueRef::Array(elements) => elements.into_iter().map(<$type>::from_sql).collect(),
                    value => Err(wrong::<Self>(&value)),
                }
            }
        })*
    };
}

array_from_sql! { i16 i32 i64 f64 String Option<i64> Option<String> Option<f64> Date TimestampTz Uuid }

// ---- types of other crates

#[cfg(feature = "uuid")]
mod with_uuid {
    use super::*;

    impl ToSql for uuid::Uuid {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            Uuid(*self.as_bytes()).to_sql(out)
        }
    }

    impl FromSql for uuid::Uuid {
        fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
            Uuid::from_sql(value).map(|value| Self::from_bytes(value.0))
        }
    }
}

#[cfg(feature = "chrono")]
mod with_chrono {
    use super::*;
    use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

    const EPOCH_DAY: i32 = 719_163; // of the common era

    impl ToSql for NaiveDate {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            use chrono::Datelike;
            Date(self.num_days_from_ce() - EPOCH_DAY).to_sql(out)
        }
    }

    impl FromSql for NaiveDate {
        fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
            let date = Date::from_sql(value)?;
            let day = date.0.checked_add(EPOCH_DAY).and_then(Self::from_num_days_from_ce_opt);
            day.ok_or_else(|| format!("{date:?} is outside of what chrono has"))
        }
    }

    impl ToSql for DateTime<Utc> {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            TimestampTz(self.timestamp_micros()).to_sql(out)
        }
    }

    impl FromSql for DateTime<Utc> {
        fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
            let instant = TimestampTz::from_sql(value)?;
            Self::from_timestamp_micros(instant.0).ok_or_else(|| format!("{instant:?} is outside of what chrono has"))
        }
    }

    impl ToSql for NaiveDateTime {
        fn to_sql(&self, out: &mut Packer) -> Result<()> {
            Timestamp(self.and_utc().timestamp_micros()).to_sql(out)
        }
    }

    impl FromSql for NaiveDateTime {
        fn from_sql(value: ValueRef<'_>) -> Result<Self, String> {
            let at = Timestamp::from_sql(value)?;
            let instant =
                DateTime::<Utc>::from_timestamp_micros(at.0).ok_or_else(|| format!("{at:?} is outside of what chrono has"))?;
            Ok(instant.naive_utc())
        }
    }
}
