//! Who has the fields that stand in the way of an apply: somebody at a keyboard, or another program that means what it says.

/// How the programs begin by which people change objects. `kubectl-client-side-apply` is not among them: it may be a pipeline.
const HANDS: [&str; 5] = ["kubectl-edit", "kubectl-patch", "kubectl-set", "kubectl-scale", "kubectl-replace"];
/// Those that are called by one name only: k9s, and Lens, which is a browser in its own eyes.
const NAMED: [&str; 3] = ["k9s", "Lens", "node-fetch"];

/// Who is in the way, in the API server's words; none where one of them is no person.
pub(super) fn hands(conflict: &str) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for part in conflict.split("conflict with \"").skip(1).chain(conflict.split("conflicts with \"").skip(1))
    {
        let manager = part.split('"').next()?;
        if !HANDS.iter().any(|hand| manager.starts_with(hand)) && !NAMED.contains(&manager) {
            return None;
        }
        if !found.iter().any(|known| known == manager) {
            found.push(manager.to_owned());
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The fields that are in the way.
pub(super) fn fields(conflict: &str) -> Vec<String> {
    let words = conflict.split_whitespace().map(|word| word.trim_end_matches(','));
    words.filter(|word| word.starts_with('.')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_from_a_program_that_applies() {
        let one = "Apply failed with 1 conflict: conflict with \"kubectl-set\" using apps/v1: .spec.template.spec.containers[name=\"a\"].image";
        assert_eq!(hands(one).unwrap(), ["kubectl-set"]);
        assert_eq!(fields(one), [".spec.template.spec.containers[name=\"a\"].image"]);
        let two =
            "Apply failed with 2 conflicts: conflicts with \"kubectl-edit\" using v1:\n- .data.a\n- .data.b";
        assert_eq!(
            (hands(two).unwrap().len(), fields(two)),
            (1, vec![".data.a".to_owned(), ".data.b".to_owned()])
        );
        let scaled = "Apply failed with 1 conflict: conflict with \"kubectl-scale\" with subresource \"scale\" using apps/v1: .spec.replicas";
        assert_eq!(hands(scaled).unwrap(), ["kubectl-scale"]);
        for other in ["helm", "kubectl-client-side-apply", "theirs", "kubectl"] {
            assert_eq!(hands(&one.replace("kubectl-set", other)), None, "{other}");
        }
        let both = format!("{one}\nconflicts with \"helm\" using v1:\n- .data.a");
        assert_eq!(hands(&both), None);
    }
}
