//! An evaluated unit as JSON, in Terragrunt's shape.

use serde_json::Value as Json;

use super::logins_hidden::LoginsHidden;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::to_json;

/// An evaluated unit with the keys of Terragrunt's `render --format json`; sensitive values are shown only
/// where `reveal` says so.
pub fn render_json(unit: &UnitConfig, reveal: bool) -> Json {
    let mut json = unit.rendered.as_ref().map_or(Json::Null, |rendered| to_json(rendered, reveal));
    if !reveal {
        LoginsHidden::of(unit).in_json(&mut json);
    }
    json
}
