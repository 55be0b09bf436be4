//! What the README tells its readers to type.

use std::{fs, path::Path};

const SECTION: &str = "## Under `wasmtime serve`";
const REUSE: &str = "--max-instance-reuse-count";

/// The commands of the section, each as its words.
pub(crate) fn commands() -> Vec<Vec<String>> {
    let section = section();
    let (_, block) = section.split_once("```sh\n").expect("the section has a block of commands");
    let (block, _) = block.split_once("\n```").expect("the block ends");
    let block = block.replace("\\\n", " ");
    block.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The flags by which an instance is used for more than one request.
pub(crate) fn reuse_flags() -> Vec<String> {
    let section = section();
    let mut quoted = section.split('`').skip(1).step_by(2);
    let flags = quoted.find(|code| code.starts_with(REUSE)).expect("the section names the flag");
    flags.split_whitespace().map(str::to_owned).collect()
}

fn section() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("README.md");
    let text = fs::read_to_string(&path).expect("the README");
    let (_, rest) = text.split_once(SECTION).expect("the README has the section");
    rest.split("\n## ").next().unwrap_or(rest).to_owned()
}
