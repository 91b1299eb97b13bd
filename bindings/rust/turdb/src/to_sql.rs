//! What may be a parameter.
use turdb_sys as sys;

use crate::error::{Error, Result};
use crate::packed::{kind, Packer};
use crate::value::{Array, BitVector, Date, Decimal, HalfVector, Interval, Json, Time, Timestamp, TimestampTz, Uuid, ValueRef};

/// What may be a parameter.
pub trait ToSql {
    /// Packs the value: one, by the `to_sql` of a type of this crate or of Rust.
    fn to_sql(&self, out: &mut Packer) -> Result<()>;
}

impl<T: ToSql + ?Sized> ToSql for &T {
    #[inline]
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        (**self).to_sql(out)
    }
}

impl<T: ToSql + ?Sized> ToSql for Box<T> {
    #[inline]
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        (**self).to_sql(out)
    }
}

impl<T: ToSql + ToOwned + ?Sized> ToSql for std::borrow::Cow<'_, T> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        (**self).to_sql(out)
    }
}

impl<T: ToSql> ToSql for Option<T> {
    #[inline]
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        match self {
            Some(value) => value.to_sql(out),
            None => {
                out.fixed(sys::TURDB_TYPE_NULL, []);
                Ok(())
            }
        }
    }
}

macro_rules! fixed_to_sql {
    ($($type:ty, $constant:ident, $value:ident => $bytes:expr;)*) => {
        $(impl ToSql for $type {
            #[inline]
            fn to_sql(&self, out: &mut Packer) -> Result<()> {
                let $value = *self;
                out.fixed(sys::$constant, $bytes);
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
            #[inline]
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

impl<const N: usize> ToSql for [u8; N] {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        self.as_slice().to_sql(out)
    }
}

impl ToSql for Interval {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        out.fixed(sys::TURDB_TYPE_INTERVAL, self.months.to_le_bytes());
        out.data.extend_from_slice(&self.days.to_le_bytes());
        out.data.extend_from_slice(&self.micros.to_le_bytes());
        Ok(())
    }
}

// ---- vectors

impl ToSql for [f32] {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        out.begin(sys::TURDB_TYPE_VECTOR, 1 + 4 * self.len())?;
        out.data.push(kind(sys::TURDB_VECTOR_FLOAT32));
        self.iter().for_each(|value| out.data.extend_from_slice(&value.to_le_bytes()));
        Ok(())
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

/// As `vector(n, int8)`.
impl ToSql for [i8] {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        out.begin(sys::TURDB_TYPE_VECTOR, 1 + self.len())?;
        out.data.push(kind(sys::TURDB_VECTOR_INT8));
        out.data.extend(self.iter().map(|value| *value as u8));
        Ok(())
    }
}

impl ToSql for Vec<i8> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        self.as_slice().to_sql(out)
    }
}

impl ToSql for HalfVector<'_> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        out.begin(sys::TURDB_TYPE_VECTOR, 1 + 2 * self.0.len())?;
        out.data.push(kind(sys::TURDB_VECTOR_FLOAT16));
        self.0.iter().for_each(|value| out.data.extend_from_slice(&value.to_le_bytes()));
        Ok(())
    }
}

impl ToSql for BitVector<'_> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        out.begin(sys::TURDB_TYPE_VECTOR, 2 + self.0.len().div_ceil(8))?;
        out.data.push(kind(sys::TURDB_VECTOR_BIT));
        for bits in self.0.chunks(8) {
            out.data.push(bits.iter().enumerate().fold(0, |byte, (i, bit)| byte | u8::from(*bit) << i));
        }
        // How many of the last byte's bits are elements.
        out.data.push(if self.0.is_empty() { 0 } else { ((self.0.len() - 1) % 8 + 1) as u8 });
        Ok(())
    }
}

// ---- arrays

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

/// What a row gave, or a function was called with.
impl ToSql for ValueRef<'_> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        match self {
            Self::Null => None::<bool>.to_sql(out),
            Self::Bool(value) => value.to_sql(out),
            Self::Int(value) => value.to_sql(out),
            Self::UInt(value) => value.to_sql(out),
            Self::Int128(value) => value.to_sql(out),
            Self::Float(value) => value.to_sql(out),
            Self::Double(value) => value.to_sql(out),
            Self::Decimal(text) => out.sized(sys::TURDB_TYPE_DECIMAL, text.as_bytes()),
            Self::Text(text) | Self::Enum(text) => text.to_sql(out),
            Self::Json(text) => out.sized(sys::TURDB_TYPE_JSON, text.as_bytes()),
            Self::Blob(bytes) => bytes.to_sql(out),
            Self::Date(value) => value.to_sql(out),
            Self::Time(value) => value.to_sql(out),
            Self::Timestamp(value) => value.to_sql(out),
            Self::TimestampTz(value) => value.to_sql(out),
            Self::Interval(value) => value.to_sql(out),
            Self::Uuid(value) => value.to_sql(out),
            Self::Array(array) => Array(&array.iter().collect::<Vec<_>>()).to_sql(out),
            Self::Vector(vector) => vector.to_sql(out),
        }
    }
}

impl ToSql for crate::value::VectorRef<'_> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        use crate::value::VectorKind;
        let element = match self.kind {
            VectorKind::Float32 => sys::TURDB_VECTOR_FLOAT32,
            VectorKind::Float16 => sys::TURDB_VECTOR_FLOAT16,
            VectorKind::Int8 => sys::TURDB_VECTOR_INT8,
            VectorKind::Bit => return BitVector(&self.bits().collect::<Vec<_>>()).to_sql(out),
        };
        out.begin(sys::TURDB_TYPE_VECTOR, 1 + self.bytes.len())?;
        out.data.push(kind(element));
        out.data.extend_from_slice(self.bytes);
        Ok(())
    }
}
