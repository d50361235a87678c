//! The settings in force, as the admin sees them.

use serde::Serialize;
use serde_json::Value;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingLine {
    /// Its key, as `section.key`.
    pub key: String,
    /// Its value as JSON; null where nothing is set and nothing is the default.
    pub value: Option<Value>,
    /// Where it came from: `default`, the file, or the variable.
    pub from: String,
    /// What holds where nobody sets it.
    pub default: Option<Value>,
    /// What it does.
    pub meaning: &'static str,
}
