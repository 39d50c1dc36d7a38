locals {
  aws_region = "[[ region ]]"

  # Two that your account has: `aws ec2 describe-availability-zones --region [[ region ]]`.
  availability_zones = ["[[ region ]]a", "[[ region ]]b"]
}
