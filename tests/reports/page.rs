//! The page, without a browser: complete, self-contained, and labelled for screen readers.

use super::markup::{Node, parse};
use super::{exits, fixture, read, waitspec, within};
use std::collections::BTreeSet;
use std::path::Path;

/// The elements that load something, and the attribute that does.
const LOADING: [&str; 6] = ["src", "srcset", "data", "action", "background", "poster"];

/// The properties of every page.
fn is_sound(text: &str) -> Node {
    let page = parse(text);
    assert_eq!(page.get("lang"), Some("en"));
    assert_eq!(page.named("title").len(), 1);
    assert_eq!(page.named("h1").len(), 1);
    let metas = page.named("meta");
    let viewport = metas.iter().find(|meta| meta.get("name") == Some("viewport")).expect("a viewport");
    assert!(viewport.get("content").is_some_and(|content| content.contains("width=device-width")));
    assert!(
        metas.iter().any(|meta| meta.get("content").is_some_and(|c| c.starts_with("default-src 'none'")))
    );
    links(&page);
    nothing_is_loaded(&page);
    controls(&page);
    tables(&page);
    headings(&page);
    page
}

/// Every id is unique, and every link within the page has a target.
fn links(page: &Node) {
    let mut ids = BTreeSet::new();
    for id in page.all().iter().filter_map(|node| node.get("id")) {
        assert!(!id.is_empty() && !id.contains(char::is_whitespace), "{id}");
        assert!(ids.insert(id), "{id} is there twice");
    }
    for link in page.named("a") {
        let target = link.get("href").expect("a link leads somewhere");
        match target.strip_prefix('#') {
            Some(id) => assert!(ids.contains(id), "{target} leads nowhere"),
            None => assert!(target.starts_with("http"), "{target}"),
        }
        assert!(!link.content().trim().is_empty(), "{target} has no name");
    }
    for node in page.all() {
        for name in ["aria-labelledby", "for"] {
            assert!(node.get(name).is_none_or(|id| ids.contains(id)), "{name} {:?}", node.get(name));
        }
    }
}

fn nothing_is_loaded(page: &Node) {
    for node in page.all() {
        assert!(LOADING.iter().all(|name| node.get(name).is_none()), "{} loads", node.name);
        assert!(!node.attributes.keys().any(|name| name.starts_with("on")), "{} has a script", node.name);
        assert!(!["iframe", "object", "embed", "img", "base"].contains(&node.name.as_str()), "{}", node.name);
    }
    for link in page.named("link") {
        assert!(link.get("href").is_some_and(|href| href.starts_with("data:")));
    }
    for style in page.named("style") {
        assert!(!style.text.contains("url(") && !style.text.contains("@import"));
    }
    for script in page.named("script") {
        for word in ["fetch(", "XMLHttpRequest", "import(", "WebSocket", "innerHTML", "eval("] {
            assert!(!script.text.contains(word), "{word}");
        }
    }
}

fn controls(page: &Node) {
    let labels = page.named("label");
    for control in page.all().into_iter().filter(|n| ["input", "select"].contains(&n.name.as_str())) {
        let id = control.get("id").expect("an id");
        let named = labels.iter().any(|label| {
            let around = label.all().iter().any(|node| node.get("id") == Some(id));
            (label.get("for") == Some(id) || around) && !label.content().trim().is_empty()
        });
        assert!(named, "{id} has no label");
    }
    for button in page.named("button") {
        assert!(button.get("type").is_some() && !button.content().is_empty());
    }
    for details in page.named("details") {
        assert_eq!(details.children.first().map(|first| first.name.as_str()), Some("summary"));
        assert!(!details.children[0].content().trim().is_empty());
    }
    for region in page.all().into_iter().filter(|node| node.get("class") == Some("scroll")) {
        assert_eq!((region.get("tabindex"), region.get("role")), (Some("0"), Some("region")));
        assert!(region.get("aria-label").is_some());
    }
}

/// Every header cell has a scope, and every row is as wide as its table.
fn tables(page: &Node) {
    for table in page.named("table") {
        let cells = |row: &Node| -> usize {
            let width = |cell: &Node| cell.get("colspan").map_or(1, |n| n.parse().expect("a number"));
            row.children.iter().filter(|cell| ["td", "th"].contains(&cell.name.as_str())).map(width).sum()
        };
        let rows = table.named("tr");
        let width = cells(rows[0]);
        assert!(width > 1 && rows.iter().all(|row| cells(row) == width), "a ragged table");
        assert!(table.named("th").iter().all(|cell| cell.get("scope").is_some()));
        if let Some(columns) = table.get("data-cols") {
            assert_eq!(columns.split(' ').count() + 1, width);
        }
    }
}

/// No heading level is skipped.
fn headings(page: &Node) {
    let mut before = 0;
    for heading in
        page.all().iter().filter(|n| n.name.len() == 2 && n.name.starts_with('h') && n.name != "hr")
    {
        let level: usize = heading.name[1..].parse().expect("a level");
        assert!(level <= before + 1, "h{level} below h{before}: {}", heading.content());
        before = level;
    }
}

fn page_of(reports: &[&str]) -> String {
    exits(&[&["matrix"], reports, &["--format", "html"]].concat(), 0)
}

