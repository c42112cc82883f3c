//! The table of layers in `docs/architecture.md` holds: no room uses one above it, and there are no cycles between files.
//!
//! Every `crate::`, `self::` and `super::` path of the sources is read as tokens, so that paths in macros count too. What
//! is under `#[cfg(test)]` does not.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module, as the names that lead to it from the crate's root.
type Module = Vec<String>;

/// The sources: each module with its text.
type Sources = BTreeMap<Module, String>;

fn read_sources(folder: &Path, module: &Module, sources: &mut Sources) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|s| s.to_str()).expect("a name").to_owned();
        let below = || [module.as_slice(), std::slice::from_ref(&name)].concat();
        if path.is_dir() {
            read_sources(&path, &below(), sources);
        } else if path.extension().is_some_and(|e| e == "rs") && name != "main" && name != "tests" {
            let module = if name == "mod" || name == "lib" { module.clone() } else { below() };
            sources.insert(module, std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn sources() -> Sources {
    let mut sources = Sources::new();
    read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &Module::new(), &mut sources);
    sources
}

/// The rooms of the table, lowest first.
fn layers() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = std::fs::read_to_string(page).expect("docs/architecture.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let cells = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('`').nth(1));
    cells.map(str::to_owned).collect()
}

/// Reads the path that begins after `prefix`, with the braces of a use tree, and pushes every path in it.
fn read_path(tokens: &[TokenTree], at: &mut usize, prefix: Module, paths: &mut Vec<Module>) {
    let mut path = prefix;
    loop {
        let colons =
            |n: usize| matches!(tokens.get(*at + n), Some(TokenTree::Punct(p)) if p.as_char() == ':');
        if !(colons(0) && colons(1)) {
            break;
        }
        match tokens.get(*at + 2) {
            Some(TokenTree::Ident(name)) => {
                path.push(name.to_string());
                *at += 3;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let is_comma = |t: &TokenTree| matches!(t, TokenTree::Punct(p) if p.as_char() == ',');
                for leaf in inner.split(is_comma).filter(|leaf| !leaf.is_empty()) {
                    let mut path = path.clone();
                    match &leaf[0] {
                        TokenTree::Ident(name) if name == "self" => {}
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        _ => {}
                    }
                    read_path(leaf, &mut 1, path, paths);
                }
                *at += 3;
                return;
            }
            _ => break,
        }
    }
    paths.push(path);
}

/// Every path of these tokens that begins at the crate's root, made absolute.
fn paths_of(tokens: TokenStream, module: &Module, paths: &mut Vec<Module>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    let mut only_for_tests = false;
    let mut inline: Option<String> = None;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                inline = tokens.get(at + 1).map(ToString::to_string);
                at += 1;
            }
            // A `$crate` path counts as used where the macro is.
            TokenTree::Punct(mark)
                if mark.as_char() == '$'
                    && matches!(tokens.get(at + 1), Some(TokenTree::Ident(word)) if word == "crate") =>
            {
                at += 2;
            }
            TokenTree::Ident(word) if word == "crate" || word == "self" || word == "super" => {
                let mut from = if word == "crate" { Module::new() } else { module.clone() };
                if word == "super" {
                    from.pop();
                }
                at += 1;
                let is_path = matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
                // `pub(super)`, `self.field`: not a path.
                if !is_path {
                    continue;
                }
                while matches!(tokens.get(at + 2), Some(TokenTree::Ident(next)) if next == "super") {
                    from.pop();
                    at += 3;
                }
                read_path(&tokens, &mut at, from, paths);
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                only_for_tests |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                at += 1;
            }
            TokenTree::Group(group) => {
                let is_body = group.delimiter() == Delimiter::Brace;
                let mut module = module.clone();
                if is_body {
                    module.extend(inline.take());
                }
                if !(is_body && only_for_tests) {
                    paths_of(group.stream(), &module, paths);
                }
                only_for_tests &= !is_body;
                at += 1;
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => {
                (only_for_tests, inline) = (false, None);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Which modules each module uses, excluding itself.
fn arrows(sources: &Sources) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut arrows = BTreeMap::new();
    for (module, text) in sources {
        let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{module:?}: {e}"));
        let mut paths = Vec::new();
        paths_of(tokens, module, &mut paths);
        let used = paths.into_iter().filter_map(|mut path| {
            while !sources.contains_key(&path) {
                path.pop()?;
            }
            Some(path)
        });
        // The root only declares the rooms.
        arrows.insert(module.clone(), used.filter(|m| m != module && !m.is_empty()).collect::<BTreeSet<_>>());
    }
    arrows
}

/// The dependencies between rooms that violate the table.
fn upward(sources: &Sources, layers: &[String]) -> Vec<String> {
    let level = |module: &Module| layers.iter().position(|room| module.first() == Some(room));
    let mut wrong = Vec::new();
    for (from, used) in arrows(sources).iter().filter(|(from, _)| !from.is_empty()) {
        match level(from) {
            None => wrong.push(format!("{} is in no room of the table", from.join("::"))),
            Some(own) => {
                let above = used.iter().filter(|to| level(to).is_none_or(|level| level > own));
                wrong.extend(above.map(|to| format!("{} uses {}", from.join("::"), to.join("::"))));
            }
        }
    }
    wrong
}

/// A cycle of files, if there is one.
fn circle(sources: &Sources) -> Option<String> {
    fn visit<'a>(
        at: &'a Module,
        arrows: &'a BTreeMap<Module, BTreeSet<Module>>,
        stack: &mut Vec<&'a Module>,
        done: &mut BTreeSet<&'a Module>,
    ) -> Option<String> {
        if let Some(begin) = stack.iter().position(|m| *m == at) {
            let names: Vec<String> = stack[begin..].iter().chain([&at]).map(|m| m.join("::")).collect();
            return Some(names.join(" -> "));
        }
        if !done.contains(at) {
            stack.push(at);
            for to in &arrows[at] {
                if let Some(found) = visit(to, arrows, stack, done) {
                    return Some(found);
                }
            }
            stack.pop();
            done.insert(at);
        }
        None
    }
    let arrows = arrows(sources);
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|module| visit(module, &arrows, &mut Vec::new(), &mut done))
}

