//! Prepares the Lua scripts: joins each with what they share, leaves the comments out, and works out the SHA-1 that
//! EVALSHA names it by, so that the component need not.

use sha1::{Digest, Sha1};
use std::{env, fs, path::Path};

fn main() {
    let folder = Path::new("src/session/scripts");
    let output = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    println!("cargo::rerun-if-changed={}", folder.display());

    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let shared = read("shared.lua");
    for name in ["operate", "rotate"] {
        let script: String = [&shared, &read(&format!("{name}.lua"))]
            .iter()
            .flat_map(|part| part.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("--"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let digest: String = Sha1::digest(script.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let output = Path::new(&output);
        fs::write(output.join(format!("{name}.lua")), script).expect("OUT_DIR is writable");
        fs::write(output.join(format!("{name}.sha1")), digest).expect("OUT_DIR is writable");
    }
}
