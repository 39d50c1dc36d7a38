//! Every failure of EKS gives its own finding, and no other: the real SDK is answered by a server of the test.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slipway::cluster::CheckStatus;
use wiremock::ResponseTemplate;

use super::world::{World, addon, error, node_group, ok, providers, security_group, subnets, xml};

fn issue(code: &str) -> Value {
    json!([{ "code": code, "message": format!("{code} it is") }])
}

#[tokio::test]
async fn a_cluster_that_is_well_gives_no_finding() {
    let found = World::well().await.found().await;
    assert_eq!(found.open(), []);
    for id in ["nodegroup.ng", "addon.coredns", "network.zones", "cluster.updates", "identity.oidc"] {
        assert_eq!(found.check(id).status, CheckStatus::Pass, "{id}");
        assert_eq!(found.check(id).code, None);
    }
}

/// A part of the description that is not well, and the one finding that it gives.
#[tokio::test]
async fn each_part_of_the_description_has_its_own_finding() {
    let cases = [
        ("/status", json!("DELETING"), "cluster.status", "cluster::failed"),
        ("/status", json!("CREATING"), "cluster.status", "cluster::not_active"),
        ("/status", json!("UPDATING"), "cluster.status", "cluster::updating"),
        ("/health/issues", issue("KmsKeyDisabled"), "cluster.health", "cluster::unhealthy"),
        (
            "/accessConfig/authenticationMode",
            json!("CONFIG_MAP"),
            "access.entries",
            "cluster::config_map_access",
        ),
        ("/logging/clusterLogging", json!([]), "cluster.logging", "cluster::no_audit_log"),
        (
            "/resourcesVpcConfig/publicAccessCidrs",
            json!(["0.0.0.0/0"]),
            "cluster.endpoint",
            "cluster::endpoint_open",
        ),
        (
            "/resourcesVpcConfig/subnetIds",
            json!(["subnet-1", "subnet-3", "subnet-2"]),
            "network.subnets",
            "cluster::subnet_missing",
        ),
        (
            "/identity/oidc/issuer",
            json!("https://oidc.example/id/2"),
            "identity.oidc",
            "cluster::oidc_missing",
        ),
    ];
    for (pointer, value, id, code) in cases {
        let found = World::well().await.with(pointer, value).found().await;
        assert_eq!(found.open(), [(id, code)], "{pointer}");
        let check = found.check(id);
        assert!(
            !check.detail.is_empty() && !check.expected.is_empty() && !check.help.is_empty(),
            "{check:?}"
        );
    }
}

/// A call, an answer that is not well, and the one finding that it gives.
type Case = (&'static str, &'static str, ResponseTemplate, &'static str, &'static str);

async fn hold(cases: Vec<Case>) {
    for (verb, at, answer, id, code) in cases {
        let world = World::well().await;
        world.eks(verb, at, answer).await;
        let found = world.found().await;
        assert_eq!(found.open(), [(id, code)], "{at}");
    }
}

#[tokio::test]
async fn each_state_of_node_groups_and_add_ons_has_its_own_finding() {
    let group = |status: &str, code: &str| ok(json!({ "nodegroup": node_group(status, &issue(code)) }));
    let coredns = |status: &str, issues: &Value| ok(json!({ "addon": addon("coredns", status, issues) }));
    let none = json!([]);
    let at_group = "/clusters/dev/node-groups/ng";
    let at_addon = "/clusters/dev/addons/coredns";
    let cases: Vec<Case> = vec![
        (
            "GET",
            at_group,
            group("CREATE_FAILED", "NodeCreationFailure"),
            "nodegroup.ng",
            "cluster::node_group_failed",
        ),
        (
            "GET",
            at_group,
            group("DEGRADED", "IamNodeRoleNotFound"),
            "nodegroup.ng",
            "cluster::node_group_degraded",
        ),
        (
            "GET",
            at_group,
            group("ACTIVE", "InsufficientFreeAddresses"),
            "nodegroup.ng",
            "cluster::node_group_degraded",
        ),
        ("GET", at_group, error(403, "AccessDeniedException"), "nodegroup.ng", "cluster::not_allowed"),
        ("GET", at_addon, coredns("CREATE_FAILED", &none), "addon.coredns", "cluster::addon_failed"),
        ("GET", at_addon, coredns("DELETE_FAILED", &none), "addon.coredns", "cluster::addon_failed"),
        ("GET", at_addon, coredns("UPDATE_FAILED", &none), "addon.coredns", "cluster::addon_update_failed"),
        (
            "GET",
            at_addon,
            coredns("DEGRADED", &issue("InsufficientNumberOfReplicas")),
            "addon.coredns",
            "cluster::addon_short",
        ),
        (
            "GET",
            at_addon,
            coredns("DEGRADED", &issue("ConfigurationConflict")),
            "addon.coredns",
            "cluster::addon_degraded",
        ),
        ("GET", at_addon, coredns("DELETING", &none), "addon.coredns", "cluster::addon_not_active"),
        ("GET", at_addon, error(404, "ResourceNotFoundException"), "addon.coredns", "cluster::addon_missing"),
        ("GET", at_addon, error(400, "ThrottlingException"), "addon.coredns", "cluster::throttled"),
        ("GET", at_addon, error(500, "ServerException"), "addon.coredns", "cluster::aws_failed"),
    ];
    hold(cases).await;
}

