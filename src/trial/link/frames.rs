//! The driver's end of a stream that may drop, garble or echo bytes, as a serial line does.
//!
//! ```text
//! @D 2f 1c291ca3 . warden probe id=2
//! @W 31 9a0b33f1 + agent ok id=7 ret=4711 ...
//! ```
//!
//! Each line travels in frames of at most [`MOST`] bytes: the sender (`D` for the driver, `W` for the warden), a number
//! in hexadecimal, counting from 1, the CRC-32 (IEEE 802.3) of everything else after the `@`, and `+` if the line
//! continues in the next frame, else `.`. Anything that is not a frame is noise. The warden repeats `hello` until it
//! gets an answer; the driver sends nothing before that, since a guest that is booting would lose it or echo it.

/// The longest frame, in bytes, not counting its line feed.
pub(crate) const MOST: usize = 200;
/// Room for the header before the text: `@W ffffffff 12345678 . `.
const HEAD: usize = 24;
/// How much noise an error shows, in characters.
const SHOWN: usize = 120;

/// How many bytes a line of that length has on the stream, at most.
pub(crate) fn on_the_line(length: usize) -> usize {
    length + length.div_ceil(MOST - HEAD).max(1) * (HEAD + 1)
}

/// Both directions of a framed stream.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    sent: u32,
    received: u32,
    line: Vec<u8>,
    greeted: bool,
    noise: String,
}

/// The result of one line of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Noise, or a part of a line.
    Nothing,
    /// The warden's line is complete.
    Line(Vec<u8>),
    /// Something was lost or changed on the way; what.
    Damaged(String),
}

fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    });
    !crc
}

impl Frames {
    /// Splits a line into frames, each with its line feed.
    pub(crate) fn wrap(&mut self, line: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut parts = line.chunks(MOST - HEAD).peekable();
        while let Some(part) = parts.next() {
            self.sent = self.sent.wrapping_add(1);
            let kind = if parts.peek().is_some() { '+' } else { '.' };
            let (head, tail) = (format!("D {:x}", self.sent), format!(" {kind} "));
            let crc = crc32(&[head.as_bytes(), tail.as_bytes(), part].concat());
            bytes.extend_from_slice(format!("@{head} {crc:08x}{tail}").as_bytes());
            bytes.extend_from_slice(part);
            bytes.push(b'\n');
        }
        bytes
    }

    /// Takes one line of the stream, without its line feed.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Taken {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let Some(at) = bytes.windows(3).rposition(|w| w == b"@W ") else {
            if self.greeted && bytes.windows(3).any(|w| w == b"@D ") {
                return self.damaged("it echoes what is sent: turn echo off (stty raw -echo)");
            }
            let text = String::from_utf8_lossy(bytes);
            // A kernel's panic message is followed by a call trace, which says less.
            if !text.trim().is_empty() && (is_panic(&text) || !is_panic(&self.noise)) {
                self.noise = text.chars().take(SHOWN).collect();
            }
            return Taken::Nothing;
        };
        let Some(Frame { number, sum, more, text, body }) = Frame::parse(&bytes[at + 1..]) else {
            return self.damaged("a frame was cut");
        };
        if crc32(&body) != sum {
            return self.damaged("a frame was garbled");
        }
        let before = std::mem::replace(&mut self.received, number);
        // The first frame heard from a warden that has said hello before.
        let first = !std::mem::replace(&mut self.greeted, true);
        if first {
            self.noise.clear();
        }
        if number != before.wrapping_add(1) && !first {
            self.line.clear();
            self.line.extend_from_slice(text);
            return match number.checked_sub(before.wrapping_add(1)) {
                Some(lost) => self.damaged(&format!("{lost} frames were dropped")),
                None => self.damaged("a frame came twice"),
            };
        }
        self.line.extend_from_slice(text);
        if more { Taken::Nothing } else { Taken::Line(std::mem::take(&mut self.line)) }
    }

    fn damaged(&mut self, what: &str) -> Taken {
        self.line.clear();
        let number = self.received.wrapping_add(1);
        Taken::Damaged(format!("the line to the warden is not clean: {what} (at frame {number})"))
    }

    /// Whether the warden has been heard from.
    pub(crate) fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// What was received instead of a warden's frames: a kernel panic, or the last line that was not a frame.
    pub(crate) fn last_words(&self) -> String {
        match self.noise.as_str() {
            "" => "nothing else came".to_owned(),
            panic if is_panic(panic) => format!("the kernel panicked: {}", panic.trim()),
            noise => format!("the last line that came: {}", noise.trim()),
        }
    }
}

/// Whether a line is a kernel panic: `Kernel panic - not syncing: ...` on Linux, `panic: ...` elsewhere.
fn is_panic(line: &str) -> bool {
    ["panic - ", "panic: "].iter().any(|sign| line.contains(sign))
}

/// The beginning of the line that a warden on a framed stream sends every second until it gets an answer.
const HELLO: &[u8] = b"warden hello ";

/// Whether a line only says that there is a warden.
pub(crate) fn is_greeting(line: &[u8]) -> bool {
    line.starts_with(HELLO)
}

/// The parts of a frame after the `@`.
struct Frame<'a> {
    number: u32,
    sum: u32,
    /// The line continues in the next frame.
    more: bool,
    text: &'a [u8],
    /// What the checksum covers.
    body: Vec<u8>,
}

