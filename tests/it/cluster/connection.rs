//! Ways to an API server that lead nowhere, or to somebody else: each by its own name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::on_bed::bed_aws;
use super::world::World;
use crate::support::bed::Bed;

async fn code(world: World) -> (String, String) {
    let found = world.found().await;
    let check = found.check("kubernetes.api");
    assert!(!check.help.is_empty(), "{check:?}");
    (check.code.unwrap().to_owned(), format!("{}; {}", check.detail, check.help))
}

/// Any certificate: what is not reached is never held to it.
fn certificate(bed: &Bed) -> String {
    let kubeconfig = std::path::Path::new(bed.text("/kubernetes/kubeconfig"));
    let folder = kubeconfig.parent().unwrap().join("kubernetes/certificates");
    STANDARD.encode(std::fs::read(folder.join("server.crt")).unwrap())
}

#[tokio::test]
async fn each_way_that_leads_nowhere_has_its_own_name() {
    let bed = Bed::shared();
    let _provider = bed_aws(&bed).await;
    let ca = certificate(&bed);
    let world = async || World::well().await.with("/certificateAuthority/data", json!(ca));

    let (found, said) = code(world().await).await;
    assert_eq!(found, "cluster::unreachable_endpoint", "{said}");
    assert!(said.contains("lets in 192.0.2.0/24 only"), "{said}");

    let unknown = world().await.with("/endpoint", json!("https://nowhere.invalid"));
    let (found, said) = code(unknown).await;
    assert_eq!(found, "cluster::unresolved_endpoint", "{said}");

    let private = world().await.with("/resourcesVpcConfig/endpointPublicAccess", json!(false));
    let (found, said) = code(private).await;
    assert_eq!(found, "cluster::private_endpoint", "{said}");
    assert!(said.contains("is a private endpoint") && said.contains("VPN"), "{said}");

    let (found, said) = code(world().await.with("/endpoint", json!(null))).await;
    assert_eq!(found, "cluster::no_endpoint", "{said}");
    assert!(!said.contains("wait until it is ACTIVE"), "it is ACTIVE: {said}");

    let (found, _) = code(World::well().await).await;
    assert_eq!(found, "cluster::unusable_ca");
}

#[tokio::test]
async fn a_server_with_a_certificate_of_another_ca_gets_no_token_and_is_told_from_a_network() {
    let bed = Bed::shared();
    let _provider = bed_aws(&bed).await;
    let server = bed.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let world = World::well().await.with("/certificateAuthority/data", json!(certificate(&bed)));
    let (found, said) = code(world.with("/endpoint", json!(server))).await;
    assert_eq!(found, "cluster::wrong_ca", "{said}");
    assert!(said.contains("is not signed by the CA that DescribeCluster gives"), "{said}");
    assert!(!said.contains("public_access_cidrs"), "{said}");
}
