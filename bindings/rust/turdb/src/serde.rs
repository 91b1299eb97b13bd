//! Rows as structs, structs as parameters, values as JSON.
use serde::de::{value::StrDeserializer, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::from_sql::FromSql;
use crate::packed::Packer;
use crate::params::{Binder, Params};
use crate::rows::Row;
use crate::to_sql::ToSql;
use crate::value::{Json, ValueRef};

/// A value that SQL has as JSON, by serde: as a parameter, and from `json`, `jsonb` and texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct JsonOf<T>(pub T);

impl<T: Serialize> ToSql for JsonOf<T> {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        Json(serde_json::to_string(&self.0).map_err(|error| Error::ToSql(error.to_string()))?).to_sql(out)
    }
}

impl<'r, T: DeserializeOwned> FromSql<'r> for JsonOf<T> {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        let text = <&str>::from_sql(value)?;
        serde_json::from_str(text).map(Self).map_err(|error| error.to_string())
    }
}

/// As JSON.
impl ToSql for Value {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        JsonOf(self).to_sql(out)
    }
}

impl<'r> FromSql<'r> for Value {
    fn from_sql(value: ValueRef<'r>) -> Result<Self, String> {
        JsonOf::from_sql(value).map(|JsonOf(value)| value)
    }
}

/// Named parameters of what serde has as a map or struct: `:name` for each field. Numbers, texts and booleans are themselves; what is
/// nested is JSON.
///
/// ```
/// # fn main() -> turdb::Result<()> {
/// # let conn = turdb::Connection::open_in_memory()?;
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct City {
///     name: String,
///     people: Option<i64>,
/// }
/// conn.execute_batch("create table city(name text, people bigint)")?;
/// let lagos = City { name: "Lagos".into(), people: Some(15_388_000) };
/// conn.execute("insert into city values (:name, :people)", turdb::params_from_struct(&lagos)?)?;
/// let read: City = conn.query_row("select * from city", (), |row| row.deserialize())?;
/// assert_eq!(read, lagos);
/// # Ok(())
/// # }
/// ```
pub fn params_from_struct(fields: &impl Serialize) -> Result<StructParams> {
    match serde_json::to_value(fields).map_err(|error| Error::ToSql(error.to_string()))? {
        Value::Object(fields) => Ok(StructParams(fields.into_iter().map(|(name, value)| (name, Field(value))).collect())),
        _ => Err(Error::ToSql("named parameters come from a struct or a map".into())),
    }
}

/// What [`params_from_struct`] makes.
#[derive(Debug, Clone)]
pub struct StructParams(Vec<(String, Field)>);

#[derive(Debug, Clone)]
struct Field(Value);

impl ToSql for Field {
    fn to_sql(&self, out: &mut Packer) -> Result<()> {
        match &self.0 {
            Value::Null => None::<bool>.to_sql(out),
            Value::Bool(value) => value.to_sql(out),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => number.to_sql(out),
                (None, Some(number)) => number.to_sql(out),
                _ => number.as_f64().to_sql(out),
            },
            Value::String(text) => text.to_sql(out),
            nested => nested.to_sql(out),
        }
    }
}

impl Params for StructParams {
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        let named: Vec<(&str, &dyn ToSql)> = self.0.iter().map(|(name, value)| (name.as_str(), value as &dyn ToSql)).collect();
        named.as_slice().bind(binder)
    }
}

// ---- rows

impl<'r> Row<'r> {
    /// The whole row: a struct or a map has its columns by their names, a tuple by their places; any other type is that of a row with
    /// one column. What is nested comes from JSON and arrays; dates and their like come as text.
    pub fn deserialize<T: serde::Deserialize<'r>>(&self) -> Result<T> {
        T::deserialize(RowDeserializer { row: self }).map_err(|Failure(reason)| Error::FromSql { column: "the row".into(), reason })
    }
}

/// Why a row or a value cannot be read.
#[derive(Debug)]
struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl serde::de::Error for Failure {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct RowDeserializer<'a, 'r> {
    row: &'a Row<'r>,
}

impl<'r> RowDeserializer<'_, 'r> {
    fn value(&self, column: usize) -> Result<ValueDeserializer<'r>, Failure> {
        self.row.get_ref(column).map(|value| ValueDeserializer { value }).map_err(|error| Failure(error.to_string()))
    }
}

/// The columns of a row, one after the other.
struct Columns<'a, 'r> {
    row: RowDeserializer<'a, 'r>,
    next: usize,
}

