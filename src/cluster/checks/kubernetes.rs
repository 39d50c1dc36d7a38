//! The Kubernetes API itself: reachable, open to us, with nodes.

use aws_sdk_eks::types::Cluster;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};

use super::connection::{hides_others, refused};
use super::finding::{Finding, Question};
use super::kinds;
use super::nodes::nodes;

/// The question that everything else rests on.
pub(in crate::cluster) fn api() -> Question {
    Question::new("kubernetes.api", "the API server answers with the cluster's own CA")
}

/// TLS and `/readyz`, the caller's permissions, ready nodes: asked at once, and each answers for itself.
pub(in crate::cluster) async fn kubernetes(
    client: &Client,
    cluster: &Cluster,
    min_ready_nodes: Option<usize>,
) -> Vec<Finding> {
    let (ready, permissions, nodes) =
        futures::join!(readyz(client), permissions(client, cluster), nodes(client, cluster, min_ready_nodes));
    let question = api();
    match ready {
        Ok(()) => vec![question.pass("/readyz answers ok"), permissions, nodes],
        // Without a connection the others could only say the same.
        Err(error) if hides_others(&error) => vec![refused(&question, &error, cluster)],
        Err(error) => vec![refused(&question, &error, cluster), permissions, nodes],
    }
}

async fn readyz(client: &Client) -> Result<(), kube::Error> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(kube::Error::HttpError)?;
    client.request_text(request).await.map(|_| ())
}

async fn permissions(client: &Client, cluster: &Cluster) -> Finding {
    let question = Question::new("kubernetes.permissions", "the caller may do everything");
    let everything = || Some("*".to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: everything(),
                resource: everything(),
                verb: everything(),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    match Api::all(client.clone()).create(&PostParams::default(), &review).await {
        Ok(answer) if answer.status.as_ref().is_some_and(|status| status.allowed) => {
            question.pass("allowed * on *")
        }
        Ok(_) => question.not_yet(
            &kinds::NOT_ADMIN,
            "not allowed * on *: Argo CD's cluster roles could not be installed",
            "associate AmazonEKSClusterAdminPolicy with the caller's access entry",
        ),
        Err(error) => refused(&question, &error, cluster),
    }
}
