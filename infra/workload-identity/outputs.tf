output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the role, for attaching further policies."
  value       = aws_iam_role.this.name
}

output "service_account" {
  description = "The service account that may assume the role, as namespace/name."
  value       = "${var.namespace}/${var.service_account}"
}

output "service_account_annotations" {
  description = "Annotations to put on the Kubernetes service account."
  value       = { "eks.amazonaws.com/role-arn" = aws_iam_role.this.arn }
}
