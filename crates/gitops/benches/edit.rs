//! How long one edit of a large file takes: `cargo bench -p slipway-gitops`.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use slipway_gitops::{ImageReference, ImageTarget, edit_file};

/// Edits of each file, of which the quickest is told: the others waited for something else.
const ROUNDS: usize = 20;

fn deployment(number: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  labels:\n    app: web\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n        - name: web\n          image: registry.example/web-{number}:v1 # by the pipeline\n          ports:\n            - containerPort: 80\n          env:\n            - name: A\n              value: b\n"
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let many = |count: usize| (0..count).map(deployment).collect::<Vec<_>>().join("---\n");
    let item = |number| format!("- {}", deployment(number).trim_end().replace('\n', "\n  "));
    let list = |count: usize| {
        let items: Vec<String> = (0..count).map(item).collect();
        format!("apiVersion: v1\nkind: List\nitems:\n{}\n", items.join("\n"))
    };
    let mut out = std::io::stdout().lock();
    for (name, text, count) in [
        ("20,000 lines, documents", many(835), 835),
        ("20,000 lines, one list", list(835), 835),
        ("21 MB, documents", many(50_000), 50_000),
    ] {
        let number = count / 2;
        let wanted: ImageReference = format!("registry.example/web-{number}:v2").parse()?;
        for target in [format!("web/web-{number}/web"), "web".to_owned()] {
            let meant: ImageTarget = target.parse()?;
            let mut quickest = f64::MAX;
            for _ in 0..ROUNDS {
                let begun = Instant::now();
                let edited = edit_file("manifests/web/all.yaml", text.as_bytes(), &meant, &wanted)?;
                quickest = quickest.min(begun.elapsed().as_secs_f64());
                assert_eq!(edited.len(), text.len());
            }
            writeln!(out, "{name}, {} bytes, {target}: {:.1} ms", text.len(), quickest * 1000.0)?;
        }
    }
    Ok(())
}
