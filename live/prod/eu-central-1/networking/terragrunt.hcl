include "root" {
  path   = find_in_parent_folders("root.hcl")
  expose = true
}

terraform {
  source = "${get_repo_root()}/infra//networking"
}

# `run --all destroy` passes over this unit, and over what it stands on.
prevent_destroy = true

inputs = {
  cidr_block         = "10.20.0.0/16"
  availability_zones = include.root.locals.region.availability_zones
  nat_gateway        = "one_per_zone"
  cluster_names      = [include.root.locals.name]
}
