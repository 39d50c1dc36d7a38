variable "name" {
  description = "Name of the cluster, and prefix of its roles."
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes minor version of control plane and nodes. EKS upgrades one minor version at a time."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones, for the control plane's network interfaces and for nodes."
  type        = list(string)
}

variable "public_access_cidrs" {
  description = "Ranges that may reach the Kubernetes API from outside; with none it answers inside the VPC only."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "Days for which control plane logs are kept."
  type        = number
  default     = 90
}

variable "instance_types" {
  description = "Instance types of nodes, tried in this order."
  type        = list(string)
}

variable "min_nodes" {
  description = "The fewest nodes, and how many there are at first."
  type        = number
}

variable "max_nodes" {
  description = "The most nodes."
  type        = number
}
