//! Finds libturdb: in TURDB_LIB_DIR, or as pkg-config knows it. With the feature `bundled` it is built, from the tree that the crate lies
//! in or that TURDB_SOURCE_DIR names.
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn main() {
    for variable in ["TURDB_LIB_DIR", "TURDB_STATIC", "TURDB_SOURCE_DIR", "CMAKE_PREFIX_PATH"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        link_static(&bundled());
        return;
    }
    let is_static = env::var_os("CARGO_FEATURE_STATIC").is_some() || env::var_os("TURDB_STATIC").is_some();
    if let Ok(folder) = env::var("TURDB_LIB_DIR") {
        if is_static {
            link_static(Path::new(&folder));
            return;
        }
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:libdir={folder}");
        println!("cargo:rustc-link-lib=dylib=turdb");
        return;
    }
    // It says itself what to link.
    if let Err(error) = pkg_config::Config::new().atleast_version("0.1").statik(is_static).probe("turdb") {
        println!(
            "cargo:warning=pkg-config does not know turdb: set TURDB_LIB_DIR to the folder of libturdb, or take the feature bundled ({})",
            error.to_string().lines().next().unwrap_or_default()
        );
        println!("cargo:rustc-link-lib=dylib=turdb");
    }
}

fn link_static(folder: &Path) {
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:libdir={}", folder.display());
    println!("cargo:rustc-link-lib=static=turdb");
    for library in ["stdc++", "pthread", "m"] {
        println!("cargo:rustc-link-lib=dylib={library}");
    }
}

/// Builds libturdb.a, and gives its folder.
fn bundled() -> PathBuf {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let source = env::var_os("TURDB_SOURCE_DIR").map_or_else(|| here.join("../../.."), PathBuf::from);
    assert!(
        source.join("src/capi").is_dir(),
        "the feature bundled needs TurDB's tree, and {} is none: set TURDB_SOURCE_DIR",
        source.display()
    );
    let source = source.canonicalize().expect("it is there");
    for part in ["src", "include", "cmake", "CMakeLists.txt", "scripts/deps.sh"] {
        println!("cargo:rerun-if-changed={}", source.join(part).display());
    }
    let build = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("build");
    // What TurDB itself needs: where the caller says, or built from source once a machine.
    let prefix = env::var("CMAKE_PREFIX_PATH").unwrap_or_else(|_| {
        let output = Command::new("bash").arg(source.join("scripts/deps.sh")).arg("release").stderr(Stdio::inherit()).output();
        let output = output.expect("bash, which builds what TurDB needs: or set CMAKE_PREFIX_PATH");
        assert!(output.status.success(), "scripts/deps.sh failed: docs/building.md says what TurDB needs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    });
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&source).arg("-B").arg(&build);
    if Command::new("ninja").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        configure.args(["-G", "Ninja"]);
    }
    configure.args(["-DCMAKE_BUILD_TYPE=Release", "-DTURDB_BUILD_TESTS=OFF"]).arg(format!("-DCMAKE_PREFIX_PATH={prefix}"));
    run(&mut configure);
    let jobs = env::var("NUM_JOBS").unwrap_or_else(|_| "1".into());
    run(Command::new("cmake").arg("--build").arg(&build).args(["--target", "turdb_archive", "-j", &jobs]));
    build
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?} failed");
}
