//! A line of the protocol: a word and its `key=value` pairs, percent-encoded.

use crate::sorted::Set;
use std::fmt;

/// The longest line that is accepted, in bytes without the line feed.
pub const MAX_LINE: usize = 65_536;

/// The longest address before a line between driver and warden, including its space: `child NAME `.
pub const MAX_ADDRESS: usize = 64;

/// One message: a word and its pairs, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    word: String,
    pairs: Vec<(String, Vec<u8>)>,
}

/// Why bytes are not a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LineError {
    /// No word, or a word with a byte outside `a-z 0-9 _ -`.
    Word,
    /// A pair without `=`, or a key with a byte outside `a-z 0-9 _ - .`.
    Key(String),
    /// A `%` without two hexadecimal digits, or a byte that must be encoded.
    Value(String),
    /// The same key twice.
    Twice(String),
    /// More than [`MAX_LINE`] bytes.
    TooLong,
    /// The stream ended before the line feed.
    Unfinished,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::Word => f.write_str("a line begins with a word of a-z, 0-9, _ or -"),
            LineError::Key(k) => write!(f, "'{k}' is not key=value"),
            LineError::Value(k) => write!(f, "the value of '{k}' is not percent-encoded"),
            LineError::Twice(k) => write!(f, "the key '{k}' appears twice"),
            LineError::Unfinished => f.write_str("the stream ended in the middle of a line"),
            LineError::TooLong => write!(f, "a line of more than {MAX_LINE} bytes"),
        }
    }
}

impl std::error::Error for LineError {}

/// What is wrong with the pairs of a well-formed line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldError {
    /// The key is missing.
    Missing(&'static str),
    /// The value is of the wrong type for the key.
    Bad(&'static str, String),
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Missing(k) => write!(f, "'{k}=' is missing"),
            FieldError::Bad(k, v) => write!(f, "'{k}={}' has a bad value", v.escape_debug()),
        }
    }
}

impl std::error::Error for FieldError {}

fn word_byte(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-'
}

fn plain(b: u8) -> bool {
    (0x21..=0x7e).contains(&b) && b != b'%' && b != b','
}

/// Percent-encodes one value.
pub fn encode(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    for &b in value {
        if plain(b) {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(b >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(b & 15)]));
        }
    }
    out
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, tail)) = rest.split_first() {
        if b == b'%' {
            let (hex, tail) = tail.split_at_checked(2)?;
            let digit = |d: u8| char::from(d).to_digit(16);
            out.push((digit(hex[0])? * 16 + digit(hex[1])?) as u8);
            rest = tail;
        } else {
            if !(0x21..=0x7e).contains(&b) {
                return None;
            }
            out.push(b);
            rest = tail;
        }
    }
    Some(out)
}

impl Line {
    /// A line with this word and no pairs.
    pub fn new(word: &str) -> Line {
        debug_assert!(!word.is_empty() && word.bytes().all(word_byte), "bad word {word:?}");
        Line { word: word.to_owned(), pairs: Vec::new() }
    }

