//! How to start a child, as a value and as arguments of the child program.

use std::ffi::CString;
use std::path::PathBuf;

use rustix::io::Errno;

use super::error::StepError;
use super::script::parse_script;
use super::step::Step;

/// How to start a child.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChildOptions {
    /// The socket to connect to, and the token to present.
    pub connect: Option<(PathBuf, String)>,
    /// Connect only to say that an initial step failed: a child that has nothing else to say costs less that way.
    pub if_failed: bool,
    /// The initial steps.
    pub steps: Vec<Step>,
    /// Whether it may outlive its parent; if not, it asks for `SIGKILL` on the parent's death, where supported.
    pub orphan: bool,
    /// Whether it keeps the dispositions and the mask of signals that it starts with; if not, it resets them.
    pub keep_signals: bool,
    /// The child program with its leading arguments, for exec steps; empty: the running program and `child`.
    pub program: Vec<String>,
    /// The subject whose agent the process becomes instead, on its standard input: set by an agent that execs.
    pub agent: Option<String>,
    /// The process becomes a wrapper instead: its name, and the command that it runs.
    pub wrapper: Option<(String, Vec<String>)>,
    /// The process becomes a warden instead, with this directory, on its standard input and output.
    pub warden: Option<PathBuf>,
}

/// Why arguments of the child program are invalid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArgsError {
    /// An option without a value.
    NoValue(&'static str),
    /// An unknown option.
    Option(String),
    /// `--connect` without `--token`, or vice versa.
    Half,
    /// Neither an option nor a step.
    Step(StepError),
}

impl std::fmt::Display for ArgsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ArgsError::NoValue(option) => write!(f, "'{option}' needs a value"),
            ArgsError::Option(option) => {
                write!(
                    f,
                    "unknown option '{option}' (--connect PATH, --token T, --if-failed, --orphan, --keep-signals, --program WORD, --agent NAME, --warden DIR, --wrapper NAME CMD...)"
                )
            }
            ArgsError::Half => f.write_str("'--connect PATH' and '--token T' require each other"),
            ArgsError::Step(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ArgsError {}

impl ChildOptions {
    /// Parses `[--connect PATH --token T [--if-failed]] [--orphan] [--keep-signals] [--program WORD]... [--agent NAME]
    /// [STEP|SCENARIO]...`, `--warden DIR`, or `--wrapper NAME CMD...`.
    ///
    /// # Errors
    /// [`ArgsError`]
    pub fn from_args<S: AsRef<str>>(args: &[S]) -> Result<ChildOptions, ArgsError> {
        let mut options = ChildOptions::default();
        let (mut path, mut token) = (None, None);
        let mut rest = args.iter().map(AsRef::as_ref);
        let mut script = Vec::new();
        while let Some(arg) = rest.next() {
            let mut value = |name| rest.next().map(str::to_owned).ok_or(ArgsError::NoValue(name));
            match arg {
                "--connect" => path = Some(value("--connect")?),
                "--token" => token = Some(value("--token")?),
                "--program" => options.program.push(value("--program")?),
                "--agent" => options.agent = Some(value("--agent")?),
                "--wrapper" => {
                    let name = value("--wrapper")?;
                    options.wrapper = Some((name, rest.by_ref().map(str::to_owned).collect()));
                }
                "--warden" => options.warden = Some(value("--warden")?.into()),
                "--orphan" => options.orphan = true,
                "--if-failed" => options.if_failed = true,
                "--keep-signals" => options.keep_signals = true,
                _ if arg.starts_with('-') => return Err(ArgsError::Option(arg.to_owned())),
                _ => script.push(arg),
            }
        }
        options.connect = match (path, token) {
            (Some(path), Some(token)) => Some((path.into(), token)),
            (None, None) => None,
            _ => return Err(ArgsError::Half),
        };
        options.steps = parse_script(&script).map_err(ArgsError::Step)?;
        Ok(options)
    }

    /// The connection that arguments ask for, even if others among them are invalid.
    pub(super) fn connection_in<S: AsRef<str>>(args: &[S]) -> Option<(PathBuf, String)> {
        let value = |name| {
            let at = args.iter().position(|arg| arg.as_ref() == name)?;
            args.get(at + 1).map(|value| value.as_ref().to_owned())
        };
        Some((value("--connect")?.into(), value("--token")?))
    }

    /// The arguments from which [`ChildOptions::from_args`] restores these options.
    pub fn to_args(&self) -> Vec<String> {
        let mut args = Vec::new();
        if let Some((path, token)) = &self.connect {
            args.extend(["--connect".to_owned(), path.to_string_lossy().into_owned()]);
            args.extend(["--token".to_owned(), token.clone()]);
        }
        if self.if_failed {
            args.push("--if-failed".to_owned());
        }
        if self.orphan {
            args.push("--orphan".to_owned());
        }
        args.extend(
            self.warden
                .iter()
                .flat_map(|folder| ["--warden".to_owned(), folder.to_string_lossy().into_owned()]),
        );
        if self.keep_signals {
            args.push("--keep-signals".to_owned());
        }
        args.extend(self.agent.iter().flat_map(|name| ["--agent".to_owned(), name.clone()]));
        args.extend(self.program.iter().flat_map(|word| ["--program".to_owned(), word.clone()]));
        args.extend(self.steps.iter().map(Step::to_string));
        if let Some((name, command)) = &self.wrapper {
            args.extend(["--wrapper".to_owned(), name.clone()].into_iter().chain(command.iter().cloned()));
        }
        args
    }

    /// The full command: the child program and these arguments.
    ///
    /// # Errors
    /// `ENOENT` if the running program is unknown; `EINVAL` for an argument with a NUL byte.
    pub fn to_argv(&self) -> Result<Vec<CString>, Errno> {
        let mut argv = self.program.clone();
        if argv.is_empty() {
            let program = std::env::current_exe().map_err(|_| Errno::NOENT)?;
            argv = vec![program.to_string_lossy().into_owned(), "child".to_owned()];
        }
        argv.extend(self.to_args());
        argv.into_iter().map(|arg| CString::new(arg).map_err(|_| Errno::INVAL)).collect()
    }
}
