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
    let documents = file.documents()?;
    check_objects(file, &documents)?;
    check_signature(file, &documents)?;
    if let Some(line) = shared::also_at(&documents, scalar) {
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
    if !differ_in_one_scalar(before, &after, scalar.text().unwrap_or_default(), wanted) {
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

/// Compares the meaning of two texts, comments included: all the same, but one scalar that was `old` and is `new`.
fn differ_in_one_scalar(before: &str, after: &str, old: &str, new: &str) -> bool {
    let (Some(before), Some(after)) = (events(before), events(after)) else { return false };
    if before.len() != after.len() {
        return false;
    }
    let mut differing = before.iter().zip(&after).filter(|(before, after)| before != after);
    match (differing.next(), differing.next()) {
        (
            Some((Event::Scalar(was, style, anchor, tag), Event::Scalar(is, new_style, new_anchor, new_tag))),
            None,
        ) => was == old && is == new && (style, anchor, tag) == (new_style, new_anchor, new_tag),
        _ => false,
    }
}

fn events(text: &str) -> Option<Vec<Event<'_>>> {
    Parser::new_from_str(text).map(|item| item.ok().map(|(event, _)| event)).collect()
}

#[cfg(test)]
mod tests;
