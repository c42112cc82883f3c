//! The pictures in the README show the program's current output.

use super::{exits, fixture};
use std::collections::BTreeMap;

/// The width of a letter on a picture.
const LETTER: usize = 12;

/// The lines of text in a picture, without their colours. Each element is text of one colour; spaces have no element.
fn lines(name: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures").join(name);
    let picture = super::read(&path);
    let mut lines: BTreeMap<usize, String> = BTreeMap::new();
    for part in picture.split("<text ").skip(1) {
        let (attributes, rest) = part.split_once('>').expect("an element");
        let line = line_of(attributes).expect("the line that shows it");
        let text = rest.split("</text>").next().unwrap_or_default();
        let plain =
            [("&#160;", " "), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("\n", "")];
        let text = plain.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let whole = lines.entry(line).or_default();
        let column = (place(attributes) + LETTER / 2) / LETTER;
        while whole.chars().count() < column {
            whole.push(' ');
        }
        whole.push_str(&text.replace("&amp;", "&"));
    }
    lines.into_values().map(|line| line.trim_end().to_owned()).collect()
}

/// The number of a line: `clip-path="url(#t-line-7)"`.
fn line_of(attributes: &str) -> Option<usize> {
    attributes.split_once("#t-line-")?.1.split_once(')')?.0.parse().ok()
}

/// Its horizontal position: `x="24.5"`, whose fraction does not matter.
fn place(attributes: &str) -> usize {
    let value = attributes.split_once(" x=\"").and_then(|(_, rest)| rest.split(['"', '.']).next());
    value.and_then(|number| number.parse().ok()).expect("a number")
}

/// The text of the lines, joined.
fn prose(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const ANEW: &str = "scripts/pictures draws it";

#[test]
fn the_failure_picture_is_current() {
    let lines = lines("failure.svg");
    let clause = lines
        .iter()
        .find_map(|line| line.trim().split("   ").next().filter(|id| id.starts_with("posix/")))
        .expect("the clause");
    let clauses = exits(&["list", "clauses", "--format", "json"], 0);
    let clauses: serde_json::Value = serde_json::from_str(&clauses).expect("JSON");
    let mut clauses = clauses.as_array().expect("a list").iter();
    let text = clauses.find(|known| known["clause"] == clause).and_then(|known| known["text"].as_str());
    let text = text.unwrap_or_else(|| panic!("{clause} is no clause: {ANEW}"));
    let picture = prose(&lines.join(" "));
    assert!(picture.contains(text), "{text}\n{picture}\n{ANEW}");
    let labels: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|l| !l.is_empty())
        .collect();
    assert_eq!(labels, ["must", "steps", "expected", "got", "children", "reproduce"], "{ANEW}");
}

#[test]
fn the_matrix_picture_is_current() {
    let lines = lines("matrix.svg");
    let today = exits(&["matrix", &fixture("old.jsonl"), &fixture("new.jsonl")], 0);
    let legend = today.lines().find(|line| line.contains("F fail")).expect("the legend");
    assert!(lines.iter().any(|line| line == legend), "{legend}\n{lines:#?}\n{ANEW}");
    let cases = exits(&["list", "cases", "--format", "json"], 0);
    let cases: serde_json::Value = serde_json::from_str(&cases).expect("JSON");
    let titles: BTreeMap<&str, &str> = cases
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|case| Some((case["case"].as_str()?, case["title"].as_str()?)))
        .collect();
    // A row: a mark for each subject, the id, the title.
    let rows: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("  ")?.get(5..)?.strip_prefix("  ")?.split_once("   "))
        .filter(|(id, _)| id.contains('.') && !id.contains(' '))
        .collect();
    assert!(rows.len() > 3, "{lines:#?}");
    for (id, title) in rows {
        assert_eq!(titles.get(id), Some(&title), "{id}: {ANEW}");
    }
}
