//! Where kinds have their images: those of Kubernetes, and those that many clusters know beside them.

/// What stands at a place of an object.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The specification of a pod, with its lists of containers.
    Pod(&'static str),
    /// A list of containers.
    Containers(&'static str),
    /// An image.
    Image(&'static str),
    /// An object of any kind.
    Object(&'static str),
}

use Place::{Containers, Image, Object, Pod};

/// A kind and where it has its images.
pub(super) struct Kind {
    /// The end of its group; nothing of those that are known by their name alone.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Where.
    pub places: &'static [Place],
}

const TEMPLATE: &[Place] = &[Pod("spec.template.spec")];
const STEPS: &[Place] =
    &[Image("spec.steps.*.image"), Image("spec.sidecars.*.image"), Image("spec.stepTemplate.image")];
const WORKFLOW: &[Place] = &[
    Image("spec.templates.*.container.image"),
    Image("spec.templates.*.script.image"),
    Containers("spec.templates.*.containerSet.containers"),
    Containers("spec.templates.*.initContainers"),
    Containers("spec.templates.*.sidecars"),
    Image("spec.templateDefaults.container.image"),
];
const SPARK: &[Place] = &[
    Image("spec.image"),
    Image("spec.driver.image"),
    Image("spec.executor.image"),
    Image("spec.template.image"),
    Image("spec.template.driver.image"),
    Image("spec.template.executor.image"),
];
const OPERATED: &[Place] =
    &[Image("spec.image"), Containers("spec.containers"), Containers("spec.initContainers")];
const PACKAGE: &[Place] = &[Image("spec.package")];

macro_rules! kinds {
    ($($group:literal $name:literal $places:expr;)*) => {
        &[$(Kind { group: $group, name: $name, places: $places }),*]
    };
}

/// The kinds. What has a template of pods as Deployments have it needs no row.
pub(super) const KINDS: &[Kind] = kinds! {
    "" "Deployment" TEMPLATE;
    "" "StatefulSet" TEMPLATE;
    "" "DaemonSet" TEMPLATE;
    "" "ReplicaSet" TEMPLATE;
    "" "ReplicationController" TEMPLATE;
    "" "Job" TEMPLATE;
    "" "Rollout" TEMPLATE;
    "" "CronJob" &[Pod("spec.jobTemplate.spec.template.spec")];
    "" "PodTemplate" &[Pod("template.spec")];
    "" "Pod" &[Pod("spec")];
    "serving.knative.dev" "Service" TEMPLATE;
    "serving.knative.dev" "Configuration" TEMPLATE;
    "serving.knative.dev" "Revision" &[Pod("spec")];
    "argoproj.io" "Workflow" WORKFLOW;
    "argoproj.io" "WorkflowTemplate" WORKFLOW;
    "argoproj.io" "ClusterWorkflowTemplate" WORKFLOW;
    "argoproj.io" "CronWorkflow" &[
        Image("spec.workflowSpec.templates.*.container.image"),
        Image("spec.workflowSpec.templates.*.script.image"),
        Containers("spec.workflowSpec.templates.*.containerSet.containers"),
        Containers("spec.workflowSpec.templates.*.initContainers"),
        Containers("spec.workflowSpec.templates.*.sidecars"),
        Image("spec.workflowSpec.templateDefaults.container.image"),
    ];
    "argoproj.io" "Sensor" &[
        Image("spec.template.container.image"),
        Object("spec.triggers.*.template.k8s.source.resource"),
        Object("spec.triggers.*.template.argoWorkflow.source.resource"),
    ];
    "argoproj.io" "EventSource" &[Image("spec.template.container.image")];
    "argoproj.io" "AnalysisTemplate" &[Pod("spec.metrics.*.provider.job.spec.template.spec")];
    "argoproj.io" "ClusterAnalysisTemplate" &[Pod("spec.metrics.*.provider.job.spec.template.spec")];
    "tekton.dev" "Task" STEPS;
    "tekton.dev" "ClusterTask" STEPS;
    "tekton.dev" "StepAction" &[Image("spec.image")];
    "tekton.dev" "TaskRun" &[Image("spec.taskSpec.steps.*.image"), Image("spec.taskSpec.sidecars.*.image")];
    "tekton.dev" "Pipeline" &[
        Image("spec.tasks.*.taskSpec.steps.*.image"),
        Image("spec.finally.*.taskSpec.steps.*.image"),
    ];
    "tekton.dev" "PipelineRun" &[
        Image("spec.pipelineSpec.tasks.*.taskSpec.steps.*.image"),
        Image("spec.pipelineSpec.finally.*.taskSpec.steps.*.image"),
    ];
    "config.kubeflow.org" "KatibConfig" &[
        Image("runtime.metricsCollectors.*.image"),
        Image("runtime.suggestions.*.image"),
        Image("runtime.earlyStoppings.*.image"),
    ];
    "kubeflow.org" "Experiment" &[Object("spec.trialTemplate.trialSpec")];
    "kubeflow.org" "PyTorchJob" &[Pod("spec.pytorchReplicaSpecs.*.template.spec")];
    "kubeflow.org" "TFJob" &[Pod("spec.tfReplicaSpecs.*.template.spec")];
    "kubeflow.org" "MPIJob" &[Pod("spec.mpiReplicaSpecs.*.template.spec")];
    "kubeflow.org" "XGBoostJob" &[Pod("spec.xgbReplicaSpecs.*.template.spec")];
    "serving.kserve.io" "InferenceService" &[
        Containers("spec.predictor.containers"),
        Image("spec.predictor.model.image"),
        Containers("spec.transformer.containers"),
        Containers("spec.explainer.containers"),
    ];
    "serving.kserve.io" "ServingRuntime" &[Containers("spec.containers")];
    "serving.kserve.io" "ClusterServingRuntime" &[Containers("spec.containers")];
    "machinelearning.seldon.io" "SeldonDeployment" &[Pod("spec.predictors.*.componentSpecs.*.spec")];
    "ray.io" "RayCluster" &[
        Pod("spec.headGroupSpec.template.spec"),
        Pod("spec.workerGroupSpecs.*.template.spec"),
    ];
    "ray.io" "RayJob" &[
        Pod("spec.rayClusterSpec.headGroupSpec.template.spec"),
        Pod("spec.rayClusterSpec.workerGroupSpecs.*.template.spec"),
    ];
    "ray.io" "RayService" &[
        Pod("spec.rayClusterConfig.headGroupSpec.template.spec"),
        Pod("spec.rayClusterConfig.workerGroupSpecs.*.template.spec"),
    ];
    "jobset.x-k8s.io" "JobSet" &[Pod("spec.replicatedJobs.*.template.spec.template.spec")];
    "keda.sh" "ScaledJob" &[Pod("spec.jobTargetRef.template.spec")];
    "agones.dev" "Fleet" &[Pod("spec.template.spec.template.spec")];
    "operators.coreos.com" "ClusterServiceVersion" &[
        Pod("spec.install.spec.deployments.*.spec.template.spec"),
    ];
    "sparkoperator.k8s.io" "SparkApplication" SPARK;
    "sparkoperator.k8s.io" "ScheduledSparkApplication" SPARK;
    "flink.apache.org" "FlinkDeployment" &[Image("spec.image")];
    "monitoring.coreos.com" "Prometheus" OPERATED;
    "monitoring.coreos.com" "PrometheusAgent" OPERATED;
    "monitoring.coreos.com" "Alertmanager" OPERATED;
    "monitoring.coreos.com" "ThanosRuler" OPERATED;
    "opentelemetry.io" "OpenTelemetryCollector" &[Image("spec.image")];
    "opentelemetry.io" "Instrumentation" &[Image("spec.*.image")];
    "k8s.elastic.co" "Elasticsearch" &[Image("spec.image")];
    "k8s.elastic.co" "Kibana" &[Image("spec.image")];
    "kafka.strimzi.io" "Kafka" &[Image("spec.kafka.image"), Image("spec.zookeeper.image")];
    "kafka.strimzi.io" "KafkaConnect" &[Image("spec.image")];
    "postgresql.cnpg.io" "Cluster" &[Image("spec.imageName")];
    "acid.zalan.do" "postgresql" &[Image("spec.dockerImage")];
    "pkg.crossplane.io" "Provider" PACKAGE;
    "pkg.crossplane.io" "Configuration" PACKAGE;
    "pkg.crossplane.io" "Function" PACKAGE;
};

/// The lists of containers in the specification of a pod, and whether those run before the others.
pub(super) const LISTS: &[(&str, bool)] = &[("containers", false), ("initContainers", true)];

/// Where an object of a kind has its images; and whether that is known of the kind.
pub(super) fn places(api_version: &str, kind: &str) -> (&'static [Place], bool) {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let is_of = |row: &&Kind| {
        let start = group.strip_suffix(row.group);
        !row.group.is_empty() && start.is_some_and(|start| start.is_empty() || start.ends_with('.'))
    };
    let mut named = KINDS.iter().filter(|row| row.name == kind);
    let row = named.clone().find(is_of).or_else(|| named.find(|row| row.group.is_empty()));
    row.map_or((TEMPLATE, false), |row| (row.places, true))
}
