//! Configurations of installations, judged by the extension's own JSON Schema.

use jsonschema::PatternOptions;
use serde_json::Value;

use super::fault::{Fault, Faults};
use super::json::Json;
use super::limits::CONFIG_BYTES_MAX;

/// Judges a configuration by a schema (draft 2020-12 unless it names another); without a schema only `{}` passes.
///
/// Patterns are matched in linear time and nothing outside the schema is fetched.
///
/// # Errors
/// Every fault with its pointer, those of the schema itself with the pointer `/config_schema`.
pub fn judge(schema: Option<&Json>, config: &Value) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::none();
    let bytes = config.to_string().len();
    if bytes > CONFIG_BYTES_MAX {
        let message = format!("the configuration has {bytes} bytes; at most {CONFIG_BYTES_MAX} are allowed");
        faults.add("", "too_large", message);
        return Err(faults.into_list());
    }
    let Some(members) = config.as_object() else {
        faults.add("", "wrong_type", "a configuration is a JSON object");
        return Err(faults.into_list());
    };
    let Some(schema) = schema else {
        if let Some(member) = members.keys().next() {
            let message = "this version has no configuration: it declares no config_schema";
            faults.add(super::json::pointer_to("", member), "no_schema", message);
        }
        return if faults.is_empty() { Ok(()) } else { Err(faults.into_list()) };
    };
    let unusable = |why: String| {
        let message = format!("the extension's own schema cannot be used, its author has to repair it: {why}");
        vec![Fault { pointer: "/config_schema".to_owned(), code: "bad_schema", message }]
    };
    let schema: Value = serde_json::from_str(&schema.to_compact()).map_err(|error| unusable(error.to_string()))?;
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    let validator = options.build(&schema).map_err(|error| unusable(shortened(&error.to_string())))?;
    for error in validator.iter_errors(config) {
        faults.add(error.instance_path().to_string(), "breaks_schema", shortened(&error.to_string()));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into_list()) }
}

/// A message of the validator repeats the value it is about, which may be large.
fn shortened(text: &str) -> String {
    super::text::shorten(&super::text::visible(text), 200).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Json {
        let text = r#"{"type": "object", "required": ["channel"], "additionalProperties": false,
            "properties": {"channel": {"type": "string", "pattern": "^(a+)+$"}, "limit": {"type": "integer", "maximum": 9}}}"#;
        Json::parse(text.as_bytes()).unwrap()
    }

    fn pointers(schema: Option<&Json>, config: &Value) -> Vec<String> {
        judge(schema, config).err().into_iter().flatten().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn every_fault_of_a_configuration_has_its_place() {
        assert_eq!(judge(Some(&schema()), &json!({"channel": "aaa", "limit": 9})), Ok(()));
        let mut found = pointers(Some(&schema()), &json!({"channel": 5, "limit": 10, "extra": 1}));
        found.sort();
        assert_eq!(found, ["", "/channel", "/limit"]);
        assert_eq!(pointers(Some(&schema()), &json!([])), [""]);
        assert_eq!(pointers(None, &json!({"a/b": 1})), ["/a~1b"]);
        assert_eq!(judge(None, &json!({})), Ok(()));
    }

    #[test]
    fn a_pattern_that_would_explode_is_matched_in_linear_time() {
        let hostile = json!({"channel": format!("{}!", "a".repeat(50_000))});
        assert_eq!(pointers(Some(&schema()), &hostile), ["/channel"]);
    }

    #[test]
    fn what_a_schema_cannot_do_is_said_of_the_schema() {
        for text in [
            r#"{"type": 5}"#,
            r#"{"$ref": "https://example.com/schema.json"}"#,
            r#"{"properties": {"a": {"pattern": "("}}}"#,
            r#"{"properties": {"a": {"pattern": "(?=a)"}}}"#,
        ] {
            let schema = Json::parse(text.as_bytes()).unwrap();
            assert_eq!(pointers(Some(&schema), &json!({"a": "a"})), ["/config_schema"], "{text}");
        }
    }

    #[test]
    fn configurations_are_bounded() {
        let of = |bytes: usize| json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())});
        let any = Json::parse(b"{}").unwrap();
        assert_eq!(judge(Some(&any), &of(CONFIG_BYTES_MAX)), Ok(()));
        assert_eq!(pointers(Some(&any), &of(CONFIG_BYTES_MAX + 1)), [""]);
    }
}
