locals {
  # Keyed by zone, so that a zone appended later touches no other zone's subnets.
  zone_index = { for index, zone in var.availability_zones : zone => index }

  # Fifteen sixteenths of the range for private subnets (pods take their
  # addresses there), the last one, split again, for public subnets.
  private_cidrs = { for zone, index in local.zone_index : zone => cidrsubnet(var.cidr_block, 4, index) }
  public_cidrs  = { for zone, index in local.zone_index : zone => cidrsubnet(cidrsubnet(var.cidr_block, 4, 15), 4, index) }

  nat_zones = {
    none         = []
    single       = slice(var.availability_zones, 0, 1)
    one_per_zone = var.availability_zones
  }[var.nat_gateway]

  # The zone whose gateway serves a zone's private subnet.
  nat_zone_of = length(local.nat_zones) == 0 ? {} : {
    for zone in var.availability_zones : zone => contains(local.nat_zones, zone) ? zone : local.nat_zones[0]
  }

  cluster_tags = { for name in var.cluster_names : "kubernetes.io/cluster/${name}" => "shared" }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = var.enable_dns_hostnames

  tags = merge(var.tags, { Name = var.name })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = var.name })
}

# Public side: load balancers and NAT gateways.

resource "aws_subnet" "public" {
  for_each = local.public_cidrs

  vpc_id                  = aws_vpc.this.id
  cidr_block              = each.value
  availability_zone       = each.key
  map_public_ip_on_launch = var.map_public_ip_on_launch

  tags = merge(var.tags, local.cluster_tags, {
    Name                     = "${var.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  })
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "public_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

# Private side: nodes and pods. One route table a zone in every NAT mode, so
# that a change of mode changes routes and nothing else.

resource "aws_subnet" "private" {
  for_each = local.private_cidrs

  vpc_id            = aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = each.key

  tags = merge(var.tags, local.cluster_tags, {
    Name                              = "${var.name}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  })
}

resource "aws_route_table" "private" {
  for_each = local.zone_index

  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

# The address's domain is left to AWS: "vpc" is the only one there still is,
# and the argument for it has changed its name between provider versions.
resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  tags = merge(var.tags, { Name = "${var.name}-nat-${each.key}" })

  # An address can be attached only once the VPC has its internet gateway.
  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "private_nat" {
  for_each = local.nat_zone_of

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
}
