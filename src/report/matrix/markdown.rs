//! The matrix as Markdown, for a comment, an issue or the summary of a CI job.

use super::cases::{Member, Remark};
use super::mark::Mark;
use super::table::Matrix;
use crate::sorted::{Map, sort};
use std::fmt::Write;

/// Wider tables are unreadable: only the subjects that stand out are named then.
const WIDE: usize = 12;

/// The text.
pub fn text(matrix: &Matrix) -> String {
    let title = match matrix.columns.as_slice() {
        [one] => one.label.clone(),
        many => format!("{} subjects", many.len()),
    };
    let mut out = format!("## waitspec: {}\n\n", escaped(&title));
    subjects(&mut out, matrix);
    for note in &matrix.notes {
        let _ = writeln!(out, "Note: {}.\n", escaped(note));
    }
    differences(&mut out, matrix);
    failures(&mut out, matrix);
    clauses(&mut out, matrix);
    values(&mut out, matrix);
    reasons(&mut out, matrix);
    out.truncate(out.trim_end().len());
    out + "\n"
}

/// Text escaped so that it neither starts markup nor ends a cell.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A code span, whatever it contains.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ").replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A code block whose fence does not occur in the text.
fn block(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

fn table(out: &mut String, heading: &[String], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(out, "| {} |\n|{}", heading.join(" | "), "---|".repeat(heading.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

fn subjects(out: &mut String, matrix: &Matrix) {
    let heading = ["subject", "interface", "system", "result"].map(str::to_owned);
    let rows = matrix.columns.iter().map(|column| {
        let totals: Vec<String> = column.totals().iter().map(|(name, n)| format!("{n} {name}")).collect();
        let mark = if column.subject.unverified.is_empty() { "" } else { " (unverified)" };
        vec![
            escaped(&column.label) + mark,
            escaped(&column.subject.interface),
            escaped(&column.system),
            totals.join(", "),
        ]
    });
    table(out, &heading, rows);
}

/// The results of a row: a cell for each subject, or the subjects that stand out.
fn results(matrix: &Matrix, columns: &[usize], marks: &[Mark], unverified: &[bool]) -> Vec<String> {
    let word = |index: usize| {
        let star = if unverified.get(index) == Some(&true) { " (unverified)" } else { "" };
        let word = match marks[index] {
            mark if mark.is_bad() => format!("**{}**", mark.name()),
            mark => mark.name().to_owned(),
        };
        word + star
    };
    if columns.len() <= WIDE {
        return columns.iter().map(|index| word(*index)).collect();
    }
    let mut by_mark: Map<std::cmp::Reverse<Mark>, Vec<usize>> = Map::new();
    for index in columns {
        by_mark.entry(std::cmp::Reverse(marks[*index])).or_default().push(*index);
    }
    let parts = by_mark.into_iter().filter(|(mark, _)| mark.0 != Mark::Absent).map(|(mark, who)| {
        if matches!(mark.0, Mark::Pass | Mark::Skip | Mark::Recorded) {
            format!("{} {}", who.len(), mark.0.name())
        } else {
            let names: Vec<String> = who.iter().map(|i| escaped(&matrix.columns[*i].label)).collect();
            format!("**{}**: {}", mark.0.name(), names.join(", "))
        }
    });
    vec![parts.collect::<Vec<_>>().join("; ")]
}

/// The heading of a table of results.
fn heading(matrix: &Matrix, first: &str, columns: &[usize]) -> Vec<String> {
    let mut heading = vec![first.to_owned()];
    if columns.len() <= WIDE {
        heading.extend(columns.iter().map(|index| escaped(&matrix.columns[*index].label)));
    } else {
        heading.push("results".to_owned());
    }
    heading
}

fn differences(out: &mut String, matrix: &Matrix) {
    let rows: Vec<_> = matrix.cases.iter().filter(|row| row.differs).collect();
    let title = if matrix.is_comparison() { "Differences" } else { "What did not pass" };
    let _ = writeln!(out, "### {title}\n");
    if rows.is_empty() {
        out.push_str(if matrix.is_comparison() {
            "No subject differs or fails.\n\n"
        } else {
            "Nothing.\n\n"
        });
    }
    for of_interface in rows.chunk_by(|a, b| a.interface == b.interface) {
        let columns = matrix.columns_of(of_interface.iter().map(|row| row.marks.as_slice()));
        let cells = of_interface.iter().map(|row| {
            let mut cells = vec![format!("{}<br>{}", code(&row.id), escaped(row.title))];
            cells.extend(results(matrix, &columns, &row.marks, &row.unverified));
            cells
        });
        table(out, &heading(matrix, "case", &columns), cells);
    }
}

fn names(matrix: &Matrix, members: &[Member]) -> String {
    members.iter().map(|member| escaped(&matrix.columns[member.column].label)).collect::<Vec<_>>().join(", ")
}

fn failures(out: &mut String, matrix: &Matrix) {
    for row in &matrix.cases {
        for remark in row.remarks.iter().filter(|remark| remark.mark.is_bad()) {
            failure(out, matrix, &row.id, remark);
        }
    }
}

fn failure(out: &mut String, matrix: &Matrix, case: &str, remark: &Remark) {
    let who = names(matrix, &remark.members);
    let gist = escaped(&remark.gist);
    let _ =
        writeln!(out, "<details><summary><b>{}</b> {case}: {gist} ({who})</summary>\n", remark.mark.name());
    out.push_str(&block(&remark.text));
    out.push('\n');
    let commands: Vec<&str> = remark.members.iter().map(|member| member.reproduce.as_str()).collect();
    out.push_str(&block(&commands.join("\n")).replace("```text", "```sh"));
    out.push_str("\n</details>\n\n");
}

fn clauses(out: &mut String, matrix: &Matrix) {
    let rows: Vec<_> = matrix.clauses.iter().filter(|row| row.differs).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("### Clauses that differ\n\n");
    for book in rows.chunk_by(|a, b| a.book() == b.book()) {
        let columns = matrix.columns_of(book.iter().map(|row| row.marks.as_slice()));
        let cells = book.iter().map(|row| {
            let text = row.clause.map_or("", |clause| clause.text);
            let mut cells = vec![format!("{}<br>{}", code(&row.id), escaped(text))];
            cells.extend(results(matrix, &columns, &row.marks, &[]));
            cells
        });
        table(out, &heading(matrix, &format!("clause of {}", book[0].book()), &columns), cells);
    }
}

fn values(out: &mut String, matrix: &Matrix) {
    let rows: Vec<_> = matrix.values.iter().filter(|row| row.differs || !matrix.is_comparison()).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("### Recorded values\n\n");
    let rows = rows.into_iter().map(|row| {
        let mut by_value: Map<&str, Vec<String>> = Map::new();
        for (column, value) in row.values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            by_value.entry(value).or_default().push(escaped(&matrix.columns[column].label));
        }
        let values = by_value.into_iter().map(|(value, who)| match matrix.is_comparison() {
            true => format!("{} ({})", escaped(value), who.join(", ")),
            false => escaped(value),
        });
        vec![code(&row.case), escaped(&row.name), values.collect::<Vec<_>>().join("<br>")]
    });
    table(out, &["case", "value", "chosen"].map(str::to_owned), rows);
}

/// Known deviations with their sources, and skips with their reasons.
fn reasons(out: &mut String, matrix: &Matrix) {
    for (mark, title) in
        [(Mark::Deviates, "Known deviations"), (Mark::Warn, "Warnings"), (Mark::Skip, "Skipped")]
    {
        let mut reasons: Map<(&str, &str), (usize, Vec<usize>)> = Map::new();
        for remark in matrix.cases.iter().flat_map(|row| &row.remarks).filter(|remark| remark.mark == mark) {
            let key = (remark.gist.as_str(), remark.clause.as_deref().unwrap_or_default());
            let (n, who) = reasons.entry(key).or_default();
            *n += remark.members.iter().map(|member| member.ids.len()).sum::<usize>();
            who.extend(remark.members.iter().map(|member| member.column));
        }
        if reasons.is_empty() {
            continue;
        }
        let _ = writeln!(out, "<details><summary>{title}: {}</summary>\n", reasons.len());
        for ((reason, clause), (n, mut who)) in reasons {
            sort(&mut who);
            who.dedup();
            let clause = if clause.is_empty() { String::new() } else { format!("{}: ", code(clause)) };
            let who: Vec<String> = who.into_iter().map(|i| escaped(&matrix.columns[i].label)).collect();
            let who = if matrix.is_comparison() { format!(" ({})", who.join(", ")) } else { String::new() };
            let _ = writeln!(out, "- {n}: {clause}{}{who}", escaped(reason));
        }
        out.push_str("\n</details>\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;

    #[test]
    fn tables_and_failures_that_unfold() {
        let text = text(&sample::matrix());
        assert!(text.contains("| wrong &lt;b&gt; | calls | Linux 6.18.44 x86\\_64 |"), "{text}");
        assert!(
            text.contains(
                "| `nohang.running-child`<br>WNOHANG returns 0 while the only child still runs | pass | **fail** |\n"
            ),
            "{text}"
        );
        let summary = "<details><summary><b>fail</b> nohang.running-child: expected 0, got -1 ECHILD (wrong &lt;b&gt;)</summary>\n\n```text\nFAIL ";
        assert!(text.contains(summary), "{text}");
        assert!(text.contains("```sh\nwaitspec run nohang.running-child@wait4 "), "{text}");
        assert!(text.contains("effective (wrong &lt;b&gt;)<br>real (right)"), "{text}");
        assert!(text.contains("- 1: no wait4 &amp; no more (wrong &lt;b&gt;)\n"), "{text}");
    }

    #[test]
    fn no_text_ends_its_cell_or_block() {
        assert_eq!(escaped("a|b\n<script>"), "a\\|b &lt;script&gt;");
        assert_eq!(code("a`b|"), "`` a`b\\| ``");
        assert_eq!(block("a\n```\nb\n"), "````text\na\n```\nb\n````\n");
    }
}
