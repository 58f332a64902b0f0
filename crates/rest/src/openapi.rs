//! `/openapi.json`, made from the endpoints that the router serves.

use std::collections::BTreeMap;

use protocol::ErrorCode;
use serde_json::{Map, Value, json};

use crate::endpoint::{AnswerKind, Description, Endpoint, Place};
use crate::envelope::RETRY_WORDS;

/// The document, OpenAPI 3.1.
pub(crate) fn document(endpoints: &[Endpoint]) -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(&endpoint.description);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jianzi",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The HTTP interface for mini games. Rooms and matches are played over the socket.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": { "Failure": failure_schema() },
        },
    })
}

fn operation(description: &Description) -> Value {
    let mut operation = json!({ "summary": description.summary, "responses": responses(description) });
    if description.logged_in {
        operation["security"] = json!([{ "token": [] }]);
    }
    let parameters: Vec<Value> = description
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "name": parameter.name,
                "in": match parameter.place { Place::Query => "query", Place::Path => "path" },
                "required": parameter.place == Place::Path,
                "description": parameter.description,
                "schema": { "type": "string" },
            })
        })
        .collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(schema) = &description.request {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

fn responses(description: &Description) -> Value {
    let mut responses = Map::new();
    responses.insert("200".into(), good_response(&description.answer));
    for (status, codes) in errors_by_status(description) {
        let sentences: Vec<String> = codes
            .iter()
            .map(|code| format!("{} {}: {}", code.number(), code.name(), code.english()))
            .collect();
        let response = json!({
            "description": sentences.join("\n"),
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Failure" } } },
        });
        responses.insert(status.to_string(), response);
    }
    responses.into()
}

fn good_response(answer: &AnswerKind) -> Value {
    match answer {
        AnswerKind::Data(data) => {
            let schema = json!({
                "type": "object",
                "required": ["code", "msg", "data"],
                "properties": { "code": { "const": 0 }, "msg": { "const": "ok" }, "data": data },
            });
            json!({ "description": "ok", "content": { "application/json": { "schema": schema } } })
        }
        AnswerKind::Document => json!({ "description": "ok", "content": { "application/json": {} } }),
        AnswerKind::Bytes => json!({ "description": "ok", "content": { "application/octet-stream": {} } }),
    }
}

fn errors_by_status(description: &Description) -> BTreeMap<u16, Vec<ErrorCode>> {
    let mut codes = description.errors.to_vec();
    if description.logged_in {
        codes.extend([
            ErrorCode::NotLoggedIn,
            ErrorCode::TokenExpired,
            ErrorCode::TokenInvalid,
            ErrorCode::Banned,
        ]);
    }
    if description.request.is_some() {
        codes.extend([ErrorCode::BadRequest, ErrorCode::TooLong, ErrorCode::Idle]);
    }
    codes.sort();
    codes.dedup();
    let mut by_status = BTreeMap::<u16, Vec<ErrorCode>>::new();
    for code in codes {
        by_status.entry(code.http_status()).or_default().push(code);
    }
    by_status
}

fn failure_schema() -> Value {
    json!({
        "type": "object",
        "required": ["code", "msg", "msg_zh", "retry", "retry_after_ms"],
        "properties": {
            "code": { "type": "integer", "description": "docs/errors has a page for each" },
            "msg": { "type": "string", "description": "in English, about this very case" },
            "msg_zh": { "type": "string" },
            "retry": { "enum": RETRY_WORDS },
            "retry_after_ms": { "type": "integer", "description": "0: not known" },
        },
    })
}