impl Columns<'_, '_> {
    fn named<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|Failure(reason)| Failure(format!("column {}: {reason}", self.row.row.columns()[self.next - 1].name)))
    }
}

impl<'r> SeqAccess<'r> for Columns<'_, 'r> {
    type Error = Failure;
    fn next_element_seed<T: DeserializeSeed<'r>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        if self.next == self.row.row.columns().len() {
            return Ok(None);
        }
        let value = self.row.value(self.next)?;
        self.next += 1;
        self.named(seed.deserialize(value)).map(Some)
    }
}

impl<'r> MapAccess<'r> for Columns<'_, 'r> {
    type Error = Failure;
    fn next_key_seed<K: DeserializeSeed<'r>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(column) = self.row.row.columns().get(self.next) else { return Ok(None) };
        let name: StrDeserializer<'_, Failure> = column.name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'r>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let value = self.row.value(self.next)?;
        self.next += 1;
        self.named(seed.deserialize(value))
    }
}

impl<'a, 'r> Deserializer<'r> for RowDeserializer<'a, 'r> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.row.columns().len() {
            1 => self.value(0)?.deserialize_any(visitor),
            _ => visitor.visit_map(Columns { row: self, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.value(0)?.deserialize_option(visitor)
    }

    fn deserialize_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_map(Columns { row: self, next: 0 })
    }

    fn deserialize_map<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(Columns { row: self, next: 0 })
    }

    fn deserialize_tuple<V: Visitor<'r>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        if length != self.row.columns().len() {
            return Err(Failure(format!("it has {} columns, and {length} are read", self.row.columns().len())));
        }
        visitor.visit_seq(Columns { row: self, next: 0 })
    }

    fn deserialize_tuple_struct<V: Visitor<'r>>(self, _: &'static str, length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'r>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'r>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.value(0)?.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'r>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq identifier ignored_any
    }
}

struct ValueDeserializer<'r> {
    value: ValueRef<'r>,
}

impl<'r> ValueDeserializer<'r> {
    /// Nested values are JSON.
    fn json(&self) -> Option<serde_json::Deserializer<serde_json::de::StrRead<'r>>> {
        match self.value {
            ValueRef::Json(text) | ValueRef::Text(text) => Some(serde_json::Deserializer::from_str(text)),
            _ => None,
        }
    }
}

fn of_json<T>(result: serde_json::Result<T>) -> Result<T, Failure> {
    result.map_err(|error| Failure(error.to_string()))
}

impl<'r> Deserializer<'r> for ValueDeserializer<'r> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Bool(value) => visitor.visit_bool(value),
            ValueRef::Int(value) => visitor.visit_i64(value),
            ValueRef::UInt(value) => visitor.visit_u64(value),
            ValueRef::Int128(value) => visitor.visit_i128(value),
            ValueRef::Float(value) => visitor.visit_f32(value),
            ValueRef::Double(value) => visitor.visit_f64(value),
            ValueRef::Text(text) | ValueRef::Enum(text) | ValueRef::Decimal(text) => visitor.visit_borrowed_str(text),
            ValueRef::Json(text) => of_json(serde_json::Deserializer::from_str(text).deserialize_any(visitor)),
            ValueRef::Blob(bytes) => visitor.visit_borrowed_bytes(bytes),
            ValueRef::Array(array) => {
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(array.iter().map(|value| ValueDeserializer { value })))
            }
            ValueRef::Vector(vector) => {
                visitor.visit_seq(serde::de::value::SeqDeserializer::<_, Failure>::new(vector.to_f32().into_iter()))
            }
            value => visitor.visit_string(value.to_string()),
        }
    }

    fn deserialize_option<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            ValueRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'r>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'r>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.json() {
            Some(mut json) => of_json(json.deserialize_struct(name, fields, visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.json() {
            Some(mut json) => of_json(json.deserialize_map(visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    /// A label is a variant without a value; JSON has those with one.
    fn deserialize_enum<V: Visitor<'r>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.value {
            ValueRef::Text(text) | ValueRef::Enum(text) => {
                let label: StrDeserializer<'_, Failure> = text.into_deserializer();
                visitor.visit_enum(label)
            }
            ValueRef::Json(text) => of_json(serde_json::Deserializer::from_str(text).deserialize_enum(name, variants, visitor)),
            other => Err(Failure(crate::from_sql::wrong::<V::Value>(&other))),
        }
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'r>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        identifier ignored_any
    }
}

impl<'r> IntoDeserializer<'r, Failure> for ValueDeserializer<'r> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}
