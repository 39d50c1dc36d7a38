# What app-a may do in AWS: read its own bucket.

include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${get_repo_root()}/infra//workload-identity"
}

dependency "cluster" {
  config_path = "../cluster"

  # For plans made before the cluster exists, and for a destroy after it is gone.
  # Never for an apply.
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs = {
    cluster_name      = "acme-prod"
    oidc_provider_arn = "arn:aws:iam::222222222222:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/00000000000000000000000000000000"
  }
}

inputs = {
  name              = "${dependency.cluster.outputs.cluster_name}-app-a"
  oidc_provider_arn = dependency.cluster.outputs.oidc_provider_arn
  namespace         = "app-a"
  service_account   = "app-a"

  policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:ListBucket"]
      Resource = ["arn:aws:s3:::${dependency.cluster.outputs.cluster_name}-app-a", "arn:aws:s3:::${dependency.cluster.outputs.cluster_name}-app-a/*"]
    }]
  })
}
