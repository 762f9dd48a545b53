//! The OpenAPI document as it is served: what changes in it is seen in review.

use std::fmt::Write as _;

use serde_json::Value;

use crate::harness::Server;

#[tokio::test]
async fn the_document_is_as_reviewed() {
    let server = Server::start().await;
    let document = server.administrator().get("/openapi.json").await.json();
    let mut text = String::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            writeln!(text, "{} {path}", method.to_uppercase()).unwrap();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let need = if parameter["required"] == true { "" } else { " (optional)" };
                let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
                writeln!(text, "    {place} {name}: {}{need}", shape(&parameter["schema"])).unwrap();
            }
            if let Some(content) = operation["requestBody"]["content"].as_object() {
                writeln!(text, "    body {}", contents(content)).unwrap();
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let content = response["content"].as_object().map(contents).unwrap_or_default();
                writeln!(text, "    {status} {content}").unwrap();
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        writeln!(text, "{name} {}", shape(schema)).unwrap();
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("openapi", lines.join("\n"));
}

fn contents(content: &serde_json::Map<String, Value>) -> String {
    let each = content.iter().map(|(kind, media)| format!("{kind} {}", shape(&media["schema"])));
    each.collect::<Vec<_>>().join(", ")
}

/// A schema in one line.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.trim_start_matches("#/components/schemas/").to_owned();
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        if let Some(each) = schema[word].as_array() {
            let shapes: Vec<String> = each.iter().map(shape).collect();
            return format!("{word}({})", shapes.join(" | "));
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
        kind => kind.as_str().unwrap_or("any").to_owned(),
    };
    if let Some(properties) = schema["properties"].as_object() {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let fields = properties.iter().map(|(name, field)| {
            let need = if required.iter().any(|known| known == name) { "" } else { "?" };
            format!("{name}{need}: {}", shape(field))
        });
        return format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
    }
    let bounds = ["format", "pattern", "enum", "minimum", "maximum", "minLength", "maxLength"];
    let said: Vec<String> = bounds
        .iter()
        .filter(|word| !schema[**word].is_null())
        .map(|word| format!("{word}={}", schema[*word]))
        .collect();
    let items = if schema["items"].is_object() { format!("[{}]", shape(&schema["items"])) } else { String::new() };
    [format!("{kind}{items}")].into_iter().chain(said).collect::<Vec<_>>().join(" ")
}
