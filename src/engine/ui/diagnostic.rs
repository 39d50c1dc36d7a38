//! What a tool finds wrong, as its machine-readable UI tells it.

use std::fmt::Write as _;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct UiDiagnostic {
    pub severity: String,
    summary: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    range: Option<Range>,
    #[serde(default)]
    snippet: Option<Snippet>,
}

#[derive(Deserialize)]
struct Range {
    filename: String,
    start: Start,
}

#[derive(Deserialize)]
struct Start {
    line: u64,
}

/// The code that a diagnostic is about.
#[derive(Deserialize)]
struct Snippet {
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    code: String,
    #[serde(default)]
    start_line: u64,
    #[serde(default)]
    values: Vec<ValueInSnippet>,
}

#[derive(Deserialize)]
struct ValueInSnippet {
    traversal: String,
    statement: String,
}

impl UiDiagnostic {
    /// On one line.
    pub fn text(&self) -> String {
        let mut text = self.summary.clone();
        // Providers that speak the old protocol put everything into the summary.
        let detail = self.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        if !detail.is_empty() {
            text = format!("{text}: {detail}");
        }
        if let Some(address) = &self.address {
            text = format!("{address}: {text}");
        }
        if let Some(Range { filename, start }) = &self.range {
            text = format!("{text} (at {filename}:{})", start.line);
        }
        text
    }

    /// As the tool prints it without `-json`.
    pub fn as_printed(&self) -> String {
        let severity = if self.severity == "error" { "Error" } else { "Warning" };
        let mut text = format!("\n{severity}: {}\n\n", self.summary);
        if let Some(address) = &self.address {
            let _ = writeln!(text, "  with {address},");
        }
        match (&self.range, &self.snippet) {
            (Some(Range { filename, start }), Some(snippet)) => {
                let context = snippet.context.as_ref().map(|context| format!(", in {context}"));
                let _ = writeln!(text, "  on {filename} line {}{}:", start.line, context.unwrap_or_default());
                for (line, number) in snippet.code.lines().zip(snippet.start_line..) {
                    let _ = writeln!(text, "{number:4}: {line}");
                }
                if !snippet.values.is_empty() {
                    text += "    ├────────────────\n";
                }
                for ValueInSnippet { traversal, statement } in &snippet.values {
                    let _ = writeln!(text, "    │ {traversal} {statement}");
                }
            }
            (Some(Range { filename, start }), None) => {
                let _ = writeln!(text, "  on {filename} line {}:\n  (source code not available)", start.line);
            }
            (None, _) => {}
        }
        let _ = writeln!(text, "\n{}", self.detail);
        text
    }
}
