//! An image of the manifests, as it is listed.

use serde_json::{Value, json};

use crate::gitops::AppImage;

/// Which of its app's it is.
pub(super) fn place(image: &AppImage) -> String {
    format!("{}/{}/{}", image.kind, image.workload, image.container)
}

/// Where it is written.
pub(super) fn line(image: &AppImage) -> String {
    format!("{}:{}", image.file, image.line)
}

/// It, with what its registry says where that was asked.
pub(super) fn object(image: &AppImage, check: Option<Value>) -> Value {
    let mut object = json!({
        "app": image.app, "kind": image.kind, "workload": image.workload, "container": image.container,
        "init": image.init, "image": image.image, "file": image.file, "line": image.line,
    });
    if let (Some(check), Some(object)) = (check, object.as_object_mut()) {
        object.insert("check".to_owned(), check);
    }
    object
}
