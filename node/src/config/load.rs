//! From a file and the environment to [`Settings`]: file over defaults, environment over file.
//! Every error names the key and where it stands. Unknown keys are errors: a misspelt setting must
//! not be ignored in silence.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::Settings;
use super::in_force::{self, Sources};
use super::table::{Form, SETTINGS, Setting, VARIABLE_PREFIX};

/// Where a setting was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A settings file.
    File(PathBuf),
    /// The environment.
    Environment,
}

/// Why settings cannot be used.
#[derive(Debug)]
pub enum SettingsError {
    /// No domain is set anywhere.
    DomainMissing,
    /// Something at a place is wrong.
    Invalid {
        /// Where it was read.
        source: Source,
        /// The line in a file, from 1.
        line: usize,
        /// The key, as `section.key`; empty where the text is no TOML at all.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Certificate without key, or key without certificate.
    TlsHalf,
    /// A variable that looks like a setting is none.
    VariableUnknown {
        /// The variable.
        name: String,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DomainMissing => f.write_str(
                "the setting `domain` is missing: write domain = \"acme.example\" in the settings \
                 file, or set COMITY_DOMAIN",
            ),
            Self::Invalid { source: Source::File(path), line, key, message } => {
                write!(f, "{}, line {line}: ", path.display())?;
                if key.is_empty() { f.write_str(message) } else { write!(f, "{key}: {message}") }
            }
            Self::Invalid { source: Source::Environment, key, message, .. } => {
                write!(f, "environment variable {}: {message}", variable_of(key))
            }
            Self::Unreadable { path, error } => {
                write!(f, "the settings file {} cannot be read: {error}", path.display())
            }
            Self::TlsHalf => f.write_str(
                "client.tls_certificate and client.tls_key belong together: set both, or neither",
            ),
            Self::VariableUnknown { name } => {
                write!(f, "environment variable {name}: there is no such setting")
            }
        }
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads a file, if there is one, and the environment.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| SettingsError::Unreadable { path: path.to_owned(), error })?,
        };
        Self::parse(&text, file.unwrap_or(Path::new("")), environment)
    }

    /// The same from a text; `path` is the file that it is said to come from.
    pub fn parse(
        text: &str,
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let file = Layer { text, source: Source::File(path.to_owned()) };
        let variables = environment_text(environment)?;
        let environment = Layer { text: &variables, source: Source::Environment };
        let defaults = defaults_text();
        let defaults = Layer { text: &defaults, source: Source::File("the defaults".into()) };

        // The file is judged before the environment is laid over it, so that what is wrong in one
        // is never reported as if it stood in the other.
        let mut merged = defaults.table()?;
        let mut sources = Sources::new();
        for layer in [&file, &environment] {
            let table = layer.table()?;
            layer.check_numbers(&table)?;
            let mut judged = merged.clone();
            if !judged.contains_key("domain") {
                merge(&mut judged, Layer::PLACEHOLDER.table()?);
            }
            merge(&mut judged, table.clone());
            layer.read::<Settings>(judged, &table)?;
            let given = SETTINGS.iter().filter(|setting| find(&table, setting).is_some());
            sources.extend(given.map(|setting| (setting.key, layer.source.clone())));
            merge(&mut merged, layer.with_paths(table, path));
        }
        if !merged.contains_key("domain") {
            return Err(SettingsError::DomainMissing);
        }
        let none = DeTable::new();
        let mut settings: Settings = environment.read(merged.clone(), &none)?;
        if settings.client.tls_certificate.is_some() != settings.client.tls_key.is_some() {
            return Err(SettingsError::TlsHalf);
        }
        let values = environment.read(merged, &none)?;
        settings.in_force =
            in_force::list(&values, &defaults.read(defaults.table()?, &none)?, &sources);
        Ok(settings)
    }
}

/// One text that settings come from.
struct Layer<'a> {
    text: &'a str,
    source: Source,
}

