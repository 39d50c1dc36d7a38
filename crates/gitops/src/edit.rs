//! The edit: one scalar's bytes replaced, everything else as it was, and a proof of both.

mod shared;

use granit_parser::{Event, Parser, ScalarStyle};

use super::error::GitOpsError;
use super::kustomize::is_kustomization;
use super::manifest::{ManifestFile, Node, Value};

/// The file's bytes with `scalar` replaced by `wanted`, in the scalar's own quotes.
///
/// Refused where the file would not say what is meant afterwards: both texts are parsed, and exactly one scalar may
/// differ.
pub(super) fn replace_scalar(
    file: &ManifestFile,
    scalar: &Node,
    wanted: &str,
) -> Result<Vec<u8>, GitOpsError> {
    replace_in(file, &file.documents()?, scalar, wanted)
}

/// The same, where the file was read to its documents already.
pub(super) fn replace_in(
    file: &ManifestFile,
    documents: &[Node],
    scalar: &Node,
    wanted: &str,
) -> Result<Vec<u8>, GitOpsError> {
    check_objects(file, documents)?;
    check_signature(file, documents)?;
    if let Some(line) = shared::also_at(documents, scalar) {
        let image = scalar.line;
        let problem = format!(
            "an alias here has the image of line {image} too, which would change with it; write one of them out"
        );
        return Err(file.error(line, problem));
    }
    let before = file.text()?;
    let written = match scalar.value {
        Value::Scalar(_, ScalarStyle::SingleQuoted) => format!("'{wanted}'"),
        Value::Scalar(_, ScalarStyle::DoubleQuoted) => format!("\"{wanted}\""),
        _ => wanted.to_owned(),
    };
    let parts = (before.get(..scalar.span.start), before.get(scalar.span.end..));
    let (Some(head), Some(tail)) = parts else {
        return Err(file.error(scalar.line, "this value is not where it was read"));
    };
    let after = format!("{head}{written}{tail}");
    let old = scalar.text().unwrap_or_default();
    let grown = (after.len(), before.len());
    let of_document = window(documents, scalar, before)
        .and_then(|(from, to)| {
            Some((before.get(from..to)?, after.get(from..(to + grown.0).checked_sub(grown.1)?)?))
        })
        .is_some_and(|(before, after)| differ_in_one_scalar(before, after, old, wanted));
    if !of_document && !differ_in_one_scalar(before, &after, old, wanted) {
        let problem =
            format!("writing {wanted} here would change more than this value; put it in quotes first");
        return Err(file.error(scalar.line, problem));
    }
    Ok(after.into_bytes())
}

/// Argo CD ignores a document without a kind, silently: what stands in it is not deployed, and may be pruned.
fn check_objects(file: &ManifestFile, documents: &[Node]) -> Result<(), GitOpsError> {
    if is_kustomization(&file.path) {
        return Ok(());
    }
    for document in documents {
        if document.is_null() {
            continue;
        }
        for key in ["apiVersion", "kind"] {
            if document.get(key).and_then(Node::text).is_none_or(str::is_empty) {
                let problem = format!("this document has no {key}, and Argo CD would not deploy it; add it");
                return Err(file.error(document.line, problem));
            }
        }
    }
    Ok(())
}

/// SOPS signs all values of a file, encrypted or not, where nobody has told it to sign the encrypted ones only: with another
/// image the file could not be decrypted any more.
fn check_signature(file: &ManifestFile, documents: &[Node]) -> Result<(), GitOpsError> {
    for sops in documents.iter().filter_map(|document| document.get("sops")) {
        let is_set = |key: &str| sops.get(key).and_then(Node::text).is_some_and(|text| !text.is_empty());
        let lenient = sops.get("mac_only_encrypted").and_then(Node::text) == Some("true");
        if is_set("mac") && !lenient {
            return Err(file.error(
                sops.line,
                "SOPS signs every value of this file, and could not decrypt it after this edit; set the image with sops, or \
                 encrypt the file with mac_only_encrypted",
            ));
        }
    }
    Ok(())
}

/// Where the scalar's document begins and the next one does: documents say nothing of each other, and a file of thousands need
/// not be read twice more for one of them.
fn window(documents: &[Node], scalar: &Node, text: &str) -> Option<(usize, usize)> {
    let next = documents.partition_point(|document| document.span.start <= scalar.span.start);
    let start = documents.get(next.checked_sub(1)?)?.span.start;
    let line = |start: usize| Some(text.get(..start)?.rfind('\n').map_or(0, |end| end + 1));
    let to = documents.get(next).map_or(Some(text.len()), |document| line(document.span.start))?;
    Some((line(start)?, to)).filter(|(from, to)| *from <= scalar.span.start && scalar.span.end <= *to)
}

/// Compares the meaning of two texts, comments included: all the same, but one scalar that was `old` and is `new`.
fn differ_in_one_scalar(before: &str, after: &str, old: &str, new: &str) -> bool {
    let (mut before, mut after) = (Parser::new_from_str(before), Parser::new_from_str(after));
    let mut is_seen = false;
    // Side by side: a large file is not held as events.
    loop {
        let (was, is) = match (before.next(), after.next()) {
            (None, None) => return is_seen,
            (Some(Ok((was, _))), Some(Ok((is, _)))) => (was, is),
            _ => return false,
        };
        match (&was, &is) {
            _ if was == is => {}
            (
                Event::Scalar(before, style, anchor, tag),
                Event::Scalar(after, new_style, new_anchor, new_tag),
            ) if !is_seen
                && before == old
                && after == new
                && (style, anchor, tag) == (new_style, new_anchor, new_tag) =>
            {
                is_seen = true;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests;
