//! Prepares the Lua scripts: leaves the comments out, and works out the SHA-1 that EVALSHA names each by, all its parts
//! together. And says how large the component's stack is.

use sha1::{Digest, Sha1};
use std::{env, fs, path::Path};

/// Signs that blanks surround for the reader's sake.
const BLANKS: [&str; 8] = [", ", " = ", " == ", " ~= ", " < ", " > ", " + ", " .. "];

fn main() {
    limit_stack();
    prepare_scripts();
}

/// Gives the component less stack than the workspace gives others: so stack and constants have room in one page of memory,
/// which every instance takes, and a host wipes. No call goes deep, whatever it is given: the tests pass with a third of it.
fn limit_stack() {
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=24576");
    }
}

fn prepare_scripts() {
    let folder = Path::new("src/session/scripts");
    let output = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    println!("cargo::rerun-if-changed={}", folder.display());
    let stripped = |name: &str| -> String {
        let path = folder.join(name).with_extension("lua");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        // Blanks that Lua can do without; no string of the scripts holds such.
        BLANKS.iter().fold(text, |text, sign| text.replace(sign, sign.trim()))
    };
    let write = |name: &str, text: &str| {
        fs::write(Path::new(&output).join(name), text).expect("OUT_DIR is writable");
    };
    let scripts: [(&str, &[&str]); 2] =
        [("operate", &["usual", "shared", "operate"]), ("rotate", &["shared", "rotate"])];
    for (name, parts) in scripts {
        let mut digest = Sha1::new();
        for part in parts {
            let text = stripped(part);
            digest.update(&text);
            write(&format!("{part}.lua"), &text);
        }
        let hexadecimal: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        write(&format!("{name}.sha1"), &hexadecimal);
    }
}
