//! What values of rows can be read as.
use turdb_sys as sys;

use crate::packed::Reader;
use crate::value::{Date, Decimal, Interval, Json, Time, Timestamp, TimestampTz, Uuid, ValueRef, VectorKind};

/// What a value of a row can be read as. `'r` is the row, for what borrows from it: `&str`, `&[u8]`, [`ValueRef`].
pub trait FromSql<'r>: Sized {
    /// Reads the value, or says why not.
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String>;

    /// The same for a value that is still packed: short for what is common.
    #[doc(hidden)]
    #[inline]
    fn from_packed(reader: &mut Reader<'r>) -> Result<Self, String> {
        Self::from_sql(reader.value())
    }

    /// A list of them: an array of SQL, unless the type has something better.
    #[doc(hidden)]
    fn list_from_sql(value: ValueRef<'r>) -> Result<Vec<Self>, String> {
        match value {
            ValueRef::Array(elements) => elements.iter().map(Self::from_sql).collect(),
            value => Err(wrong::<Vec<Self>>(&value)),
        }
    }
}

#[cold]
pub(crate) fn wrong<T>(value: &ValueRef<'_>) -> String {
    if value.is_null() {
        return format!("NULL cannot be read as {}: an Option can", std::any::type_name::<T>());
    }
    format!("{value:?} cannot be read as {}", std::any::type_name::<T>())
}

impl<'r> FromSql<'r> for ValueRef<'r> {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        Ok(value)
    }
}

impl<'r, T: FromSql<'r>> FromSql<'r> for Option<T> {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::from_sql(value).map(Some),
        }
    }

    #[inline]
    fn from_packed(reader: &mut Reader<'r>) -> Result<Self, String> {
        if reader.tag() == sys::TURDB_TYPE_NULL {
            reader.skip();
            return Ok(None);
        }
        T::from_packed(reader).map(Some)
    }
}

impl<'r, T: FromSql<'r>> FromSql<'r> for Vec<T> {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        T::list_from_sql(value)
    }
}

// ---- numbers

fn integer<T>(value: &ValueRef<'_>) -> Result<T, String>
where
    T: TryFrom<i64> + TryFrom<u64> + TryFrom<i128>,
{
    let fits = match *value {
        ValueRef::Int(number) => number.try_into().ok(),
        ValueRef::UInt(number) => number.try_into().ok(),
        ValueRef::Int128(number) => number.try_into().ok(),
        _ => None,
    };
    fits.ok_or_else(|| wrong::<T>(value))
}

macro_rules! integer_from_sql {
    ($($type:ty)*) => {
        $(impl<'r> FromSql<'r> for $type {
            fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
                integer(&value)
            }

            #[inline]
            fn from_packed(reader: &mut Reader<'r>) -> Result<Self, String> {
                let number = if let Some(bytes) = reader.fixed(sys::TURDB_TYPE_INT64) {
                    i64::from_le_bytes(bytes)
                } else if let Some(bytes) = reader.fixed(sys::TURDB_TYPE_INT32) {
                    i64::from(i32::from_le_bytes(bytes))
                } else {
                    return Self::from_sql(reader.value());
                };
                Self::try_from(number).map_err(|_| wrong::<Self>(&ValueRef::Int(number)))
            }
        })*
    };
}

integer_from_sql! { i16 i32 i64 i128 isize u16 u32 u64 usize }

impl<'r> FromSql<'r> for i8 {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        integer(&value)
    }

    /// A vector of bytes, too.
    fn list_from_sql(value: ValueRef<'r>) -> Result<Vec<Self>, String> {
        match value {
            ValueRef::Vector(vector) if vector.kind == VectorKind::Int8 => {
                Ok(vector.bytes.iter().map(|byte| *byte as Self).collect())
            }
            ValueRef::Array(elements) => elements.iter().map(Self::from_sql).collect(),
            value => Err(wrong::<Vec<Self>>(&value)),
        }
    }
}

