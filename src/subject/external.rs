//! A subject in another process, in any language: `agent:COMMAND`.

/// Splits a command into words: blanks separate, quotes and backslashes work as in a shell, but nothing is expanded and
/// no shell runs. `None` for an unterminated quote.
pub fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_of_commands() {
        let split = |text| words(text).map(|w| w.join("|"));
        assert_eq!(split("python3  a.py").as_deref(), Some("python3|a.py"));
        assert_eq!(split(r#"./my\ wait 'a "b"' "c 'd'" '' "#).as_deref(), Some(r#"./my wait|a "b"|c 'd'|"#));
        assert_eq!(split("").as_deref(), Some(""));
        assert_eq!(split("a 'b"), None);
        assert_eq!(split("a\\"), None);
    }
}
