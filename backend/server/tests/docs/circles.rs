//! Modules beside each other name each other in one direction, and a thing is named by where it
//! stands (issue 12): whoever reads one need not read all others first. Read from the tokens of the
//! code of every crate: imports and inline paths alike, each followed to the thing's own module.

use super::layers;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

type Names = Vec<String>;

/// What a file says of others, but for its tests.
#[derive(Default)]
struct Module {
    /// What it imports, by the name that it has here.
    imports: BTreeMap<String, Names>,
    /// Paths, and in which module within the file they stand.
    paths: Vec<(Names, Names)>,
    /// What it imports for others to name as if it stood here.
    passed_on: Vec<Names>,
}

type Modules = BTreeMap<Names, Module>;

fn read(folder: &Path, at: &Names, modules: &mut Modules) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let within = || at.iter().cloned().chain([name.to_owned()]).collect();
        if path.is_dir() {
            read(&path, &within(), modules);
        } else if name != "tests" && path.extension().is_some_and(|ending| ending == "rs") {
            let is_folder = ["mod", "lib", "main"].contains(&name);
            let at: Names = if is_folder { at.clone() } else { within() };
            let code: TokenStream = fs::read_to_string(&path).expect("text").parse().expect("Rust");
            modules.entry(at.clone()).or_default().walk(code, &at);
        }
    }
}

fn is(token: Option<&TokenTree>, symbol: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == symbol)
}

fn word(token: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Ident(word)) = token else { return None };
    Some(word.to_string())
}

/// The names of a path that begins here, and how many tokens they are.
fn path(tokens: &[TokenTree]) -> (Names, usize) {
    let (mut names, mut length) = (Names::new(), 0);
    while let Some(name) = word(tokens.get(length)) {
        names.push(name);
        length += 1;
        if !(is(tokens.get(length), ':') && is(tokens.get(length + 1), ':')) {
            break;
        }
        length += 2;
    }
    (names, length)
}

/// How many tokens an item takes: up to its body's end, or to a semicolon.
fn item(tokens: &[TokenTree]) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is(Some(other), ';'),
    };
    tokens.iter().position(is_end).map_or(tokens.len(), |end| end + 1)
}

impl Module {
    fn walk(&mut self, code: TokenStream, at: &Names) {
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut next = 0;
        while let Some(token) = tokens.get(next) {
            let rest = &tokens[next..];
            next += match (token, rest.get(1), rest.get(2)) {
                // What is there for tests alone.
                (TokenTree::Punct(_), Some(TokenTree::Group(attribute)), _)
                    if is(Some(token), '#') && attribute.stream().to_string() == "cfg (test)" =>
                {
                    item(rest)
                }
                (TokenTree::Ident(mark), Some(name), Some(TokenTree::Group(body)))
                    if *mark == "mod" =>
                {
                    let within = at.iter().cloned().chain([name.to_string()]).collect();
                    self.walk(body.stream(), &within);
                    3
                }
                // `use<'a>` captures.
                (TokenTree::Ident(mark), Some(_), _) if *mark == "use" && !is(rest.get(1), '<') => {
                    let end = rest.iter().position(|token| is(Some(token), ';')).expect("an end");
                    let of_all = next.checked_sub(1).and_then(|before| tokens.get(before));
                    let is_passed_on = match of_all {
                        Some(TokenTree::Group(group)) => {
                            group.delimiter() == Delimiter::Parenthesis
                        }
                        before => word(before).is_some_and(|word| word == "pub"),
                    };
                    let before = self.paths.len();
                    self.import(&rest[1..end], &Names::new(), at);
                    if is_passed_on {
                        let paths = self.paths[before..].iter().map(|(path, _)| path.clone());
                        self.passed_on.extend(paths);
                    }
                    end
                }
                (TokenTree::Group(group), ..) => {
                    self.walk(group.stream(), at);
                    1
                }
                (TokenTree::Ident(_), ..) => {
                    let (names, length) = path(rest);
                    let goes_on = next > 0 && is(tokens.get(next - 1), ':');
                    // One name alone is a thing of this place.
                    if names.len() > 1 && !goes_on {
                        self.paths.push((names, at.clone()));
                    }
                    length
                }
                _ => 1,
            }
        }
    }

