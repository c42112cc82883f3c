//! Tables, printed as text in columns, as JSON, or as Markdown.

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
    /// A text.
    Text(String),
    /// Several texts: a JSON array, elsewhere separated by spaces.
    List(Vec<String>),
    /// A number.
    Count(usize),
    /// A text for people, and a value for programs.
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

    /// The table as text. The columns in `left_out` are omitted on a terminal.
    pub fn render(&self, format: Format, left_out: &[&str]) -> String {
        match format {
            Format::Terminal => self.terminal(left_out),
            Format::Json => self.json(),
            Format::Markdown => self.markdown(),
        }
    }

    fn terminal(&self, left_out: &[&str]) -> String {
        let shown: Vec<usize> =
            (0..self.columns.len()).filter(|c| !left_out.contains(&self.columns[*c])).collect();
        let heading = self.columns.iter().map(|name| name.to_uppercase()).collect();
        let texts = self.rows.iter().map(|row| row.iter().map(Cell::text).collect());
        let lines: Vec<Vec<String>> = std::iter::once(heading).chain(texts).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut out = String::new();
        for line in &lines {
            let cells: Vec<String> = shown.iter().map(|c| format!("{:<1$}", line[*c], widths[*c])).collect();
            let _ = writeln!(out, "{}", cells.join("  ").trim_end());
        }
        out
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
            let cells: Vec<String> = row.iter().map(|cell| escaped(&cell.text())).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::List(texts) => texts.join(" "),
            Cell::Count(n) => n.to_string(),
            Cell::Pair(text, _) => text.clone(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Cell::Text(text) => text.as_str().into(),
            Cell::List(texts) => texts.as_slice().into(),
            Cell::Count(n) => (*n).into(),
            Cell::Pair(_, value) => value.clone(),
        }
    }
}

/// A text escaped for a cell of a Markdown table.
pub fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
