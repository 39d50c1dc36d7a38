variable "name" {
  description = "Name of the cluster, and prefix of its IAM roles."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{1,49}$", var.name))
    error_message = "The name must hold letters, digits, hyphens and underscores only, start with a letter or digit, and be 2 to 50 characters long: roles add a suffix to it."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes minor version of the control plane and of node groups that name none, for example \"1.33\". EKS upgrades one minor version at a time."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "The Kubernetes version is a minor version such as 1.33; EKS chooses the patch."
  }
}

variable "subnet_ids" {
  description = "Subnets for the control plane's network interfaces and, by default, for nodes. At least two zones; private ones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "EKS needs subnets in at least two availability zones."
  }
}

variable "additional_security_group_ids" {
  description = "Security groups for the control plane's network interfaces, beside the one that EKS makes."
  type        = list(string)
  default     = []
}

variable "service_ipv4_cidr" {
  description = "Range of Kubernetes services' addresses, or null for EKS's choice. Cannot be changed later."
  type        = string
  default     = null

  validation {
    condition     = var.service_ipv4_cidr == null || can(cidrhost(var.service_ipv4_cidr, 0))
    error_message = "The service range must be an IPv4 range such as 172.20.0.0/16."
  }
}

# Who reaches the API.

variable "endpoint_public_access" {
  description = "Whether the Kubernetes API answers on the internet."
  type        = bool
  default     = false
}

variable "endpoint_private_access" {
  description = "Whether the Kubernetes API answers inside the VPC. Nodes in private subnets without NAT need it."
  type        = bool
  default     = true
}

variable "public_access_cidrs" {
  description = "Ranges that may reach the public endpoint. Must be given where the endpoint is public; the whole internet only if you write it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Every entry must be an IPv4 range such as 203.0.113.0/24."
  }
}

# What is kept and encrypted.

variable "enabled_cluster_log_types" {
  description = "Control plane logs that go to CloudWatch."
  type        = list(string)
  default     = ["api", "audit", "authenticator"]

  validation {
    condition     = alltrue([for kind in var.enabled_cluster_log_types : contains(["api", "audit", "authenticator", "controllerManager", "scheduler"], kind)])
    error_message = "Log types are api, audit, authenticator, controllerManager and scheduler."
  }
}

variable "log_retention_days" {
  description = "Days for which control plane logs are kept; 0 keeps them for ever."
  type        = number
  default     = 90

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], var.log_retention_days)
    error_message = "CloudWatch takes 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827 or 3653 days."
  }
}

variable "secrets_kms_key_arn" {
  description = "KMS key for the envelope encryption of Kubernetes secrets, or null for EKS's own. Once given it cannot be taken away."
  type        = string
  default     = null
}

# What runs in it.

variable "node_groups" {
  description = <<-EOT
    Managed node groups by name.
    - instance_types: tried in this order.
    - capacity_type: ON_DEMAND or SPOT.
    - ami_type: null for EKS's choice, which follows the Kubernetes version.
    - disk_size: GiB of the root volume.
    - min_size, max_size, desired_size: nodes. desired_size counts at creation only: an autoscaler owns it afterwards.
    - version: null for the control plane's. To upgrade the control plane first, hold it back here.
    - subnet_ids: null for the cluster's.
    - labels: Kubernetes labels of the nodes.
  EOT
  type = map(object({
    instance_types = optional(list(string), ["m6i.large"])
    capacity_type  = optional(string, "ON_DEMAND")
    ami_type       = optional(string)
    disk_size      = optional(number, 50)
    min_size       = optional(number, 1)
    max_size       = optional(number, 3)
    desired_size   = optional(number, 2)
    version        = optional(string)
    subnet_ids     = optional(list(string))
    labels         = optional(map(string), {})
    tags           = optional(map(string), {})
  }))
  default = {}

  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.min_size <= group.desired_size && group.desired_size <= group.max_size && group.max_size >= 1])
    error_message = "In every node group min_size <= desired_size <= max_size must hold, and max_size must be at least 1."
  }

  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["ON_DEMAND", "SPOT"], group.capacity_type)])
    error_message = "A node group's capacity_type is ON_DEMAND or SPOT."
  }
}

variable "addons" {
  description = <<-EOT
    EKS add-ons by name.
    - version: null for EKS's default for the Kubernetes version.
    - service_account_role_arn: role for the add-on's service account, or null for the nodes' own.
    - before_nodes: install it before the node groups. The network plugin wants that; what runs pods on nodes must not.
  EOT
  type = map(object({
    version                  = optional(string)
    service_account_role_arn = optional(string)
    before_nodes             = optional(bool, false)
    tags                     = optional(map(string), {})
  }))
  default = {
    vpc-cni    = { before_nodes = true }
    kube-proxy = { before_nodes = true }
    coredns    = {}
  }
}

variable "node_role_policy_arns" {
  description = "Further policies for the nodes' role: a map from a name of your choice to an ARN. Prefer a workload identity: every pod on a node has the node's rights."
  type        = map(string)
  default     = {}
}

variable "oidc_thumbprints" {
  description = "SHA-1 thumbprints of the certificate authority that signs the OIDC issuer. AWS trusts its own issuers without looking at it; older provider versions demand one all the same. The default is the root CA of EKS's issuers."
  type        = list(string)
  default     = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]

  validation {
    condition     = length(var.oidc_thumbprints) > 0 && alltrue([for thumbprint in var.oidc_thumbprints : can(regex("^[0-9A-Fa-f]{40}$", thumbprint))])
    error_message = "A thumbprint is 40 hexadecimal digits."
  }
}

variable "tags" {
  description = "Tags for every resource of this module, over the provider's default tags."
  type        = map(string)
  default     = {}
}
