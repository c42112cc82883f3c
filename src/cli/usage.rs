//! Output of the argument parser: help in full, errors in one line.

use super::names::nearest;
use super::{Cli, Output};
use crate::runner::settings::RunError;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Help and version are printed and succeed; anything else is a usage error.
pub fn answer(error: &clap::Error) -> Result<Output, RunError> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Ok(Output::success(error.render().ansi().to_string()))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Standard error may be closed.
            let _ = error.print();
            Ok(Output { text: String::new(), code: RunError::Usage(String::new()).exit_code() })
        }
        _ => Err(RunError::Usage(one_line(error))),
    }
}

/// The first paragraph of the parser's message, and the nearest names.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("[possible values"))
        .collect();
    let message = paragraph.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let message = &without_types(message);
    use ContextKind::{InvalidSubcommand, InvalidValue, ValidSubcommand, ValidValue};
    use ContextKind::{SuggestedArg, SuggestedSubcommand, SuggestedValue};
    let mut near = given(error, &[SuggestedArg, SuggestedSubcommand, SuggestedValue]);
    let mut known = given(error, &[ValidValue, ValidSubcommand]);
    if known.is_empty() && error.kind() == ErrorKind::InvalidSubcommand {
        // Those of the preceding verb, if it has subcommands.
        let command = Cli::command();
        let mut verb = &command;
        for word in std::env::args_os().skip(1) {
            let Some(of) = verb.find_subcommand(&word) else { break };
            verb = of;
        }
        let verbs = verb.get_subcommands().filter(|verb| !verb.is_hide_set());
        known = verbs.map(|verb| verb.get_name().to_owned()).collect();
    }
    if let ([], [wrong, ..]) = (near.as_slice(), given(error, &[InvalidValue, InvalidSubcommand]).as_slice())
    {
        near = nearest(wrong, known.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
    }
    match (near.is_empty(), known.is_empty()) {
        (false, _) => format!("{message}; nearest: {}", near.join(", ")),
        (true, false) => format!("{message}; expected one of: {}", known.join(", ")),
        (true, true) => message.to_owned(),
    }
}

/// The standard library's messages about invalid numbers, in the words of this program.
fn without_types(message: &str) -> String {
    let negative = message.starts_with("invalid value '-");
    let whole = if negative { "the number must not be negative" } else { "expected a whole number" };
    let said = [
        ("number would be zero for non-zero type", "expected a positive whole number"),
        ("number too large to fit in target type", "the number is too large"),
        ("number too small to fit in target type", "the number is too small"),
        ("invalid digit found in string", whole),
        ("cannot parse integer from empty string", "expected a whole number"),
    ];
    said.iter().fold(message.to_owned(), |text, (said, words)| text.replace(said, words))
}

/// The values of the given kinds in the parser's error.
fn given(error: &clap::Error, kinds: &[ContextKind]) -> Vec<String> {
    let values = error.context().filter(|(kind, _)| kinds.contains(kind)).map(|(_, value)| value);
    values
        .flat_map(|value| match value {
            ContextValue::String(text) => vec![text.clone()],
            ContextValue::Strings(texts) => texts.clone(),
            _ => Vec::new(),
        })
        .collect()
}
