output "vpc_id" {
  description = "ID of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr_block" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "availability_zones" {
  description = "The zones, in the order of the subnet lists."
  value       = var.availability_zones
}

output "public_subnet_ids" {
  description = "IDs of the public subnets, one a zone, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "IDs of the private subnets, one a zone, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
}

output "public_route_table_id" {
  description = "ID of the route table that all public subnets share."
  value       = aws_route_table.public.id
}

output "private_route_table_ids" {
  description = "IDs of the private route tables, one a zone, in the order of the zones. For gateway endpoints and peerings."
  value       = [for zone in var.availability_zones : aws_route_table.private[zone].id]
}

output "nat_public_ips" {
  description = "Public addresses from which private subnets are seen. For allow lists; empty without NAT."
  value       = [for zone in local.nat_zones : aws_eip.nat[zone].public_ip]
}
