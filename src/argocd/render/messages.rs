//! What the repo-server is asked, field by field: `reposerver/repository/repository.proto` and
//! `pkg/apis/application/v1alpha1/generated.proto` of Argo CD. Numbers of fields never change their meaning, so one table serves every
//! version.

use super::wire::{Kind, Shape};

const TEXTS: Kind = Kind::Many(&Kind::Text);
const TEXT_MAP: Kind = Kind::Named(&Kind::Text);
const FLAG_MAP: Kind = Kind::Named(&Kind::Flag);

/// `ManifestRequest`.
pub(super) const REQUEST: Shape = &[
    ("repo", 1, Kind::Message(REPOSITORY)),
    ("revision", 2, Kind::Text),
    ("appLabelKey", 4, Kind::Text),
    ("appName", 5, Kind::Text),
    ("namespace", 8, Kind::Text),
    ("applicationSource", 10, Kind::Message(SOURCE)),
    ("repos", 11, Kind::Many(&Kind::Message(REPOSITORY))),
    ("kustomizeOptions", 13, Kind::Message(KUSTOMIZE_OPTIONS)),
    ("kubeVersion", 14, Kind::Text),
    ("apiVersions", 15, TEXTS),
    ("helmRepoCreds", 17, Kind::Many(&Kind::Message(CREDENTIALS))),
    ("noRevisionCache", 18, Kind::Flag),
    ("trackingMethod", 19, Kind::Text),
    ("enabledSourceTypes", 20, FLAG_MAP),
    ("helmOptions", 21, Kind::Message(&[("valuesFileSchemes", 1, TEXTS)])),
    ("hasMultipleSources", 22, Kind::Flag),
    ("refSources", 23, Kind::Named(&Kind::Message(REFERRED))),
    ("projectName", 25, Kind::Text),
    ("annotationManifestGeneratePaths", 26, Kind::Text),
    ("installationID", 27, Kind::Text),
];

const REFERRED: Shape =
    &[("repo", 1, Kind::Message(REPOSITORY)), ("targetRevision", 2, Kind::Text), ("chart", 3, Kind::Text)];

const KUSTOMIZE_OPTIONS: Shape = &[
    ("buildOptions", 1, Kind::Text),
    (
        "versions",
        3,
        Kind::Many(&Kind::Message(&[
            ("name", 1, Kind::Text),
            ("path", 2, Kind::Text),
            ("buildOptions", 3, Kind::Text),
        ])),
    ),
];

/// `Repository`. The names are those of a secret's keys too, but for the first.
pub(super) const REPOSITORY: Shape = &[
    ("repo", 1, Kind::Text),
    ("username", 2, Kind::Text),
    ("password", 3, Kind::Text),
    ("sshPrivateKey", 4, Kind::Text),
    ("insecureIgnoreHostKey", 6, Kind::Flag),
    ("insecure", 7, Kind::Flag),
    ("enableLfs", 8, Kind::Flag),
    ("tlsClientCertData", 9, Kind::Text),
    ("tlsClientCertKey", 10, Kind::Text),
    ("type", 11, Kind::Text),
    ("name", 12, Kind::Text),
    ("inheritedCreds", 13, Kind::Flag),
    ("enableOCI", 14, Kind::Flag),
    ("githubAppPrivateKey", 15, Kind::Text),
    ("githubAppID", 16, Kind::Number),
    ("githubAppInstallationID", 17, Kind::Number),
    ("githubAppEnterpriseBaseUrl", 18, Kind::Text),
    ("proxy", 19, Kind::Text),
    ("project", 20, Kind::Text),
    ("gcpServiceAccountKey", 21, Kind::Text),
    ("forceHttpBasicAuth", 22, Kind::Flag),
    ("noProxy", 23, Kind::Text),
    ("useAzureWorkloadIdentity", 24, Kind::Flag),
    ("bearerToken", 25, Kind::Text),
    ("insecureOCIForceHttp", 26, Kind::Flag),
    ("depth", 27, Kind::Number),
    ("azureServicePrincipalClientId", 29, Kind::Text),
    ("azureServicePrincipalClientSecret", 30, Kind::Text),
    ("azureServicePrincipalTenantId", 31, Kind::Text),
    ("azureActiveDirectoryEndpoint", 32, Kind::Text),
];

/// `RepoCreds`. The names are those of a secret's keys too.
pub(super) const CREDENTIALS: Shape = &[
    ("url", 1, Kind::Text),
    ("username", 2, Kind::Text),
    ("password", 3, Kind::Text),
    ("sshPrivateKey", 4, Kind::Text),
    ("tlsClientCertData", 5, Kind::Text),
    ("tlsClientCertKey", 6, Kind::Text),
    ("githubAppPrivateKey", 7, Kind::Text),
    ("githubAppID", 8, Kind::Number),
    ("githubAppInstallationID", 9, Kind::Number),
    ("githubAppEnterpriseBaseUrl", 10, Kind::Text),
    ("enableOCI", 11, Kind::Flag),
    ("type", 12, Kind::Text),
    ("gcpServiceAccountKey", 13, Kind::Text),
    ("proxy", 19, Kind::Text),
    ("forceHttpBasicAuth", 20, Kind::Flag),
    ("noProxy", 23, Kind::Text),
    ("useAzureWorkloadIdentity", 24, Kind::Flag),
    ("bearerToken", 25, Kind::Text),
    ("insecureOCIForceHttp", 26, Kind::Flag),
    ("azureServicePrincipalClientId", 29, Kind::Text),
    ("azureServicePrincipalClientSecret", 30, Kind::Text),
    ("azureServicePrincipalTenantId", 31, Kind::Text),
    ("azureActiveDirectoryEndpoint", 32, Kind::Text),
];

