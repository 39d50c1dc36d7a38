# The clusters that the pipeline waits for after it has set the image: their
# Argo CD is looked at, and nothing is installed or changed on them from here.
[%- for cluster in clusters %]

cluster "[[ cluster.label ]]" {
  name   = "[[ cluster.name ]]"
  region = "[[ cluster.region ]]"

  argocd {
    version = "v3.6.1"
  }
}
[%- endfor %]
