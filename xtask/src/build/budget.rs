//! How large a component may be, and what it may import.

use anyhow::bail;

use super::report::{Line, grouped};
use super::{DRSESSION, DRSESSION_ASYNC, DRSESSION_ASYNC_WASI, DRSESSION_WASI, MIDDLEWARE};

/// The limits of one component. The imports are interfaces as they begin, up to the version's last number; each has to be
/// there.
struct Budget {
    name: &'static str,
    bytes: usize,
    gzip: usize,
    imports: &'static [&'static str],
}

const BUDGETS: [Budget; 5] = [
    Budget {
        name: DRSESSION,
        bytes: 249_500,
        gzip: 100_000,
        imports: &["drsession:session/socket@0.1.", "wasi:random/random@0.2."],
    },
    Budget {
        name: DRSESSION_ASYNC,
        bytes: 312_000,
        gzip: 128_000,
        imports: &["drsession:session/socket-async@0.1.", "wasi:random/random@0.2."],
    },
    // Spin takes a component that imports more than sockets, io, clocks and random for one of another kind, and denies it
    // the network.
    Budget {
        name: DRSESSION_WASI,
        bytes: 288_000,
        gzip: 115_000,
        imports: &[
            "wasi:clocks/monotonic-clock@0.2.",
            "wasi:io/error@0.2.",
            "wasi:io/poll@0.2.",
            "wasi:io/streams@0.2.",
            "wasi:random/random@0.2.",
            "wasi:sockets/instance-network@0.2.",
            "wasi:sockets/ip-name-lookup@0.2.",
            "wasi:sockets/network@0.2.",
            "wasi:sockets/tcp-create-socket@0.2.",
            "wasi:sockets/tcp@0.2.",
        ],
    },
    Budget {
        name: DRSESSION_ASYNC_WASI,
        bytes: 394_000,
        gzip: 162_000,
        imports: &[
            "wasi:clocks/monotonic-clock@0.3.",
            "wasi:random/random@0.2.",
            "wasi:sockets/ip-name-lookup@0.3.",
            "wasi:sockets/types@0.3.",
        ],
    },
    Budget {
        name: MIDDLEWARE,
        bytes: 121_000,
        gzip: 49_000,
        imports: &[
            "drsession:session/request@0.1.",
            "drsession:session/session-async@0.1.",
            "drsession:session/types@0.1.",
            "wasi:cli/environment@0.3.",
            "wasi:cli/stderr@0.3.",
            "wasi:cli/types@0.3.",
            "wasi:http/handler@0.3.",
            "wasi:http/types@0.3.",
        ],
    },
];

/// Fails where a component is too large, or imports something else than it should. Says all of it at once.
pub(super) fn check(lines: &[Line]) -> anyhow::Result<()> {
    check_against(&BUDGETS, lines)
}

fn check_against(budgets: &[Budget], lines: &[Line]) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for budget in budgets {
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
    use super::{Budget, check_against};
    use crate::build::interface::Interface;
    use crate::build::report::Line;

    const BUDGETS: [Budget; 1] =
        [Budget { name: "a.wasm", bytes: 250, gzip: 100, imports: &["b:c/d@0.1.", "wasi:random/random@0.2."] }];
    const IMPORTS: [&str; 2] = ["b:c/d@0.1.0", "wasi:random/random@0.2.0"];

    fn check(line: Option<(usize, usize, &[&str])>) -> anyhow::Result<()> {
        let line = line.map(|(bytes, gzip, imports)| {
            let imports = imports.iter().map(|import| (*import).to_owned()).collect();
            Line { name: "a.wasm".to_owned(), bytes, gzip, interface: Interface { imports, exports: Vec::new() } }
        });
        check_against(&BUDGETS, line.as_slice())
    }

    #[test]
    fn a_component_at_its_limits_passes() {
        assert!(check(Some((250, 100, &IMPORTS))).is_ok());
    }

    #[test]
    fn one_byte_more_fails() {
        assert!(check(Some((251, 100, &IMPORTS))).is_err());
        assert!(check(Some((250, 101, &IMPORTS))).is_err());
    }

    #[test]
    fn an_unlisted_or_a_missing_import_fails() {
        assert!(check(Some((1, 1, &[IMPORTS[0], IMPORTS[1], "wasi:cli/environment@0.2.0"]))).is_err());
        assert!(check(Some((1, 1, &IMPORTS[..1]))).is_err());
        assert!(check(None).is_err());
    }
}
