//! The types of arguments, which hold only valid values once parsed.

use super::command_words;
use std::str::FromStr;

/// The largest factor for deadlines: it turns a second into twelve days.
const MOST: f64 = 1e6;

/// The factor of `--timeout-scale`: greater than 0, and no larger than a deadline can represent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeoutScale(pub f64);

/// A number greater than 0.
pub fn positive(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    number.ok_or("expected a number greater than 0")
}

impl FromStr for TimeoutScale {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<TimeoutScale, Self::Err> {
        let number = positive(text).ok().filter(|x| *x <= MOST);
        number.map(TimeoutScale).ok_or("expected a number greater than 0, up to 1000000")
    }
}

impl std::fmt::Display for TimeoutScale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for TimeoutScale {
    fn default() -> TimeoutScale {
        TimeoutScale(1.0)
    }
}

/// `M/N`: the M-th (from 1) of N parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    pub part: u32,
    pub of: u32,
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Shard, Self::Err> {
        let numbers = text.split_once('/').and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)));
        let shard = numbers.filter(|(m, n)| 1 <= *m && m <= n).map(|(part, of)| Shard { part, of });
        shard.ok_or("expected M/N, with M from 1 to N")
    }
}

/// A command as given, and its words as a shell splits them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    pub given: String,
    pub words: Vec<String>,
}

impl FromStr for CommandLine {
    type Err = String;

    fn from_str(text: &str) -> Result<CommandLine, String> {
        Ok(CommandLine { given: text.to_owned(), words: command_words(text)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_values_only() {
        assert_eq!("2.5".parse(), Ok(TimeoutScale(2.5)));
        for wrong in ["0", "-1", "inf", "NaN", "fast", ""] {
            assert!(wrong.parse::<TimeoutScale>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse(), Ok(Shard { part: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "1", "1/", "1/0", "a/b", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("sh -c 'a b'".parse::<CommandLine>().map(|c| c.words.len()), Ok(3));
        assert!("sh 'a".parse::<CommandLine>().is_err());
    }
}
