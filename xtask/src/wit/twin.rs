//! The asynchronous twins of two interfaces: the same text, in which every function
//! that waits for the network is an `async func`.

use std::fs;

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// An interface that has a twin, and which of its functions wait.
struct Original {
    name: &'static str,
    waits: fn(resource: Option<&str>, function: &str) -> bool,
}

const ORIGINALS: [Original; 2] = [
    Original {
        name: "session",
        waits: |resource, function| match resource {
            Some("store") => function == "check",
            Some("session") => !["id", "log-id", "response-headers", "set-renewing", "restart"].contains(&function),
            _ => false,
        },
    },
    Original { name: "socket", waits: |_, function| ["connect", "write", "read", "wait"].contains(&function) },
];

/// Writes the twins.
pub(super) fn write(workspace: &Workspace) -> anyhow::Result<()> {
    for original in &ORIGINALS {
        fs::write(workspace.root().join(original.twin_path()), original.twin(workspace)?)?;
        println!("{}: written", original.twin_path());
    }
    Ok(())
}

/// Fails where a twin is not what its original makes it.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    for original in &ORIGINALS {
        let path = original.twin_path();
        if fs::read_to_string(workspace.root().join(&path)).unwrap_or_default() != original.twin(workspace)? {
            bail!("{path} differs from what wit/{}.wit makes it: run `cargo xtask wit`", original.name);
        }
        println!("{path} is the twin of wit/{}.wit", original.name);
    }
    Ok(())
}

impl Original {
    fn twin_path(&self) -> String {
        format!("wit/{}-async.wit", self.name)
    }

    fn twin(&self, workspace: &Workspace) -> anyhow::Result<String> {
        let path = workspace.root().join("wit").join(self.name).with_extension("wit");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(self.twin_of(&text))
    }

    /// Joins the documentation that follows it.
    fn heading(&self) -> String {
        format!(
            "// Generated from {0}.wit by `cargo xtask wit`. Edit {0}.wit instead.\n\n\
             /// The asynchronous twin of `{0}`: every function that waits for the network is an `async func`.\n///",
            self.name
        )
    }

    fn twin_of(&self, text: &str) -> String {
        let mut twin = String::new();
        let mut resource = None;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.starts_with("package ") {
                // The heading stands right before the documentation.
                lines.next_if(|line| line.is_empty());
            }
            let code = line.trim_start();
            let indent = &line[..line.len() - code.len()];
            if let Some(name) = code.strip_prefix("resource ").and_then(|rest| rest.strip_suffix(" {")) {
                resource = Some(name);
            } else if code == "}" && indent.len() == 2 {
                resource = None;
            }
            let line = match code.split_once(": ") {
                Some((name, rest)) if !code.starts_with("//") && (self.waits)(resource, name) => {
                    format!("{indent}{name}: {}", rest.replacen("func(", "async func(", 1))
                }
                _ if line.starts_with("package ") => [line, "\n\n", &self.heading()].concat(),
                _ if line == format!("interface {} {{", self.name) => format!("interface {}-async {{", self.name),
                _ => line.to_owned(),
            };
            twin += &line;
            twin.push('\n');
        }
        twin
    }
}

#[cfg(test)]
mod tests {
    use super::ORIGINALS;

    #[test]
    fn what_waits_is_asynchronous_and_nothing_else() {
        let text = "package a:b;\n\n/// Said.\ninterface session {\n  resource options {\n    /// Says: func(\n    set-lifetime: func();\n  }\n  \
                    resource session {\n    id: func() -> string;\n    set-lifetime: func();\n  }\n}\n";
        let twin = ORIGINALS[0].twin_of(text);
        assert!(twin.contains("interface session-async {"));
        assert!(twin.contains("    /// Says: func(\n    set-lifetime: func();\n  }"));
        assert!(twin.contains("    id: func() -> string;\n    set-lifetime: async func();"));
    }

    #[test]
    fn a_static_function_stays_static() {
        let twin = ORIGINALS[1].twin_of("  resource connection {\n    connect: static func() -> u8;\n  }\n");
        assert!(twin.contains("    connect: static async func() -> u8;"));
    }
}
