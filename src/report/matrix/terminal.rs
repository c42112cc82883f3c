//! The matrix as text: a letter for each result, what differs first.

use super::cases::{CaseRow, Remark};
use super::mark::Mark;
use super::table::Matrix;
use crate::report::human::lines::Lines;
use crate::sorted::{Map, sort, sort_by_key};
use anstyle::Style;

const TITLE: Style = Style::new().bold();

/// The text, in colour and in lines of `width` columns; with `verbose`, every failure in full, and the rows in which subjects agree.
pub fn text(matrix: &Matrix, verbose: bool, width: usize) -> String {
    let mut out = Lines::new(width);
    subjects(&mut out, matrix);
    for note in &matrix.notes {
        out.hanging(10, &format!("note      {note}"));
    }
    cases(&mut out, matrix, verbose);
    clauses(&mut out, matrix, verbose);
    values(&mut out, matrix, verbose);
    reasons(&mut out, matrix);
    out.into_text()
}

/// The name of a column: one letter, or two from the 27th on.
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

fn subjects(out: &mut Lines, matrix: &Matrix) {
    let width = matrix.columns.iter().map(|c| c.label.chars().count()).max().unwrap_or(0);
    for (index, column) in matrix.columns.iter().enumerate() {
        let total = |(name, n): &(&str, usize)| {
            // Passes are the rest, and need not stand out.
            let style = Mark::of_outcome(name).style();
            if *name == "pass" { format!("{n} {name}") } else { format!("{style}{n} {name}{style:#}") }
        };
        let totals: Vec<String> = column.totals().iter().map(total).collect();
        let unverified = if column.subject.unverified.is_empty() { "" } else { "   unverified" };
        let line = format!(
            "{:>3}  {:<width$}  {}   {}{unverified}",
            letter(index),
            column.label,
            totals.join(", "),
            column.system
        );
        out.hanging(5, &line);
    }
    let shown = Mark::ALL.iter().map(|mark| format!("{} {}", sign(*mark), mark.name()));
    out.push("\n");
    out.hanging(5, &format!("     {}", shown.collect::<Vec<_>>().join("   ")));
}

/// A heading, after an empty line.
fn title(out: &mut Lines, title: &str) {
    out.push("\n");
    out.hanging(0, &format!("{TITLE}{title}{TITLE:#}"));
}

/// A heading, and the letter above each column: if there are two, one above the other.
fn heading(out: &mut Lines, title: &str, columns: usize) {
    self::title(out, title);
    let names: Vec<String> = (0..columns).map(letter).collect();
    if names.iter().any(|name| name.len() > 1) {
        let first = |name: &String| if name.len() > 1 { name.chars().next().unwrap_or(' ') } else { ' ' };
        out.push(&format!("  {}\n", names.iter().map(first).collect::<String>()));
    }
    let last = names.iter().filter_map(|name| name.chars().last());
    out.push(&format!("  {}\n", last.collect::<String>()));
}

fn marks(marks: &[Mark]) -> String {
    marks.iter().map(|mark| sign(*mark)).collect()
}

/// The letter of a mark, in its colour.
fn sign(mark: Mark) -> String {
    let style = mark.style();
    format!("{style}{}{style:#}", mark.letter())
}

fn cases(out: &mut Lines, matrix: &Matrix, verbose: bool) {
    let shown = |differs: bool| matrix.cases.iter().filter(move |row| row.differs == differs);
    if shown(true).next().is_some() {
        heading(out, "differences", matrix.columns.len());
        for row in shown(true) {
            self::row(out, row);
            for remark in row.remarks.iter().filter(|remark| remark.mark != Mark::Skip) {
                self::remark(out, remark, verbose);
            }
        }
    }
    let alike = shown(false).count();
    if verbose && alike > 0 {
        heading(out, "no difference", matrix.columns.len());
        for row in shown(false) {
            self::row(out, row);
        }
    } else {
        out.push(&format!("\n{alike} of {} cases show no difference; -v lists them\n", matrix.cases.len()));
    }
}

fn row(out: &mut Lines, row: &CaseRow) {
    out.hanging(4 + row.marks.len(), &format!("  {}  {}   {}", marks(&row.marks), row.id, row.title));
}

fn remark(out: &mut Lines, remark: &Remark, verbose: bool) {
    let who = letters(remark.members.iter().map(|member| member.column));
    let unverified = if remark.unverified.is_empty() { "" } else { "   unverified" };
    let mut first = Lines::new(out.width());
    first.prose(remark.mark.name(), &format!("{}   [{who}]{unverified}", remark.gist));
    let (style, name) = (remark.mark.style(), remark.mark.name());
    out.push(&first.into_text().replacen(name, &format!("{style}{name}{style:#}"), 1));
    if let Some(clause) = &remark.clause {
        out.line("", clause);
    }
    if verbose && !remark.text.is_empty() {
        for part in remark.text.lines() {
            out.hanging(18, &format!("      {part}"));
        }
    }
    if remark.mark.is_bad() {
        for member in remark.members.iter().take(if verbose { usize::MAX } else { 1 }) {
            out.line("reproduce", &member.reproduce);
        }
    }
}

