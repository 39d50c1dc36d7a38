include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${get_repo_root()}/infra//cluster"
}

# `run --all destroy` passes over this unit, and over what it stands on.
prevent_destroy = true

dependency "networking" {
  config_path = "../networking"

  # For plans made before the network exists, and for a destroy after it is gone.
  # Never for an apply.
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs = {
    private_subnet_ids = ["subnet-00000000000000001", "subnet-00000000000000002", "subnet-00000000000000003"]
  }
}

inputs = {
  kubernetes_version = "1.33"
  subnet_ids         = dependency.networking.outputs.private_subnet_ids

  # The office and the build machines; everyone else comes through the VPC.
  endpoint_public_access = true
  public_access_cidrs    = ["203.0.113.0/24"]

  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  log_retention_days        = 365

  node_groups = {
    system = {
      instance_types = ["m6i.large"]
      min_size       = 3
      max_size       = 6
      desired_size   = 3
      labels         = { role = "system" }
    }
    apps = {
      instance_types = ["m6i.xlarge", "m6a.xlarge"]
      min_size       = 3
      max_size       = 12
      desired_size   = 3
      labels         = { role = "apps" }
    }
  }

  addons = {
    vpc-cni    = { before_nodes = true }
    kube-proxy = { before_nodes = true }
    coredns    = {}
  }
}
