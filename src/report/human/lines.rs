//! Lines of text with labels, wrapped to a width.

use anstream::adapter::strip_str;
use std::fmt::Write;

/// The width of a report, in columns, where no terminal sets another. Only commands, traces and standard error may be wider.
pub const WIDTH: usize = 100;
/// The column at which the text of a labelled line begins.
pub const INDENT: usize = 12;

/// Lines of text.
#[derive(Debug)]
pub struct Lines {
    width: usize,
    text: String,
}

impl Lines {
    /// No lines yet; `width` is in columns.
    pub fn new(width: usize) -> Lines {
        Lines { width, text: String::new() }
    }

    /// The width, in columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The text, with its final newline.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Lines that are as they should be.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A label and its text, of any number of lines, as they are; nothing for an empty text.
    pub fn line(&mut self, label: &str, text: &str) {
        for (index, part) in text.lines().enumerate() {
            let label = if index == 0 { label } else { "" };
            let _ = writeln!(self.text, "{}", format!("  {label:<9} {part}").trim_end());
        }
    }

    /// A label and its text, wrapped between words.
    pub fn prose(&mut self, label: &str, text: &str) {
        let lines: Vec<String> = text.lines().map(|line| self.in_lines(line.split(' '), " ")).collect();
        self.line(label, &lines.join("\n"));
    }

    /// A label and a list, wrapped between its items.
    pub fn list(&mut self, label: &str, items: &[String]) {
        self.line(label, &self.in_lines(items.iter().map(String::as_str), "    "));
    }

    /// What a clause requires, under its level, followed by its id and its source.
    pub fn requirement(&mut self, level: &str, text: &str, id: &str, source: &str) {
        self.prose(level, text);
        self.line("", &self.in_lines([id, source], "   "));
    }

    /// A line without a label, wrapped between words; what does not fit into it is indented.
    pub fn hanging(&mut self, indent: usize, text: &str) {
        self.filled(indent, text.split(' '), " ");
    }

    /// A row of a table, wrapped between its cells.
    pub fn cells(&mut self, indent: usize, cells: &[String]) {
        self.filled(indent, cells.iter().map(String::as_str), "  ");
    }

    fn filled<'a>(&mut self, indent: usize, items: impl Iterator<Item = &'a str>, between: &str) {
        let lines = filled(self.width, self.width.saturating_sub(indent), items, between);
        for (index, part) in lines.iter().enumerate() {
            let indent = if index == 0 { 0 } else { indent };
            let _ = writeln!(self.text, "{}", format!("{:indent$}{part}", "").trim_end());
        }
    }

    /// Items in lines that fit next to a label.
    pub fn in_lines<'a>(&self, items: impl IntoIterator<Item = &'a str>, between: &str) -> String {
        wrapped(self.width.saturating_sub(INDENT), items, between)
    }
}

/// Items in lines of at most `room` columns.
pub fn wrapped<'a>(room: usize, items: impl IntoIterator<Item = &'a str>, between: &str) -> String {
    filled(room, room, items, between).join("\n")
}

/// Items in lines: the first has room for `first` columns, every other one for `room`. An item that is longer than a line is
/// wrapped between its words.
fn filled<'a>(
    first: usize,
    room: usize,
    items: impl IntoIterator<Item = &'a str>,
    between: &str,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |item: &str, between: &str| {
        let limit = if lines.len() <= 1 { first } else { room };
        match lines.last_mut() {
            Some(last) if columns(last) + columns(between) + columns(item) <= limit => {
                last.push_str(between);
                last.push_str(item);
            }
            // Spaces between columns do not begin a line.
            Some(_) if item.is_empty() => {}
            _ => lines.push(item.to_owned()),
        }
    };
    for item in items {
        if columns(item) <= room {
            add(item, between);
            continue;
        }
        for (index, word) in item.split(' ').enumerate() {
            add(word, if index == 0 { between } else { " " });
        }
    }
    lines
}

/// The number of columns of a text, which may have colours.
fn columns(text: &str) -> usize {
    strip_str(text).map(|part| part.chars().count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_hangs() {
        let hanging = |width: usize, text: &str| {
            let mut lines = Lines::new(width);
            lines.hanging(4, text);
            lines.into_text()
        };
        assert_eq!(hanging(20, "  A  one two three four"), "  A  one two three\n    four\n");
        assert_eq!(hanging(60, "  A  one   two"), "  A  one   two\n");
        assert_eq!(hanging(8, "one     two"), "one\n    two\n");
        assert_eq!(hanging(7, "\x1b[1mone\x1b[0m two"), "\x1b[1mone\x1b[0m two\n");
        assert_eq!(hanging(4, "unbreakable"), "unbreakable\n");
        assert_eq!(hanging(usize::MAX, &"word ".repeat(99)).lines().count(), 1);
    }

    #[test]
    fn an_item_is_kept_together_if_a_line_has_room_for_it() {
        assert_eq!(wrapped(9, ["a b", "c d e", "f"], "  "), "a b\nc d e  f");
        assert_eq!(wrapped(5, ["a", "b c d e", "f"], "  "), "a  b\nc d e\nf");
        assert_eq!(wrapped(0, ["a b"], " "), "a\nb");
    }
}
