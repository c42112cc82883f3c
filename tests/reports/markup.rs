//! Just enough of an HTML parser to check a page: stricter than a browser, which repairs errors.

use std::collections::BTreeMap;

/// An element, or a text.
#[derive(Debug, Default)]
pub struct Node {
    /// The name; empty for a text.
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub children: Vec<Node>,
    /// The text, with entities resolved.
    pub text: String,
}

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];

impl Node {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// All elements below and the element itself, in the order of the page.
    pub fn all(&self) -> Vec<&Node> {
        let mut found = vec![self];
        found.extend(self.children.iter().filter(|c| !c.name.is_empty()).flat_map(Node::all));
        found
    }

    /// All elements of a name.
    pub fn named(&self, name: &str) -> Vec<&Node> {
        self.all().into_iter().filter(|node| node.name == name).collect()
    }

    /// The element of an id.
    pub fn id(&self, id: &str) -> &Node {
        self.all().into_iter().find(|node| node.get("id") == Some(id)).unwrap_or_else(|| panic!("no id {id}"))
    }

    /// All text in it.
    pub fn content(&self) -> String {
        self.text.clone() + &self.children.iter().map(Node::content).collect::<String>()
    }
}

/// The root element of a page.
pub fn parse(page: &str) -> Node {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
    let mut open = vec![Node::default()];
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        if at > 0 {
            let text = Node { text: resolved(&rest[..at]), ..Node::default() };
            open.last_mut().expect("an element").children.push(text);
        }
        rest = &rest[at..];
        if let Some(end) = rest.strip_prefix("</") {
            let (name, after) = end.split_once('>').expect("an end");
            // The cells of the matrix omit their end tag: the next cell, or the end of the row, closes them.
            if name == "tr" && open.last().is_some_and(|node| node.name == "td") {
                close(&mut open, "td");
            }
            close(&mut open, name);
            rest = after;
        } else if let Some(start) = rest.strip_prefix('<') {
            let (node, after) = element(start);
            rest = after;
            if node.name == "td" && open.last().is_some_and(|node| node.name == "td") {
                close(&mut open, "td");
            }
            let name = node.name.clone();
            open.push(node);
            if VOID.contains(&name.as_str()) {
                close(&mut open, &name);
            } else if name == "script" || name == "style" {
                let end = rest.find(&format!("</{name}>")).expect("an end");
                open.last_mut().expect("an element").text = rest[..end].to_owned();
                rest = &rest[end..];
            }
        }
    }
    assert_eq!(open.len(), 1, "left open: {:?}", open.iter().map(|n| &n.name).collect::<Vec<_>>());
    open.remove(0).children.into_iter().find(|node| node.name == "html").expect("html")
}

fn close(open: &mut Vec<Node>, name: &str) {
    let node = open.pop().expect("an element");
    assert_eq!(node.name, name, "ended by another");
    open.last_mut().expect("a parent").children.push(node);
}

/// An element's start without its `<`, and what follows it.
fn element(start: &str) -> (Node, &str) {
    let end = start.find(['>', ' ']).expect("a name");
    let mut node = Node { name: start[..end].to_owned(), ..Node::default() };
    assert!(node.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "<{}", node.name);
    let mut rest = &start[end..];
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix('>') {
            return (node, after);
        }
        let end = rest.find(['=', ' ', '>']).expect("an attribute");
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').expect("a quote");
            value = &quoted[..end];
            rest = &quoted[end + 1..];
        } else if let Some(bare) = rest.strip_prefix('=') {
            let end = bare.find([' ', '>']).expect("an end");
            value = &bare[..end];
            assert!(!value.is_empty() && !value.contains(['"', '\'', '<', '`']), "{value}");
            rest = &bare[end..];
        }
        assert!(!value.contains('<'), "{name}={value}");
        assert!(node.attributes.insert(name.clone(), resolved(value)).is_none(), "{name} twice");
    }
}

fn resolved(text: &str) -> String {
    assert!(!text.contains('>') || !text.contains('<'), "{text}");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
