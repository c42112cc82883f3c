//! Whether a command can be executed at all: said once, before each warden would say it.

use super::settings::RunError;
use rustix::fs::{Access, access};
use std::path::Path;

/// The program of a warden's command is there and may be executed.
pub(crate) fn check_warden(program: &str) -> Result<(), RunError> {
    let found = match program.contains('/') {
        true => access(program, Access::EXEC_OK).map_err(|errno| errno.to_string()),
        false => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let runs = |folder: std::path::PathBuf| access(folder.join(program), Access::EXEC_OK).is_ok();
            if std::env::split_paths(&path).any(runs) { Ok(()) } else { Err("not found in PATH".to_owned()) }
        }
    };
    let is_folder = found.is_ok() && program.contains('/') && Path::new(program).is_dir();
    let found = if is_folder { Err("it is a directory".to_owned()) } else { found };
    found.map_err(|why| RunError::Usage(format!("cannot execute the warden `{program}`: {why}")))
}