    /// Adds a pair.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Line {
        self.set(key, value);
        self
    }

    /// Adds a list. An empty list and a list of one empty value are both written as an empty value: neither is of use
    /// here.
    #[must_use]
    pub fn with_list<T: AsRef<[u8]>>(mut self, key: &str, values: impl IntoIterator<Item = T>) -> Line {
        self.set_list(key, values);
        self
    }

    /// Adds or replaces a pair whose value is a list.
    pub fn set_list<T: AsRef<[u8]>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let encoded: Vec<String> = values.into_iter().map(|v| encode(v.as_ref())).collect();
        self.set_encoded(key, encoded.join(",").into_bytes());
    }

    /// Adds or replaces a pair whose value is bytes.
    pub fn set_bytes(&mut self, key: &str, value: &[u8]) {
        self.set_encoded(key, encode(value).into_bytes());
    }

    /// Adds or replaces a pair.
    pub fn set(&mut self, key: &str, value: impl fmt::Display) {
        self.set_bytes(key, value.to_string().as_bytes());
    }

    fn set_encoded(&mut self, key: &str, encoded: Vec<u8>) {
        match self.pairs.iter_mut().find(|(k, _)| k == key) {
            Some(pair) => pair.1 = encoded,
            None => self.pairs.push((key.to_owned(), encoded)),
        }
    }

    /// The first key whose value contains a control character: names and versions appear in reports, one per line.
    pub fn key_of_control(&self) -> Option<&str> {
        self.keys().find(|key| self.get(key).is_some_and(|value| value.contains(char::is_control)))
    }

    /// The word.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(k, _)| k.as_str())
    }

    fn raw(&self, key: &str) -> Option<&[u8]> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_slice())
    }

    /// The value of a key as bytes.
    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.raw(key).and_then(decode)
    }

    /// The value of a key as text (anything that is not UTF-8 is replaced).
    pub fn get(&self, key: &str) -> Option<String> {
        self.bytes(key).map(|v| String::from_utf8_lossy(&v).into_owned())
    }

    /// The values of a list; an absent or empty list has none.
    pub fn list(&self, key: &str) -> Vec<String> {
        self.byte_list(key).into_iter().map(|v| String::from_utf8_lossy(&v).into_owned()).collect()
    }

    /// The values of a list as bytes.
    pub fn byte_list(&self, key: &str) -> Vec<Vec<u8>> {
        match self.raw(key) {
            None | Some([]) => Vec::new(),
            Some(raw) => raw.split(|&b| b == b',').filter_map(decode).collect(),
        }
    }

    /// Whether the value of a key is `yes`.
    pub fn flag(&self, key: &str) -> bool {
        self.raw(key) == Some(b"yes")
    }

    /// The value of a key as text, or an error that names the key.
    pub fn text(&self, key: &'static str) -> Result<String, FieldError> {
        self.get(key).ok_or(FieldError::Missing(key))
    }

    /// The value of a key as a number (decimal, or hexadecimal after `0x`), if the key is present.
    pub fn number_opt(&self, key: &'static str) -> Result<Option<i64>, FieldError> {
        match self.get(key) {
            None => Ok(None),
            Some(text) => parse_number(&text).map(Some).ok_or(FieldError::Bad(key, text)),
        }
    }

    /// The value of a key as a number, or an error that names the key.
    pub fn number(&self, key: &'static str) -> Result<i64, FieldError> {
        self.number_opt(key)?.ok_or(FieldError::Missing(key))
    }

    /// The `id` of a request or reply.
    pub fn id(&self) -> Option<u64> {
        self.number_opt("id").ok().flatten().and_then(|n| u64::try_from(n).ok())
    }

    /// Parses the bytes of one line, without its line feed.
    pub fn parse(bytes: &[u8]) -> Result<Line, LineError> {
        #[cfg(test)]
        PARSED.set(PARSED.get() + 1);
        if bytes.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        // Tracked separately rather than searched for: a line has room for thousands of pairs.
        let mut keys = Set::new();
        let mut parts = bytes.split(|&b| b == b' ').filter(|p| !p.is_empty());
        let word = parts.next().filter(|w| w.iter().all(|&b| word_byte(b))).ok_or(LineError::Word)?;
        let mut line = Line { word: String::from_utf8_lossy(word).into_owned(), pairs: Vec::new() };
        for part in parts {
            let shown = || String::from_utf8_lossy(part).into_owned();
            let at = part.iter().position(|&b| b == b'=').ok_or_else(|| LineError::Key(shown()))?;
            let (key, value) = (&part[..at], &part[at + 1..]);
            if key.is_empty() || !key.iter().all(|&b| word_byte(b) || b == b'.') {
                return Err(LineError::Key(shown()));
            }
            let new = keys.insert(key);
            let key = String::from_utf8_lossy(key).into_owned();
            if decode(value).is_none() {
                return Err(LineError::Value(key));
            }
            if !new {
                return Err(LineError::Twice(key));
            }
            line.pairs.push((key, value.to_vec()));
        }
        Ok(line)
    }
}

impl std::str::FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Line, LineError> {
        Line::parse(text.as_bytes())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(test)]
        WRITTEN.set(WRITTEN.get() + 1);
        f.write_str(&self.word)?;
        for (key, value) in &self.pairs {
            write!(f, " {key}={}", String::from_utf8_lossy(value))?;
        }
        Ok(())
    }
}

