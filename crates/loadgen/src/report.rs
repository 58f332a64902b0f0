//! What is shown: a table for people, JSON for everything else.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use crate::figures::Figures;
/// All results of one invocation.
#[derive(Serialize)]
pub struct Report {
    version: &'static str,
    command: String,
    machine: Machine,
    results: Vec<ShapeResult>,
}

/// What has a column of its own in a table.
pub trait Column: Copy {
    fn name(self) -> &'static str;
}

/// One shape with one set of parameters.
#[derive(Serialize)]
pub struct ShapeResult {
    pub shape: &'static str,
    pub parameters: Value,
    pub targets: Vec<TargetResult>,
}

#[derive(Serialize)]
pub struct TargetResult {
    /// What the column is called.
    pub target: &'static str,
    pub median: Figures,
    pub repetitions: Vec<Figures>,
}

#[derive(Serialize)]
struct Machine {
    processors: usize,
    kernel: String,
    /// Built without optimisation: the figures say nothing.
    debug_build: bool,
}

impl Report {
    pub fn new() -> Report {
        let args: Vec<String> =
            std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Report {
            version: env!("CARGO_PKG_VERSION"),
            command: args.join(" "),
            machine: Machine {
                processors: std::thread::available_parallelism().map_or(0, usize::from),
                kernel: kernel.trim().to_owned(),
                debug_build: cfg!(debug_assertions),
            },
            results: Vec::new(),
        }
    }

    /// Takes a result in and prints it.
    pub fn add(&mut self, result: ShapeResult) {
        print!("{}", result.table());
        self.results.push(result);
    }

    /// Writes everything to a file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(path, json + "\n").with_context(|| format!("write {}", path.display()))
    }

    pub fn warn(&self) {
        if self.machine.debug_build {
            println!("\nThis is a debug build: the figures say nothing about Jianzi's speed.");
        }
    }
}

impl ShapeResult {
    /// A row for each figure, a column for each target; beside two of them, the first divided by the second.
    fn table(&self) -> String {
        let mut table = format!("\n{} {}\n", self.shape, parameters(&self.parameters));
        let mut head = format!("{:<34}", "");
        for target in &self.targets {
            head += &format!("{:>14}", target.target);
        }
        if self.targets.len() == 2 {
            head += &format!("{:>10}", "ratio");
        }
        table += head.trim_end();
        table.push('\n');
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.targets.iter().flat_map(|target| target.median.iter()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            let values: Vec<Option<f64>> =
                self.targets.iter().map(|target| target.median.get(name)).collect();
            let mut row = format!("{name:<34}");
            for value in &values {
                row += &format!("{:>14}", value.map_or("–".to_owned(), readable));
            }
            if let [Some(first), Some(second)] = values[..]
                && second != 0.0
            {
                row += &format!("{:>10.2}", first / second);
            }
            table += row.trim_end();
            table.push('\n');
        }
        table
    }
}

fn parameters(parameters: &Value) -> String {
    let Some(map) = parameters.as_object() else { return String::new() };
    map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// Three digits that matter, and all digits of whole thousands.
fn readable(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_figure_and_a_ratio() {
        let target = |target, rate: f64| {
            let mut median = Figures::default();
            median.push("sent_per_s", rate);
            TargetResult { target, median, repetitions: Vec::new() }
        };
        let result = ShapeResult {
            shape: "echo",
            parameters: serde_json::json!({"connections": 64}),
            targets: vec![target("jianzi", 150_000.0), target("floor", 100_000.0)],
        };
        let table = result.table();
        let lines: Vec<Vec<&str>> =
            table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["echo", "connections=64"]);
        assert_eq!(lines[1], ["jianzi", "floor", "ratio"]);
        assert_eq!(lines[2], ["sent_per_s", "150000", "100000", "1.50"]);
    }
}
