variable "name" {
  description = "Prefix of every Name tag, for example \"acme-dev\"."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.name))
    error_message = "The name must hold lower-case letters, digits and hyphens only, start with a letter or digit, and be at most 63 characters long."
  }
}

variable "cidr_block" {
  description = "IPv4 range of the VPC, /16 to /20. Each zone gets one sixteenth of it for private subnets; the last sixteenth holds the public ones."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr_block, 0))
    error_message = "The CIDR block must be an IPv4 range such as 10.0.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr_block)[1]) >= 16 && tonumber(split("/", var.cidr_block)[1]) <= 20, false)
    error_message = "The CIDR block must be between /16 and /20: a VPC is at most a /16, and below a /20 the public subnets are smaller than the /28 that AWS demands."
  }
}

variable "availability_zones" {
  description = "Availability zones to spread the subnets over, at least two (EKS refuses fewer). Append new ones: the order decides the ranges."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 6
    error_message = "Between two and six availability zones are needed."
  }

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "An availability zone is named twice."
  }
}

variable "nat_gateway" {
  description = "How private subnets reach the internet: \"none\", \"single\" (one gateway for all zones: cheap, and gone with its zone) or \"one_per_zone\"."
  type        = string
  default     = "single"

  validation {
    condition     = contains(["none", "single", "one_per_zone"], var.nat_gateway)
    error_message = "The NAT gateway mode must be none, single or one_per_zone."
  }
}

variable "cluster_names" {
  description = "EKS clusters that will live in these subnets. Each adds the tag kubernetes.io/cluster/<name> = shared, which load balancer controllers look for."
  type        = list(string)
  default     = []
}

variable "enable_dns_hostnames" {
  description = "Give instances with public addresses a DNS name. EKS needs it where the API endpoint is private."
  type        = bool
  default     = true
}

variable "map_public_ip_on_launch" {
  description = "Give instances in the public subnets a public address. Only needed where nodes themselves stand in public subnets."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags for every resource of this module, over the provider's default tags."
  type        = map(string)
  default     = {}
}
