//! The table of what was built.

use std::io::Write;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::interface::Interface;

/// One component of the table.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) bytes: usize,
    pub(super) gzip: usize,
    pub(super) interface: Interface,
}

impl Line {
    pub(super) fn of(name: &str, component: &[u8]) -> anyhow::Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(component)?;
        Ok(Self {
            name: name.to_owned(),
            bytes: component.len(),
            gzip: gzip.finish()?.len(),
            interface: Interface::of(component).with_context(|| name.to_owned())?,
        })
    }
}

pub(super) fn print(lines: &[Line]) {
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::len).max().unwrap_or(0);
    let names = width(&mut lines.iter().map(|line| line.name.as_str()));
    let imports =
        width(&mut lines.iter().flat_map(|line| &line.interface.imports).map(String::as_str).chain(["imports"]));

    println!("{:names$}  {:>9}  {:>9}  {:imports$}  exports", "name", "size", "gzip", "imports");
    for line in lines {
        let Interface { imports: imported, exports: exported } = &line.interface;
        for row in 0..imported.len().max(exported.len()).max(1) {
            let [name, size, gzip] = match row {
                0 => [line.name.clone(), grouped(line.bytes), grouped(line.gzip)],
                _ => Default::default(),
            };
            let cell = |column: &[String]| column.get(row).cloned().unwrap_or_default();
            let text = format!("{name:names$}  {size:>9}  {gzip:>9}  {:imports$}  {}", cell(imported), cell(exported));
            println!("{}", text.trim_end());
        }
    }
}

/// A number with a comma before every three digits.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!([7, 999, 1_000, 123_456, 1_234_567].map(grouped), ["7", "999", "1,000", "123,456", "1,234,567"]);
    }
}
