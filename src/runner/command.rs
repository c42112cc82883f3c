//! Whether a command can be executed at all: checked once, rather than reported by every warden.

use super::settings::RunError;
use crate::subject::machine;
use rustix::fs::{Access, access};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Checks that the program of a warden's command exists and may be executed.
pub(crate) fn check_warden(program: &str) -> Result<(), RunError> {
    let found = executable(program).map(drop);
    found.map_err(|why| RunError::Usage(format!("cannot execute the warden `{program}`: {why}")))
}

/// What is wrong with the program of a command that did not start, and how to fix it, as far as this process can see.
pub(crate) fn hint(command: &[String]) -> Option<String> {
    let program = command.first()?;
    let file = match executable(program) {
        Ok(file) => file,
        Err(why) if program.contains('/') => return Some(format!("{program}: {why}")),
        Err(why) => return Some(format!("{program}: {why}: install it, or give its path")),
    };
    if let Some(interpreter) = interpreter(&file).filter(|name| !Path::new(name).exists()) {
        return Some(format!("{program}: its interpreter {interpreter} is missing"));
    }
    machine::foreign(&file, program, "run it under an emulator")
}

/// The file that would be executed, or why none would be.
fn executable(program: &str) -> Result<PathBuf, String> {
    if program.contains('/') {
        access(program, Access::EXEC_OK).map_err(|errno| errno.to_string())?;
        return if Path::new(program).is_dir() {
            Err("it is a directory".to_owned())
        } else {
            Ok(program.into())
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(program));
    files.find(|file| access(file, Access::EXEC_OK).is_ok()).ok_or_else(|| "not found in PATH".to_owned())
}

/// The interpreter named in the first line of a script.
fn interpreter(file: &Path) -> Option<String> {
    let mut line = Vec::new();
    BufReader::new(File::open(file).ok()?.take(256)).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8(line).ok()?;
    Some(line.strip_prefix("#!")?.split_whitespace().next()?.to_owned())
}
