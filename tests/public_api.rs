//! The public API is what `docs/public-api.txt` lists, so that changes to it are seen in review.
//!
//! The sources are parsed, for every system: an item that a `#[cfg]` restricts to one system is listed with it. What the
//! feature `internals` exposes is not public. `WAITSPEC_BLESS=1 cargo test --test public_api` regenerates the listing.

use quote::ToTokens;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, UseTree, Visibility};

/// The modules that users see, and the file of each.
const MODULES: [(&str, &str); 4] = [
    ("waitspec", "src/lib.rs"),
    ("waitspec::subject", "src/subject/mod.rs"),
    ("waitspec::testing", "src/testing.rs"),
    ("waitspec::wait", "src/wait/mod.rs"),
];

/// The maximum number of items: before raising it, consider whether a user needs the new one.
const MOST: usize = 44;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parse(path: &Path) -> syn::File {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Tokens as a person writes them, roughly.
fn text(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" :", ":"),
        (" ;", ";"),
        ("' ", "'"),
        ("->", " ->"),
        ("  ", " "),
        (" [", "["),
    ] {
        text = text.replace(from, to);
    }
    text
}

fn is(attribute: &Attribute, name: &str) -> bool {
    attribute.path().is_ident(name)
}

/// Not visible outside: hidden from the documentation, or only present with `internals`.
fn hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| {
        let tokens = text(&a.meta);
        is(a, "doc") && tokens.contains("hidden")
            || is(a, "cfg")
                && tokens.contains("\"internals\"")
                && !tokens.contains("not(feature = \"internals\")")
            || is(a, "cfg") && tokens.starts_with("cfg(test")
    })
}

/// The systems that have it.
fn only(attributes: &[Attribute]) -> String {
    let cfgs = attributes.iter().filter(|a| is(a, "cfg")).map(|a| text(&a.meta));
    cfgs.filter(|cfg| cfg.contains("target")).map(|cfg| format!("  #[{cfg}]")).collect()
}

fn grows(attributes: &[Attribute]) -> &'static str {
    let found = attributes.iter().any(|a| text(&a.meta).contains("non_exhaustive"));
    if found { " (non-exhaustive)" } else { "" }
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The names that a `use` makes visible, each with the path it comes from.
fn names(tree: &UseTree, path: &str, out: &mut Vec<(String, String)>) {
    match tree {
        UseTree::Path(part) => names(&part.tree, &format!("{path}{}::", part.ident), out),
        UseTree::Name(name) => out.push((name.ident.to_string(), format!("{path}{}", name.ident))),
        UseTree::Rename(name) => out.push((name.rename.to_string(), format!("{path}{}", name.ident))),
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, path, out)),
        UseTree::Glob(_) => panic!("{path}*: the public API names what it has"),
    }
}

/// Everything that is defined in the sources, by name.
#[derive(Default)]
struct Defined {
    /// If a name is defined more than once, the path of the `use` distinguishes the public items.
    items: BTreeMap<(String, PathBuf), Vec<String>>,
    /// The public methods and constants of a type.
    members: BTreeMap<String, Vec<(PathBuf, String)>>,
}

impl Defined {
    fn read() -> Defined {
        let mut files = Vec::new();
        sources(&root().join("src"), &mut files);
        files.sort();
        let mut defined = Defined::default();
        for path in files {
            let file = parse(&path);
            file.items.iter().for_each(|item| defined.note(item, &path));
        }
        defined
    }

    fn put(&mut self, name: impl ToString, path: &Path, lines: Vec<String>) {
        self.items.insert((name.to_string(), path.to_owned()), lines);
    }

