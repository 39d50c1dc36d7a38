//! Right and wrong manifests, each beside a Deployment whose image is set.

use super::WEB;

/// A kind that a cluster has by its definition.
pub const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.manifests.example.com}
spec:
  group: manifests.example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size, colour]
              properties:
                size: {type: integer, minimum: 1, maximum: 9, default: 3}
                colour: {type: string, enum: [red, green]}
                name: {type: string, pattern: '^[a-z]+$'}
                port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                any: {type: object, x-kubernetes-preserve-unknown-fields: true}
                nothing: {type: object}
                labels: {type: object, additionalProperties: {type: string}}
                pod: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
                parts: {type: array, items: {type: object, properties: {name: {type: string}}}}
";

/// The Deployment, with one text of it another one.
fn web(from: &str, to: &str) -> String {
    assert_eq!(WEB.matches(from).count(), 1, "{from}");
    WEB.replace(from, to)
}

fn beside(object: &str) -> String {
    format!("{WEB}---\n{object}")
}

fn widget(spec: &str) -> String {
    beside(&format!(
        "apiVersion: manifests.example.com/v1\nkind: Widget\nmetadata: {{name: one}}\nspec: {{{spec}}}\n"
    ))
}

/// What is right; each with a name.
pub fn right() -> Vec<(&'static str, String)> {
    vec![
        ("plain", WEB.to_owned()),
        ("quantities", web("cpu: 100m, memory: 64Mi", "cpu: 0.5, memory: 1e8")),
        ("left-empty", web("  labels: {app: web}\n", "  labels: {app: web}\n  creationTimestamp: null\n")),
        ("with-status", WEB.to_owned() + "status: {}\n"),
        ("old-booleans", web("      containers:", "      hostNetwork: no\n      containers:")),
        ("merged", web("  replicas: 2\n", "  replicas: 2\n  minReadySeconds: 010\n  paused: off\n")),
        (
            "service",
            beside(
                "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 8080}]\n",
            ),
        ),
        (
            "aliases",
            web("ports: [{containerPort: 8080}]", "ports: &ports [{containerPort: 8080}]")
                + "        - {name: side, image: 'registry.example/side:v1', ports: *ports}\n",
        ),
        (
            "role-binding",
            beside(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: web}\nroleRef: {kind: Role, name: web}\nsubjects: [{kind: ServiceAccount, name: web, namespace: default}]\n",
            ),
        ),
        (
            "network-policy",
            beside(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: {policyTypes: [Ingress]}\n",
            ),
        ),
        (
            "budget",
            beside(
                "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {maxUnavailable: 30%, selector: {matchLabels: {app: web}}}\nstatus: {}\n",
            ),
        ),
        (
            "autoscaler",
            beside(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  maxReplicas: 3\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n",
            ),
        ),
        (
            "secret",
            beside(
                "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {a: b}\ndata: {c: YQ==}\n",
            ),
        ),
        (
            "stateful",
            beside(
                &web("kind: Deployment", "kind: StatefulSet")
                    .replace("name: web\n  labels", "name: data\n  labels")
                    .replace("registry.example/web:", "registry.example/data:"),
            ),
        ),
        ("widget", widget("colour: red, port: http, any: {x: {y: 1}}, labels: {a: b}")),
        ("widget-number", widget("colour: green, size: 9, port: 80, name: abc, parts: [{name: a}]")),
        (
            "widget-pod",
            widget(
                "colour: red, pod: {apiVersion: v1, kind: Pod, metadata: {name: x, labels: {a: b}}, spec: {z: 1}}",
            ),
        ),
    ]
}

/// What is wrong; each with a name, the line and a part of what is told.
pub fn wrong() -> Vec<(&'static str, String, usize, &'static str)> {
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  rules:\n    - http: {paths: [{path: /, backend: {service: {name: web, port: {number: 80}}}}]}\n";
    vec![
        (
            "unknown-field",
            web("  replicas: 2", "  replica: 2"),
            7,
            "no field spec.replica; did you mean replicas?",
        ),
        (
            "unknown-deep",
            web("          ports:", "          imagePullPolcy: Always\n          ports:"),
            15,
            "did you mean imagePullPolicy?",
        ),
        (
            "unknown-metadata",
            web("  labels: {app: web}\n", "  label: {app: web}\n"),
            5,
            "did you mean labels?",
        ),
        (
            "text-for-number",
            web("replicas: 2", "replicas: two"),
            7,
            "spec.replicas has to be integer, and is a text",
        ),
        (
            "number-for-text",
            web("  labels: {app: web}\n", "  labels: {app: web, version: 1.0}\n"),
            5,
            "put it in quotes",
        ),
        (
            "boolean-for-text",
            web("          ports:", "          env: [{name: A, value: yes}]\n          ports:"),
            15,
            "env[0].value has to be string",
        ),
        (
            "no-selector",
            web("  selector: {matchLabels: {app: web}}\n", ""),
            6,
            "spec of this Deployment lacks selector",
        ),
        ("no-name", web("        - name: web\n          image", "        - image"), 13, "lacks name"),
        (
            "no-such-word",
            web("          ports:", "          imagePullPolicy: Sometimes\n          ports:"),
            15,
            "has to be one of",
        ),
        (
            "object-for-list",
            web("      containers:", "      initContainers: {name: x}\n      containers:"),
            12,
            "has to be array, and is an object",
        ),
        ("old-version", web("apps/v1", "apps/v1beta1"), 2, "has no apps/v1beta1; it has apps/v1"),
        ("misspelt-kind", web("Deployment", "Deploymnet"), 2, "did you mean Deployment?"),
        (
            "quantity",
            web("cpu: 100m", "cpu: [1]"),
            16,
            "requests.cpu has to be number or string, and is a list",
        ),
        (
            "no-port",
            beside("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http}]}\n"),
            21,
            "lacks port",
        ),
        (
            "number-in-map",
            beside("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  n: 1\n"),
            22,
            "data.n has to be string",
        ),
        ("no-path-type", beside(ingress), 23, "lacks pathType"),
        (
            "no-such-group",
            beside("apiVersion: nowhere.example.com/v1\nkind: Widget\nmetadata: {name: x}\n"),
            19,
            "the group is not known to it",
        ),
        ("widget-field", widget("colour: red, sise: 3"), 21, "did you mean size?"),
        ("widget-colour", widget("colour: blue"), 21, "has to be one of"),
        ("widget-without", widget("size: 1"), 21, "lacks colour"),
        ("widget-large", widget("colour: red, size: 10"), 21, "spec.size"),
        ("widget-pattern", widget("colour: red, name: A1"), 21, "spec.name"),
        ("widget-nothing", widget("colour: red, nothing: {a: 1}"), 21, "spec.nothing"),
        (
            "widget-part",
            widget("colour: red, parts: [{nme: a}]"),
            21,
            "spec.parts[0].nme; did you mean name?",
        ),
    ]
}
