//! Prometheus' text format, as far as this process writes it.

/// A line: `name{label="value",…} number`.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    labels: &'a str,
    pub(super) value: f64,
}

impl<'a> Line<'a> {
    /// What the label says. Labels of ours hold no quotes.
    pub(super) fn label(&self, name: &str) -> Option<&'a str> {
        self.labels.split("\",").find_map(|label| {
            let value = label.strip_prefix(name)?.strip_prefix("=\"")?;
            Some(value.strip_suffix('"').unwrap_or(value))
        })
    }
}

/// The lines that hold numbers.
pub(super) fn of(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter_map(line)
}

fn line(line: &str) -> Option<Line<'_>> {
    if line.starts_with('#') {
        return None;
    }
    let (what, value) = line.rsplit_once(' ')?;
    let (name, labels) = match what.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (what, ""),
    };
    Some(Line { name, labels, value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Line, of};

    #[test]
    fn lines_are_read_as_they_are_written() {
        let text =
            "# HELP a what\n# TYPE a counter\na 3\nb_sum{route=\"/x/{id}\",status=\"200\"} 0.5\n\n";
        let lines: Vec<_> = of(text).collect();
        assert_eq!(lines[0], Line { name: "a", labels: "", value: 3.0 });
        assert_eq!((lines[1].name, lines[1].value), ("b_sum", 0.5));
        assert_eq!(lines[1].label("route"), Some("/x/{id}"));
        assert_eq!(lines[1].label("status"), Some("200"));
        assert_eq!(lines[1].label("oute"), None);
    }
}
