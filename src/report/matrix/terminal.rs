//! The matrix as text: a letter for each result, what differs first.

use super::cases::Remark;
use super::mark::Mark;
use super::table::Matrix;
use crate::report::human::failure::line;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The text; with `verbose` every failure in full, and the rows that are alike.
pub fn text(matrix: &Matrix, verbose: bool) -> String {
    let mut out = String::new();
    subjects(&mut out, matrix);
    for note in &matrix.notes {
        let _ = writeln!(out, "note      {note}");
    }
    cases(&mut out, matrix, verbose);
    clauses(&mut out, matrix, verbose);
    values(&mut out, matrix, verbose);
    reasons(&mut out, matrix);
    out
}

/// The name of a column: a letter, from the 27th on two.
fn letter(column: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
    match column / 26 {
        0 => letter(column).to_string(),
        more => format!("{}{}", letter(more - 1), letter(column)),
    }
}

fn letters(columns: impl Iterator<Item = usize>) -> String {
    columns.map(letter).collect::<Vec<_>>().join(" ")
}

fn subjects(out: &mut String, matrix: &Matrix) {
    let width = matrix.columns.iter().map(|c| c.label.chars().count()).max().unwrap_or(0);
    for (index, column) in matrix.columns.iter().enumerate() {
        let totals: Vec<String> = column.totals().iter().map(|(name, n)| format!("{n} {name}")).collect();
        let unverified = if column.subject.unverified.is_empty() { "" } else { "   unverified" };
        let line = format!(
            "{:>3}  {:<width$}  {}   {}{unverified}",
            letter(index),
            column.label,
            totals.join(", "),
            column.system
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let shown = Mark::ALL.iter().map(|mark| format!("{} {}", mark.letter(), mark.name()));
    let _ = writeln!(out, "\n     {}", shown.collect::<Vec<_>>().join("   "));
}

/// A heading, and above each column its letter: where there are two, one above the other.
fn heading(out: &mut String, title: &str, columns: usize) {
    let _ = writeln!(out, "\n{title}");
    let names: Vec<String> = (0..columns).map(letter).collect();
    if names.iter().any(|name| name.len() > 1) {
        let first = |name: &String| if name.len() > 1 { name.chars().next().unwrap_or(' ') } else { ' ' };
        let _ = writeln!(out, "  {}", names.iter().map(first).collect::<String>());
    }
    let last = names.iter().filter_map(|name| name.chars().last());
    let _ = writeln!(out, "  {}", last.collect::<String>());
}

fn marks(marks: &[Mark]) -> String {
    marks.iter().map(|mark| mark.letter()).collect()
}

fn cases(out: &mut String, matrix: &Matrix, verbose: bool) {
    let shown = |differs: bool| matrix.cases.iter().filter(move |row| row.differs == differs);
    if shown(true).next().is_some() {
        heading(out, "differences", matrix.columns.len());
        for row in shown(true) {
            let _ = writeln!(out, "  {}  {}   {}", marks(&row.marks), row.id, row.title);
            for remark in row.remarks.iter().filter(|remark| remark.mark != Mark::Skip) {
                self::remark(out, remark, verbose);
            }
        }
    }
    let alike = shown(false).count();
    if verbose && alike > 0 {
        heading(out, "no difference", matrix.columns.len());
        for row in shown(false) {
            let _ = writeln!(out, "  {}  {}   {}", marks(&row.marks), row.id, row.title);
        }
    } else {
        let _ = writeln!(out, "\n{alike} of {} cases show no difference; -v lists them", matrix.cases.len());
    }
}

fn remark(out: &mut String, remark: &Remark, verbose: bool) {
    let who = letters(remark.members.iter().map(|member| member.column));
    let unverified = if remark.unverified.is_empty() { "" } else { "   unverified" };
    line(out, remark.mark.name(), &format!("{}   [{who}]{unverified}", remark.gist));
    if let Some(clause) = &remark.clause {
        line(out, "", clause);
    }
    if verbose && !remark.text.is_empty() {
        for part in remark.text.lines() {
            let _ = writeln!(out, "      {part}");
        }
    }
    if remark.mark.is_bad() {
        for member in remark.members.iter().take(if verbose { usize::MAX } else { 1 }) {
            line(out, "reproduce", &member.reproduce);
        }
    }
}

/// The clauses in which subjects differ, and for each book and theme how many there are.
fn clauses(out: &mut String, matrix: &Matrix, verbose: bool) {
    if matrix.clauses.iter().any(|row| row.differs) {
        heading(out, "clauses", matrix.columns.len());
        for row in matrix.clauses.iter().filter(|row| row.differs || verbose) {
            let _ = writeln!(out, "  {}  {}", marks(&row.marks), row.id);
        }
    }
    let mut books: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for row in &matrix.clauses {
        let (differ, all) = books.entry((row.book(), row.theme())).or_default();
        *differ += usize::from(row.differs);
        *all += 1;
    }
    if !books.is_empty() {
        let _ = writeln!(out, "\nclauses by book and theme: those that differ, of all that were checked");
    }
    for ((book, theme), (differ, all)) in books {
        let _ = writeln!(out, "  {differ:>4} of {all:<4} {book}/{theme}");
    }
}

fn values(out: &mut String, matrix: &Matrix, verbose: bool) {
    let rows: Vec<_> = matrix.values.iter().filter(|row| row.differs || verbose).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nrecorded values{}", if verbose { "" } else { " that differ" });
    for row in rows {
        let _ = writeln!(out, "  {}   {}", row.name, row.case);
        let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (column, value) in row.values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            by_value.entry(value).or_default().push(column);
        }
        for (value, columns) in by_value {
            let _ = writeln!(out, "      {value}   [{}]", letters(columns.into_iter()));
        }
    }
}

/// Known deviations with their sources, and skips with their reasons.
fn reasons(out: &mut String, matrix: &Matrix) {
    for (mark, title) in [(Mark::Deviates, "known deviations"), (Mark::Skip, "skipped")] {
        let mut reasons: BTreeMap<(&str, &str), (usize, Vec<usize>)> = BTreeMap::new();
        for remark in matrix.cases.iter().flat_map(|row| &row.remarks).filter(|remark| remark.mark == mark) {
            let key = (remark.gist.as_str(), remark.clause.as_deref().unwrap_or_default());
            let (n, who) = reasons.entry(key).or_default();
            for member in &remark.members {
                *n += member.ids.len();
                if !who.contains(&member.column) {
                    who.push(member.column);
                }
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, (n, _))| std::cmp::Reverse(*n));
        if !reasons.is_empty() {
            let _ = writeln!(out, "\n{title}");
        }
        for ((reason, clause), (n, mut who)) in reasons {
            who.sort_unstable();
            let clause = if clause.is_empty() { String::new() } else { format!("   {clause}") };
            let _ = writeln!(out, "{n:>7}  {reason}{clause}   [{}]", letters(who.into_iter()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;

    #[test]
    fn what_differs_comes_first_with_what_is_wrong() {
        let text = text(&sample::matrix(), false);
        let expected = "\
differences
  AB
  .F  nohang.running-child   WNOHANG returns 0 while the only child still runs
  fail      expected 0, got -1 ECHILD   [B]
            posix/waitpid/nohang-zero
  reproduce waitspec run nohang.running-child@wait4 --subject agent:./mywait --trace

2 of 3 cases show no difference; -v lists them
";
        assert!(text.contains(expected), "{text}");
        assert!(text.starts_with("  A  right"), "{text}");
        assert!(text.contains("  si_uid   info.uid\n      effective   [B]\n      real   [A]\n"), "{text}");
        assert!(text.contains("skipped\n      1  no wait4 & no more   [B]\n"), "{text}");
        assert!(text.contains("     1 of 1    posix/waitpid\n"), "{text}");
        assert!(!text.contains("      FAIL  "));
    }

    #[test]
    fn verbose_shows_failures_in_full() {
        let text = text(&sample::matrix(), true);
        assert!(text.contains("      FAIL  nohang.running-child@wait4"), "{text}");
        assert!(text.contains("no difference\n  AB\n  .-  exit.code   an exit code is reported\n"), "{text}");
    }

    #[test]
    fn columns_beyond_the_alphabet() {
        assert_eq!([0, 25, 26, 51, 52].map(letter), ["A", "Z", "AA", "AZ", "BA"]);
        let mut out = String::new();
        heading(&mut out, "title", 28);
        assert_eq!(out.lines().nth(2).unwrap(), format!("  {}AA", " ".repeat(26)));
    }
}