impl Frame<'_> {
    fn parse(frame: &[u8]) -> Option<Frame<'_>> {
        let space = 2 + frame.get(2..)?.iter().position(|&b| b == b' ')?;
        let hex = |bytes: &[u8]| u32::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok();
        let number = hex(&frame[2..space])?;
        let (sum, tail) = frame[space + 1..].split_at_checked(8)?;
        let (sum, kind, text) = (hex(sum)?, *tail.get(1)?, tail.get(3..)?);
        if tail[0] != b' ' || tail[2] != b' ' || !matches!(kind, b'+' | b'.') {
            return None;
        }
        Some(Frame { number, sum, more: kind == b'+', text, body: [&frame[..space], tail].concat() })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A warden's frames.
    pub(in crate::trial) fn of_warden(frames: &mut Frames, line: &str) -> Vec<Vec<u8>> {
        let text = String::from_utf8(frames.wrap(line.as_bytes())).expect("text");
        let lines = text.lines().map(|frame| {
            let Frame { number, more, text, body, .. } =
                Frame::parse(&frame.as_bytes()[1..]).expect("a frame");
            let body = [b"W".as_slice(), &body[1..]].concat();
            let (kind, text) = (if more { '+' } else { '.' }, String::from_utf8_lossy(text));
            format!("@W {number:x} {:08x} {kind} {text}", crc32(&body)).into_bytes()
        });
        lines.collect()
    }

    #[test]
    fn the_checksum_is_the_one_of_ethernet() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_long_line_comes_through_in_short_frames() {
        let long = format!("agent ok id=1 why={}", "x".repeat(500));
        let (mut warden, mut driver) = (Frames::default(), Frames::default());
        let frames = of_warden(&mut warden, &long);
        assert!(frames.len() == 3 && frames.iter().all(|frame| frame.len() <= MOST), "{frames:?}");
        for frame in &frames[..2] {
            assert_eq!(driver.take(frame), Taken::Nothing);
        }
        assert_eq!(driver.take(&frames[2]), Taken::Line(long.into_bytes()));
    }

    #[test]
    fn what_comes_before_the_hello_is_noise() {
        let (mut warden, mut driver) = (Frames::default(), Frames::default());
        assert_eq!(driver.take(b"[    0.000000] Linux version"), Taken::Nothing);
        assert_eq!(driver.take(b"@D 1 00000000 . echo of a boot loader"), Taken::Nothing);
        // Hellos that were not heard.
        of_warden(&mut warden, "warden hello framed=1");
        let mut hello = b"[    1.5] late words of the kernel".to_vec();
        hello.extend_from_slice(&of_warden(&mut warden, "warden hello framed=1")[0]);
        hello.push(b'\r');
        assert_eq!(driver.take(&hello), Taken::Line(b"warden hello framed=1".to_vec()));
        assert!(driver.is_greeted());
    }

    #[test]
    fn the_last_words_of_a_kernel_are_its_panic() {
        let mut driver = Frames::default();
        assert_eq!(driver.last_words(), "nothing else came");
        for line in ["Command line: console=ttyS0 panic=-1", "VFS: Cannot open root device"] {
            driver.take(line.as_bytes());
            assert_eq!(driver.last_words(), format!("the last line that came: {line}"));
        }
        for (panic, later) in [
            (
                "[    1.9] Kernel panic - not syncing: No working init found.",
                "[    1.9] Kernel Offset: 0x2b800000",
            ),
            ("panic: ffs_write: no space", "Stopped at      db_enter+0x14"),
        ] {
            driver.take(panic.as_bytes());
            driver.take(later.as_bytes());
            assert_eq!(driver.last_words(), format!("the kernel panicked: {panic}"));
        }
    }

    /// A conversation of three lines, the second of which is damaged.
    fn damaged(by: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<String> {
        let (mut warden, mut driver) = (Frames::default(), Frames::default());
        let mut frames: Vec<Vec<u8>> = ["warden hello", "warden ok id=2", "warden ok id=3", "warden ok id=4"]
            .iter()
            .flat_map(|line| of_warden(&mut warden, line))
            .collect();
        by(&mut frames);
        let taken = frames.iter().map(|frame| match driver.take(frame) {
            Taken::Nothing => String::new(),
            Taken::Line(line) => String::from_utf8_lossy(&line).into_owned(),
            Taken::Damaged(what) => what,
        });
        taken.collect()
    }

    #[test]
    fn damage_is_named_and_passed_over() {
        let clean = "the line to the warden is not clean:";
        let lost = damaged(|frames| drop(frames.remove(1)));
        assert_eq!(
            lost,
            ["warden hello", &format!("{clean} 1 frames were dropped (at frame 4)"), "warden ok id=4"]
        );
        let twice = damaged(|frames| frames.insert(1, frames[0].clone()));
        assert_eq!(twice[1], format!("{clean} a frame came twice (at frame 2)"));
        let garbled = damaged(|frames| *frames[1].last_mut().expect("bytes") ^= 1);
        assert_eq!(garbled[1], format!("{clean} a frame was garbled (at frame 2)"));
        let cut = damaged(|frames| frames[1].truncate(7));
        assert_eq!(cut[1], format!("{clean} a frame was cut (at frame 2)"));
        let echo = damaged(|frames| frames[1] = b"@D 1 00000000 . warden probe".to_vec());
        assert!(echo[1].contains("stty raw -echo"), "{echo:?}");
    }
}
