"""GitHub and GitLab as far as a manifests repository needs them: their APIs over real Git repositories."""
