# What every unit of the estate shares. Units include it:
#
#   include "root" {
#     path = find_in_parent_folders("root.hcl")
#   }

locals {
  organization = "acme"

  # The nearest files above the unit say where it lives.
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals

  name = "${local.organization}-${local.env.environment}"

  tags = {
    Environment = local.env.environment
    ManagedBy   = "terragrunt"
    Unit        = path_relative_to_include()
  }

  # An AWS emulator, named as for every AWS SDK. Empty on AWS, and then nothing
  # below that speaks of it leaves a trace.
  aws_endpoint = get_env("AWS_ENDPOINT_URL", "")
  emulated     = local.aws_endpoint != ""

  emulator_backend = {
    endpoints                   = { s3 = local.aws_endpoint, sts = local.aws_endpoint, iam = local.aws_endpoint }
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true

    # For the creation of the bucket: an emulator speaks plain HTTP, which the
    # bucket's policy would forbid.
    skip_bucket_enforced_tls = true
  }

  emulator_inputs = {
    # The provider waits ten seconds after setting it; no emulator needs it.
    enable_dns_hostnames = false
  }
}

remote_state {
  backend = "s3"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }

  config = merge(
    {
      bucket       = "${local.organization}-terraform-state-${local.env.account_id}-${local.region.aws_region}"
      key          = "${path_relative_to_include()}/terraform.tfstate"
      region       = local.region.aws_region
      encrypt      = true
      use_lockfile = true
    },
    { for key, value in local.emulator_backend : key => value if local.emulated },
  )
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"

  contents = <<-EOF
    provider "aws" {
      region = "${local.region.aws_region}"
    %{if local.emulated}
      skip_credentials_validation = true
      skip_metadata_api_check     = true
      skip_requesting_account_id  = true

      # Emulators still claim to have EC2-Classic, and then this provider gives
      # no tags to addresses. Provider 5 no longer asks: drop the line with it.
      skip_get_ec2_platforms = true

      endpoints {
        cloudwatchlogs = "${local.aws_endpoint}"
        ec2            = "${local.aws_endpoint}"
        eks            = "${local.aws_endpoint}"
        iam            = "${local.aws_endpoint}"
        sts            = "${local.aws_endpoint}"
      }
    %{else}
      # Credentials for another account stop here, before they change anything.
      allowed_account_ids = ["${local.env.account_id}"]
    %{endif}
      default_tags {
        tags = ${jsonencode(local.tags)}
      }
    }
  EOF
}

inputs = merge(
  {
    name = local.name
  },
  { for key, value in local.emulator_inputs : key => value if local.emulated },
)
