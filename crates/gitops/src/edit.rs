//! The edit: the bytes of a few scalars replaced, everything else as it was, and a proof of both.

mod shared;

use granit_parser::{Event, Parser, ScalarStyle};

use super::error::GitOpsError;
use super::find::{FoundImage, Role, is_values};
use super::image::ImageReference;
use super::manifest::{ManifestFile, Node};
use super::nested;
use super::written::Edit;

/// A value's text before and after.
type Change<'a> = (&'a str, &'a str);

/// The file's bytes in which an image is another one; of what is written in several values, each that differs.
///
/// Refused where the file would not say what is meant afterwards: both texts are parsed, and exactly these scalars may
/// differ. `documents` is what the file was read to.
pub(super) fn replace_image(
    file: &ManifestFile,
    documents: &[Node],
    found: &FoundImage,
    wanted: &ImageReference,
) -> Result<Vec<u8>, GitOpsError> {
    check_signature(file, documents)?;
    let edits = found.written.edits(wanted).map_err(|(line, problem)| file.error(line, problem))?;
    if found.role == Role::Object {
        check_object(file, documents, &edits)?;
    }
    replace(file, documents, edits)
}

fn replace(file: &ManifestFile, documents: &[Node], mut edits: Vec<Edit>) -> Result<Vec<u8>, GitOpsError> {
    edits.sort_by_key(|edit| edit.spot.node.span.start);
    let before = file.text()?;
    let is_json = file.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "json");
    let (mut after, mut copied) = (String::with_capacity(before.len() + 64), 0);
    for edit in &edits {
        check_alone(file, documents, edit)?;
        let node = &edit.spot.node;
        let (Some(between), Some(old)) = (before.get(copied..node.span.start), before.get(node.span.clone()))
        else {
            return Err(file.error(node.line, "this value is not where it was read"));
        };
        if edit.spot.block.is_some() && old.contains('\n') {
            return Err(file.error(node.line, "this value goes over several lines; write it on one"));
        }
        after.push_str(between);
        after.push_str(&edit.notation(is_json));
        copied = node.span.end;
    }
    after.push_str(before.get(copied..).unwrap_or_default());
    let changes: Vec<Change<'_>> = edits.iter().map(|edit| (edit.spot.text(), edit.text.as_str())).collect();
    let grown = (after.len(), before.len());
    let of_document = window(documents, &edits, before)
        .and_then(|(from, to)| {
            Some((before.get(from..to)?, after.get(from..(to + grown.0).checked_sub(grown.1)?)?))
        })
        .is_some_and(|(before, after)| differ_only_in(before, after, &changes));
    if !of_document && !differ_only_in(before, &after, &changes) {
        let (line, wanted) = edits.first().map_or((1, ""), |edit| (edit.spot.node.line, edit.text.as_str()));
        let problem =
            format!("writing {wanted} here would change more than this value; put it in quotes first");
        return Err(file.error(line, problem));
    }
    Ok(after.into_bytes())
}

/// Refuses a value that is also somewhere else, by an alias.
fn check_alone(file: &ManifestFile, documents: &[Node], edit: &Edit) -> Result<(), GitOpsError> {
    let node = &edit.spot.node;
    let line = match &edit.spot.block {
        None => shared::also_at(documents, node),
        Some(block) => match shared::also_at(documents, block) {
            Some(line) => Some(line),
            None => shared::also_at(&nested::documents_in(file, block)?, node),
        },
    };
    let Some(line) = line else { return Ok(()) };
    let image = node.line;
    let problem = format!(
        "an alias here has the image of line {image} too, which would change with it; write one of them out"
    );
    Err(file.error(line, problem))
}

/// Argo CD ignores a document without a kind, silently: what stands in it is not deployed, and may be pruned.
fn check_object(file: &ManifestFile, documents: &[Node], edits: &[Edit]) -> Result<(), GitOpsError> {
    let Some(at) = edits.first().map(|edit| edit.spot.node.span.start) else { return Ok(()) };
    let next = documents.partition_point(|document| document.span.start <= at);
    let Some(document) = next.checked_sub(1).and_then(|own| documents.get(own)) else { return Ok(()) };
    if is_values(&[], &file.path, documents) {
        return Ok(());
    }
    for key in ["apiVersion", "kind"] {
        if document.get(key).and_then(Node::text).is_none_or(str::is_empty) {
            let problem = format!("this document has no {key}, and Argo CD would not deploy it; add it");
            return Err(file.error(document.line, problem));
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

/// Where the object of the edits begins and the next one does: documents say nothing of each other, nor do items of a list, and a
/// file of thousands need not be read twice more for one of them. What is cut wrongly is no text of its own, and is read as a whole.
fn window(documents: &[Node], edits: &[Edit], text: &str) -> Option<(usize, usize)> {
    let first = edits.first()?.spot.node.span.start;
    let last = edits.last()?.spot.node.span.end;
    let line = |start: usize| Some(text.get(..start)?.rfind('\n').map_or(0, |end| end + 1));
    let around = |nodes: &'_ [Node], end: usize| -> Option<(usize, usize, usize)> {
        let next = nodes.partition_point(|node| node.span.start <= first);
        let place = next.checked_sub(1)?;
        let to = nodes.get(next).map_or(Some(end), |node| line(node.span.start))?;
        let from = line(nodes.get(place)?.span.start)?;
        (from <= first && last <= to).then_some((place, from, to))
    };
    let (place, from, to) = around(documents, text.len())?;
    let document = documents.get(place)?;
    let items = document.get("items").map(Node::items).unwrap_or_default();
    let behind = document.pairs().iter().map(|(key, _)| key.span.start).find(|start| *start > last);
    let item = around(items, behind.map_or(Some(to), line)?);
    Some(item.map_or((from, to), |(_, from, to)| (from, to)))
}

/// Compares the meaning of two texts, comments included: all the same, but the scalars that change, in their order. One in a
/// block of text changes that block, the text of which is held to the same.
fn differ_only_in(before: &str, after: &str, changes: &[Change<'_>]) -> bool {
    differing(before, after, changes).is_some_and(<[_]>::is_empty)
}

/// The changes that are left after those in a text; none where something else differs.
fn differing<'a, 'c>(before: &str, after: &str, changes: &'a [Change<'c>]) -> Option<&'a [Change<'c>]> {
    let (mut before, mut after) = (Parser::new_from_str(before), Parser::new_from_str(after));
    let mut left = changes;
    // Side by side: a large file is not held as events.
    loop {
        let (was, is) = match (before.next(), after.next()) {
            (None, None) => return Some(left),
            (Some(Ok((was, _))), Some(Ok((is, _)))) => (was, is),
            _ => return None,
        };
        if was == is {
            continue;
        }
        let (Event::Scalar(was, style, anchor, tag), Event::Scalar(is, new_style, new_anchor, new_tag)) =
            (&was, &is)
        else {
            return None;
        };
        // What would be no text without them gets quotes, and everything in JSON.
        let is_quoted = *style == ScalarStyle::Plain && *new_style == ScalarStyle::DoubleQuoted;
        let same_style = style == new_style || is_quoted;
        let (change, rest) = left.split_first()?;
        if (anchor, tag) != (new_anchor, new_tag) || !same_style {
            return None;
        }
        if (&**was, &**is) == *change {
            left = rest;
        } else if *style == ScalarStyle::Literal {
            let inside = differing(was, is, left)?;
            if inside.len() == left.len() {
                return None;
            }
            left = inside;
        } else {
            return None;
        }
    }
}

#[cfg(test)]
mod tests;
