# What Terragrunt's files do not say: which units are clusters, when such a
# cluster counts as usable[% if manifests.is_some() %], and what Argo CD on it follows[% endif %].

estate {
  root = "live"
}
[%- for cluster in clusters %]

cluster "[[ cluster.label ]]" {
  unit   = "[[ cluster.environment ]]/[[ cluster.region ]]/cluster"
  name   = outputs.cluster_name
  region = "[[ cluster.region ]]"

  verify {
    version         = "[[ kubernetes ]]"
    min_ready_nodes = [% if cluster.is_protected %]3[% else %]2[% endif %]
    addons          = ["vpc-cni", "kube-proxy", "coredns"]
  }
[%- if let Some(manifests) = manifests %]

  argocd {
    version = "v3.6.1"

    # Path or URL of the install manifest, where the network has no way to the
    # release's own.
    manifest = get_env("SLIPWAY_ARGOCD_MANIFEST", "")

    # The token goes from the environment into Argo CD's repository secret, and
    # nowhere else.
    repository {
      url         = "[[ manifests ]]"
      username    = get_env("SLIPWAY_MANIFESTS_USERNAME", "x-access-token")
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN", "")
    }

    # Where the Applications of this environment are.
    root {
      path     = "apps/[[ cluster.environment ]]"
      revision = "main"
    }
  }
[%- endif %]
}
[%- endfor %]
