//! The declarations of `turdb.h`, as bindgen reads them: `bindings/rust/generate.sh` writes `bindings.rs`. The header is the
//! documentation; the crate `turdb` is what programs use.
#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case)]

include!("bindings.rs");
