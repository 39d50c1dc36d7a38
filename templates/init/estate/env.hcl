locals {
  environment = "[[ environment ]]"
  account_id  = "[[ account ]]"
[%- if is_placeholder %] # replace it: the number of the AWS account
[%- endif %]
}
