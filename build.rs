//! Assembles the Lua scripts, and limits the component's stack.
//!
//! A line `--@name` in a script stands for the file `name.lua`, so that each text exists once. `--@each` stands for all
//! operations. The Lua file of an operation is beside its Rust code and begins with a line `-- NAME argument… (undo)`.
//! Its text becomes a branch that runs for that name. With `(undo)`, the branch first remembers the field's value.
//! `--@operations rotate` includes only the operations that `rotate` takes.
//!
//! Comments and blanks are removed, and local variables get short names. EVALSHA names a script by its SHA-1, which is
//! computed here too.

use sha1::{Digest, Sha1};
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

const SCRIPTS: &str = "src/session/scripts";
const OPERATIONS: &str = "src/session/operation";

/// The operations that `rotate` takes.
const ROTATED: [&str; 2] = ["HSET", "HDEL"];

/// Blanks around these serve the reader only.
const SPACED: [&str; 9] = [", ", " = ", " == ", " ~= ", " < ", " > ", " <= ", " + ", " .. "];

fn main() {
    limit_stack();
    for folder in [SCRIPTS, OPERATIONS] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let operations = operations();
    let names = local_names(&operations);
    for name in ["operate", "rotate"] {
        let pieces: Vec<String> =
            assemble(&script(name), &operations).iter().map(|piece| shortened(piece, &names)).collect();
        let sha1: String = Sha1::digest(pieces.concat()).iter().map(|byte| format!("{byte:02x}")).collect();
        // In pieces, because the compiler stores equal pieces once.
        fs::write(output.join(name).with_extension("rs"), format!("&{pieces:?}")).expect("OUT_DIR is writable");
        fs::write(output.join(name).with_extension("sha1"), sha1).expect("OUT_DIR is writable");
    }
}

/// Gives the component a small stack, so that stack and constants fit into one page of memory. Each page adds to what
/// every instance takes and what a host has to wipe. No call nests deeply, whatever its arguments: the tests pass with
/// a third of this stack.
fn limit_stack() {
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=24576");
    }
}

/// An operation's Lua.
#[derive(Clone)]
struct Operation {
    name: String,
    arguments: Vec<String>,
    undo: bool,
    body: String,
}

/// All operations, in the order of their files' names.
fn operations() -> Vec<Operation> {
    let files = fs::read_dir(OPERATIONS).expect("the operations' folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "lua")).collect();
    files.sort();
    let operation = |path: &PathBuf| {
        let text = read(path);
        let (head, body) = text.split_once('\n').expect("a head and a body");
        let mut words = head.trim_start_matches("--").split_whitespace().map(str::to_owned).peekable();
        let name = words.next().expect("the operation's name");
        let (marks, arguments): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with('('));
        Operation { name, arguments, undo: marks == ["(undo)"], body: body.to_owned() }
    };
    files.iter().map(operation).collect()
}

/// Replaces each `--@` line by what it stands for, and strips the other lines. The script is the concatenation of the
/// pieces.
fn assemble(text: &str, operations: &[Operation]) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in text.lines().map(str::trim) {
        let included = match line.strip_prefix("--@") {
            Some("each") => {
                operations.iter().enumerate().flat_map(branch).chain([NO_SUCH_OPERATION.to_owned()]).collect()
            }
            Some("operations rotate") => {
                let rotated: Vec<_> =
                    operations.iter().filter(|operation| ROTATED.contains(&&*operation.name)).cloned().collect();
                assemble(&script("operations"), &rotated)
            }
            Some(name) => assemble(&script(name), operations),
            None if line.is_empty() || line.starts_with("--") => continue,
            None => {
                let last = pieces.last_mut().expect("at least one piece");
                last.push_str(&stripped(line));
                last.push('\n');
                continue;
            }
        };
        pieces.extend(included);
        pieces.push(String::new());
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The last branch, for an unknown operation. The component never sends one.
const NO_SUCH_OPERATION: &str = "else\nfailure=redis.error_reply('ERR no such operation')\nbreak\nend\n";

/// An operation's branch: `if name == … then …`.
fn branch((index, operation): (usize, &Operation)) -> Vec<String> {
    let Operation { name, arguments, undo, body } = operation;
    let mut text = format!("{} name=='{name}' then\n", if index == 0 { "if" } else { "elseif" });
    if !arguments.is_empty() {
        let values: Vec<String> = (1..=arguments.len()).map(|offset| format!("ARGV[at+{offset}]")).collect();
        text.push_str(&format!("local {}={}\n", arguments.join(","), values.join(",")));
    }
    text.push_str(&format!("at=at+{}\n", arguments.len() + 1));
    let remember = if *undo { "--@remember\n" } else { "" };
    let mut pieces = assemble(&format!("{remember}{body}"), &[]);
    pieces.insert(0, text);
    pieces
}

fn stripped(line: &str) -> String {
    for (index, literal) in line.split('\'').enumerate() {
        let is_literal = index % 2 == 1;
        assert!(!is_literal || SPACED.iter().all(|spaced| !literal.contains(spaced)), "blanks in a literal: {line}");
    }
    SPACED.iter().fold(line.to_owned(), |line, spaced| line.replace(spaced, spaced.trim()))
}

/// The local variables of all scripts: those of `local` and `for` statements, and the operations' arguments.
fn local_names(operations: &[Operation]) -> BTreeSet<String> {
    let scripts =
        fs::read_dir(SCRIPTS).expect("the scripts' folder").map(|entry| read(&entry.expect("an entry").path()));
    let texts: Vec<String> = scripts.chain(operations.iter().map(|operation| operation.body.clone())).collect();
    let arguments = operations.iter().flat_map(|operation| operation.arguments.iter().cloned());
    let declared = texts.iter().flat_map(|text| text.lines()).filter_map(|line| {
        let line = line.trim();
        let names = line.strip_prefix("local ").or_else(|| line.strip_prefix("for "))?;
        Some(names.split('=').next()?.split(" in ").next()?.to_owned())
    });
    let declared: Vec<String> = declared.collect();
    let declared = declared.iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned());
    declared.chain(arguments).collect()
}

/// Replaces each local variable by a short name. Strings, and the fields of tables, stay.
fn shortened(text: &str, names: &BTreeSet<String>) -> String {
    let mut short = String::new();
    let mut in_string = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(length);
        in_string ^= first == '\'';
        let is_field = short.ends_with(['.', ':', '\\']);
        match names.iter().position(|name| name == word) {
            Some(index) if !in_string && !is_field => {
                short.push(char::from(b'a' + (index / 26) as u8));
                short.push(char::from(b'a' + (index % 26) as u8));
                // The only keywords of two letters are `do`, `if`, `in` and `or`.
                assert!(index / 26 < 3, "more local variables than short names before `do`");
            }
            _ => short.push_str(word),
        }
        rest = after;
    }
    short
}

fn script(name: &str) -> String {
    read(&Path::new(SCRIPTS).join(name).with_extension("lua"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
