//! What the expressions of a module read from disk: the paths that stand in them.
//!
//! Nothing is evaluated. A path is known as far as it consists of texts, of `path.module`, `path.root` and `path.cwd`,
//! and of locals that do; behind anything else whatever lies in the folder counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use slipway_hcl::ast::{Body, Expr, ExprKind, TemplatePart};
use slipway_hcl::walk;
use slipway_support::paths::join;

/// The functions that read what their first argument names, a file or a folder, or look for it.
pub const FILE_FUNCTIONS: &[&str] = &[
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
    "templatefile",
];

/// How often a local may stand for another one.
const MOST_LOCALS: usize = 16;

/// The paths in the expressions of a module.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    locals: BTreeMap<String, Text>,
    /// What functions are given, and wherever else a path begins with a folder that Terraform names: it may be handed to
    /// a function somewhere else.
    named: Vec<Text>,
}

/// A text of which more or less is known.
type Text = Vec<Part>;

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// `path.module`.
    Module,
    /// `path.root`, and `path.cwd`, which is the same for a tool that is started in the module's folder.
    Root,
    Local(String),
    Unknown,
}

impl Reads {
    /// Adds what the expressions of a file read.
    pub(super) fn add(&mut self, body: &Body) {
        for block in body.blocks.iter().filter(|block| &*block.kind.name == "locals") {
            for local in &block.body.attributes {
                let mut text = Text::new();
                text_of(&local.expr, &mut text);
                self.locals.insert(local.name.name.to_string(), text);
            }
        }
        walk::body(body, &mut |expr| {
            self.look_at(expr);
            true
        });
    }

    fn look_at(&mut self, expr: &Expr) {
        let mut text = Text::new();
        match &expr.kind {
            ExprKind::Call { name, arguments, .. } => {
                let function = name.name.strip_prefix("core::").unwrap_or(&name.name);
                let Some(path) = arguments.first().filter(|_| FILE_FUNCTIONS.contains(&function)) else {
                    return;
                };
                text_of(path, &mut text);
            }
            ExprKind::Template(_) => {
                text_of(expr, &mut text);
                if !matches!(text.first(), Some(Part::Module | Part::Root)) {
                    return;
                }
            }
            _ => return,
        }
        self.named.push(text);
    }

    /// The paths, seen from the module's folder and from that of the module that is run: of files, and of folders with
    /// whatever lies in them. One of which not even the beginning is known is none of them.
    pub fn paths(&self, module: &Path, root: &Path) -> BTreeSet<PathBuf> {
        let place = Place { module, root, locals: &self.locals };
        self.named.iter().filter_map(|text| place.path(text)).collect()
    }
}

/// Where a module is.
struct Place<'a> {
    module: &'a Path,
    root: &'a Path,
    locals: &'a BTreeMap<String, Text>,
}

impl Place<'_> {
    /// Where a text leads, as far as it is known.
    fn path(&self, text: &Text) -> Option<PathBuf> {
        let mut known = String::new();
        let is_whole = self.write(text, &mut known, MOST_LOCALS);
        if known.is_empty() {
            return None;
        }
        // A name that is known in part only may be any in its folder.
        let folder = || known.rfind('/').and_then(|end| known.get(..=end)).unwrap_or(".");
        Some(join(self.root, if is_whole { &known } else { folder() }))
    }

    /// Writes as much of the text as is known, and says whether that is all of it.
    fn write(&self, text: &Text, known: &mut String, most: usize) -> bool {
        for part in text {
            match part {
                Part::Text(text) => known.push_str(text),
                Part::Module => known.push_str(&self.module.to_string_lossy()),
                Part::Root => known.push_str(&self.root.to_string_lossy()),
                Part::Local(name) => {
                    let Some((local, most)) = self.locals.get(name).zip(most.checked_sub(1)) else {
                        return false;
                    };
                    if !self.write(local, known, most) {
                        return false;
                    }
                }
                Part::Unknown => return false,
            }
        }
        true
    }
}

fn text_of(expr: &Expr, text: &mut Text) {
    let names =
        |wanted: &str, target: &Expr| matches!(&target.kind, ExprKind::Variable(name) if **name == *wanted);
    match &expr.kind {
        ExprKind::String(known) => text.push(Part::Text(known.to_string())),
        ExprKind::Paren(inner) => text_of(inner, text),
        ExprKind::Template(parts) => {
            for part in parts {
                match part {
                    TemplatePart::Literal(known) => text.push(Part::Text(known.to_string())),
                    TemplatePart::Interpolation(inner) => text_of(inner, text),
                    TemplatePart::If { .. } | TemplatePart::For { .. } => text.push(Part::Unknown),
                }
            }
        }
        ExprKind::GetAttr { target, name } if names("path", target) => text.push(match &*name.name {
            "module" => Part::Module,
            "root" | "cwd" => Part::Root,
            _ => Part::Unknown,
        }),
        ExprKind::GetAttr { target, name } if names("local", target) => {
            text.push(Part::Local(name.name.to_string()));
        }
        ExprKind::Call { name, arguments, .. } => match (&*name.name, arguments.as_slice()) {
            ("abspath" | "pathexpand" | "trimspace", [path]) => text_of(path, text),
            ("join", [between, Expr { kind: ExprKind::Tuple(parts), .. }]) => {
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        text_of(between, text);
                    }
                    text_of(part, text);
                }
            }
            _ => text.push(Part::Unknown),
        },
        _ => text.push(Part::Unknown),
    }
}
