//! Finds libturdb: in TURDB_LIB_DIR, or as pkg-config knows it.
use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=TURDB_LIB_DIR");
    println!("cargo:rerun-if-env-changed=TURDB_STATIC");
    let is_static = env::var_os("CARGO_FEATURE_STATIC").is_some() || env::var_os("TURDB_STATIC").is_some();
    if let Ok(folder) = env::var("TURDB_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:libdir={folder}");
    } else if !is_static {
        match pkg_config::Config::new().atleast_version("0.1").probe("turdb") {
            Ok(_) => return, // it has said what to link
            Err(error) => {
                println!("cargo:warning=pkg-config does not know turdb ({error}): set TURDB_LIB_DIR to the folder of libturdb")
            }
        }
    }
    if is_static {
        println!("cargo:rustc-link-lib=static=turdb");
        for library in ["stdc++", "pthread", "m"] {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    } else {
        println!("cargo:rustc-link-lib=dylib=turdb");
    }
}