/// The clauses in which subjects differ, and their number for each book and theme.
fn clauses(out: &mut Lines, matrix: &Matrix, verbose: bool) {
    if matrix.clauses.iter().any(|row| row.differs) {
        heading(out, "clauses", matrix.columns.len());
        for row in matrix.clauses.iter().filter(|row| row.differs || verbose) {
            out.push(&format!("  {}  {}\n", marks(&row.marks), row.id));
        }
    }
    let mut books: Map<(&str, &str), (usize, usize)> = Map::new();
    for row in &matrix.clauses {
        let (differ, all) = books.entry((row.book(), row.theme())).or_default();
        *differ += usize::from(row.differs);
        *all += 1;
    }
    if !books.is_empty() {
        title(out, "clauses by book and theme: those that differ, of all that were checked");
    }
    for ((book, theme), (differ, all)) in books {
        out.push(&format!("  {differ:>4} of {all:<4} {book}/{theme}\n"));
    }
}

fn values(out: &mut Lines, matrix: &Matrix, verbose: bool) {
    let rows: Vec<_> = matrix.values.iter().filter(|row| row.differs || verbose).collect();
    if rows.is_empty() {
        return;
    }
    title(out, if verbose { "recorded values" } else { "recorded values that differ" });
    for row in rows {
        out.hanging(4, &format!("  {}   {}", row.name, row.case));
        let mut by_value: Map<&str, Vec<usize>> = Map::new();
        for (column, value) in row.values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            by_value.entry(value).or_default().push(column);
        }
        for (value, columns) in by_value {
            out.hanging(8, &format!("      {value}   [{}]", letters(columns.into_iter())));
        }
    }
}

/// Known deviations with their sources, and skips with their reasons.
fn reasons(out: &mut Lines, matrix: &Matrix) {
    for (mark, heading) in [(Mark::Deviates, "known deviations"), (Mark::Skip, "skipped")] {
        let mut reasons: Map<(&str, &str), (usize, Vec<usize>)> = Map::new();
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
        sort_by_key(&mut reasons, |(_, (n, _))| std::cmp::Reverse(*n));
        if !reasons.is_empty() {
            title(out, heading);
        }
        for ((reason, clause), (n, mut who)) in reasons {
            sort(&mut who);
            let clause = if clause.is_empty() { String::new() } else { format!("   {clause}") };
            out.hanging(9, &format!("{n:>7}  {reason}{clause}   [{}]", letters(who.into_iter())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn letters_have_the_colour_of_their_verdict() {
        let text = text(&sample::matrix(), false, usize::MAX);
        let (red, dim) = (Mark::Fail.style(), Mark::Skip.style());
        assert!(text.contains(&format!("{red}F{red:#}")), "{text}");
        assert!(
            text.contains(&format!("  {red}fail{red:#}      expected 0, got -1 ECHILD   [B]\n")),
            "{text}"
        );
        assert!(text.contains(&format!("{dim}-{dim:#} skip")), "{text}");
        assert_ne!(red, dim);
    }

    #[test]
    fn differences_come_first_with_their_failures() {
        let text = plain(&text(&sample::matrix(), false, usize::MAX));
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
        let text = plain(&text(&sample::matrix(), true, usize::MAX));
        assert!(text.contains("      FAIL  nohang.running-child@wait4"), "{text}");
        assert!(text.contains("no difference\n  AB\n  .-  exit.code   an exit code is reported\n"), "{text}");
    }

    #[test]
    fn lines_fit_the_width() {
        let text = plain(&text(&sample::matrix(), true, 60));
        for line in text.lines().filter(|line| !line.contains("reproduce ")) {
            assert!(line.chars().count() <= 60, "{line}");
        }
        assert!(
            text.contains(
                "  .F  nohang.running-child   WNOHANG returns 0 while the\n      only child still runs\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn columns_beyond_the_alphabet() {
        assert_eq!([0, 25, 26, 51, 52].map(letter), ["A", "Z", "AA", "AZ", "BA"]);
        let mut out = Lines::new(usize::MAX);
        heading(&mut out, "title", 28);
        assert_eq!(plain(&out.into_text()).lines().nth(2).unwrap(), format!("  {}AA", " ".repeat(26)));
    }
}
