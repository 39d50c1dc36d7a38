//! Kubernetes versions as EKS writes them: `1.33`.

/// The minor number: 33 of `1.33`, `v1.33.4-eks-1` and `1.33+`.
pub(super) fn minor(version: &str) -> Option<u32> {
    let mut parts = version.trim_start_matches('v').split('.');
    if parts.next()? != "1" {
        return None;
    }
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    minor.parse().ok()
}

/// The version after it.
pub(super) fn next(version: &str) -> Option<String> {
    minor(version).map(|minor| format!("1.{}", minor + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_eks_and_kubelets_write_them() {
        assert_eq!(minor("1.33"), Some(33));
        assert_eq!(minor("v1.31.4-eks-aeac579"), Some(31));
        assert_eq!(minor("1.30+"), Some(30));
        assert_eq!((minor("2.1"), minor("latest"), minor("")), (None, None, None));
        assert_eq!(next("1.33").as_deref(), Some("1.34"));
    }
}
