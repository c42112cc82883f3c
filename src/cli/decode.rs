//! `waitspec decode`.

use super::names::unknown_of_few;
use super::{Output, screen, table::Cell, table::Format, table::Table};
use crate::report::human::lines::Lines;
use crate::runner::settings::RunError;
use crate::wait::{Event, Layout, Signal, System, WaitStatus};

/// Show what a status word means, on every system or on one.
///
/// The word is decimal, hexadecimal (0x), octal (0 or 0o) or binary (0b), and may be negative. What the number means in other
/// conventions (a shell's `$?`, the return code of Python's subprocess) is shown below it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec decode 0x137f
  waitspec decode 256 --os linux
  waitspec decode 137                        a word, or a shell's $?
  waitspec decode -9                         a word, or a return code of Python
  waitspec decode 0x177f --os linux --arch mips
  waitspec decode -1 --format json")]
pub struct Args {
    /// Status word
    #[arg(allow_negative_numbers = true, allow_hyphen_values = true)]
    status: String,
    /// Show one system only: linux, freebsd, netbsd, openbsd, dragonfly, macos or illumos
    #[arg(long)]
    os: Option<String>,
    /// An architecture with signal numbers of its own on Linux: mips, sparc, alpha, parisc
    #[arg(long, requires = "os")]
    arch: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let raw = number(&args.status).ok_or_else(|| {
        let word = &args.status;
        RunError::Usage(format!(
            "invalid status word `{word}`: expected a 32-bit integer, e.g. 256 or 0x137f"
        ))
    })?;
    let one = match &args.os {
        Some(os) => Some(system(os, args.arch.as_deref())?),
        None => None,
    };
    let systems = one.map_or(Layout::ALL.map(System::of).to_vec(), |system| vec![system]);
    let text = match (args.format, one) {
        (Format::Terminal, Some(system)) => {
            bits(raw) + &in_full(system.decode(raw)) + &other_readings(&args.status, raw, system)
        }
        (Format::Terminal, None) => {
            let table = table(raw, &systems).render(args.format, &[]);
            bits(raw) + "\n" + &table + &other_readings(&args.status, raw, System::HOST)
        }
        (format, _) => table(raw, &systems).render(format, &[]),
    };
    Ok(Output::success(text))
}

/// The system of that name, on that architecture if one is given.
fn system(os: &str, arch: Option<&str>) -> Result<System, RunError> {
    let system = match (arch, Layout::from_os_name(os)) {
        (Some(arch), _) => System::from_names(os, arch),
        (None, layout) => layout.map(System::of),
    };
    system.ok_or_else(|| unknown_of_few("system", os, Layout::ALL.map(Layout::os_name)))
}

/// A 32-bit integer, signed or unsigned, in any of the usual bases.
fn number(text: &str) -> Option<i32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (digits, radix) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        // As in C.
        Some(octal) if octal.starts_with('0') => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i64::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    if negative {
        return i32::try_from(-value).ok();
    }
    // A word of 0x8000_0000 or more: printed as unsigned.
    u32::try_from(value).ok().map(u32::cast_signed)
}

fn bits(raw: i32) -> String {
    let word = raw.cast_unsigned();
    let [a, b, c, d] = word.to_be_bytes();
    format!("{raw} = {word:#x} = {a:08b} {b:08b} {c:08b} {d:08b}\n")
}

