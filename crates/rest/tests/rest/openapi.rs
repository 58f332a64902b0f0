//! The document and the router say the same, and answers look as the document says.

use serde_json::{Value, json};

use crate::bench::{Bench, ROOM, Reply, agent};

const METHODS: [&str; 6] = ["get", "post", "put", "delete", "patch", "options"];

/// Every (method, path) of the document is served, and no other method at those paths is.
#[test]
fn the_router_serves_what_the_document_says() {
    let bench = Bench::new();
    let document = bench.get("/openapi.json", None).json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 8);
    for (path, operations) in paths {
        for method in METHODS {
            let status = status(&bench, method, &path.replace("{room}", ROOM));
            let described = operations.get(method).is_some();
            assert_eq!(described, status != 404 && status != 405, "{method} {path} answers {status}");
        }
    }
}

/// The other way round: beside the endpoints, from which the document is made, the router routes pages only.
#[test]
fn the_document_says_what_the_router_serves() {
    let router = include_str!("../../src/router.rs");
    let routed: Vec<&str> =
        router.split(".route(").skip(1).map(|rest| rest.split(',').next().unwrap()).collect();
    let pages = [r#""/""#, r#""/play""#, r#""/play/""#, r#""/play/{*file}""#];
    assert_eq!(routed, [["endpoint.path"].as_slice(), &pages].concat());
    assert!(!router.contains("nest(") && !router.contains("merge(") && !router.contains("_service("));
    let bench = Bench::new();
    let document = bench.get("/openapi.json", None).json();
    for path in ["/v1/login", "/v1/refresh", "/v1/logout", "/v1/user/info", "/v2/user/info", "/v1/version"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}

#[test]
fn answers_are_shaped_as_described() {
    let bench = Bench::new();
    let document = bench.get("/openapi.json", None).json();
    let login = bench.login("demo", "alice");
    let token = login["token"].as_str();
    let refresh = json!({"refresh_token": login["refresh_token"]});
    let good = [
        ("post", "/v1/login", bench.post("/v1/login", &json!({"code": "dev:alice"}), None)),
        ("post", "/v1/refresh", bench.post("/v1/refresh", &refresh, None)),
        ("get", "/v1/user/info", bench.get("/v1/user/info", token)),
        ("get", "/v2/user/info", bench.get("/v2/user/info", token)),
        ("get", "/v1/version", bench.get("/v1/version", None)),
        ("get", "/v1/replays/{room}.json", bench.get(&format!("/v1/replays/{ROOM}.json"), token)),
        ("post", "/v1/logout", bench.post("/v1/logout", &json!({}), token)),
        ("post", "/v1/login", bench.post("/v1/login", &json!({}), None)),
        ("post", "/v1/refresh", bench.post("/v1/refresh", &json!({"refresh_token": ""}), None)),
        ("get", "/v1/user/info", bench.get("/v1/user/info", None)),
        ("get", "/v2/user/info", bench.get("/v2/user/info", Some("x"))),
        ("get", "/v1/version", bench.get("/v1/version?app=third", None)),
    ];
    for (method, path, reply) in good {
        let response = &document["paths"][path][method]["responses"][reply.status.to_string()];
        assert!(response.is_object(), "{method} {path} answers {} which is not described", reply.status);
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path}");
        check(&document, schema, &reply.json(), &format!("{method} {path}"));
    }
}

fn status(bench: &Bench, method: &str, path: &str) -> u16 {
    let request = ureq::http::Request::builder().method(method.to_uppercase().as_str()).uri(bench.url(path));
    Reply::of(agent().run(request.body(()).unwrap()).unwrap()).status
}

/// As much of JSON Schema as the document uses; fields that the schema does not name are a mistake too.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return check(document, document.pointer(&reference[1..]).unwrap(), value, place);
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(constant, value, "{place}");
    }
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{place}: {value}");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        several => several.as_array().into_iter().flatten().map(|one| one.as_str().unwrap()).collect(),
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.is_empty() || types.contains(&is), "{place}: {value} is not {types:?}");
    let Value::Object(fields) = value else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(required.as_str().unwrap()), "{place} lacks {required}");
    }
    let open = schema["properties"].as_object().is_some_and(|properties| properties.is_empty());
    for (name, field) in fields {
        let schema = &schema["properties"][name];
        assert!(open || schema.is_object(), "{place}.{name} is not described");
        check(document, schema, field, &format!("{place}.{name}"));
    }
}