/// `ApplicationSource`.
pub(super) const SOURCE: Shape = &[
    ("repoURL", 1, Kind::Text),
    ("path", 2, Kind::Text),
    ("targetRevision", 4, Kind::Text),
    ("helm", 7, Kind::Message(HELM)),
    ("kustomize", 8, Kind::Message(KUSTOMIZE)),
    ("directory", 10, Kind::Message(DIRECTORY)),
    ("plugin", 11, Kind::Message(PLUGIN)),
    ("chart", 12, Kind::Text),
    ("ref", 13, Kind::Text),
    ("name", 14, Kind::Text),
    ("tagPrefix", 15, Kind::Text),
];

const HELM: Shape = &[
    ("valueFiles", 1, TEXTS),
    (
        "parameters",
        2,
        Kind::Many(&Kind::Message(&[
            ("name", 1, Kind::Text),
            ("value", 2, Kind::Text),
            ("forceString", 3, Kind::Flag),
        ])),
    ),
    ("releaseName", 3, Kind::Text),
    ("values", 4, Kind::Text),
    ("fileParameters", 5, Kind::Many(&Kind::Message(&[("name", 1, Kind::Text), ("path", 2, Kind::Text)]))),
    ("version", 6, Kind::Text),
    ("passCredentials", 7, Kind::Flag),
    ("ignoreMissingValueFiles", 8, Kind::Flag),
    ("skipCrds", 9, Kind::Flag),
    ("valuesObject", 10, Kind::Json),
    ("namespace", 11, Kind::Text),
    ("kubeVersion", 12, Kind::Text),
    ("apiVersions", 13, TEXTS),
    ("skipTests", 14, Kind::Flag),
    ("skipSchemaValidation", 15, Kind::Flag),
];

const KUSTOMIZE: Shape = &[
    ("namePrefix", 1, Kind::Text),
    ("nameSuffix", 2, Kind::Text),
    ("images", 3, TEXTS),
    ("commonLabels", 4, TEXT_MAP),
    ("version", 5, Kind::Text),
    ("commonAnnotations", 6, TEXT_MAP),
    ("forceCommonLabels", 7, Kind::Flag),
    ("forceCommonAnnotations", 8, Kind::Flag),
    ("namespace", 9, Kind::Text),
    ("commonAnnotationsEnvsubst", 10, Kind::Flag),
    (
        "replicas",
        11,
        Kind::Many(&Kind::Message(&[("name", 1, Kind::Text), ("count", 2, Kind::NumberOrText)])),
    ),
    ("patches", 12, Kind::Many(&Kind::Message(PATCH))),
    ("components", 13, TEXTS),
    ("labelWithoutSelector", 14, Kind::Flag),
    ("kubeVersion", 15, Kind::Text),
    ("apiVersions", 16, TEXTS),
    ("ignoreMissingComponents", 17, Kind::Flag),
    ("labelIncludeTemplates", 18, Kind::Flag),
];

const PATCH: Shape = &[
    ("path", 1, Kind::Text),
    ("patch", 2, Kind::Text),
    ("target", 3, Kind::Message(SELECTOR)),
    ("options", 4, FLAG_MAP),
];

const SELECTOR: Shape = &[
    ("", 1, Kind::Beside(RESOURCE)),
    ("annotationSelector", 2, Kind::Text),
    ("labelSelector", 3, Kind::Text),
];

const RESOURCE: Shape = &[
    ("", 1, Kind::Beside(&[("group", 1, Kind::Text), ("version", 2, Kind::Text), ("kind", 3, Kind::Text)])),
    ("name", 2, Kind::Text),
    ("namespace", 3, Kind::Text),
];

const DIRECTORY: Shape = &[
    ("recurse", 1, Kind::Flag),
    (
        "jsonnet",
        2,
        Kind::Message(&[
            ("extVars", 1, Kind::Many(&Kind::Message(VARIABLE))),
            ("tlas", 2, Kind::Many(&Kind::Message(VARIABLE))),
            ("libs", 3, TEXTS),
        ]),
    ),
    ("exclude", 3, Kind::Text),
    ("include", 4, Kind::Text),
    ("disableExtensionFilter", 5, Kind::Flag),
];

const VARIABLE: Shape = &[("name", 1, Kind::Text), ("value", 2, Kind::Text), ("code", 3, Kind::Flag)];

const PLUGIN: Shape = &[
    ("name", 1, Kind::Text),
    ("env", 2, Kind::Many(&Kind::Message(&[("name", 1, Kind::Text), ("value", 2, Kind::Text)]))),
    (
        "parameters",
        3,
        Kind::Many(&Kind::Message(&[
            ("name", 1, Kind::Text),
            ("map", 3, Kind::Within(&TEXT_MAP)),
            ("array", 4, Kind::Within(&TEXTS)),
            ("string", 5, Kind::Text),
        ])),
    ),
];
