"""A real Kubernetes control plane on loopback, with kwok in the place of machines."""
