//! The settings in force, each with its default and with where it came from: for an admin who
//! wonders why the node does what it does. No setting is a secret, so that none has to be hidden
//! here: what is secret lies in files of its own, and a setting names the path.

use std::collections::BTreeMap;

use serde_json::Value;

use super::load::Source;
use super::table::{Form, SETTINGS, Setting};

/// A setting in force, or a number of one that is a table of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its key, as `section.key`.
    pub key: String,
    /// The value; absent where nothing is set and nothing is the default.
    pub value: Option<Value>,
    /// What gave it; absent where it is the default.
    pub source: Option<Source>,
    /// What holds where nobody sets it.
    pub default: Option<Value>,
    /// What it does.
    pub meaning: &'static str,
    /// The setting that it belongs to.
    setting: &'static Setting,
}

/// What gave the settings that are not as by default, by key.
pub(super) type Sources = BTreeMap<&'static str, Source>;

impl InForce {
    /// Where it came from, for people: `default`, the file, or the variable.
    pub fn origin(&self) -> String {
        match &self.source {
            None => "default".to_owned(),
            Some(Source::Environment) => self.setting.variable(),
            Some(Source::File(path)) => path.display().to_string(),
        }
    }
}

/// All settings in the order of the reference, from the tables of values and of defaults.
pub(super) fn list(values: &Value, defaults: &Value, sources: &Sources) -> Vec<InForce> {
    SETTINGS.iter().flat_map(|setting| of_setting(setting, values, defaults, sources)).collect()
}

fn of_setting(
    setting: &'static Setting,
    values: &Value,
    defaults: &Value,
    sources: &Sources,
) -> Vec<InForce> {
    let value = found(values, setting);
    let source = sources.get(setting.key);
    let Form::Table(parts) = setting.form else {
        return vec![InForce {
            key: setting.key.to_owned(),
            value: value.cloned(),
            source: source.cloned(),
            default: found(defaults, setting).cloned(),
            meaning: setting.meaning,
            setting,
        }];
    };
    let of_part = parts.iter().map(|part| {
        let given = value.and_then(|table| table.get(part.key));
        let default = Value::from(part.default);
        InForce {
            key: format!("{}.{}", setting.key, part.key),
            value: Some(given.unwrap_or(&default).clone()),
            source: given.and(source).cloned(),
            default: Some(default),
            meaning: part.meaning,
            setting,
        }
    });
    of_part.collect()
}

fn found<'v>(values: &'v Value, setting: &Setting) -> Option<&'v Value> {
    match setting.split() {
        ("", key) => values.get(key),
        (section, key) => values.get(section)?.get(key),
    }
}
