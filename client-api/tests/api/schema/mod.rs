//! The OpenAPI and the AsyncAPI document as judges: what is sent and answered must be described,
//! down to the last field. Clients are told to pass over fields that they do not know; here an
//! unknown field is a description that was forgotten.

use std::collections::BTreeSet;

use serde_json::{Value, json};

const OPENAPI: &str = include_str!("../../../openapi.json");
const ASYNCAPI: &str = include_str!("../../../asyncapi.json");

/// Both documents.
pub(crate) struct Documents {
    openapi: Value,
    asyncapi: Value,
}

impl Documents {
    pub(crate) fn read() -> Self {
        let openapi = serde_json::from_str(OPENAPI).unwrap();
        let asyncapi = ASYNCAPI.replace("openapi.json#/", "#/");
        Self { openapi, asyncapi: serde_json::from_str(&asyncapi).unwrap() }
    }

    /// Every method of every path, with `*` for what varies.
    pub(crate) fn resources(&self) -> BTreeSet<String> {
        let paths = self.openapi["paths"].as_object().unwrap();
        let methods = paths.iter().flat_map(|(path, item)| {
            let segments = path.split('/').map(|s| if s.starts_with('{') { "*" } else { s });
            let path = segments.collect::<Vec<_>>().join("/");
            let names = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
            names.map(|name| format!("{} {path}", name.to_uppercase())).collect::<Vec<_>>()
        });
        methods.collect()
    }

    /// Holds a request and its answer to the description of a resource, written with `*`.
    pub(crate) fn check_exchange(
        &self,
        resource: &str,
        query: &str,
        body: &str,
        answer: (u16, &str),
    ) {
        let (item, operation) = self.operation(resource);
        self.check_query(resource, &operation, query);
        let content = &operation["requestBody"];
        if body.is_empty() {
            assert_ne!(content["required"], json!(true), "{resource}: a body is required");
        } else if content["content"]["application/octet-stream"].is_null() {
            let schema = &content["content"]["application/json"]["schema"];
            self.check(resource, schema, &serde_json::from_str(body).unwrap());
        }
        let (status, text) = answer;
        let described = &operation["responses"][status.to_string()];
        assert!(described.is_object(), "{resource}: {status} is not described");
        match &described["content"]["application/json"]["schema"] {
            Value::Null if described["content"]["image/jpeg"].is_object() => {}
            Value::Null => assert_eq!(text, "", "{resource}"),
            schema => self.check(resource, schema, &serde_json::from_str(text).unwrap()),
        }
        let varying = resource.matches('*').count();
        assert_eq!(item["parameters"].as_array().map_or(0, Vec::len), varying, "{resource}");
    }

    /// Holds a frame of a client to the description.
    pub(crate) fn check_client_frame(&self, frame: &Value) {
        self.check_frame("client_frames", frame);
    }

    /// Holds a frame of a node to the description.
    pub(crate) fn check_node_frame(&self, frame: &Value) {
        self.check_frame("node_frames", frame);
    }

    /// Holds an event to the description.
    pub(crate) fn check_event(&self, event: &Value) {
        self.check("an event", &json!({ "$ref": "#/components/schemas/Event" }), event);
    }

    /// Holds what a poll found to the description.
    pub(crate) fn check_poll(&self, answer: &Value) {
        self.check("a poll", &json!({ "$ref": "#/components/schemas/Sync" }), answer);
    }

    /// Holds a value to a schema of the resources.
    pub(crate) fn check_schema(&self, name: &str, value: &Value) {
        let place = format!("/components/schemas/{name}");
        assert!(self.openapi.pointer(&place).is_some(), "there is no schema {name}");
        self.check(name, &json!({ "$ref": format!("#{place}") }), value);
    }

    fn check_frame(&self, direction: &str, frame: &Value) {
        let name = frame["type"].as_str().unwrap();
        let listed = self.asyncapi["operations"][direction]["messages"].as_array().unwrap();
        let place = format!("#/channels/socket/messages/{name}");
        assert!(listed.iter().any(|m| m["$ref"] == place), "{name} is not listed");
        self.check(name, &self.asyncapi["components"]["messages"][name]["payload"], frame);
    }

    fn operation(&self, resource: &str) -> (Value, Value) {
        let (method, wanted) = resource.split_once(' ').unwrap();
        let paths = self.openapi["paths"].as_object().unwrap();
        let same = |path: &str| {
            let (a, b) = (path.split('/'), wanted.split('/'));
            a.clone().count() == b.clone().count()
                && a.zip(b).all(|(a, b)| a == b || (a.starts_with('{') && b == "*"))
        };
        let found = paths.iter().find(|(path, _)| same(path)).map(|(_, item)| item);
        let item = found.unwrap_or_else(|| panic!("{resource} is not described")).clone();
        let operation = item[method.to_lowercase()].clone();
        assert!(operation.is_object(), "{resource} is not described");
        (item, operation)
    }

    fn check_query(&self, resource: &str, operation: &Value, query: &str) {
        let described = operation["parameters"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> = described
            .iter()
            .map(|parameter| match parameter["$ref"].as_str() {
                Some(place) => self.openapi.pointer(&place[1..]).unwrap().clone(),
                None => parameter.clone(),
            })
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap();
            assert!(names.iter().any(|known| known == name), "{resource}: {name}");
        }
    }

    fn check(&self, at: &str, schema: &Value, value: &Value) {
        let components = &self.openapi["components"];
        let mut whole = json!({ "allOf": [schema], "components": components });
        close(&mut whole);
        let validator = jsonschema::validator_for(&whole).unwrap();
        let found: Vec<String> = validator.iter_errors(value).map(|e| e.to_string()).collect();
        assert!(found.is_empty(), "{at}: {value} is not as described: {found:?}");
    }
}

/// Lets no object have a field that is not described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
