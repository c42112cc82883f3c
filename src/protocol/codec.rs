//! How a request is represented as a line, with a key for each field. One table per kind of request defines both
//! directions.

use super::line::{FieldError, Line};
use crate::wait::Signal;

/// A value under a key of a line.
pub(crate) trait Field: Sized {
    /// Writes it.
    fn put(&self, line: &mut Line, key: &'static str);

    /// Reads it.
    ///
    /// # Errors
    /// The key is missing, or its value is of the wrong type.
    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError>;
}

fn bad(line: &Line, key: &'static str) -> FieldError {
    FieldError::Bad(key, line.get(key).unwrap_or_default())
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Field for $number {
            fn put(&self, line: &mut Line, key: &'static str) {
                line.set(key, self);
            }

            fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
                <$number>::try_from(line.number(key)?).map_err(|_| bad(line, key))
            }
        })*
    };
}

numbers! { i32 i64 u32 u64 usize }

/// `yes`, or omitted.
impl Field for bool {
    fn put(&self, line: &mut Line, key: &'static str) {
        if *self {
            line.set(key, "yes");
        }
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        match line.get(key).as_deref() {
            Some("yes") => Ok(true),
            None | Some("no") => Ok(false),
            Some(_) => Err(bad(line, key)),
        }
    }
}

/// `yes` or `no`, always written.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Switch(pub bool);

impl Field for Switch {
    fn put(&self, line: &mut Line, key: &'static str) {
        line.set(key, if self.0 { "yes" } else { "no" });
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        match line.text(key)?.as_str() {
            "yes" => Ok(Switch(true)),
            "no" => Ok(Switch(false)),
            _ => Err(bad(line, key)),
        }
    }
}

impl Field for String {
    fn put(&self, line: &mut Line, key: &'static str) {
        line.set(key, self);
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        line.text(key)
    }
}

/// Any bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bytes(pub Vec<u8>);

impl Field for Bytes {
    fn put(&self, line: &mut Line, key: &'static str) {
        line.set_bytes(key, &self.0);
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        line.bytes(key).map(Bytes).ok_or(FieldError::Missing(key))
    }
}

/// The words of a command, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words(pub Vec<Vec<u8>>);

impl Words {
    /// These words.
    pub fn of<T: AsRef<[u8]>>(words: impl IntoIterator<Item = T>) -> Words {
        Words(words.into_iter().map(|word| word.as_ref().to_vec()).collect())
    }
}

impl Field for Words {
    fn put(&self, line: &mut Line, key: &'static str) {
        line.set_list(key, &self.0);
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        match line.byte_list(key) {
            words if words.is_empty() => Err(FieldError::Missing(key)),
            words if words.iter().any(|word| word.contains(&0)) => Err(bad(line, key)),
            words => Ok(Words(words)),
        }
    }
}

/// A list, which is omitted if empty.
impl Field for Vec<String> {
    fn put(&self, line: &mut Line, key: &'static str) {
        if !self.is_empty() {
            line.set_list(key, self);
        }
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        Ok(line.list(key))
    }
}

impl Field for Signal {
    fn put(&self, line: &mut Line, key: &'static str) {
        line.set(key, self);
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        Signal::from_name(&line.text(key)?).ok_or_else(|| bad(line, key))
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, line: &mut Line, key: &'static str) {
        if let Some(value) = self {
            value.put(line, key);
        }
    }

    fn get(line: &Line, key: &'static str) -> Result<Self, FieldError> {
        line.keys().any(|k| k == key).then(|| T::get(line, key)).transpose()
    }
}

/// An enum whose values are words of the protocol.
macro_rules! words {
    ($($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$about:meta])* $value:ident = $word:literal,)+ })+) => {
        $(
            $(#[$meta])*
            #[derive(Copy, Clone, PartialEq, Eq, Debug)]
            $vis enum $name { $($(#[$about])* $value,)+ }

            impl $name {
                /// Its word on a line.
                pub const fn word(self) -> &'static str {
                    match self { $($name::$value => $word,)+ }
                }

                /// The value of that word.
                pub fn from_word(word: &str) -> Option<$name> {
                    match word { $($word => Some($name::$value),)+ _ => None }
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(self.word())
                }
            }

            impl $crate::protocol::codec::Field for $name {
                fn put(&self, line: &mut $crate::protocol::Line, key: &'static str) {
                    line.set(key, self);
                }

                fn get(
                    line: &$crate::protocol::Line,
                    key: &'static str,
                ) -> Result<Self, $crate::protocol::line::FieldError> {
                    let word = line.text(key)?;
                    $name::from_word(&word).ok_or($crate::protocol::line::FieldError::Bad(key, word))
                }
            }
        )+
    };
}
pub(crate) use words;

/// The requests to one kind of process: each is a word with typed fields under keys.
macro_rules! requests {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $(
        $(#[$about:meta])* $request:ident = $word:literal { $($field:ident: $kind:ty = $key:literal),* $(,)? },
    )+ }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "the protocol's page says what each key means")]
        $vis enum $name { $($(#[$about])* $request { $($field: $kind),* },)+ }

        impl $name {
            /// The word of every request with its keys, in the order of the table.
            pub const TABLE: &[(&str, &[&str])] = &[$(($word, &[$($key),*])),+];

            /// Its word.
            pub const fn word(&self) -> &'static str {
                match self { $($name::$request { .. } => $word,)+ }
            }

            /// The request as a line, without an id.
            pub fn to_line(&self) -> $crate::protocol::Line {
                let mut line = $crate::protocol::Line::new(self.word());
                match self {
                    $($name::$request { $($field),* } => {
                        $($crate::protocol::codec::Field::put($field, &mut line, $key);)*
                    })+
                }
                line
            }

            /// The request that a line represents; `None` if its word is none of these.
            ///
            /// # Errors
            /// A key is missing, or a value is of the wrong type: the request is malformed.
            pub fn from_line(
                line: &$crate::protocol::Line,
            ) -> Option<Result<$name, $crate::protocol::line::FieldError>> {
                Some(match line.word() {
                    $($word => Ok(line).and_then(|_line| Ok($name::$request {
                        $($field: $crate::protocol::codec::Field::get(_line, $key)?),*
                    })),)+
                    _ => return None,
                })
            }
        }
    };
}
pub(crate) use requests;
