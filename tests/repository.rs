//! What documentation and workflows name is there: scripts, and the targets of links.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder whose names end so. Builds are left out.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !matches!(name, "target" | ".git" | "node_modules") {
                files(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// Each of these files with its text.
fn texts(endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(root(), endings, &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("text"))).collect()
}

/// The scripts that a text names.
fn scripts(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._/-".contains(c)));
    let words = words.map(|word| word.trim_start_matches("./").trim_end_matches('.'));
    words.filter(|word| word.starts_with("scripts/") && *word != "scripts/" || word.starts_with(".ci/"))
}

/// Whether it can be run: a file with the bit, or the argument of an interpreter.
fn is_script(name: &str) -> bool {
    let path = root().join(name);
    let interpreted = [".py", ".mjs", ".sh"].iter().any(|ending| name.ends_with(ending));
    path.metadata()
        .is_ok_and(|file| file.is_file() && (interpreted || file.permissions().mode() & 0o111 != 0))
}

/// The relative targets of the links of a page, without their anchors. What stands in code is none, and badges are made by the
/// site that shows the repository.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.contains(':') && !target.contains(char::is_whitespace));
    let targets = targets.filter(|target| !target.starts_with("../../actions/"));
    targets.map(|target| target.split('#').next().unwrap_or_default()).filter(|t| !t.is_empty()).collect()
}

/// Whether this is the repository: the package on its own lacks what only the repository needs.
fn is_repository() -> bool {
    root().join(".github").exists()
}

#[test]
fn the_scripts_that_are_named_are_there() {
    if !is_repository() {
        return;
    }
    let mut named = 0;
    for (path, text) in texts(&[".yml", ".md"]) {
        for script in scripts(&text) {
            assert!(is_script(script), "{}: no script {script}", path.display());
            named += 1;
        }
    }
    assert!(named > 30, "only {named} are found");
    assert!(!scripts("run: scripts/no-such-one --all").all(is_script));
}

#[test]
fn the_oldest_rust_is_the_same_everywhere() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("a version");
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    assert!(readme.contains(&format!("Rust {} or later", version.trim_matches('"'))), "{version}");
}

#[test]
fn the_changelog_has_the_usual_groups() {
    let changes = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("the changelog");
    let mut versions = changes.lines().filter(|line| line.starts_with("## "));
    assert_eq!(versions.next(), Some("## [Unreleased]"));
    for version in versions {
        // ## [1.2.3] - 2026-01-31
        let rest = version.strip_prefix("## [").and_then(|rest| rest.split_once("] - "));
        let (number, date) = rest.unwrap_or_else(|| panic!("{version}"));
        assert_eq!((number.split('.').count(), date.split('-').count()), (3, 3), "{version}");
    }
    for group in changes.lines().filter_map(|line| line.strip_prefix("### ")) {
        let known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
        assert!(known.contains(&group), "{group}");
    }
}

#[test]
fn the_links_of_every_page_lead_to_files() {
    if !is_repository() {
        return;
    }
    let mut count = 0;
    for (path, text) in texts(&[".md"]) {
        let folder = path.parent().expect("a folder");
        for link in links(&text) {
            assert!(folder.join(link).exists(), "{}: {link} leads nowhere", path.display());
            count += 1;
        }
    }
    assert!(count > 100, "only {count} are found");
    assert_eq!(links("[a](b.md#c), ```[not](d)``` [e](https://f.g) [h](#i)"), ["b.md"]);
}
