//! An EKS, IAM, EC2 and STS of a test's own: well unless it is told otherwise, and answering the real SDK.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use slipway::cluster::{Check, CheckStatus, Verification, VerifySpec, verify};
use slipway::project::Verify;
use wiremock::matchers::{any, body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::on_bed::aws;

pub const ISSUER: &str = "https://oidc.example/id/1";
const PAGE: &str = "<!doctype html><title>404 Not Found</title>";

/// What answers.
pub struct World {
    pub server: MockServer,
    pub cluster: Value,
    delay: Duration,
}

/// The checks by their ids.
pub struct Found(pub BTreeMap<String, Check>);

impl World {
    pub async fn well() -> Self {
        let cluster = json!({
            "name": "dev", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/dev", "status": "ACTIVE",
            "version": "1.33", "endpoint": "https://127.0.0.1:1",
            "certificateAuthority": { "data": "bm90IGEgY2VydGlmaWNhdGU=" },
            "identity": { "oidc": { "issuer": ISSUER } },
            "health": { "issues": [] },
            "accessConfig": { "authenticationMode": "API" },
            "upgradePolicy": { "supportType": "EXTENDED" },
            "logging": { "clusterLogging": [{ "types": ["audit"], "enabled": true }] },
            "encryptionConfig": [{ "resources": ["secrets"], "provider": { "keyArn": "arn:aws:kms:…" } }],
            "resourcesVpcConfig": {
                "vpcId": "vpc-1", "subnetIds": ["subnet-1", "subnet-2"], "clusterSecurityGroupId": "sg-1",
                "endpointPublicAccess": true, "endpointPrivateAccess": true,
                "publicAccessCidrs": ["192.0.2.0/24"],
            },
        });
        Self { server: MockServer::start().await, cluster, delay: Duration::ZERO }
    }

    /// Each answer takes that long.
    pub fn slow(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// With a part of the cluster's description set.
    pub fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        self.cluster.pointer_mut(parent).unwrap()[key] = value;
        self
    }

    /// Answers a call of EKS so, before what is well.
    pub async fn eks(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        let answer = answer.set_delay(self.delay);
        let mock = Mock::given(method(verb)).and(path(at)).respond_with(answer);
        mock.with_priority(1).mount(&self.server).await;
    }

    /// Answers an action of a service with forms so.
    pub async fn form(&self, action: &str, answer: ResponseTemplate) {
        let answer = answer.set_delay(self.delay);
        let form = Mock::given(method("POST")).and(body_string_contains(format!("Action={action}&")));
        form.respond_with(answer).with_priority(1).mount(&self.server).await;
    }

    /// Asks about the cluster, once and with what is wanted.
    pub async fn ask(self, spec: impl Fn(&mut VerifySpec)) -> Verification {
        self.answer_well().await;
        let mut asked = VerifySpec::new("dev", Verify::default());
        asked.timeout = Duration::ZERO;
        asked.poll = Duration::from_millis(20);
        asked.wanted.addons = vec!["coredns".to_owned()];
        spec(&mut asked);
        verify(&asked, &aws(&self.server.uri()).await, &|_| ()).await.unwrap()
    }

    /// The same, as the checks that were made.
    pub async fn found(self) -> Found {
        Found::of(&self.ask(|_| ()).await)
    }

    /// Answers what nobody has answered otherwise.
    pub async fn answer_well(&self) {
        let answers = [
            ("GET", "/clusters/dev", json!({ "cluster": self.cluster })),
            (
                "GET",
                "/cluster-versions",
                json!({ "clusterVersions": [
                { "clusterVersion": "1.33", "versionStatus": "STANDARD_SUPPORT", "endOfStandardSupportDate": 1_785_283_200 },
            ] }),
            ),
            ("GET", "/clusters/dev/node-groups", json!({ "nodegroups": ["ng"] })),
            ("GET", "/clusters/dev/node-groups/ng", json!({ "nodegroup": node_group("ACTIVE", &json!([])) })),
            ("GET", "/clusters/dev/fargate-profiles", json!({ "fargateProfileNames": [] })),
            ("GET", "/clusters/dev/addons", json!({ "addons": ["coredns"] })),
            (
                "GET",
                "/clusters/dev/addons/coredns",
                json!({ "addon": addon("coredns", "ACTIVE", &json!([])) }),
            ),
            (
                "GET",
                "/addons/supported-versions",
                json!({ "addons": [{ "addonName": "coredns", "addonVersions": [
                { "addonVersion": "v2", "compatibilities": [{ "clusterVersion": "1.33", "defaultVersion": true }] },
                { "addonVersion": "v1", "compatibilities": [{ "clusterVersion": "1.33", "defaultVersion": false }] },
            ] }] }),
            ),
            ("GET", "/clusters/dev/updates", json!({ "updateIds": [] })),
            ("GET", "/clusters/dev/access-entries", json!({ "accessEntries": [] })),
            ("GET", "/clusters/dev/pod-identity-associations", json!({ "associations": [] })),
            ("POST", "/clusters/dev/insights", json!({ "insights": [] })),
            ("GET", "/clusters/dev/capabilities", json!({ "capabilities": [] })),
        ];
        for (verb, at, body) in answers {
            let answer = ResponseTemplate::new(200).set_body_json(body).set_delay(self.delay);
            let mock = Mock::given(method(verb)).and(path(at)).respond_with(answer);
            mock.with_priority(5).mount(&self.server).await;
        }
        for (action, body) in [
            ("ListOpenIDConnectProviders", providers(&["oidc.example/id/1"])),
            ("DescribeSubnets", subnets(&[("subnet-1", "a", 250), ("subnet-2", "b", 250)])),
            ("DescribeSecurityGroups", security_group(true)),
            ("GetCallerIdentity", caller("arn:aws:sts::111122223333:assumed-role/Admin/ada")),
        ] {
            let answer = ResponseTemplate::new(200).set_body_raw(body, "text/xml").set_delay(self.delay);
            let form = Mock::given(method("POST")).and(body_string_contains(format!("Action={action}&")));
            form.respond_with(answer).with_priority(5).mount(&self.server).await;
        }
        let page = ResponseTemplate::new(404).set_body_raw(PAGE, "text/html");
        Mock::given(any()).respond_with(page).with_priority(10).mount(&self.server).await;
    }
}

impl Found {
    pub fn of(verification: &Verification) -> Self {
        Self(verification.checks.iter().map(|check| (check.id.clone(), check.clone())).collect())
    }

    /// A check that has to be there.
    #[track_caller]
    pub fn check(&self, id: &str) -> &Check {
        self.0.get(id).unwrap_or_else(|| panic!("no check {id} in {:?}", self.0.keys()))
    }

    /// The checks that do not pass, by id and code, but for the API server's, which is none here.
    pub fn open(&self) -> Vec<(&str, &str)> {
        let open = self.0.values().filter(|check| check.status != CheckStatus::Pass);
        open.filter(|check| check.id != "kubernetes.api")
            .map(|check| (check.id.as_str(), check.code.unwrap()))
            .collect()
    }
}

pub fn node_group(status: &str, issues: &Value) -> Value {
    json!({
        "nodegroupName": "ng", "status": status, "version": "1.33", "amiType": "AL2023_x86_64_STANDARD",
        "scalingConfig": { "minSize": 1, "desiredSize": 2, "maxSize": 3 }, "health": { "issues": issues },
    })
}

pub fn addon(name: &str, status: &str, issues: &Value) -> Value {
    json!({ "addonName": name, "status": status, "addonVersion": "v1", "health": { "issues": issues } })
}

pub fn subnets(all: &[(&str, &str, u32)]) -> String {
    let items: Vec<String> = all
        .iter()
        .map(|(id, zone, free)| {
            format!(
                "<item><subnetId>{id}</subnetId><availabilityZone>{zone}</availabilityZone><availableIpAddressCount>{free}\
                 </availableIpAddressCount><tagSet><item><key>kubernetes.io/role/elb</key><value>1</value></item></tagSet></item>"
            )
        })
        .collect();
    let items = items.concat();
    format!("<DescribeSubnetsResponse><subnetSet>{items}</subnetSet></DescribeSubnetsResponse>")
}

pub fn security_group(open: bool) -> String {
    let rule =
        "<item><ipProtocol>-1</ipProtocol><groups><item><groupId>sg-1</groupId></item></groups></item>";
    let rules = if open { rule } else { "" };
    format!(
        "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions>{rules}</ipPermissions>\
         </item></securityGroupInfo></DescribeSecurityGroupsResponse>"
    )
}

pub fn providers(suffixes: &[&str]) -> String {
    let members: Vec<String> = suffixes
        .iter()
        .map(|suffix| format!("<member><Arn>arn:aws:iam::111122223333:oidc-provider/{suffix}</Arn></member>"))
        .collect();
    let members = members.concat();
    format!(
        "<ListOpenIDConnectProvidersResponse><ListOpenIDConnectProvidersResult><OpenIDConnectProviderList>{members}\
         </OpenIDConnectProviderList></ListOpenIDConnectProvidersResult></ListOpenIDConnectProvidersResponse>"
    )
}

fn caller(arn: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>U</UserId><Account>111122223333</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

/// An answer in JSON.
pub fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// An error of EKS.
pub fn error(status: u16, code: &str) -> ResponseTemplate {
    let answer = ResponseTemplate::new(status).insert_header("x-amzn-ErrorType", code);
    answer.set_body_json(json!({ "message": format!("{code} was ordered") }))
}

/// An answer in XML.
pub fn xml(body: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "text/xml")
}
