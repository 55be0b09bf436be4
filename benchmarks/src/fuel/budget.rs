//! How much of it each component may consume.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// What part of it a limit is above what was counted.
const TOLERANCE: u64 = 50;

/// What was counted, or what may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumption {
    /// Bytes of memory that an instance has after a hundred operations of all kinds.
    pub memory: u64,
    /// Fuel for an operation, by the operation's name.
    pub fuel: BTreeMap<String, u64>,
}

/// The limits of each component, by its file's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Budget(pub BTreeMap<String, Consumption>);

impl Budget {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// There is no such file, or it holds something else.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Makes it what was counted and a little more: another compiler makes other code of the same source.
    pub fn allow(&mut self, component: String, counted: &Consumption) {
        let limit = |count: u64| count + count / TOLERANCE;
        let fuel = counted.fuel.iter().map(|(name, fuel)| (name.clone(), limit(*fuel))).collect();
        self.0.insert(component, Consumption { memory: counted.memory, fuel });
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = toml::to_string(self)?;
        fs::write(
            path,
            format!(
                "# What `cargo xtask fuel --bless` has counted, and a little more: no operation may take more than this.\n\n{text}"
            ),
        )?;
        Ok(())
    }

    /// What is past its limit, or has none, or was not counted.
    pub fn faults(&self, component: &str, counted: &Consumption) -> Vec<String> {
        let Some(limit) = self.0.get(component) else {
            return vec![format!("{component} has no budget")];
        };
        let limits = limit.rows();
        let counts = counted.rows();
        let past = counts.iter().filter_map(|(name, count)| match limits.get(name) {
            Some(limit) if count <= limit => None,
            Some(limit) => Some(format!("{component}, {name}: {count} is more than {limit}")),
            None => Some(format!("{component}, {name}: has no budget")),
        });
        let lost = limits.keys().filter(|name| !counts.contains_key(*name));
        past.chain(lost.map(|name| format!("{component}, {name}: was not counted"))).collect()
    }
}

impl Consumption {
    /// All of it, each with its name.
    pub fn rows(&self) -> BTreeMap<&str, u64> {
        let fuel = self.fuel.iter().map(|(name, fuel)| (name.as_str(), *fuel));
        fuel.chain([("memory", self.memory)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Consumption};

    fn consumption(get: u64, memory: u64) -> Consumption {
        Consumption { memory, fuel: [("get".to_owned(), get)].into() }
    }

    fn budget() -> Budget {
        Budget([("a.wasm".to_owned(), consumption(100, 1000))].into())
    }

    #[test]
    fn what_is_at_its_limit_passes_and_one_more_does_not() {
        assert!(budget().faults("a.wasm", &consumption(100, 1000)).is_empty());
        assert_eq!(budget().faults("a.wasm", &consumption(101, 1001)).len(), 2);
    }

    #[test]
    fn what_has_no_limit_or_was_not_counted_is_a_fault() {
        assert_eq!(budget().faults("b.wasm", &consumption(1, 1)).len(), 1);
        let mut more = consumption(1, 1);
        more.fuel.insert("set".to_owned(), 1);
        assert_eq!(budget().faults("a.wasm", &more).len(), 1);
        assert_eq!(budget().faults("a.wasm", &Consumption { fuel: [].into(), memory: 1 }).len(), 1);
    }

    #[test]
    fn what_was_counted_is_allowed_and_a_fiftieth_of_fuel_more() {
        let mut budget = Budget::default();
        budget.allow("a.wasm".to_owned(), &consumption(100, 1000));
        assert!(budget.faults("a.wasm", &consumption(102, 1000)).is_empty());
        assert_eq!(budget.faults("a.wasm", &consumption(103, 1001)).len(), 2);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        budget().write(file.path()).unwrap();
        assert_eq!(Budget::read(file.path()).unwrap(), budget());
    }
}
