//! Is an EKS cluster usable: EKS, IAM and the Kubernetes API, with a token minted here.
