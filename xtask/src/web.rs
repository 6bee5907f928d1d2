//! The web app: from `frontend/` to `dist/`, which the server serves.
//!
//! What ends up in `dist/`:
//! - `index.html`, from the template (see [`crate::html`] for its placeholders);
//! - the files of `frontend/static/` under their own names (`/favicon.svg`, `/manifest.webmanifest`);
//! - `worker.js`, from its template: the service worker, which keeps what a first visit fetches;
//! - `assets/…`, all named by content: the module, its glue, the loader, the style sheet (see
//!   [`crate::styles`] for its order), and the files of `frontend/assets/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};

use crate::bindgen::{self, Flavour, Module};
use crate::chunks::LOADERS;
use crate::site::{self, Site};
use crate::workspace::Workspace;
use crate::{budget, html, setup, styles};

const MODULE: Module<'static> = Module {
    package: "hongbao-frontend",
    artifact: "hongbao-frontend",
    name: "app",
    typescript: false,
    // The loader passes the module's hashed URL.
    default_module_path: false,
    in_parts: true,
    // Streams for bodies of server functions, which the app does not have.
    unmade: &["IntoUnderlyingByteSource", "IntoUnderlyingSink", "IntoUnderlyingSource"],
};

/// `cargo xtask web [--dev]`
pub(crate) fn command(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let flavour = match arguments {
        [] => Flavour::Release,
        [one] if one == "--dev" => Flavour::Dev,
        _ => bail!("`cargo xtask web` takes `--dev` or nothing"),
    };
    setup::for_building(workspace)?;
    build(workspace, flavour)?;
    budget::print(&workspace.dist())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn build(workspace: &Workspace, flavour: Flavour) -> Result<()> {
    let bound = bindgen::build(workspace, &MODULE, flavour)?;
    let site = assemble(&workspace.root.join("frontend"), &bound)
        .context("could not put the web app together")?;
    site.install(&workspace.dist(), flavour == Flavour::Release)
}

fn assemble(frontend: &Path, bound: &Path) -> Result<Site> {
    let mut site = Site::default();
    for (path, bytes) in site::read_folder(&frontend.join("static"))? {
        ensure!(
            path != "index.html" && !path.starts_with("assets/"),
            "frontend/static/{path} would hide a file that the build makes"
        );
        site.add(&path, bytes);
    }

    let mut assets = BTreeMap::new();
    for (name, bytes) in site::read_folder(&frontend.join("assets"))? {
        let (stem, extension) = name
            .rsplit_once('.')
            .with_context(|| format!("frontend/assets/{name} needs an extension"))?;
        let url = site.add_hashed(stem, extension, bytes);
        assets.insert(name, url);
    }
    let asset = |placeholder: &str| assets.get(placeholder.strip_prefix("asset:")?).cloned();

    let sheet = html::fill(&styles::concatenate(frontend)?, asset).context("in a style sheet")?;
    let css = site.add_hashed("style", "css", sheet.into_bytes());

    let mut glue = site::read_folder(bound)?;
    let module = glue.remove("app_bg.wasm").context("wasm-bindgen made no app_bg.wasm")?;
    let module = site.add_hashed("app", "wasm", module);
    if let Some(script) = glue.get_mut("app.js") {
        *script = without_comments(&String::from_utf8_lossy(script)).into_bytes();
    }
    if let Some(script) = glue.get_mut(LOADERS.trim_start_matches("./")) {
        *script = without_comments(&String::from_utf8_lossy(script)).into_bytes();
    }
    // Scripts are fetched at once, each when the one that imports it has come; parts when somebody
    // opens what they hold.
    let is_script = |name: &&String| Path::new(name).extension().is_some_and(|end| end == "js");
    let scripts: Vec<_> = glue.keys().filter(is_script).cloned().collect();
    let folder = site.add_hashed_folder("app", glue);
    let preloads = scripts.iter().fold(String::new(), |all, name| {
        all + &format!("<link rel=\"modulepreload\" href=\"{folder}/{name}\">\n")
    });
    let glue = format!("{folder}/app.js");

    // A file of its own, because the policy of the server allows no inline script.
    // Without WebAssembly, as in the lockdown of some phones, the page says so.
    let loader = format!(
        "import start from \"{glue}\";\n\
         if (globalThis.WebAssembly) await start({{ module_or_path: \"{module}\" }});\n\
         else document.getElementById(\"unable\").hidden = false;\n\
         navigator.serviceWorker?.register(\"/worker.js\").catch(() => {{}});\n"
    );
    let loader = site.add_hashed("loader", "js", loader.into_bytes());

    let scripts = scripts.iter().map(|name| format!("{folder}/{name}"));
    let shell: Vec<_> =
        [css.clone(), loader.clone(), module.clone()].into_iter().chain(scripts).collect();
    let shell = serde_json::to_string(&shell)?;
    let worker = fs::read_to_string(frontend.join("worker.js"))
        .context("could not read frontend/worker.js")?;
    let worker = html::fill(&worker, |placeholder| (placeholder == "shell").then(|| shell.clone()))
        .context("in frontend/worker.js")?;
    site.add("worker.js", without_comments(&worker).into_bytes());

    let template = fs::read_to_string(frontend.join("index.html"))
        .context("could not read frontend/index.html")?;
    for required in ["{{css}}", "{{loader}}", "id=\"unable\""] {
        ensure!(template.contains(required), "frontend/index.html has no `{required}`");
    }
    let index = html::fill(&template, |placeholder| match placeholder {
        "css" => Some(format!(r#"<link rel="stylesheet" href="{css}">"#)),
        "loader" => Some(format!(r#"<script type="module" src="{loader}"></script>"#)),
        "preload" => Some(format!(
            "{preloads}<link rel=\"preload\" as=\"fetch\" type=\"application/wasm\" crossorigin href=\"{module}\">"
        )),
        _ => asset(placeholder),
    })
    .context("in frontend/index.html")?;
    site.add("index.html", index.into_bytes());
    Ok(site)
}

/// The glue without comment lines and indentation. wasm-bindgen writes no text of several lines, in
/// which either would mean something.
fn without_comments(script: &str) -> String {
    let mut slim = String::with_capacity(script.len());
    let mut in_comment = false;
    for line in script.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            slim.push_str(line);
            slim.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    slim
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::assemble;
    use crate::site::read_folder;
    use crate::test_folder::TestFolder;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn comments_of_the_glue_stay_behind() {
        let script = "/**\n * @returns {number}\n */\nget x() {\n    // why\n    return 'a // b';\n}\n\n/* one */\nz();\n";
        assert_eq!(super::without_comments(script), "get x() {\nreturn 'a // b';\n}\nz();\n");
    }

    #[test]
    fn every_reference_leads_to_a_file() {
        let folder = TestFolder::new();
        let root = folder.path();
        write(
            root,
            "frontend/index.html",
            "<head>{{css}}{{preload}}{{loader}}</head><p id=\"unable\">",
        );
        write(root, "frontend/styles/base.css", "a{background:url(\"{{asset:covers/red.svg}}\")}");
        write(root, "frontend/assets/covers/red.svg", "<svg/>");
        write(root, "frontend/static/favicon.svg", "<svg/>");
        write(root, "frontend/worker.js", "const SHELL = {{shell}};");
        write(root, "bound/app.js", "import './snippets/one/inline0.js'");
        write(root, "bound/snippets/one/inline0.js", "");
        write(root, "bound/app_bg.wasm", "wasm");

        let dist = root.join("dist");
        assemble(&root.join("frontend"), &root.join("bound"))
            .unwrap()
            .install(&dist, false)
            .unwrap();

        let files = read_folder(&dist).unwrap();
        assert!(files.contains_key("favicon.svg"));
        let mut seen = 0;
        for text in files.values() {
            let text = std::str::from_utf8(text).unwrap();
            for url in text.split('"').filter(|part| part.starts_with("/assets/")) {
                assert!(files.contains_key(&url[1..]), "{url} leads nowhere");
                seen += 1;
            }
        }
        // Style, two scripts, module and loader from the page, and again from the service worker;
        // glue and module from the loader; the cover.
        assert_eq!(seen, 13);
    }

    #[test]
    fn a_template_without_the_loader_is_refused() {
        let folder = TestFolder::new();
        let root = folder.path();
        write(root, "frontend/index.html", "<head>{{css}}</head>");
        write(root, "frontend/worker.js", "");
        write(root, "bound/app.js", "");
        write(root, "bound/app_bg.wasm", "wasm");
        let error = assemble(&root.join("frontend"), &root.join("bound")).err().unwrap();
        assert!(error.to_string().contains("{{loader}}"), "{error}");
    }
}