impl<'a> Layer<'a> {
    /// Lets a layer be judged before a later one gives the domain.
    const PLACEHOLDER: Layer<'static> =
        Layer { text: "domain = \"placeholder.invalid\"", source: Source::Environment };

    fn table(&self) -> Result<DeTable<'a>, SettingsError> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(e) => Err(self.error(&DeTable::new(), e.span(), e.message())),
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        merged: DeTable<'_>,
        own: &DeTable<'_>,
    ) -> Result<T, SettingsError> {
        let deserializer = Deserializer::from(Spanned::new(0..0, merged));
        T::deserialize(deserializer)
            .map_err(|e: toml::de::Error| self.error(own, e.span(), e.message()))
    }

    fn check_numbers(&self, table: &DeTable<'_>) -> Result<(), SettingsError> {
        for setting in SETTINGS {
            let Form::Number { min, max } = setting.form else { continue };
            let Some(value) = find(table, setting) else { continue };
            let Some(number) = value.get_ref().as_integer() else { continue };
            let digits = number.as_str().replace('_', "");
            let within = u64::from_str_radix(&digits, number.radix())
                .is_ok_and(|n| (min..=max).contains(&n));
            if !within {
                let message = format!("{number} is not between {min} and {max} {}", setting.unit);
                return Err(self.error(table, Some(value.span()), message.trim_end()));
            }
        }
        Ok(())
    }

    /// Paths of a file are relative to that file, not to whoever starts the program.
    fn with_paths(&self, mut table: DeTable<'a>, file: &Path) -> DeTable<'a> {
        let base = match (&self.source, file.parent()) {
            (Source::File(_), Some(base)) if base != Path::new("") => base,
            _ => return table,
        };
        for setting in SETTINGS.iter().filter(|s| s.form == Form::Path) {
            let Some(value) = find_mut(&mut table, setting) else { continue };
            if let Some(joined) = value.get_ref().as_str().map(|p| base.join(p)) {
                *value.get_mut() = DeValue::String(joined.to_string_lossy().into_owned().into());
            }
        }
        table
    }

    fn error(
        &self,
        table: &DeTable<'_>,
        span: Option<Range<usize>>,
        message: &str,
    ) -> SettingsError {
        let at = span.map_or(0, |s| s.start).min(self.text.len());
        let key = match &self.source {
            // Each variable has one line of its own in the text made of the environment.
            Source::Environment if table.is_empty() => key_before(self.text, at),
            _ => key_at(table, at),
        };
        SettingsError::Invalid {
            source: self.source.clone(),
            line: 1 + self.text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count(),
            message: for_people(&key, message).replace('\n', ", "),
            key,
        }
    }
}

/// The defaults as a settings file.
fn defaults_text() -> String {
    let defaults = SETTINGS.iter().filter_map(|s| Some((s, s.default?.to_owned())));
    settings_text(defaults)
}

/// The variables as a settings file. Numbers, lists and tables are written as in the file, all else
/// without quotes.
fn environment_text(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<String, SettingsError> {
    let mut found = Vec::new();
    for (name, value) in environment {
        if !name.starts_with(VARIABLE_PREFIX) {
            continue;
        }
        match SETTINGS.iter().find(|s| s.variable() == name) {
            Some(setting) => found.push((setting, literal(setting, value))),
            // Container managers set variables such as COMITY_PORT for a service of that name; the
            // double underscore marks ours.
            None if name.contains("__") => return Err(SettingsError::VariableUnknown { name }),
            None => {}
        }
    }
    Ok(settings_text(found))
}

fn literal(setting: &Setting, value: String) -> String {
    match setting.form {
        // A line break would begin another setting.
        Form::Number { .. } | Form::Structure | Form::Table(_) => value.replace(['\n', '\r'], " "),
        _ => toml::Value::String(value.replace(['\n', '\r'], " ")).to_string(),
    }
}

fn settings_text<'s>(settings: impl IntoIterator<Item = (&'s Setting, String)>) -> String {
    let mut lines: Vec<_> = settings.into_iter().map(|(s, text)| (s.split(), text)).collect();
    lines.sort();
    let mut section = "";
    let mut text = String::new();
    for ((its_section, key), value) in lines {
        if its_section != section {
            text.push_str(&format!("[{its_section}]\n"));
            section = its_section;
        }
        text.push_str(&format!("{key} = {value}\n"));
    }
    text
}