/// A decimal or `0x` number, with an optional minus sign.
pub fn parse_number(text: &str) -> Option<i64> {
    let (minus, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value: u64 = match digits.strip_prefix("0x") {
        Some(hex) if !hex.starts_with(['+', '-']) => u64::from_str_radix(hex, 16).ok()?,
        Some(_) => return None,
        None => digits.parse().ok()?,
    };
    if minus { 0_i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// The number of lines that this thread has written and parsed.
#[cfg(test)]
pub(crate) fn counts() -> (usize, usize) {
    (WRITTEN.get(), PARSED.get())
}

#[cfg(test)]
thread_local! {
    static WRITTEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    static PARSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Splits a byte stream into lines, and reports lines that are too long.
#[derive(Debug, Default)]
pub struct LineReader {
    buffer: Vec<u8>,
    start: usize,
    /// How much longer than [`MAX_LINE`] each line may be.
    address: usize,
}

impl LineReader {
    /// For lines that are each preceded by an address of up to [`MAX_ADDRESS`] bytes.
    pub fn addressed() -> LineReader {
        LineReader { address: MAX_ADDRESS, ..LineReader::default() }
    }

    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete line without its line feed, if there is one; [`LineError::TooLong`] if more than [`MAX_LINE`]
    /// bytes arrived without a line feed.
    pub fn next_line(&mut self) -> Option<Result<Vec<u8>, LineError>> {
        let pending = &self.buffer[self.start..];
        let most = MAX_LINE + self.address;
        match pending.iter().position(|&b| b == b'\n') {
            Some(at) if at <= most => {
                let line = pending[..at].to_vec();
                self.start += at + 1;
                Some(Ok(line))
            }
            None if pending.len() <= most => None,
            _ => {
                self.buffer.clear();
                self.start = 0;
                Some(Err(LineError::TooLong))
            }
        }
    }

    /// What was read after the last line feed.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_prints_as_it_parses() {
        let line =
            Line::new("spawn").with("id", 3).with("why", "a b,c%\n\u{e9}").with_list("argv", ["x y", "p,q"]);
        let text = line.to_string();
        assert_eq!(text, "spawn id=3 why=a%20b%2Cc%25%0A%C3%A9 argv=x%20y,p%2Cq");
        let back: Line = text.parse().expect("parses");
        assert_eq!(back, line);
        assert_eq!(back.get("why").as_deref(), Some("a b,c%\n\u{e9}"));
        assert_eq!(back.list("argv"), ["x y", "p,q"]);
        assert_eq!(back.id(), Some(3));
    }

    #[test]
    fn what_is_no_line_is_named() {
        assert_eq!(Line::parse(b""), Err(LineError::Word));
        assert_eq!(Line::parse(b"Ok"), Err(LineError::Word));
        assert_eq!(Line::parse(b"ok id"), Err(LineError::Key("id".into())));
        assert_eq!(Line::parse(b"ok id=%4"), Err(LineError::Value("id".into())));
        assert_eq!(Line::parse(b"ok id=1 id=2"), Err(LineError::Twice("id".into())));
        assert_eq!(Line::parse(&[b'a'; MAX_LINE + 1]), Err(LineError::TooLong));
    }

    #[test]
    fn numbers() {
        assert_eq!(parse_number("-2147483648"), Some(i64::from(i32::MIN)));
        assert_eq!(parse_number("0x7f"), Some(127));
        assert_eq!(parse_number("-9223372036854775808"), Some(i64::MIN));
        for bad in ["9223372036854775808", "-9223372036854775809", "", "-", "--1", "0x", "0x-1", "1x", "+1"] {
            assert_eq!(parse_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_flood_without_a_line_feed_is_noticed() {
        let mut reader = LineReader::default();
        reader.push(b"ok id=1\nok i");
        assert_eq!(reader.next_line(), Some(Ok(b"ok id=1".to_vec())));
        assert_eq!(reader.next_line(), None);
        assert_eq!(reader.rest(), b"ok i");
        reader.push(&[b'x'; MAX_LINE]);
        assert_eq!(reader.next_line(), Some(Err(LineError::TooLong)));
        assert_eq!(reader.next_line(), None);
    }
}
