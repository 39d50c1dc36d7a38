"""The estates that are measured: generated, always the same, shaped like those that teams really have."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ENVIRONMENTS = ("dev", "test", "staging", "prod")
REGIONS = 10
PROJECT = 'estate {\n  root = "live"\n}\n'

ROOT_FILE = """\
locals {
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals
  prefix = "acme-${local.env.name}-${local.region.name}"
  owners = { for team in ["platform", "data"] : team => "${team}@example.com" }
  tags = {
    environment = local.env.name
    region      = local.region.name
    unit        = path_relative_to_include()
    owner       = local.owners["platform"]
  }
}

remote_state {
  backend = "s3"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
  config = {
    bucket       = "${local.prefix}-state"
    key          = "${path_relative_to_include()}/terraform.tfstate"
    region       = local.region.name
    encrypt      = true
    use_lockfile = true
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOF
    provider "aws" {
      region              = "${local.region.name}"
      allowed_account_ids = ["${local.env.account}"]
    }
  EOF
}

inputs = {
  environment = local.env.name
  region      = local.region.name
  tags        = local.tags
}
"""


def large_estate(folder: Path, units: int) -> None:
    """A root that each unit includes, a file for each environment and region, up to three dependencies a unit."""
    live = folder / "live"
    live.mkdir(parents=True)
    (folder / "slipway.hcl").write_text(PROJECT)
    (live / "root.hcl").write_text(ROOT_FILE)
    places = []
    for index, environment in enumerate(ENVIRONMENTS):
        (live / environment).mkdir()
        (live / environment / "env.hcl").write_text(
            f'locals {{\n  name    = "{environment}"\n  account = "{index + 1:012}"\n  size    = {2 + index}\n}}\n'
        )
        for number in range(REGIONS):
            place = live / environment / f"region-{number}"
            place.mkdir()
            (place / "region.hcl").write_text(
                f'locals {{\n  name  = "region-{number}"\n  zones = ["a", "b", "c"]\n}}\n'
            )
            places.append(place)
    for number in range(units):
        unit = places[number % len(places)] / f"unit-{number}"
        unit.mkdir()
        (unit / "terragrunt.hcl").write_text(unit_file(number, len(places)))
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def unit_file(number: int, places: int) -> str:
    """One unit; those that it depends on stand beside it."""
    blocks, inputs = "", ""
    for offset in range(1, 1 + number % 4):
        if (other := number - places * offset) >= 0:
            blocks += (
                f'dependency "unit_{other}" {{\n  config_path = "../unit-{other}"\n\n'
                f'  mock_outputs = {{\n    id  = "mock-{other}"\n    arn = "arn:aws:mock:::{other}"\n  }}\n}}\n\n'
            )
            inputs += f"  input_{offset} = dependency.unit_{other}.outputs.id\n"
    return (
        'include "root" {\n  path   = find_in_parent_folders("root.hcl")\n  expose = true\n}\n\n'
        f'terraform {{\n  source = "git::https://git.example.com/modules.git//service?ref=v1.{number % 7}.0"\n}}\n\n'
        f'locals {{\n  name = "unit-{number}"\n  size = {number % 5} + include.root.locals.env.size\n}}\n\n'
        f"{blocks}inputs = {{\n  name     = local.name\n  replicas = local.size\n"
        f'  host     = "${{local.name}}.${{include.root.locals.region.name}}.example.com"\n{inputs}}}\n'
    )


SHARED_MISTAKES = (
    'locals {\n  team = lower("platform"\n}\n',
    "exclude {\n  if      = local.gone\n  actions = [\"apply\"]\n}\n",
    'dependencies {\n  paths = [lowercase("../VPC")]\n}\n',
    'dependencies {\n  paths = yamldecode(file("${get_parent_terragrunt_dir()}/paths.yaml"))\n}\n',
    'exclude {\n  if      = "sometimes"\n  actions = ["apply"]\n}\n',
)


def broken_estate(folder: Path, units: int) -> None:
    """Dense lists of dependencies of which every third leads nowhere, circles, and shared files with a mistake each."""
    live = folder / "live"
    live.mkdir(parents=True)
    (folder / "slipway.hcl").write_text(PROJECT)
    (live / "root.hcl").write_text('locals {\n  name = "root"\n}\n')
    for index, text in enumerate(SHARED_MISTAKES):
        (live / f"shared-{index}.hcl").write_text(text)
    accounts = 40
    for number in range(units):
        account = live / f"account-{number % accounts}"
        unit = account / f"unit-{number}"
        unit.mkdir(parents=True)
        # Every third of those it names is not there; one in fifty also names one that comes after it.
        others = [number - accounts * offset for offset in range(1, 13)]
        paths = [
            f"../unit-{other}-gone" if other % 3 == 0 else f"../unit-{other}" for other in others if other >= 0
        ]
        if number % 50 == 0 and number + accounts < units:
            paths.append(f"../unit-{number + accounts}")
        listed = "".join(f'    "{path}",\n' for path in paths)
        shared = f"shared-{number // 10 % len(SHARED_MISTAKES)}.hcl" if number % 10 == 0 else "root.hcl"
        (unit / "terragrunt.hcl").write_text(
            f'include "root" {{\n  path = find_in_parent_folders("{shared}")\n}}\n\n'
            f"dependencies {{\n  paths = [\n{listed}  ]\n}}\n\n"
            f'inputs = {{\n  name = "unit-{number}"\n}}\n'
        )
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def small_estate(folder: Path, units: int) -> None:
    """Units of the built-in provider with local states, none depending on another."""
    (folder / "module").mkdir(parents=True)
    (folder / "module/main.tf").write_text(
        'variable "name" {\n  type = string\n}\n\nresource "terraform_data" "this" {\n  input = var.name\n}\n'
    )
    (folder / "slipway.hcl").write_text(PROJECT)
    for number in range(units):
        unit = folder / f"live/unit-{number}"
        unit.mkdir(parents=True)
        (unit / "terragrunt.hcl").write_text(
            'terraform {\n  source = "${get_repo_root()}/module"\n}\n\n'
            'remote_state {\n  backend  = "local"\n'
            '  generate = { path = "backend.tf", if_exists = "overwrite" }\n'
            f'  config   = {{ path = "${{get_repo_root()}}/states/{number}.tfstate" }}\n}}\n\n'
            f'inputs = {{\n  name = "unit-{number}"\n}}\n'
        )
        bare = folder / f"bare/unit-{number}"
        bare.mkdir(parents=True)
        shutil.copy(folder / "module/main.tf", bare)
        (bare / "terraform.tfvars").write_text(f'name = "unit-{number}"\n')
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


AWS_PROVIDER = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 3.39" }
  }
}

variable "endpoint" {
  type = string
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true

  endpoints {
    ec2 = var.endpoint
    sts = var.endpoint
  }
}
"""

NETWORK = """
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "network" }
}

output "vpc_id" {
  value = aws_vpc.this.id
}
"""

SERVICE = """
variable "name" {
  type = string
}

variable "vpc_id" {
  type = string
}

resource "aws_security_group" "this" {
  name   = var.name
  vpc_id = var.vpc_id
  tags   = { Name = var.name }
}

output "name" {
  value = aws_security_group.this.name
}
"""


def aws_estate(folder: Path, services: int, endpoint: str) -> None:
    """A network and services on it, of the AWS provider, with local states; `bare/` holds the same for a shell."""
    for module, text in (("network", NETWORK), ("service", SERVICE)):
        (folder / "infra" / module).mkdir(parents=True)
        (folder / "infra" / module / "main.tf").write_text(AWS_PROVIDER + text)
    (folder / "slipway.hcl").write_text(PROJECT)
    (folder / "live").mkdir()
    (folder / "live/root.hcl").write_text(
        'remote_state {\n  backend  = "local"\n'
        '  generate = { path = "backend.tf", if_exists = "overwrite" }\n'
        '  config   = { path = "${get_repo_root()}/states/${path_relative_to_include()}.tfstate" }\n}\n\n'
        f'inputs = {{\n  endpoint = "{endpoint}"\n}}\n'
    )
    names = ["network", *(f"service-{number}" for number in range(services))]
    for name in names:
        module = name.split("-")[0]
        unit, bare = folder / "live" / name, folder / "bare" / name
        unit.mkdir()
        bare.mkdir(parents=True)
        text = (
            'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n\n'
            f'terraform {{\n  source = "${{get_repo_root()}}/infra//{module}"\n}}\n'
        )
        variables = f'endpoint = "{endpoint}"\n'
        if module == "service":
            text += (
                '\ndependency "network" {\n  config_path  = "../network"\n'
                '  mock_outputs = { vpc_id = "vpc-12345678" }\n}\n\n'
                f'inputs = {{\n  name   = "{name}"\n  vpc_id = dependency.network.outputs.vpc_id\n}}\n'
            )
            variables += f'name = "{name}"\nvpc_id = "vpc-12345678"\n'
        (unit / "terragrunt.hcl").write_text(text)
        shutil.copy(folder / "infra" / module / "main.tf", bare)
        (bare / "terraform.tfvars").write_text(variables)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def idle_estate(folder: Path, units: int) -> None:
    """Units with nothing in them, each behind the one a tenth of the way before it."""
    (folder / "slipway.hcl").parent.mkdir(parents=True)
    (folder / "slipway.hcl").write_text(PROJECT)
    for number in range(units):
        unit = folder / f"live/unit-{number}"
        unit.mkdir(parents=True)
        before = number - units // 10
        text = f'dependencies {{\n  paths = ["../unit-{before}"]\n}}\n' if before >= 0 else ""
        (unit / "terragrunt.hcl").write_text(text)
        (unit / "main.tf").write_text("")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
