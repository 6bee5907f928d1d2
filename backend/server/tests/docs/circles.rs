//! Modules beside each other import in one direction (issue 12): whoever reads one need not read
//! all others first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const CRATES: [&str; 9] = [
    "shared",
    "backend/domain",
    "backend/config",
    "backend/memory",
    "backend/storage",
    "backend/cache",
    "backend/engine",
    "backend/server",
    "simulation",
];

type Module = Vec<String>;

/// What the modules of a folder say, but for tests.
fn read(folder: &Path, at: &Module, modules: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let within = || at.iter().cloned().chain([name.to_owned()]).collect();
        if path.is_dir() {
            read(&path, &within(), modules);
        } else if name != "tests" && path.extension().is_some_and(|ending| ending == "rs") {
            let is_folder = ["mod", "lib", "main"].contains(&name);
            let module = if is_folder { at.clone() } else { within() };
            modules.entry(module).or_default().push_str(&fs::read_to_string(&path).expect("text"));
        }
    }
}

/// `a::{b, c::{d, e}}` imports `a::b`, `a::c::d` and `a::c::e`.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let mut depth = 0;
    let parts = rest.strip_suffix('}').expect("a whole tree").split(|symbol| {
        depth += i32::from(symbol == '{') - i32::from(symbol == '}');
        symbol == ',' && depth == 0
    });
    parts.flat_map(paths).map(|path| format!("{before}{path}")).collect()
}

/// What a module imports of its own crate.
fn imports(module: &Module, text: &str) -> Vec<Module> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line.trim(), " "]).collect();
    let trees = code.split(" use ").skip(1).filter_map(|rest| rest.split_once(';'));
    let all = trees.flat_map(|(tree, _)| paths(&tree.replace(' ', "")));
    let resolve = |path: String| {
        let mut parts = path.split("::").peekable();
        let mut target = match *parts.peek()? {
            "crate" => Module::new(),
            "self" | "super" => module.clone(),
            _ => return None,
        };
        for part in parts {
            match part {
                "crate" | "self" => {}
                "super" => drop(target.pop()),
                name => target.push(name.to_owned()),
            }
        }
        Some(target)
    };
    all.filter_map(resolve).collect()
}

/// Which modules import which, each pair beside each other in one module.
fn beside(modules: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, text) in modules {
        for mut target in imports(module, text) {
            while !modules.contains_key(&target) {
                target.pop();
            }
            let same = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
            // Who is within the other one knows it by right.
            if same < module.len() && same < target.len() {
                let (from, to) = (module[..=same].to_vec(), target[..=same].to_vec());
                edges.entry(from).or_default().insert(to);
            }
        }
    }
    edges
}

#[test]
fn no_circles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for name in CRATES {
        let mut modules = BTreeMap::from([(Module::new(), String::new())]);
        read(&root.join(name).join("src"), &Module::new(), &mut modules);
        assert!(modules.len() > 5, "{name} is elsewhere");
        let edges = beside(&modules);
        for (from, targets) in &edges {
            for to in targets {
                let (mut waiting, mut seen) = (vec![to], BTreeSet::new());
                while let Some(next) = waiting.pop() {
                    if seen.insert(next) {
                        waiting.extend(edges.get(next).into_iter().flatten());
                    }
                }
                if seen.contains(from) {
                    found.push(format!("{name}: {} → {}", from.join("::"), to.join("::")));
                }
            }
        }
    }
    assert!(found.is_empty(), "imports in a circle:\n{}", found.join("\n"));
}
