# What Slipway does beyond Terragrunt's own files: which units are clusters,
# when such a cluster counts as usable, and what Argo CD on it follows.

estate {
  root = "live"
}

engine {
  use         = "auto"
  parallelism = 8
}

cluster "dev" {
  unit   = "dev/eu-west-1/cluster"
  name   = outputs.cluster_name
  region = "eu-west-1"

  verify {
    version         = "1.33"
    min_ready_nodes = 2
    addons          = ["vpc-cni", "kube-proxy", "coredns"]
  }

  argocd {
    version = "v3.6.1"
    flavor  = "core"

    # Path or URL of the install manifest; empty for the release's own.
    manifest = get_env("SLIPWAY_ARGOCD_MANIFEST", "")

    # The token goes from the environment into Argo CD's repository secret, and
    # nowhere else.
    repository {
      url         = get_env("SLIPWAY_MANIFESTS_URL", "https://git.example.com/gitops-manifests-repo.git")
      username    = get_env("SLIPWAY_MANIFESTS_USERNAME", "slipway")
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN", "")
    }

    root {
      path     = "manifests/apps"
      revision = "main"
    }
  }
}

cluster "prod" {
  unit   = "prod/eu-central-1/cluster"
  name   = outputs.cluster_name
  region = "eu-central-1"

  verify {
    version         = "1.33"
    min_ready_nodes = 6
    addons          = ["vpc-cni", "kube-proxy", "coredns"]
  }

  argocd {
    version = "v3.6.1"
    flavor  = "core"

    # Path or URL of the install manifest; empty for the release's own.
    manifest = get_env("SLIPWAY_ARGOCD_MANIFEST", "")

    # The token goes from the environment into Argo CD's repository secret, and
    # nowhere else.
    repository {
      url         = get_env("SLIPWAY_MANIFESTS_URL", "https://git.example.com/gitops-manifests-repo.git")
      username    = get_env("SLIPWAY_MANIFESTS_USERNAME", "slipway")
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN", "")
    }

    root {
      path     = "manifests/apps"
      revision = "main"
    }
  }
}
