//! Tables, printed as text in columns, as JSON, or as Markdown.

use super::screen;
use crate::report::human::lines::Lines;
use crate::runner::select::glob;
use clap::ValueEnum;
use std::fmt::Write;

/// The format of a table.
#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text in columns.
    Terminal,
    /// One JSON array of objects.
    Json,
    /// A Markdown table.
    Markdown,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Text.
    Text(String),
    /// Several texts: a JSON array, elsewhere separated by spaces.
    List(Vec<String>),
    /// The same, for references that may have a URL: in Markdown these are links.
    Links(Vec<(String, Option<String>)>),
    /// A number.
    Count(usize),
    /// Text for people, and a value for programs.
    Pair(String, serde_json::Value),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

/// Rows with a cell per column.
#[derive(Debug)]
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[&'static str]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into());
    }

    /// The first column.
    pub fn names(&self) -> Vec<String> {
        self.rows.iter().filter_map(|row| row.first().map(Cell::text)).collect()
    }

    /// Keeps the rows that one of these patterns matches: a glob must match the whole name, any other text part of a name or of a
    /// description. Returns a pattern that matches nothing, if there is one.
    pub fn keep(&mut self, patterns: &[String]) -> Option<String> {
        let hits = |pattern: &str, row: &[Cell]| match (pattern.contains('*'), row.first()) {
            (true, Some(name)) => glob(pattern, &name.text()),
            _ => row.iter().any(|cell| cell.text().to_lowercase().contains(&pattern.to_lowercase())),
        };
        let unmatched = patterns.iter().find(|pattern| !self.rows.iter().any(|row| hits(pattern, row)));
        if unmatched.is_none() && !patterns.is_empty() {
            self.rows.retain(|row| patterns.iter().any(|pattern| hits(pattern, row)));
        }
        unmatched.cloned()
    }

    /// The table as text. The columns in `left_out` are omitted on a terminal.
    pub fn render(&self, format: Format, left_out: &[&str]) -> String {
        match format {
            Format::Terminal => self.terminal(left_out, screen::lines()),
            Format::Json => self.json(),
            Format::Markdown => self.markdown(),
        }
    }

    fn terminal(&self, left_out: &[&str], width: usize) -> String {
        let shown: Vec<usize> =
            (0..self.columns.len()).filter(|c| !left_out.contains(&self.columns[*c])).collect();
        let heading = self.columns.iter().map(|name| name.to_uppercase()).collect();
        let texts = self.rows.iter().map(|row| row.iter().map(Cell::text).collect());
        let lines: Vec<Vec<String>> = std::iter::once(heading).chain(texts).collect();
        let columns =
            |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let Some((last, others)) = shown.split_last() else { return String::new() };
        let widths: Vec<usize> = others.iter().map(|c| columns(*c)).collect();
        let before: usize = widths.iter().map(|width| width + 2).sum();
        let mut out = Lines::new(width);
        for line in &lines {
            // The last column is wrapped; where it has too little room, the row is, between its cells.
            if width.saturating_sub(before) >= LEAST {
                let cells = others.iter().zip(&widths).map(|(c, width)| format!("{:<width$}  ", line[*c]));
                out.hanging(before, &(cells.collect::<String>() + &line[*last]));
            } else {
                let mut end = 0;
                let cells = others.iter().zip(&widths).map(|(c, columns)| {
                    end += columns + 2;
                    // Only columns that fit next to each other are aligned.
                    let columns = if end <= width { *columns } else { 0 };
                    format!("{:<columns$}", line[*c])
                });
                let cells: Vec<String> = cells.chain([line[*last].clone()]).collect();
                out.cells(4, &cells);
            }
        }
        out.into_text()
    }

    /// An array of objects, whose keys are the columns in snake case.
    fn json(&self) -> String {
        let objects: Vec<serde_json::Value> = self
            .rows
            .iter()
            .map(|row| {
                self.columns
                    .iter()
                    .map(|name| name.replace(' ', "_"))
                    .zip(row.iter().map(Cell::json))
                    .collect()
            })
            .collect();
        format!("{:#}\n", serde_json::Value::from(objects))
    }

    fn markdown(&self) -> String {
        let mut out = format!("| {} |\n|{}\n", self.columns.join(" | "), "---|".repeat(self.columns.len()));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::markdown).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out
    }
}

/// The minimum width of a wrapped column.
const LEAST: usize = 24;

impl Cell {
    fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::List(texts) => texts.join(" "),
            Cell::Links(links) => links.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" "),
            Cell::Count(n) => n.to_string(),
            Cell::Pair(text, _) => text.clone(),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Cell::Links(links) => {
                let link = |(text, address): &(String, Option<String>)| match address {
                    Some(address) => format!("[{}]({address})", escaped(text)),
                    None => escaped(text),
                };
                links.iter().map(link).collect::<Vec<_>>().join(" ")
            }
            _ => escaped(&self.text()),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Cell::Text(text) => text.as_str().into(),
            Cell::List(texts) => texts.as_slice().into(),
            Cell::Links(links) => links.iter().map(|(text, _)| text.as_str()).collect(),
            Cell::Count(n) => (*n).into(),
            Cell::Pair(_, value) => value.clone(),
        }
    }
}

/// Text escaped for a cell of a Markdown table.
pub fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_by_patterns() {
        let names = |patterns: &[&str]| {
            let mut table = Table::new(&["case", "title"]);
            table.row(["nohang.one".into(), "returns 0".into()]);
            table.row(["exit.two".into(), "Returns a pid".into()]);
            let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
            match table.keep(&patterns) {
                Some(unmatched) => vec![format!("no {unmatched}")],
                None => table.names(),
            }
        };
        assert_eq!(names(&[]).len(), 2);
        assert_eq!(names(&["nohang"]), ["nohang.one"]);
        assert_eq!(names(&["*.two"]), ["exit.two"]);
        assert_eq!(names(&["returns"]).len(), 2);
        assert_eq!(names(&["nohang", "nope"]), ["no nope"]);
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let mut table = Table::new(&["case", "title"]);
        table.row(["nohang".into(), "returns 0 if none has exited".into()]);
        table.row(["exit".into(), "reaps".into()]);
        let at = |width| table.terminal(&[], width);
        assert_eq!(at(99), "CASE    TITLE\nnohang  returns 0 if none has exited\nexit    reaps\n");
        assert_eq!(at(32), "CASE    TITLE\nnohang  returns 0 if none has\n        exited\nexit    reaps\n");
        assert_eq!(at(20), "CASE    TITLE\nnohang  returns 0 if\n    none has exited\nexit    reaps\n");
    }

    #[test]
    fn a_table_in_each_format() {
        let mut table = Table::new(&["case", "calls", "title"]);
        table.row([
            "a.b".into(),
            Cell::List(vec!["wait".to_owned(), "wait4".to_owned()]),
            "one | two".into(),
        ]);
        assert_eq!(table.render(Format::Terminal, &["title"]), "CASE  CALLS\na.b   wait wait4\n");
        let markdown = "| case | calls | title |\n|---|---|---|\n| a.b | wait wait4 | one \\| two |\n";
        assert_eq!(table.render(Format::Markdown, &["title"]), markdown);
        let json: serde_json::Value = serde_json::from_str(&table.render(Format::Json, &[])).unwrap();
        assert_eq!(json[0]["calls"][1], "wait4");
    }
}
