//! A history as a file: the script, with the outcome of each operation as a comment, which [`super::script::parse`]
//! ignores.

use super::run::played::Played;
use std::fmt::Write;

/// The text of a trace file. `about` becomes its header: who performed it, and how to reproduce it.
pub fn text(played: &Played, about: &[String]) -> String {
    let mut text = String::new();
    for line in about {
        let _ = writeln!(text, "# {}", remark(line));
    }
    if let Some(violation) = &played.violation {
        let clause = violation.clause;
        let _ = writeln!(text, "# breaks    {} ({})", clause.id, clause.source);
        let _ = writeln!(text, "# {:9} {}", clause.level.name(), clause.text);
        let _ = writeln!(text, "# expected  {}", remark(&violation.expected));
        let _ = writeln!(text, "# got       {}", remark(&violation.got));
    }
    for step in &played.steps {
        let op = step.op.to_string();
        match step.outcome.as_str() {
            "" => text.push_str(&op),
            outcome => {
                let _ = write!(text, "{op:<40} # {}", remark(outcome));
            }
        }
        text.push('\n');
    }
    text
}

/// On one line: text from an agent or a command may have several, and they would be parsed as operations.
fn remark(text: &str) -> String {
    text.replace(char::is_control, " ")
}
