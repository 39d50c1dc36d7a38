include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${get_repo_root()}/infra//cluster"
}

dependency "networking" {
  config_path = "../networking"

  # For plans made before the network exists, and for a destroy after it is gone.
  # Never for an apply.
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs = {
    private_subnet_ids = ["subnet-00000000000000001", "subnet-00000000000000002"]
  }
}

inputs = {
  kubernetes_version = "1.33"
  subnet_ids         = dependency.networking.outputs.private_subnet_ids

  endpoint_public_access = true
  public_access_cidrs    = ["0.0.0.0/0"]

  enabled_cluster_log_types = ["api", "audit"]
  log_retention_days        = 7

  node_groups = {
    default = {
      instance_types = ["t3.large", "t3a.large"]
      capacity_type  = "SPOT"
      min_size       = 2
      max_size       = 4
      desired_size   = 2
    }
  }

  addons = {
    vpc-cni    = { before_nodes = true }
    kube-proxy = { before_nodes = true }
    coredns    = {}
  }
}
