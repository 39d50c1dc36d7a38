//! What a destruction would take with it.

use crate::engine::{Action, PlanSummary};

/// What holds data, or is dear in another way, by how its type begins: what is lost with it does not come back with
/// another apply. `docs/destroying.md` has the same list.
pub const HOLDS_DATA: &[(&str, &[&str])] = &[
    (
        "database",
        &[
            "aws_db_instance",
            "aws_db_cluster_snapshot",
            "aws_db_snapshot",
            "aws_docdb_cluster",
            "aws_dynamodb_table",
            "aws_elasticache_",
            "aws_elasticsearch_domain",
            "aws_keyspaces_table",
            "aws_memorydb_cluster",
            "aws_neptune_cluster",
            "aws_opensearch_domain",
            "aws_rds_cluster",
            "aws_redshift_cluster",
            "aws_timestreamwrite_",
            "azurerm_cosmosdb_",
            "azurerm_mssql_database",
            "azurerm_mysql_",
            "azurerm_postgresql_",
            "google_bigquery_dataset",
            "google_bigtable_instance",
            "google_spanner_",
            "google_sql_database_instance",
        ],
    ),
    (
        "bucket",
        &["aws_s3_bucket", "azurerm_storage_account", "azurerm_storage_container", "google_storage_bucket"],
    ),
    (
        "cluster",
        &["aws_ecs_cluster", "aws_eks_cluster", "azurerm_kubernetes_cluster", "google_container_cluster"],
    ),
    ("key", &["aws_kms_key", "azurerm_key_vault", "google_kms_"]),
    ("secret", &["aws_secretsmanager_secret", "aws_ssm_parameter", "google_secret_manager_secret"]),
    ("file system", &["aws_efs_file_system", "aws_fsx_", "google_filestore_instance"]),
    ("disk", &["aws_ebs_snapshot", "aws_ebs_volume", "azurerm_managed_disk", "google_compute_disk"]),
    ("backups", &["aws_backup_vault", "azurerm_recovery_services_vault"]),
    ("images", &["aws_ecr_repository", "azurerm_container_registry", "google_artifact_registry_repository"]),
    ("messages", &["aws_kinesis_stream", "aws_msk_cluster", "aws_sqs_queue"]),
    ("users", &["aws_cognito_user_pool"]),
    ("zone", &["aws_route53_zone", "azurerm_dns_zone", "google_dns_managed_zone"]),
    ("volume", &["kubernetes_persistent_volume", "kubernetes_persistent_volume_claim"]),
];

/// Types that begin like one that holds data, and hold none: what is set about a bucket, not the bucket.
fn is_setting(kind: &str, prefix: &str) -> bool {
    // A prefix that ends in `_` stands for all that begins so; any other one for itself, and for its versions.
    !prefix.ends_with('_')
        && kind != prefix
        && !kind.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("_v"))
}

/// What a resource holds, by its address; none where it holds nothing that would be missed.
pub fn holds(address: &str) -> Option<&'static str> {
    let kind = kind_of(address)?;
    HOLDS_DATA.iter().find_map(|(word, prefixes)| {
        let matches = |prefix: &&&str| kind.starts_with(**prefix) && !is_setting(kind, prefix);
        prefixes.iter().find(matches).map(|_| *word)
    })
}

/// The type in an address such as `module.a["x.y"].aws_s3_bucket.logs[0]`.
fn kind_of(address: &str) -> Option<&str> {
    let mut parts = parts(address).into_iter();
    loop {
        match parts.next()? {
            "module" => drop(parts.next()?),
            "data" => return None,
            kind => return Some(kind),
        }
    }
}

/// The parts between the dots; a key in brackets may have dots of its own.
fn parts(address: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped, mut depth) = (0, false, false, 0_usize);
    for (at, letter) in address.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            '.' if !quoted && depth == 0 => {
                parts.extend(address.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(address.get(start..));
    parts
}

/// What would be lost with one unit.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The unit.
    pub unit: String,
    /// How many resources would go.
    pub resources: usize,
    /// Those of them that hold data: the word for it, and the address.
    pub precious: Vec<(&'static str, String)>,
    /// A word on it, such as that nothing is left.
    pub note: Option<String>,
}

impl Loss {
    /// What a plan would take.
    pub fn of(unit: &str, plan: Option<&PlanSummary>) -> Self {
        let gone: Vec<&str> = plan
            .into_iter()
            .flat_map(|plan| &plan.resources)
            .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
            .map(|change| change.address.as_str())
            .collect();
        let precious = gone.iter().filter_map(|address| Some((holds(address)?, (*address).to_owned())));
        let mut precious: Vec<_> = precious.collect();
        // The tools tell changes in whatever order they find them.
        precious.sort_by(|(_, a), (_, b)| a.cmp(b));
        Self { unit: unit.to_owned(), resources: gone.len(), precious, note: None }
    }
}

/// A unit that stays although it depends on one that goes.
#[derive(Clone, Debug)]
pub struct Stranded {
    /// The unit.
    pub unit: String,
    /// What it depends on.
    pub on: Vec<String>,
    /// Whether its own state still holds resources; none where that could not be found out.
    pub has_resources: Option<bool>,
}

/// All that a destruction would take with it.
#[derive(Clone, Debug, Default)]
pub struct BlastRadius {
    /// In the order in which they go.
    pub losses: Vec<Loss>,
    /// Those that stay and lose what they depend on.
    pub stranded: Vec<Stranded>,
}

impl BlastRadius {
    /// How many resources go in all.
    pub fn resources(&self) -> usize {
        self.losses.iter().map(|loss| loss.resources).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_data_is_known_by_its_type() {
        assert_eq!(holds("aws_s3_bucket.logs[0]"), Some("bucket"));
        assert_eq!(holds("module.data[\"eu.west\"].module.x.aws_db_instance.main"), Some("database"));
        assert_eq!(holds("aws_elasticache_replication_group.sessions"), Some("database"));
        assert_eq!(holds("kubernetes_persistent_volume_claim_v1.data"), Some("volume"));
        assert_eq!(holds("aws_s3_bucket_policy.logs"), None, "a setting of a bucket is none");
        assert_eq!(holds("data.aws_kms_key.of_others"), None, "what is only read stays");
        assert_eq!(holds("aws_subnet.private[\"aws_s3_bucket.x\"]"), None);
    }

    #[test]
    fn the_documentation_has_the_same_list() {
        let document = include_str!("../../docs/destroying.md");
        for (word, prefixes) in HOLDS_DATA {
            let line = document.lines().find(|line| line.starts_with(&format!("| {word} |")));
            let line = line.unwrap_or_else(|| panic!("{word} is missing"));
            for prefix in *prefixes {
                let shown =
                    if prefix.ends_with('_') { format!("`{prefix}*`") } else { format!("`{prefix}`") };
                assert!(line.contains(&shown), "{shown} is missing");
            }
        }
    }
}
