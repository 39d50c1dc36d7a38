include "root" {
  path   = find_in_parent_folders("root.hcl")
  expose = true
}

terraform {
  source = "${get_repo_root()}/infra//networking"
}

inputs = {
  cidr_block         = "10.10.0.0/16"
  availability_zones = include.root.locals.region.availability_zones
  nat_gateway        = "single"
  cluster_names      = [include.root.locals.name]
}
