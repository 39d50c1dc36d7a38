//! What may be a branch's name.

/// Whether `refs/heads/NAME` is a reference, by the rules of git-check-ref-format(1).
pub fn is_branch_name(name: &str) -> bool {
    let is_refused = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none();
    !name.contains(is_refused)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::Git;

    fn git_says(name: &str) -> bool {
        Git::new(std::env::temp_dir()).ask(&["check-ref-format", &format!("refs/heads/{name}")]).is_ok()
    }

    #[test]
    fn names_are_what_git_takes_for_such() {
        for name in [
            "main", "a/b", "-", "-x", "@", "a@b", "é", "a b", "", "/a", "a/", "a//b", ".a", "a/.b", "a.",
            "a./b", "a.lock", "a.lock/b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a@{b",
            "{a}", "\u{7f}", "\t", "\u{85}",
        ] {
            assert_eq!(is_branch_name(name), git_says(name), "{name:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn whatever_they_are_made_of(name in "[a./@{\\\\*~ lock-]{1,8}") {
            prop_assert_eq!(is_branch_name(&name), git_says(&name), "{:?}", name);
        }
    }
}