/// What the number may mean if it is not a status word.
fn other_readings(given: &str, raw: i32, system: System) -> String {
    let decimal = given.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
    let octal = decimal && given.trim_start_matches('-').starts_with('0') && given.len() > 1;
    let mut out = Lines::new(screen::lines());
    if octal {
        out.prose("octal", &format!("{given} is read as in C; in decimal it is {raw}"));
    }
    if !decimal || octal {
        return out.into_text();
    }
    let signal = |number| named(Signal::from_number_on(number, system), system);
    match raw {
        126 => {
            out.prose("as $?", "the command was found but could not be executed, or it exited with 126")
        }
        127 => out.prose("as $?", "the command was not found, or it exited with 127"),
        129..=255 => out.prose(
            "as $?",
            &format!(
                "killed by {} (128 + {}), or exited with {raw}; their status words are {:#06x} and {:#06x}",
                signal(raw - 128),
                raw - 128,
                raw - 128,
                raw << 8
            ),
        ),
        -64..=-1 => out.prose(
            "in Python",
            &format!(
                "killed by {}: subprocess.returncode and os.waitstatus_to_exitcode negate the signal; its status word is {:#06x}",
                signal(-raw),
                -raw
            ),
        ),
        _ => {}
    }
    let out = out.into_text();
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// A signal; for a real-time one, its number and the name that programs use.
fn named(signal: Signal, system: System) -> String {
    let number = signal.number_on(system).unwrap_or_default();
    let first = match (signal.is_realtime_on(system), system.layout()) {
        // Both C libraries of Linux reserve the first ones.
        (true, Layout::Linux) if number >= 35 => {
            return format!("SIGRTMIN+{} ({signal}; in musl SIGRTMIN+{})", number - 34, number - 35);
        }
        (true, Layout::Linux) if number == 34 => {
            return format!("SIGRTMIN ({signal}; reserved by musl)");
        }
        (true, Layout::Linux) => return format!("{signal} (reserved by the C library)"),
        (true, _) => Signal::realtime_range_on(system).map_or(number, |range| *range.start()),
        (false, _) => return signal.to_string(),
    };
    match number - first {
        0 => format!("SIGRTMIN ({signal})"),
        more => format!("SIGRTMIN+{more} ({signal})"),
    }
}

/// The meaning of a status, in words.
fn meaning(status: WaitStatus) -> String {
    let of = |signal| named(signal, status.system());
    match status.event() {
        Event::Exited { code } => format!("exited with {code}"),
        Event::Signaled { signal, core: true } => format!("killed by {}, core dumped", of(signal)),
        Event::Signaled { signal, core: false } => format!("killed by {}", of(signal)),
        Event::Stopped { signal, ptrace: 0 } => format!("stopped by {}", of(signal)),
        Event::Stopped { signal, ptrace } => format!("stopped by {}, ptrace event {ptrace}", of(signal)),
        Event::Trapped { status } => format!("trapped ({status:#x})"),
        Event::Continued => "continued".to_owned(),
        Event::Unknown => "none: no macro is true".to_owned(),
    }
}

/// Each macro with its value; `None` where its value is undefined.
fn macros(status: WaitStatus) -> [(&'static str, Option<String>); 8] {
    let yes = |is: bool| Some(if is { "true" } else { "false" }.to_owned());
    let signal = |s: Signal| {
        let number = s.number_on(status.system()).unwrap_or_default();
        format!("{number} ({s})")
    };
    [
        ("WIFEXITED", yes(status.is_exited())),
        ("WEXITSTATUS", status.exit_status().map(|code| code.to_string())),
        ("WIFSIGNALED", yes(status.is_signaled())),
        ("WTERMSIG", status.term_signal().map(signal)),
        ("WCOREDUMP", if status.is_signaled() { yes(status.core_dumped()) } else { None }),
        ("WIFSTOPPED", yes(status.is_stopped())),
        ("WSTOPSIG", status.stop_signal().map(signal)),
        ("WIFCONTINUED", yes(status.is_continued())),
    ]
}

/// The exit code as Python's `waitstatus_to_exitcode` returns it, or why there is none.
fn exit_code(status: WaitStatus) -> String {
    match status.to_exit_code() {
        Some(code) => code.to_string(),
        None if status.is_stopped() || status.is_continued() => "- (not terminated)".to_owned(),
        None => "-".to_owned(),
    }
}

fn in_full(status: WaitStatus) -> String {
    let mut out = Lines::new(screen::prose());
    out.push(&format!("{}: {}\n", status.layout().os_name(), meaning(status)));
    for (name, value) in macros(status) {
        if let Some(value) = value {
            out.line("", &format!("{name:<13} {value}"));
        }
    }
    out.line("exit code", &exit_code(status));
    out.into_text()
}

fn table(raw: i32, systems: &[System]) -> Table {
    let mut table = Table::new(&["system", "meaning", "macros", "exit code"]);
    for system in systems {
        let status = system.decode(raw);
        let holds = macros(status).into_iter().filter_map(|(name, value)| match value.as_deref() {
            Some("true") => Some(name.to_owned()),
            Some("false") | None => None,
            Some(value) => Some(format!("{name}={}", value.split(' ').next().unwrap_or(value))),
        });
        table.row([
            system.layout().os_name().into(),
            Cell::Text(meaning(status)),
            Cell::List(holds.collect()),
            Cell::Pair(exit_code(status), status.to_exit_code().into()),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", 0),
            ("256", 256),
            ("0x137f", 0x137f),
            ("0X137F", 0x137f),
            ("0o177", 0x7f),
            ("0177", 0x7f),
            ("-010", -8),
            ("00", 0),
            ("0b1_1", 3),
            ("-1", -1),
            ("-0x80000000", i32::MIN),
            ("4294967295", -1),
            ("0xffffffff", -1),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "x",
            "0x",
            "08",
            "1.5",
            "--1",
            "4294967296",
            "-2147483649",
            "0x1_0000_0000",
            "+1",
            "é",
            "_",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn one_word_has_several_meanings() {
        let on = |layout: Layout| meaning(layout.decode(0x137f));
        assert_eq!(on(Layout::Linux), "stopped by SIGSTOP");
        assert_eq!(on(Layout::MacOs), "continued");
        assert_eq!(on(Layout::FreeBsd), "stopped by SIGCONT");
        assert_eq!(on(Layout::Illumos), "stopped by SIGPWR");
        let mips = system("linux", Some("mips64el")).map(|system| meaning(system.decode(0x177f)));
        assert_eq!(mips.ok().as_deref(), Some("stopped by SIGSTOP"));
    }

    #[test]
    fn real_time_signals_have_names() {
        let on = |layout: Layout, number: i32| meaning(layout.decode(number));
        assert_eq!(on(Layout::Linux, 37), "killed by SIGRTMIN+3 (SIG37; in musl SIGRTMIN+2)");
        assert_eq!(on(Layout::Linux, 34), "killed by SIGRTMIN (SIG34; reserved by musl)");
        assert_eq!(on(Layout::Linux, 33), "killed by SIG33 (reserved by the C library)");
        assert_eq!(on(Layout::FreeBsd, 68), "killed by SIGRTMIN+3 (SIG68)");
        assert_eq!(on(Layout::NetBsd, 33), "killed by SIGRTMIN (SIG33)");
    }

    #[test]
    fn a_number_has_other_readings() {
        let of = |text: &str| other_readings(text, number(text).unwrap(), System::of(Layout::Linux));
        assert!(
            of("137").contains("as $?     killed by SIGKILL (128 + 9), or exited with 137"),
            "{}",
            of("137")
        );
        assert!(of("137").contains("0x0009 and 0x8900"));
        assert!(of("162").contains("killed by SIGRTMIN (SIG34"));
        assert!(of("127").contains("not found"));
        assert!(of("-9").contains("in Python killed by SIGKILL"), "{}", of("-9"));
        assert!(of("0177").contains("0177 is read as in C; in decimal it is 127"));
        for plain in ["0x89", "0", "256", "128", "0b11", "-65"] {
            assert_eq!(of(plain), "", "{plain}");
        }
    }

    #[test]
    fn exit_codes_are_those_of_python() {
        let code = |raw| exit_code(Layout::Linux.decode(raw));
        assert_eq!((code(0x2a00).as_str(), code(0x89).as_str()), ("42", "-9"));
        assert_eq!(code(0x137f), "- (not terminated)");
        assert_eq!(code(0xffff), "- (not terminated)");
    }
}
