//! The settings reference as Markdown, written from the table. `docs/operating/settings.md` is this
//! text; a test fails when it is stale.

use std::fmt::Write as _;

use super::clients::Part;
use super::table::{Form, SETTINGS, Setting};

/// The whole of `docs/operating/settings.md`.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    let mut section = None;
    for setting in SETTINGS {
        let (its_section, _) = setting.split();
        if section != Some(its_section) {
            section = Some(its_section);
            let _ = match its_section {
                "" => write!(text, "\n## The node\n"),
                name => write!(text, "\n## `[{name}]`\n"),
            };
        }
        describe(&mut text, setting);
    }
    text
}

fn describe(text: &mut String, setting: &Setting) {
    let default = match setting.default {
        Some(value) => format!("`{value}`"),
        None => format!("none ({})", setting.otherwise),
    };
    let form = match setting.form {
        Form::Address => "an IP address and a port".to_owned(),
        Form::Choice(words) => {
            words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
        }
        Form::Number { min, max } => format!("{min} to {max} ({})", setting.unit),
        Form::Path => "a path".to_owned(),
        Form::Structure => "a TOML list or table".to_owned(),
        Form::Table(_) => "a TOML table; what is left out keeps its default".to_owned(),
        Form::Text => "a text".to_owned(),
    };
    let _ = write!(
        text,
        "\n### `{}`\n\n{}\n\n- Value: {form}\n- Default: {default}\n- Example: `{} = {}`\n\
         - Environment: `{}`\n- A bad value: {}\n",
        setting.key,
        setting.meaning,
        setting.split().1,
        setting.example,
        setting.variable(),
        setting.cost,
    );
    let Form::Table(parts) = setting.form else { return };
    for Part { key, unit, min, max, default, meaning, cost } in parts {
        let _ = write!(
            text,
            "\n`{key}`: {meaning}\n\n- Value: {min} to {max} ({unit})\n- Default: `{default}`\n\
             - A bad value: {cost}\n"
        );
    }
}

const HEAD: &str = "\
<!-- Written from node/src/config/table.rs; run the tests with UPDATE_DOCS=1 to write it again. -->

# Settings

A node reads one TOML file at its start: the one that `--config` or `COMITY_CONFIG` names, else
`comity.toml` in the working directory, else `/etc/comity/comity.toml`. Only `domain` has to be set:

```toml
domain = \"acme.example\"
data_dir = \"/var/lib/comity\"
```

Each setting can also be given by an environment variable, which wins over the file. Numbers, lists
and tables are written there as in the file, everything else without quotes:
`COMITY_CLIENT__LISTEN=127.0.0.1:8010`. A relative path in the file is relative to the file; in the
environment, to the working directory. An unknown key, in the file or as a variable with a double
underscore, is an error: nothing misspelt is ignored.

What an admin changes while the node runs (partners, limits per domain) is data, not a setting.

No setting is a secret: what is secret lies in files, of which a setting names the path. So admins
of the node see them all in the console, and in `GET /v1/admin/settings`: each value in force, where
it came from (`default`, the file, or the variable), and its default.
";
