//! How figures are printed: a table for people, or one JSON object a line for programs.

use std::io::{self, Write};

use serde::Serialize;

/// A figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// Its name, under which it is asked for.
    pub(crate) name: &'static str,
    /// What was measured.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// What the machine itself took or gave in the same run, in the same unit; none where the
    /// row is a floor or a count.
    pub(crate) floor: Option<f64>,
}

impl Row {
    pub(crate) fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, floor: None }
    }

    pub(crate) fn over(self, floor: f64) -> Self {
        Self { floor: Some(floor), ..self }
    }
}

/// Where rows are printed, each bench's as soon as it is done.
pub(crate) struct Rows {
    json: bool,
    printed: usize,
}

impl Rows {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, printed: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.printed == 0
    }

    pub(crate) fn print(&mut self, rows: impl Iterator<Item = Row>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for row in rows {
            if self.json {
                serde_json::to_writer(&mut out, &row)?;
                writeln!(out)?;
            } else {
                if self.printed == 0 {
                    writeln!(out, "{:<28} {:>12} {:<6} {:>12}", "name", "value", "unit", "floor")?;
                }
                let floor = row.floor.map_or("-".to_owned(), shown);
                let (name, value) = (row.name, shown(row.value));
                writeln!(out, "{name:<28} {value:>12} {:<6} {floor:>12}", row.unit)?;
            }
            self.printed += 1;
        }
        out.flush()
    }
}

/// Three digits that mean something.
fn shown(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
