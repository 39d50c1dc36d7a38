//! The manifests repository: images bumped, rolled back and promoted, edited by the byte.
