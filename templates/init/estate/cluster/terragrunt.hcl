include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${get_repo_root()}/infra//cluster"
}
[%- if is_protected %]

# `run --all destroy` passes over this unit, and over what it stands on.
prevent_destroy = true
[%- endif %]

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
  kubernetes_version = "[[ kubernetes ]]"
  subnet_ids         = dependency.networking.outputs.private_subnet_ids

  # Who may reach the Kubernetes API from outside: narrow it to your office and
  # your build machines.
  public_access_cidrs = ["0.0.0.0/0"]

  instance_types = ["[% if is_protected %]m6i.large[% else %]t3.large[% endif %]"]
  min_nodes      = [% if is_protected %]3[% else %]2[% endif %]
  max_nodes      = [% if is_protected %]6[% else %]4[% endif %]
}
