//! What is wrong with `after` of clusters, whatever the estate is.

use std::collections::BTreeSet;

use super::cluster::Cluster;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::suggest;

/// An error where `after` of a cluster stands.
pub(super) fn wrong(cluster: &Cluster, message: String) -> Diagnostic {
    let place = cluster.after_location.as_ref().unwrap_or(&cluster.location);
    Diagnostic::error("project::after", message).at(place.clone())
}

/// Holds them to what a run needs of them.
pub(super) fn check(clusters: &[Cluster], errors: &mut Vec<Diagnostic>) {
    let before = errors.len();
    for cluster in clusters.iter().filter(|cluster| !cluster.after.is_empty()) {
        let label = &cluster.label;
        if cluster.unit.is_none() {
            let message = format!("cluster \"{label}\" waits for others, and no run changes anything of it");
            errors.push(wrong(cluster, message).help("name its `unit`, or leave `after` out"));
        }
        errors.extend(cluster.after.iter().filter_map(|named| check_one(cluster, named, clusters)));
    }
    if errors.len() == before
        && let Some(circle) = circle(clusters)
    {
        let labels: Vec<String> = circle.iter().map(|cluster| format!("\"{}\"", cluster.label)).collect();
        let message = format!("clusters wait for each other in a circle: {}", labels.join(" after "));
        if let [first, ..] = circle.as_slice() {
            errors.push(wrong(first, message).help("take one of them out of an `after`"));
        }
    }
}

fn check_one(cluster: &Cluster, named: &str, clusters: &[Cluster]) -> Option<Diagnostic> {
    let label = &cluster.label;
    let Some(other) = clusters.iter().find(|other| other.label == named) else {
        let message = format!("cluster \"{label}\" waits for \"{named}\", which slipway.hcl does not have");
        let known = clusters.iter().map(|other| other.label.as_str()).filter(|known| known != label);
        let help = match suggest::nearest(named, known.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => match known.collect::<Vec<&str>>().as_slice() {
                [] => "it names labels of other `cluster` blocks, and there are none".to_owned(),
                known => format!("it names labels of `cluster` blocks: {}", known.join(", ")),
            },
        };
        return Some(wrong(cluster, message).help(help));
    };
    let what = if other.label == *label {
        return Some(wrong(cluster, format!("cluster \"{label}\" waits for itself")));
    } else if !other.has_argocd() {
        "has no argocd block, so nothing of it becomes green"
    } else if !other.follows_git() {
        "follows nothing, so its applications are green at no commit"
    } else {
        return None;
    };
    let message = format!("cluster \"{label}\" waits for \"{named}\", which {what}");
    let help = format!("cluster \"{named}\" needs argocd {{ repository {{ … }} root {{ … }} }}");
    Some(wrong(cluster, message).help(help))
}

/// Clusters each of which waits for the next, and the last for the first, which stands at the end again.
fn circle(clusters: &[Cluster]) -> Option<Vec<&Cluster>> {
    clusters.iter().find_map(|first| {
        let mut way = vec![first];
        comes_back(first, first, clusters, &mut way, &mut BTreeSet::new()).then_some(way)
    })
}

fn comes_back<'a>(
    from: &Cluster,
    to: &Cluster,
    clusters: &'a [Cluster],
    way: &mut Vec<&'a Cluster>,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    let waits_for = clusters.iter().filter(|other| from.after.contains(&other.label));
    for next in waits_for {
        way.push(next);
        if next.label == to.label || (seen.insert(&next.label) && comes_back(next, to, clusters, way, seen)) {
            return true;
        }
        way.pop();
    }
    false
}
