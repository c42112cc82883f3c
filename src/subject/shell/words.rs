//! The words of a script, with quotes and variables, and the operators between them.

/// Part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Literal text.
    Text(String),
    /// The value of a variable.
    Variable(String),
}

/// A token of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word.
    Word(Vec<Part>),
    /// `&`, `|`, or `2>` before a path.
    Operator(&'static str),
    /// The text between parentheses.
    Subshell(String),
}

/// The tokens of a line.
pub(super) fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let operator = ["&", "|", "2>"].into_iter().find(|operator| rest.starts_with(*operator));
        if first == '#' {
            break;
        } else if let Some(operator) = operator {
            tokens.push(Token::Operator(operator));
            rest = &rest[operator.len()..];
        } else if first == '(' {
            let end = rest.find(')').unwrap_or(rest.len());
            tokens.push(Token::Subshell(rest[1..end].to_owned()));
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            let (parts, left) = word(rest);
            tokens.push(Token::Word(parts));
            rest = left;
        }
        rest = rest.trim_start();
    }
    tokens
}

/// The first word, and what follows it.
fn word(text: &str) -> (Vec<Part>, &str) {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut quote = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        at += c.len_utf8();
        match (c, quote) {
            (' ' | '\t' | '|' | '&', None) => {
                at -= 1;
                break;
            }
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            ('\\', None) => {
                if let Some(next) = text[at..].chars().next() {
                    plain.push(next);
                    at += next.len_utf8();
                }
            }
            ('$', None | Some('"')) => {
                let rest = &text[at..];
                let long = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let len = if long == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { long };
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Variable(rest[..len].to_owned()));
                at += len;
            }
            (c, _) => plain.push(c),
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(Part::Text(plain));
    }
    (parts, &text[at..])
}

/// The name and the command of a line that assigns the output of a command.
pub(super) fn substitution(line: &str) -> Option<(&str, &str)> {
    line.strip_suffix(')')?.split_once("=$(").filter(|(name, _)| is_name(name))
}

/// The name and value of a word that is an assignment.
pub(super) fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=').filter(|(name, _)| is_name(name))?;
    Some((name.to_owned(), value.to_owned()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Token {
        Token::Word(vec![Part::Text(text.to_owned())])
    }

    #[test]
    fn words_operators_and_variables_are_told_apart() {
        assert_eq!(
            tokens("echo 'a & b' c\\ d &"),
            [text("echo"), text("a & b"), text("c d"), Token::Operator("&")]
        );
        let value = |name: &str| Part::Variable(name.to_owned());
        assert_eq!(
            tokens("p=$! | echo \"s=$s\""),
            [
                Token::Word(vec![Part::Text("p=".to_owned()), value("!")]),
                Token::Operator("|"),
                text("echo"),
                Token::Word(vec![Part::Text("s=".to_owned()), value("s")]),
            ]
        );
        let sub = Token::Subshell("set -o x".to_owned());
        assert_eq!(tokens("(set -o x) 2> /dev/null"), [sub, Token::Operator("2>"), text("/dev/null")]);
        assert_eq!(tokens("  # nothing"), []);
    }
}