#[tokio::test]
async fn each_call_that_is_refused_or_answered_otherwise_has_its_own_finding() {
    let cases: Vec<Case> = vec![
        (
            "GET",
            "/clusters/dev/addons",
            error(403, "AccessDeniedException"),
            "addons",
            "cluster::not_allowed",
        ),
        (
            "GET",
            "/clusters/dev/node-groups",
            error(403, "AccessDeniedException"),
            "compute",
            "cluster::not_allowed",
        ),
        (
            "GET",
            "/clusters/dev/access-entries",
            error(403, "AccessDeniedException"),
            "access.entries",
            "cluster::not_allowed",
        ),
        (
            "GET",
            "/clusters/dev/updates",
            error(403, "AccessDeniedException"),
            "cluster.updates",
            "cluster::not_allowed",
        ),
        (
            "POST",
            "/clusters/dev/insights",
            error(403, "AccessDeniedException"),
            "cluster.insights",
            "cluster::not_allowed",
        ),
        (
            "GET",
            "/clusters/dev/capabilities",
            error(403, "AccessDeniedException"),
            "capability.argocd",
            "cluster::not_allowed",
        ),
        (
            "GET",
            "/cluster-versions",
            error(403, "AccessDeniedException"),
            "cluster.support",
            "cluster::not_allowed",
        ),
        (
            "GET",
            "/cluster-versions",
            ok(
                json!({ "clusterVersions": [{ "clusterVersion": "1.33", "versionStatus": "EXTENDED_SUPPORT" }] }),
            ),
            "cluster.support",
            "cluster::extended_support",
        ),
        (
            "GET",
            "/cluster-versions",
            ok(json!({ "clusterVersions": [] })),
            "cluster.support",
            "cluster::unsupported",
        ),
    ];
    hold(cases).await;
}

#[tokio::test]
async fn each_answer_of_ec2_and_iam_has_its_own_finding() {
    let refused = ResponseTemplate::new(403).set_body_raw(
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>",
        "text/xml",
    );
    let gone = ResponseTemplate::new(400).set_body_raw(
        "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>no</Message></Error></Errors></Response>",
        "text/xml",
    );
    let few = subnets(&[("subnet-1", "a", 250), ("subnet-2", "b", 4)]);
    let one_zone = subnets(&[("subnet-1", "a", 250), ("subnet-2", "a", 250)]);
    for (action, answer, id, code) in [
        ("DescribeSubnets", refused.clone(), "network.subnets", "cluster::not_allowed"),
        ("DescribeSubnets", xml(few), "network.addresses", "cluster::few_addresses"),
        ("DescribeSubnets", xml(one_zone), "network.zones", "cluster::one_zone"),
        ("DescribeSecurityGroups", refused, "network.security_group", "cluster::not_allowed"),
        ("DescribeSecurityGroups", gone, "network.security_group", "cluster::security_group_missing"),
        (
            "DescribeSecurityGroups",
            xml(security_group(false)),
            "network.security_group",
            "cluster::security_group_closed",
        ),
        ("ListOpenIDConnectProviders", xml(providers(&[])), "identity.oidc", "cluster::oidc_missing"),
    ] {
        let world = World::well().await;
        world.form(action, answer).await;
        assert_eq!(world.found().await.open(), [(id, code)], "{action}");
    }
}

#[tokio::test]
async fn what_nobody_mends_meanwhile_is_not_waited_for_and_what_may_come_is() {
    let answers = [
        (error(404, "ResourceNotFoundException"), false),
        (ok(json!({ "addon": addon("coredns", "UPDATE_FAILED", &json!([])) })), false),
        (ok(json!({ "addon": addon("coredns", "DEGRADED", &issue("AddonPermissionFailure")) })), false),
        (ok(json!({ "addon": addon("coredns", "DEGRADED", &issue("InsufficientNumberOfReplicas")) })), true),
        (ok(json!({ "addon": addon("coredns", "CREATING", &json!([])) })), true),
    ];
    for (answer, waits) in answers {
        let world = World::well().await;
        world.eks("GET", "/clusters/dev/addons/coredns", answer).await;
        let found = world.found().await;
        let detail = &found.check("addon.coredns").detail;
        assert_eq!(found.check("addon.coredns").status, CheckStatus::Fail, "{detail}");
        assert_eq!(found.check("addon.coredns").may_pass_later, waits, "{detail}");
    }
    // No node is to come for its pods.
    let world = World::well().await;
    let short = ok(json!({ "addon": addon("coredns", "DEGRADED", &issue("InsufficientNumberOfReplicas")) }));
    world.eks("GET", "/clusters/dev/addons/coredns", short).await;
    let verification = world.ask(|spec| spec.wanted.min_ready_nodes = Some(0)).await;
    let check = verification.checks.iter().find(|check| check.id == "addon.coredns").unwrap();
    assert!(!check.may_pass_later, "{check:?}");
    assert!(check.help.contains("no node, and none is to come"), "{check:?}");
}

