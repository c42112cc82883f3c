//! Reads a contract from a file, for a program without a built-in one.

use super::{Contract, Row};

/// Reads a contract: a line `name NAME`, and a line `KEY = VALUE | SOURCE` for each row; `#` begins a comment.
///
/// # Errors
/// What is wrong with which line.
pub fn parse(text: &str) -> Result<&'static Contract, String> {
    let kept = |text: &str| -> &'static str { String::leak(text.trim().to_owned()) };
    let mut name = None;
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let wrong = |what: &str| format!("line {}: {what}: {line}", at + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(given) = line.strip_prefix("name ") {
            let given = given.trim();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+".contains(&b);
            if given.is_empty() || !given.bytes().all(plain) {
                return Err(wrong("not a name of letters, digits and -_.+"));
            }
            name = Some(kept(given));
            continue;
        }
        let (row, source) = line.rsplit_once('|').ok_or_else(|| wrong("no `| SOURCE`"))?;
        let (key, value) = row.split_once('=').ok_or_else(|| wrong("no `KEY = VALUE`"))?;
        if source.trim().is_empty() {
            return Err(wrong("a row without a source"));
        }
        let key = kept(key);
        let promise = super::super::clauses().any(|clause| clause.promise() == Some(key));
        if !promise && !key.starts_with("file:") && !key.starts_with("time/") {
            return Err(wrong("an unknown key"));
        }
        rows.push(Row { key, value: kept(value), source: kept(source) });
    }
    let name = name.ok_or_else(|| "no line `name NAME`".to_owned())?;
    Ok(Box::leak(Box::new(Contract { name, rows: rows.leak() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_file_is_equivalent_to_a_table() {
        let text = "# mine\nname my-init\nwrapper/signal-code = 128+n | my-init(8) 1.0\nfile:a/run = x\\ny | my-init(8) 1.0\n";
        let contract = parse(text).expect("a contract");
        assert_eq!((contract.name, contract.rows.len()), ("my-init", 2));
        assert_eq!(contract.files().next(), Some(("a/run", "x\ny".to_owned())));
    }

    #[test]
    fn errors_are_named_with_their_line() {
        for (text, why) in [
            ("wrapper/signal-code = 1 | x", "no line `name"),
            ("name a b", "line 1: not a name"),
            ("name a\nwrapper/leaves-nothing", "line 2: no `| SOURCE`"),
            ("name a\nwrapper/leaves-nothing = yes |", "line 2: a row without a source"),
            ("name a\nwrapper/dances = yes | x", "line 2: an unknown key"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(why), "{error}");
        }
    }
}
