//! The commands in the documentation are understood, and its examples show what the program prints.

use super::program::waitspec;
use std::path::{Path, PathBuf};

/// The Markdown files below a folder.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The commands that begin with the program's name, each with the lines that follow it up to the next command or the end of its block.
fn commands(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut shown = false;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.strip_prefix("waitspec ");
            shown = command.is_some();
            found.extend(command.map(|command| (command, Vec::new())));
        } else if line.starts_with("```") {
            shown = false;
        } else if let (true, Some((_, output))) = (shown, found.last_mut()) {
            output.push(line);
        }
    }
    found
}

/// The arguments of a command in a shell, up to a pipe, a redirection or a second command.
fn arguments(command: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in shlex::split(command).unwrap_or_else(|| panic!("{command}")) {
        match word.strip_suffix(';') {
            Some(last) => {
                arguments.push(last.to_owned());
                break;
            }
            None if ["|", ">", "&&"].contains(&word.as_str()) => break,
            None => arguments.push(word),
        }
    }
    arguments
}

#[test]
fn commands_in_the_documentation_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["docs", "kit", "peers", "fixtures"] {
        pages(&root.join(folder), &mut paths);
    }
    let (mut understood, mut shown) = (0, 0);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("text");
        for (command, output) in commands(&text) {
            let arguments = arguments(command);
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            // What is quick is run; of the others only the options and their values are checked.
            if matches!(arguments[0], "decode" | "explain" | "list") {
                let said = waitspec(&arguments);
                assert_eq!(said.code, Some(0), "{}: {command}: {}", path.display(), said.err);
                if !output.is_empty() {
                    assert_eq!(output, said.out.lines().collect::<Vec<_>>(), "{}: {command}", path.display());
                    shown += 1;
                }
            } else {
                arguments.push("--help");
                let said = waitspec(&arguments);
                assert_eq!(said.code, Some(0), "{}: {command}: {}", path.display(), said.err);
            }
            understood += 1;
        }
    }
    assert!(understood > 20 && shown > 0, "{understood} commands, {shown} with their output");
}
