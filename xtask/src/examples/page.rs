//! A page of docs/: what it tells its readers to write and to type is what is tested.

use std::fs;

use anyhow::{Context, ensure};

use super::site::Site;

/// The page's text.
pub(super) struct Page(String);

impl Page {
    pub(super) fn read(site: &Site, name: &str) -> anyhow::Result<Self> {
        let path = site.root.join("docs").join(name);
        Ok(Self(fs::read_to_string(&path).with_context(|| path.display().to_string())?))
    }

    /// Fails unless there is code in this language, and all of it stands word for word in one of the example's files.
    pub(super) fn check_code(&self, site: &Site, language: &str, files: &[&str]) -> anyhow::Result<()> {
        let mut sources = Vec::new();
        for file in files {
            let path = site.source.join(file);
            sources.push(flat(&fs::read_to_string(&path).with_context(|| path.display().to_string())?));
        }
        let blocks = self.blocks(language);
        ensure!(!blocks.is_empty(), "the page has no code in {language}");
        for block in blocks {
            ensure!(sources.iter().any(|source| source.contains(&flat(block))), "in none of {files:?}:\n{block}");
        }
        Ok(())
    }

    /// The words of the one command on the page that begins with these.
    pub(super) fn command(&self, beginning: &[&str]) -> anyhow::Result<Vec<String>> {
        let blocks = self.blocks("sh").join("\n").replace("\\\n", " ");
        let commands = blocks.lines().map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let mut found = commands.filter(|words| beginning.iter().zip(words).all(|(word, other)| word == other));
        let command = found.next().filter(|words| words.len() >= beginning.len());
        let command = command.with_context(|| format!("the page has no command `{}`", beginning.join(" ")))?;
        ensure!(found.next().is_none(), "the page has more than one command `{}`", beginning.join(" "));
        Ok(command)
    }

    fn blocks(&self, language: &str) -> Vec<&str> {
        let opening = format!("```{language}\n");
        let blocks = self.0.split(&opening).skip(1);
        blocks.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block)).collect()
    }
}

/// The lines without what indents them.
fn flat(code: &str) -> String {
    code.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}
