//! Placeholders in `frontend/index.html`, `frontend/worker.js` and in the style sheets.
//!
//! | placeholder | becomes | in |
//! |---|---|---|
//! | `{{css}}` | the `<link rel="stylesheet">` of the one style sheet | HTML, required |
//! | `{{preload}}` | `<link>`s that fetch the glue and the module while the HTML is still being read | HTML, optional |
//! | `{{loader}}` | the `<script type="module">` that starts the app; put it at the end of `<head>` | HTML, required |
//! | `{{shell}}` | the URLs of what a first visit fetches, as a JSON array | the service worker, required |
//! | `{{asset:NAME}}` | the hashed URL of `frontend/assets/NAME`, as in `url("{{asset:cover.svg}}")` | HTML and CSS |
//!
//! Each stands for whole elements or a whole URL. A placeholder that nobody knows stops the build.
//! The server's policy allows no inline script and no `style="…"`: write neither into the template.

use anyhow::{Result, bail};

/// Replaces every `{{…}}` by what `value` answers for the text inside.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            bail!("`{{{{` is never closed");
        };
        match value(name) {
            Some(text) => out.push_str(&text),
            None => bail!("nothing is known by the placeholder `{{{{{name}}}}}`"),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::fill;

    fn value(name: &str) -> Option<String> {
        (name == "css").then(|| "<link>".to_owned())
    }

    #[test]
    fn fills_every_placeholder() {
        assert_eq!(fill("a{{css}}b{{css}}", value).unwrap(), "a<link>b<link>");
        assert_eq!(fill("a { b { } }", value).unwrap(), "a { b { } }");
    }

    #[test]
    fn names_what_it_does_not_know() {
        assert!(fill("{{cs}}", value).unwrap_err().to_string().contains("{{cs}}"));
        assert!(fill("{{css", value).is_err());
    }
}