    fn note(&mut self, item: &Item, path: &Path) {
        match item {
            Item::Fn(f) if public(&f.vis) && !hidden(&f.attrs) => {
                self.put(&f.sig.ident, path, vec![text(&f.sig) + &only(&f.attrs)]);
            }
            Item::Struct(s) if public(&s.vis) => {
                let generics = text(&s.generics);
                let head = format!("struct {}{generics}{}{}", s.ident, grows(&s.attrs), only(&s.attrs));
                self.put(&s.ident, path, std::iter::once(head).chain(fields(&s.fields)).collect());
            }
            Item::Enum(e) if public(&e.vis) => {
                let generics = text(&e.generics);
                let mut lines = vec![format!("enum {}{generics}{}", e.ident, grows(&e.attrs))];
                for variant in e.variants.iter().filter(|v| !hidden(&v.attrs)) {
                    let of = text(&variant.fields);
                    let of = if of.contains("///") { String::new() } else { of };
                    lines.push(format!("    {}{}{}", variant.ident, undocumented(&of), only(&variant.attrs)));
                }
                self.put(&e.ident, path, lines);
            }
            Item::Trait(t) if public(&t.vis) => {
                let mut lines = vec![format!("trait {}: {}", t.ident, text(&t.supertraits))];
                for item in &t.items {
                    if let TraitItem::Fn(f) = item
                        && !hidden(&f.attrs)
                    {
                        let default = if f.default.is_some() { "  { default }" } else { "" };
                        lines.push(format!("    {}{default}", text(&f.sig)));
                    }
                }
                self.put(&t.ident, path, lines);
            }
            Item::Impl(i) if i.trait_.is_none() => {
                let name = text(&i.self_ty);
                let name = name.split('<').next().unwrap_or_default().to_owned();
                let members = self.members.entry(name).or_default();
                for item in &i.items {
                    match item {
                        ImplItem::Fn(f) if public(&f.vis) && !hidden(&f.attrs) => {
                            members
                                .push((path.to_owned(), format!("    {}{}", text(&f.sig), only(&f.attrs))));
                        }
                        ImplItem::Const(c) if public(&c.vis) && !hidden(&c.attrs) => {
                            members
                                .push((path.to_owned(), format!("    const {}: {}", c.ident, text(&c.ty))));
                        }
                        _ => {}
                    }
                }
            }
            Item::Macro(m) if m.mac.path.is_ident("bitflags") => self.note_flags(&m.mac.tokens, path),
            _ => {}
        }
    }

    /// A set of options: its name and its flags.
    fn note_flags(&mut self, tokens: &proc_macro2::TokenStream, path: &Path) {
        let tokens = text(tokens);
        let after = |word: &str, text: &str| -> Option<String> {
            let (_, rest) = text.split_once(word)?;
            Some(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?.to_owned())
        };
        let name = after("pub struct ", &tokens).expect("a set of flags");
        let flags = tokens.split(';').filter_map(|part| {
            let system = part
                .split("#[cfg(")
                .nth(1)
                .map(|cfg| format!("  #[cfg({}]", cfg.split(']').next().unwrap_or("")));
            Some(format!("    const {}{}", after("const ", part)?, system.unwrap_or_default()))
        });
        self.put(
            &name,
            path,
            std::iter::once(format!("struct {name}: bitflags of c_int")).chain(flags).collect(),
        );
    }

    /// The definition of a name that a module shows; `path` is where the `use` takes it from.
    fn lines(&self, folder: &Path, name: &str, original: &str, path: &str) -> Vec<String> {
        let parts: Vec<&str> = path.split("::").filter(|p| !["crate", "self"].contains(p)).collect();
        let folder = if path.starts_with("crate::") { root().join("src") } else { folder.to_owned() };
        let place = folder.join(parts[..parts.len() - 1].join("/"));
        // A facade may show what a file of its folder defines.
        let fits = |file: &Path| file.starts_with(&place) || file.with_extension("") == place;
        let found: Vec<_> = self.items.iter().filter(|((n, file), _)| n == original && fits(file)).collect();
        let Some(((_, home), lines)) = found.first() else { return vec![format!("use {path}")] };
        assert_eq!(found.len(), 1, "{name} of {path} is defined more than once");
        // Another type of the same name has its members where it is defined.
        let own =
            |file: &PathBuf| file == home || !self.items.contains_key(&(original.to_owned(), file.clone()));
        let members = self.members.get(original).into_iter().flatten();
        let members = members.filter(|(file, _)| own(file)).map(|(_, line)| line.clone());
        lines.iter().cloned().chain(members).collect()
    }
}

