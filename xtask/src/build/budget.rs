//! How large a component may be, and what it may import.

use anyhow::bail;

use super::DRSESSION;
use super::report::{Line, grouped};

/// The limits of one component. The imports are interfaces as they begin, up to the version's last number; each has to be
/// there.
struct Budget {
    name: &'static str,
    bytes: usize,
    gzip: usize,
    imports: &'static [&'static str],
}

const BUDGETS: [Budget; 1] = [Budget {
    name: DRSESSION,
    bytes: 250_000,
    gzip: 100_000,
    imports: &["drsession:session/socket@0.1.", "wasi:random/random@0.2."],
}];

/// Fails where a component is too large, or imports something else than it should. Says all of it at once.
pub(super) fn check(lines: &[Line]) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for budget in &BUDGETS {
        match lines.iter().find(|line| line.name == budget.name) {
            Some(line) => faults.extend(budget.faults(line)),
            None => faults.push(format!("{} was not built", budget.name)),
        }
    }
    if !faults.is_empty() {
        bail!("past the budget: {}", faults.join("; "));
    }
    Ok(())
}

impl Budget {
    fn faults(&self, line: &Line) -> Vec<String> {
        let Self { name, bytes, gzip, imports } = self;
        let mut faults = Vec::new();
        if line.bytes > *bytes {
            faults.push(format!("{name} has {} bytes, more than {}", grouped(line.bytes), grouped(*bytes)));
        }
        if line.gzip > *gzip {
            faults.push(format!("{name} has {} bytes by gzip, more than {}", grouped(line.gzip), grouped(*gzip)));
        }
        for import in &line.interface.imports {
            if !imports.iter().any(|allowed| import.starts_with(allowed)) {
                faults.push(format!("{name} imports {import}"));
            }
        }
        for wanted in *imports {
            if !line.interface.imports.iter().any(|import| import.starts_with(wanted)) {
                faults.push(format!("{name} does not import {wanted}x"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::{BUDGETS, check};
    use crate::build::interface::Interface;
    use crate::build::report::Line;

    fn line(bytes: usize, gzip: usize, imports: &[&str]) -> Line {
        let imports = imports.iter().map(|import| (*import).to_owned()).collect();
        Line { name: BUDGETS[0].name.to_owned(), bytes, gzip, interface: Interface { imports, exports: Vec::new() } }
    }

    const IMPORTS: [&str; 2] = ["drsession:session/socket@0.1.0", "wasi:random/random@0.2.0"];

    #[test]
    fn a_component_at_its_limits_passes() {
        assert!(check(&[line(250_000, 100_000, &IMPORTS)]).is_ok());
    }

    #[test]
    fn one_byte_more_fails() {
        assert!(check(&[line(250_001, 100_000, &IMPORTS)]).is_err());
        assert!(check(&[line(250_000, 100_001, &IMPORTS)]).is_err());
    }

    #[test]
    fn an_unlisted_or_a_missing_import_fails() {
        assert!(check(&[line(1, 1, &[IMPORTS[0], IMPORTS[1], "wasi:cli/environment@0.2.0"])]).is_err());
        assert!(check(&[line(1, 1, &IMPORTS[..1])]).is_err());
        assert!(check(&[]).is_err());
    }
}
