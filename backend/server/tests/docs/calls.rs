//! docs/CALLS.md: the OpenAPI document for people who read, on the forge and on the site.

use super::METHODS;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the document has its schemas.
const SCHEMAS: &str = "#/components/schemas/";

/// Every call, and every shape that they take and answer. In the order of names: that of a JSON
/// object's fields depends on what else the workspace builds.
pub(super) fn reference() -> String {
    let document = hongbao::http::document();
    let mut calls = BTreeMap::<&str, BTreeMap<(&str, usize), &Value>>::new();
    for (path, item) in object(&document["paths"]) {
        for (place, method) in METHODS.iter().enumerate() {
            let Some(call) = item.get(*method) else { continue };
            let tag = call["tags"][0].as_str().expect("what it is about");
            calls.entry(tag).or_default().insert((path, place), call);
        }
    }
    let mut text = String::new();
    for (tag, calls) in calls {
        writeln!(text, "## Calls: {tag}\n").unwrap();
        for ((path, place), call) in calls {
            write_call(&mut text, METHODS[place], path, call);
        }
    }
    text.push_str("## What webhooks are posted\n\n");
    for (event, post) in sorted(&document["webhooks"]) {
        let body = content(&post["post"]["requestBody"]).expect("what is posted");
        writeln!(text, "- `{event}`: {}", kind(body)).unwrap();
    }
    text.push_str("\n## Shapes\n\n");
    for (name, schema) in sorted(&document["components"]["schemas"]) {
        write_shape(&mut text, name, schema);
    }
    text
}

fn write_call(text: &mut String, method: &str, path: &str, call: &Value) {
    let path = path.trim_start_matches("/api/v1");
    // As code: mdBook takes `{…}` at the end of a heading for its attributes.
    writeln!(text, "### `{} {path}`\n", method.to_uppercase()).unwrap();
    let said = ["summary", "description"].map(|field| paragraph(&call[field]));
    let said: Vec<_> = said.into_iter().filter(|said| !said.is_empty()).collect();
    writeln!(text, "{}\n", said.join(" ")).unwrap();
    let allowed = strings(&call["x-allowed"]);
    writeln!(text, "- Who: {}", allowed.join(", ")).unwrap();
    for parameter in call["parameters"].as_array().into_iter().flatten() {
        let place = match parameter["in"].as_str() {
            Some("path") => "In the path",
            Some("query") => "In the query",
            Some("header") => "Header",
            other => panic!("a parameter in {other:?}"),
        };
        let name = parameter["name"].as_str().expect("its name");
        if name == "Idempotency-Key" {
            // The same for all of them.
            writeln!(text, "- [Header](#headers): `{name}`").unwrap();
            continue;
        }
        let about = [kind(&parameter["schema"]), paragraph(&parameter["description"])];
        let about: Vec<_> = about.into_iter().filter(|said| !said.is_empty()).collect();
        writeln!(text, "- {place}: `{name}`, {}", about.join(". ")).unwrap();
    }
    if let Some(body) = content(&call["requestBody"]) {
        let may = if call["requestBody"]["required"] == false { " (may be left out)" } else { "" };
        writeln!(text, "- Body{may}: {}", kind(body)).unwrap();
    }
    let mut refused = Vec::new();
    // `default` stands for refusals of later versions.
    for (status, answer) in sorted(&call["responses"]).into_iter().filter(|(s, _)| *s != "default")
    {
        let codes = strings(&answer["x-codes"]);
        if codes.is_empty() {
            let shape = content(answer).map(|schema| format!(" {}.", kind(schema)));
            let said = paragraph(&answer["description"]);
            writeln!(text, "- {status}: {said}{}", shape.unwrap_or_default()).unwrap();
        } else {
            refused.push(format!("{status} `{}`", codes.join("` `")));
        }
    }
    writeln!(text, "- Refused as: {}\n", refused.join(" · ")).unwrap();
}

fn write_shape(text: &mut String, name: &str, schema: &Value) {
    writeln!(text, "### {name}\n").unwrap();
    let said = paragraph(&schema["description"]);
    if !said.is_empty() {
        writeln!(text, "{said}\n").unwrap();
    }
    if schema["properties"].is_object() {
        write_fields(text, schema);
    } else if let Some(parts) = ["oneOf", "anyOf"].iter().find_map(|way| schema[way].as_array()) {
        text.push_str("One of:\n\n");
        for part in parts {
            writeln!(text, "- {}", kind(part)).unwrap();
        }
        text.push('\n');
    } else {
        writeln!(text, "{}\n", kind(schema)).unwrap();
    }
}

fn write_fields(text: &mut String, schema: &Value) {
    let required = strings(&schema["required"]);
    text.push_str("| field | is | |\n|---|---|---|\n");
    for (field, of) in sorted(&schema["properties"]) {
        let optional = if required.contains(&field.as_str()) { "" } else { ", may be missing" };
        let about = paragraph(&of["description"]);
        writeln!(text, "| `{field}` | {}{optional} | {} |", cell(&kind(of)), cell(&about)).unwrap();
    }
    text.push('\n');
}

/// What a value of this schema is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches(SCHEMAS);
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for (way, word) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema[way].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(word);
        }
    }
    let values = strings(&schema["enum"]);
    if !values.is_empty() {
        return format!("`{}`", values.join("`, `"));
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(_) => strings(&schema["type"]),
        _ => return "anything".to_owned(),
    };
    types.iter().map(|one| of_type(one, schema)).collect::<Vec<_>>().join(" or ")
}

fn of_type(name: &str, schema: &Value) -> String {
    let mut said = match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["properties"].is_object() => {
            let fields = sorted(&schema["properties"]).into_iter();
            let fields = fields.map(|(field, of)| format!("`{field}`: {}", kind(of)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        "object" if schema["additionalProperties"].is_object() => {
            format!("names, each with {}", kind(&schema["additionalProperties"]))
        }
        name => schema["format"].as_str().unwrap_or(name).to_owned(),
    };
    if name == "null" {
        return said;
    }
    for (least, most, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", ""),
    ] {
        // The most that a number of so many bits can be says nothing.
        let most = schema[most].as_u64().filter(|most| *most <= i64::MAX.cast_unsigned());
        match (schema[least].as_u64(), most) {
            (least, Some(most)) => write!(said, ", {} to {most}{unit}", least.unwrap_or(0)),
            (Some(least), None) if least > 0 => write!(said, ", at least {least}{unit}"),
            (_, None) => Ok(()),
        }
        .unwrap();
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        write!(said, ", `{pattern}`").unwrap();
    }
    said
}

fn content(holder: &Value) -> Option<&Value> {
    let (_, content) = holder["content"].as_object()?.iter().next()?;
    content.get("schema")
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn sorted(value: &Value) -> BTreeMap<&String, &Value> {
    object(value).iter().collect()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A text of the document in one line.
fn paragraph(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default().split_whitespace();
    text.collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