impl<'r> FromSql<'r> for u8 {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        integer(&value)
    }

    /// A blob, too.
    fn list_from_sql(value: ValueRef<'r>) -> Result<Vec<Self>, String> {
        match value {
            ValueRef::Blob(bytes) => Ok(bytes.into()),
            ValueRef::Array(elements) => elements.iter().map(Self::from_sql).collect(),
            value => Err(wrong::<Vec<Self>>(&value)),
        }
    }
}

impl<'r> FromSql<'r> for f64 {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        value.as_f64().ok_or_else(|| wrong::<Self>(&value))
    }

    #[inline]
    fn from_packed(reader: &mut Reader<'r>) -> Result<Self, String> {
        match reader.fixed(sys::TURDB_TYPE_DOUBLE) {
            Some(bytes) => Ok(Self::from_le_bytes(bytes)),
            None => Self::from_sql(reader.value()),
        }
    }
}

impl<'r> FromSql<'r> for f32 {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        match value {
            ValueRef::Float(number) => Ok(number),
            value => Err(wrong::<Self>(&value)),
        }
    }

    /// A vector of floats or halves, too.
    fn list_from_sql(value: ValueRef<'r>) -> Result<Vec<Self>, String> {
        match value {
            ValueRef::Vector(vector) if matches!(vector.kind, VectorKind::Float32 | VectorKind::Float16) => Ok(vector.to_f32()),
            ValueRef::Array(elements) => elements.iter().map(Self::from_sql).collect(),
            value => Err(wrong::<Vec<Self>>(&value)),
        }
    }
}

impl<'r> FromSql<'r> for bool {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        match value {
            ValueRef::Bool(value) => Ok(value),
            value => Err(wrong::<Self>(&value)),
        }
    }

    /// A vector of bits, too.
    fn list_from_sql(value: ValueRef<'r>) -> Result<Vec<Self>, String> {
        match value {
            ValueRef::Vector(vector) if vector.kind == VectorKind::Bit => Ok(vector.bits().collect()),
            ValueRef::Array(elements) => elements.iter().map(Self::from_sql).collect(),
            value => Err(wrong::<Vec<Self>>(&value)),
        }
    }
}

// ---- texts

impl<'r> FromSql<'r> for &'r str {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        value.as_str().ok_or_else(|| wrong::<Self>(&value))
    }

    #[inline]
    fn from_packed(reader: &mut Reader<'r>) -> Result<Self, String> {
        match reader.plain_text() {
            Some(text) => Ok(text),
            None => Self::from_sql(reader.value()),
        }
    }
}

impl<'r> FromSql<'r> for String {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        value.as_str().map(Self::from).ok_or_else(|| wrong::<Self>(&value))
    }

    #[inline]
    fn from_packed(reader: &mut Reader<'r>) -> Result<Self, String> {
        match reader.plain_text() {
            Some(text) => Ok(text.into()),
            None => Self::from_sql(reader.value()),
        }
    }
}

impl<'r> FromSql<'r> for &'r [u8] {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        value.as_bytes().ok_or_else(|| wrong::<Self>(&value))
    }
}

macro_rules! from_sql {
    ($($type:ty: $($pattern:pat => $result:expr),+;)*) => {
        $(impl<'r> FromSql<'r> for $type {
            fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
                match value {
                    $($pattern => Ok($result),)+
                    value => Err(wrong::<Self>(&value)),
                }
            }
        })*
    };
}

from_sql! {
    Decimal: ValueRef::Decimal(value) => Decimal(value.into()), ValueRef::Int(value) => Decimal(value.to_string());
    Json: ValueRef::Json(value) => Json(value.into());
    Date: ValueRef::Date(value) => value;
    Time: ValueRef::Time(value) => value;
    Timestamp: ValueRef::Timestamp(value) => value;
    TimestampTz: ValueRef::TimestampTz(value) => value;
    Interval: ValueRef::Interval(value) => value;
    Uuid: ValueRef::Uuid(value) => value;
}