    /// `a::{b, c::{d, e as f}}` imports `a::b`, `a::c::d`, and `a::c::e` by the name of `f`.
    fn import(&mut self, tree: &[TokenTree], before: &Names, at: &Names) {
        let (names, length) = path(tree);
        let whole: Names = before.iter().cloned().chain(names).collect();
        if let Some(TokenTree::Group(group)) = tree.get(length) {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            for part in inner.split(|token| is(Some(token), ',')) {
                self.import(part, &whole, at);
            }
        } else if let Some(last) = whole.iter().rfind(|name| *name != "self") {
            let name = word(tree.get(length + 1)).unwrap_or_else(|| last.clone());
            self.imports.insert(name, whole.clone());
            self.paths.push((whole, at.clone()));
        }
    }
}

/// Within how many imports of imports a thing stands at most.
const IMPORTS_DEEP: u32 = 16;

/// The module in which the thing itself stands, if it is one of this crate.
fn home(modules: &Modules, names: &[String], at: &[String], deep: u32) -> Option<Names> {
    let mut here = at.to_vec();
    for (place, name) in names.iter().enumerate() {
        let within: Names = here.iter().cloned().chain([name.clone()]).collect();
        let around = (0..=here.len()).rev().map(|end| &here[..end]);
        let file = around.into_iter().find_map(|around| modules.get(around))?;
        match name.as_str() {
            "crate" => here.clear(),
            "self" => {}
            "super" => drop(here.pop()),
            _ if modules.contains_key(&within) => here = within,
            _ => match file.imports.get(name) {
                Some(import) if import.as_slice() != names && deep < IMPORTS_DEEP => {
                    here = home(modules, import, &here, deep + 1)?;
                }
                // Of another crate.
                _ if place == 0 => return None,
                _ => break,
            },
        }
    }
    while !modules.contains_key(&here) {
        here.pop();
    }
    Some(here)
}

/// Which modules name which, each pair beside each other in one module.
fn beside(modules: &Modules) -> BTreeMap<Names, BTreeMap<Names, String>> {
    let mut edges: BTreeMap<Names, BTreeMap<Names, String>> = BTreeMap::new();
    for (module, file) in modules {
        for (names, at) in &file.paths {
            let Some(target) = home(modules, names, at, 0) else { continue };
            let same = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
            // Who is within the other one knows it by right.
            if same < module.len() && same < target.len() {
                let (from, to) = (module[..=same].to_vec(), target[..=same].to_vec());
                let why = format!("{}: {}", module.join("::"), names.join("::"));
                edges.entry(from).or_default().entry(to).or_insert(why);
            }
        }
    }
    edges
}

fn crates() -> impl Iterator<Item = (String, Modules)> {
    layers::folders().into_iter().map(|(name, folder)| {
        let mut modules = Modules::from([(Names::new(), Module::default())]);
        read(&folder.join("src"), &Names::new(), &mut modules);
        (name, modules)
    })
}

#[test]
fn no_circles() {
    let mut found = Vec::new();
    for (name, modules) in crates() {
        let edges = beside(&modules);
        for (from, targets) in &edges {
            for (to, why) in targets {
                let (mut waiting, mut seen) = (vec![to], BTreeSet::new());
                while let Some(next) = waiting.pop() {
                    if seen.insert(next) {
                        waiting.extend(edges.get(next).into_iter().flat_map(BTreeMap::keys));
                    }
                }
                if seen.contains(from) {
                    found.push(format!("{name}: {} → {} ({why})", from.join("::"), to.join("::")));
                }
            }
        }
    }
    assert!(found.is_empty(), "names in a circle:\n{}", found.join("\n"));
}

/// A module passes on what stands within it, nothing else: not even of another crate.
#[test]
fn no_home_is_hidden() {
    let mut found = Vec::new();
    for (name, modules) in crates() {
        for (module, file) in &modules {
            let is_within = |path: &&Names| {
                let within: Names = module.iter().cloned().chain([path[0].clone()]).collect();
                // One name alone is a macro of this file.
                path.len() == 1 || modules.contains_key(&within)
            };
            let hidden = file.passed_on.iter().filter(|path| !is_within(path));
            found.extend(
                hidden.map(|path| format!("{name}: {}: {}", module.join("::"), path.join("::"))),
            );
        }
    }
    assert!(found.is_empty(), "passed on, though it stands elsewhere:\n{}", found.join("\n"));
}