fn merge<'a>(under: &mut DeTable<'a>, over: DeTable<'a>) {
    for (key, value) in over {
        let section = SETTINGS.iter().any(|s| s.split().0 == key.get_ref().as_ref());
        match (under.get_mut(&key).map(Spanned::get_mut), value.get_ref()) {
            (Some(DeValue::Table(below)), DeValue::Table(above)) if section => {
                merge_section(below, above.clone());
            }
            _ => {
                // The map keeps an old key on insert, and with it a span of another text.
                under.remove(&key);
                under.insert(key, value);
            }
        }
    }
}

fn merge_section<'a>(under: &mut DeTable<'a>, over: DeTable<'a>) {
    for (key, value) in over {
        under.remove(&key);
        under.insert(key, value);
    }
}

fn find<'t, 'a>(table: &'t DeTable<'a>, setting: &Setting) -> Option<&'t Spanned<DeValue<'a>>> {
    match setting.split() {
        ("", key) => table.get(key),
        (section, key) => table.get(section)?.get_ref().as_table()?.get(key),
    }
}

fn find_mut<'t, 'a>(
    table: &'t mut DeTable<'a>,
    setting: &Setting,
) -> Option<&'t mut Spanned<DeValue<'a>>> {
    match setting.split() {
        ("", key) => table.get_mut(key),
        (section, key) => match table.get_mut(section)?.get_mut() {
            DeValue::Table(table) => table.get_mut(key),
            _ => None,
        },
    }
}

/// The key that a place in the text belongs to.
fn key_at(table: &DeTable<'_>, at: usize) -> String {
    let within = |span: Range<usize>| span.start <= at && at < span.end.max(span.start + 1);
    for (key, value) in table {
        if let DeValue::Table(inner) = value.get_ref() {
            let deeper = key_at(inner, at);
            if !deeper.is_empty() {
                return format!("{}.{deeper}", key.get_ref());
            }
        }
        if within(key.span()) || within(value.span()) {
            return key.get_ref().to_string();
        }
    }
    String::new()
}

/// The same for a text that is no TOML, with one key a line.
fn key_before(text: &str, at: usize) -> String {
    let begin = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let key = text[begin..].split(" = ").next().unwrap_or_default();
    let section = text[..begin].rfind("\n[").map(|i| i + 2).or(text.starts_with('[').then_some(1));
    match section.and_then(|i| text[i..].split(']').next()) {
        Some(section) => format!("{section}.{key}"),
        None => key.to_owned(),
    }
}

/// The parser names what it expected by the program's types; an admin is told the setting's form.
fn for_people(key: &str, message: &str) -> String {
    let setting = SETTINGS.iter().find(|s| s.key == key);
    let Some((found, _)) = message.split_once(", expected ") else { return message.to_owned() };
    let (true, Some(setting)) = (found.starts_with("invalid "), setting) else {
        return message.to_owned();
    };
    let form = match setting.form {
        Form::Number { min, max } => format!("a whole number from {min} to {max}, without quotes"),
        Form::Structure => "a list or table".to_owned(),
        Form::Table(_) => "a table".to_owned(),
        _ => "a text in quotes".to_owned(),
    };
    format!("{found}; it has to be {form}, such as {}", setting.example)
}

fn variable_of(key: &str) -> String {
    // An error inside a list or table names the setting that holds it.
    let setting = SETTINGS.iter().find(|s| {
        key == s.key || key.strip_prefix(s.key).is_some_and(|rest| rest.starts_with('.'))
    });
    setting.map_or_else(|| VARIABLE_PREFIX.to_owned(), Setting::variable)
}