#[test]
fn the_page_of_every_valid_report_is_sound() {
    for entry in std::fs::read_dir(fixture("valid")).expect("a folder") {
        let path = entry.expect("an entry").path();
        is_sound(&page_of(&[path.to_str().expect("text")]));
    }
    let page = is_sound(&page_of(&[&fixture("valid/cut-off.jsonl")]));
    assert!(page.content().contains("cut-off.jsonl is partial"));
}

#[test]
fn every_subject_case_and_clause_is_linkable() {
    let (old, new) = (fixture("old.jsonl"), fixture("new.jsonl"));
    let other = fixture("valid/other-interfaces.jsonl");
    let all = fixture("valid/every-field.jsonl");
    let page = is_sound(&page_of(&[&old, &new, &other, &all]));
    for id in ["nohang.running-child", "exit.code", "info.uid", "posix/waitpid/nohang-zero", "theme.case"] {
        page.id(id);
    }
    // Two kernels give two columns, named by what distinguishes them.
    page.id("subject-libc-old");
    let row = page.id("nohang.running-child");
    let words: Vec<String> =
        row.children.iter().filter(|cell| cell.name == "td").map(Node::content).collect();
    assert_eq!(words, ["fail, 1 of 2", "fail, 1 of 2", ""]);
    let interfaces: Vec<String> =
        page.named("h3").iter().map(|h| h.content()).filter(|h| h.starts_with("Interface")).collect();
    assert!(interfaces.contains(&"Interface: handle".to_owned()), "{interfaces:?}");
    assert!(
        page.id("theme.case").content().ends_with("fail, unverified"),
        "{}",
        page.id("theme.case").content()
    );
    assert!(page.content().contains("derived from source code"));
    assert!(page.id("values").content().contains("effective"));
}

#[test]
fn a_failure_reads_on_the_page_as_in_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (html, path) = within(&folder, "report.html");
    let mutant = "mutant:nohang-minus-one-eagain";
    let run = waitspec(&["run", "nohang", "--subject", "libc", "--subject", mutant, "--output", &path]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    let page = is_sound(&read(&html));
    let failures: Vec<String> = page.named("pre").iter().map(|pre| pre.content()).collect();
    let is_wanted = |text: &&String| text.starts_with("FAIL   nohang.") && text.contains("-1 EAGAIN");
    let failure = failures.iter().find(is_wanted).expect("the failure");
    for label in ["\n  must      ", "\n  expected  0\n", "\n  got       -1 EAGAIN\n", "\n  children  "] {
        assert!(failure.contains(label), "{label}: {failure}");
    }
    let command = format!(" --subject {mutant} --trace");
    let is_it =
        |text: String| text.starts_with("waitspec run nohang.running-child@wait") && text.ends_with(&command);
    assert!(page.named("code").iter().any(|code| is_it(code.content())));
    // All of it is in the subject's section as well.
    let section = page.id("subject-mutant-nohang-minus-one-eagain").content();
    assert!(section.contains("expected 0, got -1 EAGAIN") && section.contains("waitspec run "), "{section}");
}

#[test]
fn text_in_a_report_is_never_markup() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, path) = within(&folder, "evil.jsonl");
    let evil = r#"<script>alert(1)<\/script>\" onload=x &amp; '"#;
    let text = read(Path::new(&fixture("valid/every-field.jsonl")));
    let text = text.replace("agent:./my wait", &format!("agent:{evil}")).replace("mywait 0.3", evil);
    let text = text.replace("-1 ECHILD", evil).replace("https://example.org/issues", "javascript:alert(1)");
    std::fs::write(&file, text).expect("written");
    let page = page_of(&[&path]);
    let root = is_sound(&page);
    assert_eq!(root.named("script").len(), 1);
    assert!(root.content().contains("<script>alert(1)</script>\" onload=x &amp; '"));
}

/// Thirty subjects, each of which fails most cases in its own way.
#[test]
fn thirty_wrong_subjects_fit_on_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: serde_json::Value =
        serde_json::from_str(&exits(&["list", "cases", "--format", "json"], 0)).expect("JSON");
    let header = read(Path::new(&fixture("valid/whole.jsonl")));
    let header = header.lines().next().expect("a header");
    let mut paths = Vec::new();
    for subject in 0..30 {
        let name = format!("agent:./some-runtime-{subject}");
        let mut text = header.replace("\"libc\"", &format!("\"{name}\"")) + "\n";
        for case in cases.as_array().expect("cases") {
            for call in
                case["calls"].as_array().expect("calls").iter().filter_map(|call| call.as_str()).take(1)
            {
                let id = format!("{}@{call}", case["case"].as_str().expect("an id"));
                let clause = case["clauses"][0].as_str().expect("a clause");
                let steps = vec!["spawn A (held)"; 10];
                // No two are the same.
                let trial = serde_json::json!({
                    "type": "trial", "id": id, "subject": name, "verdict": "fail", "failed_clause": clause,
                    "clauses": [{ "id": clause, "outcome": "fail" }], "expected": "0",
                    "got": format!("{name} says {call}"), "steps": steps, "processes": 3, "duration_us": 9,
                });
                text += &(trial.to_string() + "\n");
            }
        }
        let (path, name) = within(&folder, &format!("{subject}.jsonl"));
        std::fs::write(path, text).expect("written");
        paths.push(name);
    }
    let text = page_of(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    let page = is_sound(&text);
    assert!(page.content().contains("failures are shortened"));
    assert!(
        page.id("subject-agent-some-runtime-29-glibc-2-36")
            .content()
            .contains("--subject agent:./some-runtime-29 --trace")
    );
}
