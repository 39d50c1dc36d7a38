//! Whether a value of a file is also somewhere else in it, by an alias or a merge key.

use std::collections::HashMap;

use crate::manifest::{Node, Value};

/// The key under which a mapping takes over another's pairs, but for those that it has itself.
const MERGE: &str = "<<";

/// The line of an alias by which another place has the scalar too; `None` where it is in one place only.
///
/// Aliases of the file's other anchors need no look: an alias that reached the scalar through one of those would stand in
/// it, and be found itself.
pub(crate) fn also_at(documents: &[Node], scalar: &Node) -> Option<usize> {
    // The scalar's own is the last that begins before it.
    let before = documents.partition_point(|document| document.span.start <= scalar.span.start);
    in_document(documents.get(before.checked_sub(1)?)?, scalar)
}

/// A node and where it is: under which key, in which other.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: &'a Node,
    key: Option<&'a str>,
    parent: Option<usize>,
}

fn in_document(document: &Node, scalar: &Node) -> Option<usize> {
    let places = places(document);
    let at = places.iter().position(|place| place.node.span == scalar.span && place.node.text().is_some())?;
    // Of each anchor around the scalar, the key that leads on to it.
    let mut anchors = HashMap::new();
    let (mut here, mut below) = (places.get(at), None);
    while let Some(place) = here {
        if let Some(anchor) = place.node.anchor {
            anchors.insert(anchor, below);
        }
        below = place.key;
        here = place.parent.and_then(|parent| places.get(parent));
    }
    let aliases = places.iter().filter_map(|place| match place.node.value {
        Value::Alias(anchor) => Some((place, *anchors.get(&anchor)?)),
        _ => None,
    });
    let mut counting = aliases.filter(|(place, key)| !is_overridden(place, *key, &places));
    counting.next().map(|(place, _)| place.node.line)
}

/// All nodes of a document, without recursion: nesting is the file's choice.
fn places(document: &Node) -> Vec<Place<'_>> {
    let mut places = vec![Place { node: document, key: None, parent: None }];
    let mut next = 0;
    while let Some(Place { node, .. }) = places.get(next).copied() {
        let parent = Some(next);
        for (name, value) in node.pairs() {
            places.push(Place { node: name, key: None, parent });
            places.push(Place { node: value, key: name.text(), parent });
        }
        places.extend(node.items().iter().map(|node| Place { node, key: None, parent }));
        next += 1;
    }
    places
}

/// Whether the alias is merged into a mapping that has the key itself.
fn is_overridden(alias: &Place<'_>, key: Option<&str>, places: &[Place<'_>]) -> bool {
    let parent = |place: &Place<'_>| place.parent.and_then(|parent| places.get(parent)).copied();
    let mapping = match (alias.key, parent(alias)) {
        (Some(MERGE), mapping) => mapping,
        (None, Some(list)) if list.key == Some(MERGE) => parent(&list),
        _ => None,
    };
    matches!((mapping, key), (Some(mapping), Some(key)) if mapping.node.get(key).is_some())
}
