variable "name" {
  description = "Prefix of every Name tag."
  type        = string
}

variable "cidr_block" {
  description = "IPv4 range of the VPC, /16 to /20."
  type        = string
}

variable "availability_zones" {
  description = "Zones to spread the subnets over, at least two. Append new ones: the order decides the ranges."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 6
    error_message = "Between two and six availability zones are needed; EKS refuses fewer."
  }
}

variable "nat_gateway" {
  description = "How private subnets reach the internet: through a single gateway, or one_per_zone."
  type        = string
  default     = "single"

  validation {
    condition     = contains(["single", "one_per_zone"], var.nat_gateway)
    error_message = "The NAT gateway mode must be single or one_per_zone."
  }
}

variable "cluster_name" {
  description = "The EKS cluster that will live in these subnets."
  type        = string
}
