include "root" {
  path   = find_in_parent_folders("root.hcl")
  expose = true
}

terraform {
  source = "${get_repo_root()}/infra//networking"
}
[%- if is_protected %]

# `run --all destroy` passes over this unit, and over what it stands on.
prevent_destroy = true
[%- endif %]

inputs = {
  cidr_block         = "10.[[ network ]].0.0/16"
  availability_zones = include.root.locals.region.availability_zones
  cluster_name       = include.root.locals.name

  # Private subnets reach the internet through one gateway in the first zone, or
  # through one a zone, which costs more and outlives a zone.
  nat_gateway = "[% if is_protected %]one_per_zone[% else %]single[% endif %]"
}
