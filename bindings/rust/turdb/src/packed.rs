//! Packed values (`docs/packed.md`), read and written.
//!
//! Readers read what TurDB has written into memory of this crate, so that no value borrows memory of TurDB's, which the end of a
//! transaction or of the database could take away. They are safe code all the same: bytes that are wrong are a panic.
use turdb_sys as sys;

use crate::error::{Error, Result};
use crate::value::{ArrayRef, Date, Interval, Time, Timestamp, TimestampTz, Uuid, ValueRef, VectorRef};

const SIZED: u8 = 255;

/// Bytes behind the tag of a packed value, by tag; `SIZED` where a size of 4 bytes says it, which is all that later versions add.
static SIZES: [u8; 256] = {
    let mut sizes = [SIZED; 256];
    sizes[sys::TURDB_TYPE_NULL as usize] = 0;
    sizes[sys::TURDB_TYPE_BOOL as usize] = 1;
    sizes[sys::TURDB_TYPE_INT8 as usize] = 1;
    sizes[sys::TURDB_TYPE_UINT8 as usize] = 1;
    sizes[sys::TURDB_TYPE_INT16 as usize] = 2;
    sizes[sys::TURDB_TYPE_UINT16 as usize] = 2;
    sizes[sys::TURDB_TYPE_INT32 as usize] = 4;
    sizes[sys::TURDB_TYPE_UINT32 as usize] = 4;
    sizes[sys::TURDB_TYPE_FLOAT as usize] = 4;
    sizes[sys::TURDB_TYPE_DATE as usize] = 4;
    sizes[sys::TURDB_TYPE_INT64 as usize] = 8;
    sizes[sys::TURDB_TYPE_UINT64 as usize] = 8;
    sizes[sys::TURDB_TYPE_DOUBLE as usize] = 8;
    sizes[sys::TURDB_TYPE_TIME as usize] = 8;
    sizes[sys::TURDB_TYPE_TIMESTAMP as usize] = 8;
    sizes[sys::TURDB_TYPE_TIMESTAMPTZ as usize] = 8;
    sizes[sys::TURDB_TYPE_INT128 as usize] = 16;
    sizes[sys::TURDB_TYPE_INTERVAL as usize] = 16;
    sizes[sys::TURDB_TYPE_UUID as usize] = 16;
    sizes
};

/// Reads packed values of memory that TurDB has written.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    fn take(&mut self, size: usize) -> &'a [u8] {
        let bytes = &self.data[self.at..self.at + size];
        self.at += size;
        bytes
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("a slice of N bytes")
    }

    /// The tag of the next value, which is not moved behind.
    #[inline]
    pub(crate) fn tag(&self) -> u32 {
        u32::from(self.data[self.at])
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
    pub(crate) fn text(&mut self) -> &'a str {
        // TurDB's texts are UTF-8 [C-TEXT-1]; this checks it all the same.
        let bytes = self.sized();
        if bytes.is_ascii() {
            // SAFETY: ASCII is UTF-8. The general check takes many times as long for short texts.
            return unsafe { std::str::from_utf8_unchecked(bytes) };
        }
        std::str::from_utf8(bytes).unwrap_or("\u{fffd}")
    }

    /// The next value if it has this tag and so many bytes.
    #[inline]
    pub(crate) fn fixed<const N: usize>(&mut self, tag: u32) -> Option<[u8; N]> {
        if self.tag() != tag {
            return None;
        }
        self.at += 1;
        Some(self.array())
    }

    /// The bytes of the next value if it has this tag, one of a value with a size.
    #[inline]
    pub(crate) fn sized_of(&mut self, tag: u32) -> Option<&'a [u8]> {
        if self.tag() != tag {
            return None;
        }
        self.at += 1;
        Some(self.sized())
    }

    /// The next value if it is a text.
    #[inline]
    pub(crate) fn plain_text(&mut self) -> Option<&'a str> {
        if self.tag() != sys::TURDB_TYPE_TEXT {
            return None;
        }
        self.at += 1;
        Some(self.text())
    }

    /// Moves behind a value.
    #[inline]
    pub(crate) fn skip(&mut self) {
        let size = SIZES[self.data[self.at] as usize];
        self.at += 1;
        self.at += if size == SIZED { self.u32() } else { usize::from(size) };
    }

    /// The next value.
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
            sys::TURDB_TYPE_ARRAY => {
                let body = self.sized(); // the type of the elements, which say it themselves; the dimensions
                let (dimensions, data) = body[2..].split_at(8 * usize::from(body[1]));
                ValueRef::Array(ArrayRef { dimensions, data })
            }
            sys::TURDB_TYPE_VECTOR => ValueRef::Vector(VectorRef::of_body(self.sized())),
            _ => ValueRef::Text(self.text()), // and what later versions pack as text
        }
    }
}

pub(crate) fn kind(constant: u32) -> u8 {
    constant as u8
}

/// Where parameters go.
#[derive(Debug, Default)]
pub struct Packer {
    pub(crate) data: Vec<u8>,
}