#[tokio::test]
async fn a_failed_update_tells_its_errors_and_an_open_insight_what_it_recommends() {
    let world = World::well().await;
    world
        .eks(
            "GET",
            "/clusters/dev/addons/coredns",
            ok(json!({ "addon": addon("coredns", "UPDATE_FAILED", &json!([])) })),
        )
        .await;
    world.eks("GET", "/clusters/dev/updates", ok(json!({ "updateIds": ["u1"] }))).await;
    let errors =
        json!([{ "errorCode": "ConfigurationConflict", "errorMessage": "ConfigMap coredns was changed" }]);
    let update = json!({ "id": "u1", "status": "Failed", "type": "AddonUpdate", "createdAt": 1_700_000_000, "errors": errors });
    world.eks("GET", "/clusters/dev/updates/u1", ok(json!({ "update": update }))).await;
    let insight = json!({
        "id": "i1", "name": "Deprecated APIs", "category": "UPGRADE_READINESS", "kubernetesVersion": "1.34",
        "insightStatus": { "status": "ERROR", "reason": "they are used." },
        "recommendation": "Migrate them", "resources": [{ "kubernetesResourceUri": "/apis/policy/v1beta1/x" }],
    });
    world.eks("POST", "/clusters/dev/insights", ok(json!({ "insights": [insight] }))).await;
    world.eks("GET", "/clusters/dev/insights/i1", ok(json!({ "insight": insight }))).await;
    let found = world.found().await;
    let open = [
        ("addon.coredns", "cluster::addon_update_failed"),
        ("cluster.insights", "cluster::insights"),
        ("cluster.updates", "cluster::update_failed"),
    ];
    assert_eq!(found.open(), open);
    assert!(found.check("addon.coredns").detail.contains("ConfigMap coredns was changed"));
    let insights = found.check("cluster.insights");
    assert_eq!(insights.detail, "Deprecated APIs (they are used): /apis/policy/v1beta1/x");
    assert_eq!(insights.help, "Migrate them");
}

#[tokio::test]
async fn what_slipway_hcl_wants_fails_where_it_is_not_so() {
    let world = World::well().await;
    world.eks("GET", "/clusters/dev/node-groups/gpu", error(404, "ResourceNotFoundException")).await;
    let verification = world
        .ask(|spec| {
            spec.wanted.logging = vec!["audit".to_owned(), "api".to_owned()];
            spec.wanted.deletion_protection = true;
            spec.wanted.private_endpoint = true;
            spec.wanted.authentication_mode = Some("API_AND_CONFIG_MAP".to_owned());
            spec.wanted.free_addresses = Some(500);
            spec.wanted.node_groups = vec!["gpu".to_owned()];
        })
        .await;
    let failed: Vec<&str> = verification.failures().filter_map(|check| check.code).collect();
    for code in [
        "cluster::no_audit_log",
        "cluster::not_protected",
        "cluster::endpoint_not_private",
        "cluster::authentication_mode",
        "cluster::few_addresses",
        "cluster::node_group_missing",
    ] {
        assert!(failed.contains(&code), "{code} is not in {failed:?}");
    }
}

/// The longest chain is the cluster, a list, and what is listed: three calls, however many add-ons and node groups there are.
#[tokio::test]
async fn verifying_takes_as_long_as_the_longest_chain_of_calls() {
    let delay = Duration::from_secs(3);
    let world = World::well().await.slow(delay);
    let names = |prefix: &str| (0..12).map(|number| format!("{prefix}{number}")).collect::<Vec<_>>();
    world.eks("GET", "/clusters/dev/addons", ok(json!({ "addons": names("addon") }))).await;
    world.eks("GET", "/clusters/dev/node-groups", ok(json!({ "nodegroups": names("group") }))).await;
    for name in names("addon") {
        let body = json!({ "addon": addon(&name, "ACTIVE", &json!([])) });
        world.eks("GET", &format!("/clusters/dev/addons/{name}"), ok(body)).await;
    }
    for name in names("group") {
        let body = json!({ "nodegroup": node_group("ACTIVE", &json!([])) });
        world.eks("GET", &format!("/clusters/dev/node-groups/{name}"), ok(body)).await;
    }
    let server = world.server.uri();
    let begun = Instant::now();
    let verification = world.ask(|_| ()).await;
    let took = begun.elapsed();
    assert!(verification.checks.len() > 30, "{server}: {}", verification.checks.len());
    let calls = took.as_secs_f64() / delay.as_secs_f64();
    assert!((3.0..4.0).contains(&calls), "{calls} calls one after another, in {took:?}");
}