/// A list of fields without their documentation.
fn undocumented(fields: &str) -> String {
    let mut out = String::new();
    let mut rest = fields;
    while let Some(at) = rest.find("#[doc") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find("\"]").map_or(rest.len(), |end| at + end + 2);
        rest = rest[end..].trim_start();
    }
    out + rest
}

fn fields(fields: &Fields) -> Vec<String> {
    let public = fields.iter().filter(|f| public(&f.vis) && !hidden(&f.attrs));
    public
        .map(|f| match &f.ident {
            Some(name) => format!("    {name}: {}", text(&f.ty)),
            None => format!("    {}", text(&f.ty)),
        })
        .collect()
}

/// The listing, and how many items it has.
fn listing() -> (String, usize) {
    let defined = Defined::read();
    let (mut out, mut count) = (String::new(), 0);
    for (module, path) in MODULES {
        let path = root().join(path);
        let folder = path.parent().expect("a folder").to_owned();
        let mut shown: Vec<(String, Vec<String>)> = Vec::new();
        for item in parse(&path).items {
            match &item {
                Item::Use(u) if public(&u.vis) && !hidden(&u.attrs) => {
                    let mut found = Vec::new();
                    names(&u.tree, "", &mut found);
                    for (name, path) in found {
                        let original = path.rsplit("::").next().unwrap_or_default().to_owned();
                        let mut lines = defined.lines(&folder, &name, &original, &path);
                        let system = only(&u.attrs);
                        if !lines[0].contains("#[cfg") {
                            lines[0] += &system;
                        }
                        shown.push((name, lines));
                    }
                }
                Item::Mod(m) if public(&m.vis) && !hidden(&m.attrs) => {
                    assert!(
                        MODULES.iter().any(|(n, _)| *n == format!("waitspec::{}", m.ident)),
                        "{}",
                        m.ident
                    );
                    shown.push((m.ident.to_string(), vec![format!("mod {}", m.ident)]));
                }
                Item::Fn(f) if public(&f.vis) && !hidden(&f.attrs) => {
                    shown.push((f.sig.ident.to_string(), vec![text(&f.sig)]));
                }
                Item::Struct(_) | Item::Enum(_) | Item::Trait(_) | Item::Const(_) | Item::Static(_) => {
                    panic!("{module} defines a type itself: list it here")
                }
                _ => {}
            }
        }
        shown.sort();
        count += shown.iter().filter(|(_, lines)| !lines[0].starts_with("mod ")).count();
        out += &format!("{module}\n");
        for line in shown.into_iter().flat_map(|(_, lines)| lines) {
            out += &format!("    {line}\n");
        }
        out += "\n";
    }
    let head = format!(
        "# The public API, {count} items. WAITSPEC_BLESS=1 cargo test --test public_api writes this file.\n\n"
    );
    (head + out.trim_end() + "\n", count)
}

#[test]
fn the_listing_is_current() {
    let path = root().join("docs/public-api.txt");
    let (listing, _) = listing();
    if std::env::var_os("WAITSPEC_BLESS").is_some() {
        std::fs::write(&path, &listing).expect("docs/public-api.txt");
        return;
    }
    let committed = std::fs::read_to_string(&path).expect("docs/public-api.txt");
    let new: Vec<&str> = listing.lines().filter(|line| !committed.lines().any(|l| l == *line)).collect();
    let gone: Vec<&str> = committed.lines().filter(|line| !listing.lines().any(|l| l == *line)).collect();
    assert!(
        listing == committed,
        "the public API changed: WAITSPEC_BLESS=1 cargo test --test public_api\nnew:\n{}\ngone:\n{}",
        new.join("\n"),
        gone.join("\n")
    );
}

#[test]
fn the_api_is_small() {
    let (listing, count) = listing();
    assert!(count <= MOST, "{count} public items\n{listing}");
    // Make sure the parser found the items.
    for line in
        ["    fn wait4(", "    trait Subject: Send + Sync", "        fn spawn(", "    struct WaitOptions"]
    {
        assert!(listing.lines().any(|l| l.starts_with(line)), "no `{line}` in\n{listing}");
    }
    assert!(!listing.contains("edit_request"), "hidden items are not public");
}
