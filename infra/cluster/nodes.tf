resource "aws_eks_node_group" "this" {
  for_each = var.node_groups

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = coalesce(each.value.subnet_ids, var.subnet_ids)
  version         = coalesce(each.value.version, aws_eks_cluster.this.version)

  instance_types = each.value.instance_types
  capacity_type  = each.value.capacity_type
  ami_type       = each.value.ami_type
  disk_size      = each.value.disk_size
  labels         = each.value.labels

  scaling_config {
    min_size     = each.value.min_size
    max_size     = each.value.max_size
    desired_size = each.value.desired_size
  }

  tags = merge(var.tags, each.value.tags)

  lifecycle {
    # An autoscaler changes it all day; an apply must not undo that.
    ignore_changes = [scaling_config[0].desired_size]
  }

  # Nodes join with these rights, and become Ready only with a network plugin.
  depends_on = [
    aws_iam_role_policy_attachment.node,
    aws_iam_role_policy_attachment.node_additional,
    aws_eks_addon.before_nodes,
  ]
}

resource "aws_eks_addon" "before_nodes" {
  for_each = { for name, addon in var.addons : name => addon if addon.before_nodes }

  cluster_name             = aws_eks_cluster.this.name
  addon_name               = each.key
  addon_version            = each.value.version
  service_account_role_arn = each.value.service_account_role_arn

  tags = merge(var.tags, each.value.tags)
}

resource "aws_eks_addon" "this" {
  for_each = { for name, addon in var.addons : name => addon if !addon.before_nodes }

  cluster_name             = aws_eks_cluster.this.name
  addon_name               = each.key
  addon_version            = each.value.version
  service_account_role_arn = each.value.service_account_role_arn

  tags = merge(var.tags, each.value.tags)

  # They run pods: without nodes EKS reports them DEGRADED and the apply waits
  # until it times out.
  depends_on = [aws_eks_node_group.this]
}
