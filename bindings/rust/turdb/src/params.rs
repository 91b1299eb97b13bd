//! Parameters of statements.
use crate::error::{Error, Result};
use crate::packed::Packer;
use crate::to_sql::ToSql;

/// What parameters of a statement, or a row of an [`Appender`](crate::Appender), may be given as: `()`, arrays, tuples, slices of
/// `&dyn ToSql`, [`params!`](crate::params), [`named_params!`](crate::named_params), and what
/// [`params_from_iter`](crate::params_from_iter) makes.
pub trait Params {
    /// Gives the values, in order.
    #[doc(hidden)]
    fn bind(self, binder: &mut Binder<'_>) -> Result<()>;
}

/// Where parameters go.
#[doc(hidden)]
pub struct Binder<'a> {
    pub(crate) packer: &'a mut Packer,
    pub(crate) names: &'a dyn Names,
    pub(crate) count: usize,
}

/// The parameters' names, for who gives them by name.
pub(crate) trait Names {
    fn names(&self) -> Vec<Option<String>>;
}

impl Binder<'_> {
    #[inline]
    fn pack<T: ToSql + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.count += 1;
        value.to_sql(self.packer)
    }
}

impl Params for () {
    fn bind(self, _: &mut Binder<'_>) -> Result<()> {
        Ok(())
    }
}

impl<T: ToSql, const N: usize> Params for [T; N] {
    #[inline]
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        self.iter().try_for_each(|value| binder.pack(value))
    }
}

impl<T: ToSql, const N: usize> Params for &[T; N] {
    #[inline]
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        self.iter().try_for_each(|value| binder.pack(value))
    }
}

/// When they have one type, or are `Box<dyn ToSql>`.
impl<T: ToSql> Params for Vec<T> {
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        self.iter().try_for_each(|value| binder.pack(value))
    }
}

impl Params for &[&dyn ToSql] {
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        self.iter().try_for_each(|value| binder.pack(*value))
    }
}

/// What [`params_from_iter`] makes.
#[derive(Debug, Clone)]
pub struct ParamsFromIter<I>(I);

/// Parameters that an iterator gives.
pub fn params_from_iter<I>(values: I) -> ParamsFromIter<I>
where
    I: IntoIterator,
    I::Item: ToSql,
{
    ParamsFromIter(values)
}

impl<I> Params for ParamsFromIter<I>
where
    I: IntoIterator,
    I::Item: ToSql,
{
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        self.0.into_iter().try_for_each(|value| binder.pack(&value))
    }
}

/// By name, with the name's first character or without.
impl Params for &[(&str, &dyn ToSql)] {
    fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
        let names = binder.names.names();
        let same = |given: &str, name: &str| given == name || given.strip_prefix([':', '@', '$']).unwrap_or(given) == bare(name);
        for (given, _) in self {
            if !names.iter().flatten().any(|name| same(given, name)) {
                return Err(Error::ParameterName((*given).into()));
            }
        }
        for (i, name) in names.iter().enumerate() {
            let name = name.as_deref().ok_or_else(|| Error::ParameterName(format!("number {}", i + 1)))?;
            let (_, value) = self.iter().find(|(given, _)| same(given, name)).ok_or_else(|| Error::ParameterName(name.into()))?;
            binder.pack(*value)?;
        }
        Ok(())
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix([':', '@', '$']).unwrap_or(name)
}

macro_rules! tuple_params {
    ($($type:ident $index:tt),+) => {
        impl<$($type: ToSql),+> Params for ($($type,)+) {
            #[inline]
            fn bind(self, binder: &mut Binder<'_>) -> Result<()> {
                $(binder.pack(&self.$index)?;)+
                Ok(())
            }
        }
    };
}

tuple_params! { A 0 }
tuple_params! { A 0, B 1 }
tuple_params! { A 0, B 1, C 2 }
tuple_params! { A 0, B 1, C 2, D 3 }
tuple_params! { A 0, B 1, C 2, D 3, E 4 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10 }
tuple_params! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11 }

/// Parameters of different types: `params![1, "x", None::<i64>]`.
#[macro_export]
macro_rules! params {
    () => { () };
    ($($value:expr),+ $(,)?) => { &[$(&$value as &dyn $crate::ToSql),+] as &[&dyn $crate::ToSql] };
}

/// Parameters by name: `named_params! { "id": 1, "name": "x" }`.
#[macro_export]
macro_rules! named_params {
    ($($name:literal : $value:expr),+ $(,)?) => { &[$(($name, &$value as &dyn $crate::ToSql)),+] as &[(&str, &dyn $crate::ToSql)] };
}
