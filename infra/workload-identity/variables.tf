variable "name" {
  description = "Name of the IAM role, for example \"acme-dev-app-a\"."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "An IAM role's name has 1 to 64 letters, digits and the characters + = , . @ _ -."
  }
}

variable "oidc_provider_arn" {
  description = "ARN of the cluster's IAM OIDC provider (output oidc_provider_arn of the cluster module)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/.+$", var.oidc_provider_arn))
    error_message = "The OIDC provider's ARN must look like arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF."
  }
}

variable "namespace" {
  description = "Kubernetes namespace of the service account."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "A namespace is a DNS label: lower-case letters, digits and hyphens, at most 63 characters."
  }
}

variable "service_account" {
  description = "Name of the Kubernetes service account that may assume the role. No wildcards: one role, one workload."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.service_account))
    error_message = "A service account's name is a DNS subdomain: lower-case letters, digits, hyphens and dots."
  }
}

variable "policy_arns" {
  description = "Policies to attach: a map from a name of your choice to an ARN. A map, so that ARNs that are known only after apply can be given too."
  type        = map(string)
  default     = {}
}

variable "policy_json" {
  description = "Inline policy document as JSON, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.policy_json == null || can(jsondecode(var.policy_json))
    error_message = "The inline policy is not valid JSON."
  }
}

variable "max_session_duration" {
  description = "Longest session in seconds, one to twelve hours."
  type        = number
  default     = 3600

  validation {
    condition     = var.max_session_duration >= 3600 && var.max_session_duration <= 43200
    error_message = "A session lasts between 3600 and 43200 seconds."
  }
}

variable "tags" {
  description = "Tags for the role, over the provider's default tags."
  type        = map(string)
  default     = {}
}
