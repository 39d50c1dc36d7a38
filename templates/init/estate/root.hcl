# What every unit of the estate shares. A unit includes it:
#
#   include "root" {
#     path = find_in_parent_folders("root.hcl")
#   }

locals {
  organization = "[[ organization ]]"

  # The nearest files above the unit say where it lives.
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals

  # What networks, clusters and roles are called.
  name = "${local.organization}-${local.env.environment}[% if several_regions %]-${local.region.aws_region}[% endif %]"
[%- if emulator %]

  # An AWS emulator such as LocalStack, named as for every AWS SDK. Empty on
  # AWS, and then nothing below that speaks of it leaves a trace.
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
[%- endif %]
}

# Where states are kept: a bucket an account and region, an object a unit. Locks
# are objects beside the states; there is no DynamoDB table.
remote_state {
  backend = "s3"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
[% if emulator %]
  config = merge(
    {
      bucket       = "${local.organization}-tfstate-${local.env.account_id}-${local.region.aws_region}"
      key          = "${path_relative_to_include()}/terraform.tfstate"
      region       = local.region.aws_region
      encrypt      = true
      use_lockfile = true
    },
    { for key, value in local.emulator_backend : key => value if local.emulated },
  )
[%- else %]
  config = {
    bucket       = "${local.organization}-tfstate-${local.env.account_id}-${local.region.aws_region}"
    key          = "${path_relative_to_include()}/terraform.tfstate"
    region       = local.region.aws_region
    encrypt      = true
    use_lockfile = true
  }
[%- endif %]
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"

  contents = <<-EOF
    provider "aws" {
      region = "${local.region.aws_region}"
[%- if emulator %]
    %{if local.emulated}
      skip_credentials_validation = true
      skip_metadata_api_check     = true
      skip_requesting_account_id  = true

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
[%- else %]

      # Credentials for another account stop here, before they change anything.
      allowed_account_ids = ["${local.env.account_id}"]
[%- endif %]

      default_tags {
        tags = {
          Environment = "${local.env.environment}"
          ManagedBy   = "terragrunt"
          Unit        = "${path_relative_to_include()}"
        }
      }
    }
  EOF
}

inputs = {
  name = local.name
}
