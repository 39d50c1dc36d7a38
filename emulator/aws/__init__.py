"""AWS on loopback: moto's server, with the parts of EKS that moto lacks, faults for tests, and the
webhook by which Kubernetes asks AWS who a caller is."""
