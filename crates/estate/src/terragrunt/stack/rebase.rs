//! Sources that are right where a file comes from, made right where it is copied to.
//!
//! `update_source_with_cas` says of a relative source that it counts from the file's own place in its catalogue. Terragrunt
//! copies what it leads to into a store and writes the place in the store into the copy. Here the catalogue itself is
//! written: by its path where it lies on this machine, by its address where it was fetched.

use std::path::Path;

use super::source::{Located, SourceError, split, within};
use super::{Kind, StackBlock};
use crate::terragrunt::evaluation::decode;
use crate::terragrunt::evaluation::reader::Reader;
use crate::terragrunt::paths;
use slipway_hcl::ast::{Block, Body, ExprKind};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, Span};
use slipway_hcl::write::quoted;

/// The text of the unit's or the stack's own file in the copy that `block` makes; none where it stays as it is.
pub(super) fn rebased(
    reader: &Reader,
    located: &Located,
    block: &StackBlock,
) -> Result<Option<String>, Box<Diagnostic>> {
    let Ok(file) = reader.parsed(&located.folder.join(block.kind.file())) else { return Ok(None) };
    let mut text = String::new();
    let mut at = 0;
    for flagged in flagged(&file.body, block.kind) {
        let Some(source) = flagged.body.attribute("source") else { continue };
        let told = |message: String, help: &str| {
            let title = titled(flagged);
            let place = Location::new(&file.source, source.expr.span);
            let message = format!("{message}, and {title} says update_source_with_cas");
            Box::new(Diagnostic::error("stack::rebased", message).at(place).help(help))
        };
        // One expression may stand for many values: of what is copied only the text is there.
        let ExprKind::String(written) = &source.expr.kind else {
            return Err(told(
                "the source is no plain string".to_owned(),
                "write it out, or hand over an address in values",
            ));
        };
        let to = rebase(written, located, block).map_err(|error| told(error.to_string(), error.help()))?;
        text += file.source.slice(Span { start: at, end: source.expr.span.start });
        text += &quoted(&to);
        at = source.expr.span.end;
    }
    if at == 0 {
        return Ok(None);
    }
    text += file.source.slice(Span { start: at, ..Span::new(0, file.source.text().len()) });
    Ok(Some(text))
}

/// The blocks of a file whose sources count from where it comes from, in its order.
fn flagged(body: &Body, kind: Kind) -> impl Iterator<Item = &Block> {
    let holds_sources = move |block: &&Block| match kind {
        Kind::Unit => &*block.kind.name == "terraform",
        Kind::Stack => matches!(&*block.kind.name, "unit" | "stack"),
    };
    let is_flagged = |block: &&Block| {
        let flag = block.body.attribute("update_source_with_cas");
        flag.is_some_and(|flag| flag.expr.kind == ExprKind::Bool(true))
    };
    body.blocks.iter().filter(holds_sources).filter(is_flagged)
}

fn titled(block: &Block) -> String {
    match decode::label(block) {
        Some(name) => format!("{} \"{name}\"", block.kind.name),
        None => block.kind.name.to_string(),
    }
}

/// A source of a file in the folder that was found, as it is written in the copy.
fn rebase(written: &str, located: &Located, block: &StackBlock) -> Result<String, SourceError> {
    let (path, part) = split(written);
    if Path::new(path).is_absolute() || path.contains("::") || path.contains("://") {
        return Err(SourceError::NotRelative(written.to_owned()));
    }
    let tree = paths::join(&located.folder, path);
    if !tree.starts_with(&located.root) {
        let root = located.root.clone();
        return Err(SourceError::Leaves { written: written.to_owned(), root });
    }
    if !tree.is_dir() {
        return Err(SourceError::Missing(tree));
    }
    let place = within(tree.clone(), part)?;
    let below = |base: &Path, folder: &Path| {
        let below = folder.strip_prefix(base).unwrap_or(folder).display().to_string();
        if below.is_empty() { below } else { format!("//{below}") }
    };
    if located.is_local {
        // A stack's blocks go on from the same root; a module has what stands before its `//`.
        let root = if block.kind == Kind::Stack { &located.root } else { &tree };
        let up = paths::relative(&block.dir, root).display().to_string();
        let up = if up.starts_with("..") { up } else { format!("./{up}") };
        return Ok(up + &below(root, &place));
    }
    let below = below(&located.root, &place);
    // What nobody may see is in no file that is generated: then the folder that it was fetched to has to do.
    if block.source.to_string() != block.source.expose() {
        return Ok(format!("{}{below}", located.root.display()));
    }
    let (base, part) = split(block.source.expose());
    let (address, own) = base.split_once('?').unwrap_or((base, ""));
    let query = part.split_once('?').map_or(own, |(_, query)| query);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Ok(format!("{address}{below}{query}"))
}
