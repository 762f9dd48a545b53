//! A table of figures: what was measured, what it should be, and whether it is.

use std::fmt::Write as _;
use std::fs;
use std::ops::{Bound, RangeBounds};
use std::time::Duration;

/// Figures that are printed together.
pub struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    figure: String,
    value: String,
    target: String,
    verdict: &'static str,
}

impl Table {
    /// An empty table.
    pub fn new(title: &'static str) -> Table {
        Table { title, rows: Vec::new() }
    }

    /// Adds a figure; its target is a range such as `..=5.0`, or `..` where it only informs.
    pub fn add(&mut self, figure: impl Into<String>, value: f64, unit: &str, target: impl RangeBounds<f64>) {
        let figure = figure.into();
        let words = [words("≥", target.start_bound(), unit), words("<", target.end_bound(), unit)];
        let target_text: Vec<String> = words.into_iter().flatten().collect();
        let verdict = match (target_text.is_empty(), target.contains(&value)) {
            (true, _) => "",
            (false, true) => "met",
            (false, false) => "NOT MET",
        };
        eprintln!("  {figure}: {} {unit}", digits(value));
        self.rows.push(Row {
            figure,
            value: format!("{} {unit}", digits(value)),
            target: target_text.join(" "),
            verdict,
        });
    }

    /// Prints all figures, and what the machine was doing meanwhile.
    pub fn print(&self) {
        let wide =
            |column: fn(&Row) -> &str| self.rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
        let (figure, value, target) = (wide(|row| &row.figure), wide(|row| &row.value), wide(|row| &row.target));
        println!("\n{} ({})", self.title, machine());
        for row in &self.rows {
            let line =
                format!("  {:<figure$}  {:>value$}  {:<target$}  {}", row.figure, row.value, row.target, row.verdict);
            println!("{}", line.trim_end());
        }
        let missed = self.rows.iter().filter(|row| row.verdict == "NOT MET").count();
        println!("  {}", if missed == 0 { "every target is met".to_owned() } else { format!("{missed} not met") });
    }
}

/// The value that this share of the sorted samples does not exceed, such as 0.5 for the median, in milliseconds.
pub fn quantile_ms(samples: &mut [Duration], share: f64) -> f64 {
    samples.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of samples is a place among them"
    )]
    let place = (samples.len().saturating_sub(1) as f64 * share).round() as usize;
    samples.get(place).map_or(f64::NAN, |sample| sample.as_secs_f64() * 1_000.0)
}

/// A bound in words; `..=` is shown as `<` with its own sign.
fn words(sign: &str, bound: Bound<&f64>, unit: &str) -> Option<String> {
    match (bound, sign) {
        (Bound::Unbounded, _) => None,
        (Bound::Included(limit), "<") => Some(format!("≤ {} {unit}", digits(*limit))),
        (Bound::Included(limit) | Bound::Excluded(limit), sign) => Some(format!("{sign} {} {unit}", digits(*limit))),
    }
}

/// Three digits that count.
fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn machine() -> String {
    let mut text = format!("{} cores", std::thread::available_parallelism().map_or(1, usize::from));
    if let Ok(load) = fs::read_to_string("/proc/loadavg") {
        let averages: Vec<&str> = load.split(' ').take(3).collect();
        // Writing to a string cannot fail.
        write!(text, ", load {}", averages.join(" ")).unwrap_or_default();
    }
    if cfg!(debug_assertions) {
        text.push_str(", NOT a release build");
    }
    text
}
