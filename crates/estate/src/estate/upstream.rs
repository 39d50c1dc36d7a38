//! What stands above one unit: the units whose outputs it reads, and so on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::terragrunt::paths::unit_file;
use crate::terragrunt::{OutlineDependency, Reader};
use slipway_hcl::diagnostic::Diagnostic;

/// What keeps the outputs that the unit in `dir` (absolute) reads from being found: units above it that are broken,
/// and dependencies in a circle.
pub fn upstream_errors(reader: &Reader, dir: &Path) -> Vec<Diagnostic> {
    let mut walk = Walk { reader, steps: Vec::new(), seen: BTreeSet::new(), errors: Vec::new() };
    walk.visit(dir, true);
    walk.errors
}

struct Walk<'a> {
    reader: &'a Reader,
    /// The units on the way to the one that is visited, with the block that led on.
    steps: Vec<(PathBuf, Option<OutlineDependency>)>,
    seen: BTreeSet<PathBuf>,
    errors: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn visit(&mut self, dir: &Path, needed: bool) {
        let file = unit_file(dir);
        if !self.seen.insert(dir.to_path_buf()) || !file.is_file() {
            return;
        }
        let (outline, found) = self.reader.outline(&file);
        // What is wrong with the first unit itself is told when it is evaluated.
        if needed && let Some((_, Some(block))) = self.steps.last() {
            let broken = found.into_iter().filter(Diagnostic::is_error);
            let through = |error: Diagnostic| {
                error.via(format!("needed for dependency \"{}\"", block.name), block.location.clone())
            };
            self.errors.extend(broken.map(through));
        }
        self.steps.push((dir.to_path_buf(), None));
        for block in outline.dependencies.into_iter().filter(|block| block.enabled) {
            let (target, needed) = (block.config_path.clone(), !block.skip_outputs);
            if let Some(last) = self.steps.last_mut() {
                last.1 = Some(block);
            }
            match self.steps.iter().position(|(dir, _)| *dir == target) {
                Some(start) => self.circle(start),
                None => self.visit(&target, needed),
            }
        }
        self.steps.pop();
    }

    fn circle(&mut self, start: usize) {
        let steps = self.steps.get(start..).unwrap_or_default();
        let base = &self.reader.options().working_dir;
        let shown = |dir: &Path| slipway_support::unit_name::name(base, dir);
        let names: Vec<String> = steps.iter().chain(steps.first()).map(|(dir, _)| shown(dir)).collect();
        let message = format!("units depend on each other in a circle: {}", names.join(" → "));
        let mut diagnostic =
            Diagnostic::error("estate::cycle", message).help("take one of these dependencies out");
        let mut places = steps.iter().filter_map(|(_, block)| block.as_ref());
        if let Some(first) = places.next() {
            diagnostic = diagnostic.at(first.location.clone());
        }
        for block in places {
            diagnostic = diagnostic.via(format!("dependency \"{}\"", block.name), block.location.clone());
        }
        self.errors.push(diagnostic);
    }
}