impl Packer {
    #[inline]
    pub(crate) fn fixed<const N: usize>(&mut self, constant: u32, bytes: [u8; N]) {
        self.data.reserve(17); // once for both
        self.data.push(kind(constant));
        self.data.extend_from_slice(&bytes);
    }

    #[inline]
    pub(crate) fn sized(&mut self, constant: u32, bytes: &[u8]) -> Result<()> {
        self.begin(constant, bytes.len())?;
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    /// The tag and the size of a value whose bytes come next.
    #[inline]
    pub(crate) fn begin(&mut self, constant: u32, size: usize) -> Result<()> {
        let Ok(size) = u32::try_from(size) else {
            return Err(Error::ToSql(format!("a value of {size} bytes is too long")));
        };
        self.data.reserve(size as usize + 5);
        self.data.push(kind(constant));
        self.data.extend_from_slice(&size.to_le_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::VectorKind;
    use crate::ToSql;

    fn packed(values: &[&dyn ToSql]) -> Vec<u8> {
        let mut packer = Packer::default();
        values.iter().for_each(|value| value.to_sql(&mut packer).unwrap());
        packer.data
    }

    /// What is written is read again, and skipping goes where reading does. Miri runs this.
    #[test]
    fn what_is_packed_is_read() {
        let data = packed(&[
            &true,
            &-1_i8,
            &u64::MAX,
            &i128::MIN,
            &1.5_f32,
            &f64::NAN,
            &"naïve",
            &b"\0\xff".as_slice(),
            &None::<i64>,
            &Date(-1),
            &Interval { months: 1, days: -2, micros: 3 },
            &Uuid([7; 16]),
            &crate::Array(&[Some("a"), None]),
            &[0.5_f32, -2.0],
            &crate::BitVector(&[true, false, false, false, false, false, false, false, true]),
            &crate::HalfVector(&[0x3c00, 0xc000, 0x0001]),
        ]);
        let (mut reader, mut skipper) = (Reader { data: &data, at: 0 }, Reader { data: &data, at: 0 });
        let mut values = Vec::new();
        while reader.at < data.len() {
            values.push(reader.value());
            skipper.skip();
            assert_eq!(skipper.at, reader.at);
        }
        assert_eq!(values[..4], [ValueRef::Bool(true), ValueRef::Int(-1), ValueRef::UInt(u64::MAX), ValueRef::Int128(i128::MIN)]);
        assert!(matches!(values[5], ValueRef::Double(number) if number.is_nan()));
        assert_eq!(values[6..10], [ValueRef::Text("naïve"), ValueRef::Blob(b"\0\xff"), ValueRef::Null, ValueRef::Date(Date(-1))]);
        let ValueRef::Array(array) = values[12] else { panic!("an array") };
        assert_eq!(array.iter().collect::<Vec<_>>(), [ValueRef::Text("a"), ValueRef::Null]);
        let vectors: Vec<VectorRef<'_>> = values[13..]
            .iter()
            .map(|value| if let ValueRef::Vector(vector) = value { *vector } else { panic!("a vector") })
            .collect();
        assert_eq!(vectors[0].to_f32(), [0.5, -2.0]);
        assert_eq!((vectors[1].kind(), vectors[1].dimensions()), (VectorKind::Bit, 9));
        assert_eq!(vectors[1].bits().filter(|bit| *bit).count(), 2);
        assert_eq!(vectors[2].to_f32(), [1.0, -2.0, 2.0_f32.powi(-24)]);
    }

    /// The bytes of `docs/packed.md`, and an array of two dimensions.
    #[test]
    fn arrays_nest() {
        let mut data = vec![kind(sys::TURDB_TYPE_ARRAY)];
        let mut body = vec![kind(sys::TURDB_TYPE_INT8), 2];
        for length in [2_u32, 3] {
            body.extend_from_slice(&1_i32.to_le_bytes());
            body.extend_from_slice(&length.to_le_bytes());
        }
        for element in 0..6_u8 {
            body.extend_from_slice(&[kind(sys::TURDB_TYPE_INT8), element]);
        }
        data.extend_from_slice(&(body.len() as u32).to_le_bytes());
        data.extend_from_slice(&body);
        let ValueRef::Array(array) = (Reader { data: &data, at: 0 }).value() else { panic!("an array") };
        assert_eq!((array.dimensions(), array.len()), (2, 2));
        let sums: Vec<i64> = array
            .iter()
            .map(|row| match row {
                ValueRef::Array(row) => row.iter().filter_map(|value| value.as_i64()).sum(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(sums, [3, 12]);
        let empty = [kind(sys::TURDB_TYPE_ARRAY), 2, 0, 0, 0, kind(sys::TURDB_TYPE_TEXT), 0];
        let ValueRef::Array(array) = (Reader { data: &empty, at: 0 }).value() else { panic!("an array") };
        assert!(array.is_empty() && array.iter().next().is_none());
    }
}
