//! Patterns of expected lines.

use std::collections::BTreeMap;

/// The values bound to names.
pub type Names = BTreeMap<String, String>;

/// A line with its names replaced.
pub fn filled(line: &str, names: &Names) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}').ok_or_else(|| format!("an open brace in {line}"))?;
        out.push_str(before);
        out.push_str(names.get(name).ok_or_else(|| format!("nothing has bound {{{name}}} in {line}"))?);
        rest = tail;
    }
    Ok(out + rest)
}

/// Whether a text matches a pattern with `*` and alternatives.
pub fn is_one_of(pattern: &str, text: &str) -> bool {
    pattern.split('|').any(|one| {
        let mut parts = one.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
        for part in middle {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    })
}

/// Whether a value matches; it binds a name that is not bound yet.
fn value(pattern: &str, text: &str, names: &mut Names) -> Result<bool, String> {
    let name = pattern.strip_prefix('{').and_then(|p| p.strip_suffix('}')).filter(|n| !n.contains('{'));
    match name {
        Some(name) if !names.contains_key(name) => {
            names.insert(name.to_owned(), text.to_owned());
            Ok(true)
        }
        _ => Ok(is_one_of(&filled(pattern, names)?, text)),
    }
}

/// Whether a line matches a pattern, which binds names only if it does.
pub fn matches(pattern: &str, line: &str, names: &mut Names) -> Result<bool, String> {
    let mut bound = names.clone();
    let is_pair = |word: &&str| word.contains('=');
    // Words without `=`: an address, and the line's own.
    let words =
        |text: &str| text.split(' ').take_while(|w| !is_pair(w)).map(str::to_owned).collect::<Vec<_>>();
    let (wanted, got) = (words(pattern), words(line));
    let same = wanted.len() == got.len() && wanted.iter().zip(&got).all(|(w, g)| is_one_of(w, g));
    let mut pairs: Vec<&str> = line.split(' ').skip(got.len()).collect();
    if !same {
        return Ok(false);
    }
    for part in pattern.split(' ').skip(wanted.len()) {
        // Any other pairs.
        if part == "[*]" {
            pairs.clear();
            continue;
        }
        let optional = part.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
        let (key, expected) =
            optional.unwrap_or(part).split_once('=').ok_or_else(|| format!("no pair: {part}"))?;
        let found = pairs.iter().position(|pair| pair.split_once('=').is_some_and(|(k, _)| k == key));
        match (found, optional) {
            (Some(at), _) => {
                let pair = pairs.remove(at);
                if !value(expected, &pair[key.len() + 1..], &mut bound)? {
                    return Ok(false);
                }
            }
            (None, Some(_)) => {}
            (None, None) => return Ok(false),
        }
    }
    let all = pairs.is_empty();
    if all {
        *names = bound;
    }
    Ok(all)
}
