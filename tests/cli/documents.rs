//! The commands in the documentation are understood, and its examples show what the program prints.

use super::program::waitspec;
use super::{json, well};
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
        let start = line.trim_start();
        if let Some(command) = start.strip_prefix("$ ") {
            let command = command.strip_prefix("waitspec ");
            shown = command.is_some();
            found.extend(command.map(|command| (command, Vec::new())));
        } else if start.starts_with("```") {
            shown = false;
        } else if let (true, Some((_, output))) = (shown, found.last_mut()) {
            output.push(line);
        }
    }
    found
}

/// The commands within sentences and tables: `waitspec ...` in backquotes, on one line, outside of blocks.
fn mentioned(text: &str) -> Vec<&str> {
    let mut outside = true;
    let mut found = Vec::new();
    for line in text.lines() {
        outside ^= line.trim_start().starts_with("```");
        let quoted = line.split('`').skip(1).step_by(2).filter(|_| outside);
        found.extend(quoted.filter_map(|quoted| quoted.strip_prefix("waitspec ")));
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
    let is_understood = |path: &Path, command: &str, arguments: &mut Vec<&str>| {
        arguments.push("--help");
        let said = waitspec(arguments);
        assert_eq!(said.code, Some(0), "{}: {command}: {}", path.display(), said.err);
    };
    let (mut understood, mut shown, mut inline) = (0, 0, 0);
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
                is_understood(&path, command, &mut arguments);
            }
            understood += 1;
        }
        for command in mentioned(&text) {
            let arguments = arguments(command);
            is_understood(&path, command, &mut arguments.iter().map(String::as_str).collect());
            inline += 1;
        }
    }
    assert!(understood > 20 && shown > 0, "{understood} commands, {shown} with their output");
    assert!(inline > 10, "{inline} commands in sentences");
}

/// The rows of the README's figures that a table decides, as they should be.
fn figures() -> Vec<String> {
    let books = json(&well(&["list", "--summary", "--format", "json"]));
    let all = books.as_array().and_then(|books| books.last()).expect("the sum of all books");
    assert_eq!(all["book"], "all");
    let length = |what| json(&well(&["list", what, "--format", "json"])).as_array().map_or(0, Vec::len);
    let summary = "`waitspec list --summary`";
    let (clauses, covered, untestable) = (&all["clauses"], &all["covered"], &all["untestable"]);
    let checked = format!(
        "{clauses}; {covered} are checked by a case, {untestable} are untestable for a stated reason"
    );
    let mutants = length("mutants");
    vec![
        format!("| clauses | {checked} | {summary} |"),
        format!("| clauses that at least one mutant fails | {} | {summary} |", all["seen_to_fail"]),
        format!("| cases | {} | {summary} |", all["cases"]),
        format!("| scenarios | {} | `waitspec list scenarios` |", length("scenarios")),
        format!(
            "| mutants | {mutants}, each killed by the clause it violates | `waitspec list mutants`, `waitspec selftest` |"
        ),
    ]
}

#[test]
fn the_figures_in_the_readme_are_those_of_the_tables() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("text");
    let (_, section) = readme.split_once("\n## Figures\n").expect("a section of figures");
    let stale: Vec<_> =
        figures().into_iter().filter(|row| !section.lines().any(|line| line == row)).collect();
    assert!(stale.is_empty(), "README.md lacks these rows:\n{}", stale.join("\n"));
}