#[test]
fn no_room_uses_one_above_it() {
    let wrong = upward(&sources(), &layers());
    assert!(wrong.is_empty(), "against the table in docs/architecture.md:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    assert_eq!(circle(&sources()), None);
}

#[test]
fn the_table_names_every_room_once() {
    let rooms: BTreeSet<String> = sources().keys().filter_map(|m| m.first().cloned()).collect();
    let table = layers();
    assert_eq!(rooms, table.iter().cloned().collect(), "rooms of src/ and of the table");
    assert_eq!(rooms.len(), table.len(), "a room is in the table twice");
}

fn tree(files: &[(&str, &str)]) -> Sources {
    let module = |name: &str| name.split("::").filter(|n| !n.is_empty()).map(str::to_owned).collect();
    files.iter().map(|(name, text)| (module(name), (*text).to_owned())).collect()
}

#[test]
fn an_upward_path_is_found_anywhere() {
    let layers = ["low".to_owned(), "high".to_owned()];
    for text in [
        "use crate::high::Thing;",
        "use crate::{low::Other, high::{Thing, More}};",
        "fn f() { crate::high::call() }",
        "fn f() { assert!(super::super::high::call()) }",
        "mod inner { use super::super::super::high::Thing; }",
        "fn f(t: &crate::high::Thing) {}",
    ] {
        let sources = tree(&[("low", ""), ("low::a", text), ("high", "")]);
        assert_eq!(upward(&sources, &layers), ["low::a uses high"], "{text}");
    }
    for text in [
        "#[cfg(test)] mod tests { use crate::high::Thing; }",
        "/// [`crate::high`]\nfn f() {}",
        "macro_rules! m { () => { $crate::high::Thing } }",
        "",
    ] {
        let sources = tree(&[("low", ""), ("low::a", text), ("high", "use crate::low;")]);
        assert_eq!(upward(&sources, &layers), [""; 0], "{text}");
    }
}

#[test]
fn a_circle_is_found() {
    let files = [("a", "use self::b::B;"), ("a::b", "use super::c::C;"), ("a::c", "")];
    assert_eq!(circle(&tree(&files)), None);
    let files = [("a", "use self::b::B;"), ("a::b", "use super::c::C;"), ("a::c", "use crate::a::b;")];
    assert_eq!(circle(&tree(&files)).as_deref(), Some("a::b -> a::c -> a::b"));
}
