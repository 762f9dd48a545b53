//! The rules of the house, kept by tests: who may import whom, how long things are, and what may not be written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our own layers each layer may import; a layer that is not listed here may not exist.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("sandbox", &["domain"]),
    ("store", &["domain"]),
    ("api", &["domain"]),
    ("scan", &["sandbox", "domain"]),
    ("market", &["store", "domain"]),
    ("server", &["market", "store", "scan", "sandbox", "api", "domain"]),
    ("client", &["api", "domain"]),
    ("console", &["client", "sandbox", "scan", "api", "domain"]),
    ("host", &["sandbox", "store", "client", "api", "domain"]),
    ("cli", &["domain", "sandbox", "store", "api", "scan", "market", "server", "client", "console", "host", "config"]),
    ("config", &["domain"]),
];

/// Layers in which nothing may wait.
const SYNCHRONOUS: &[&str] = &["domain", "sandbox", "scan", "market"];

/// Words of SQL that only one of the two databases understands.
const ONE_SIDED_SQL: &[&str] = &[
    "AUTOINCREMENT",
    "INSERT OR ",
    "ILIKE",
    "DATETIME(",
    "STRFTIME(",
    "NOW()",
    "IFNULL(",
    "JSON_EXTRACT",
    "ROWID",
    "SERIAL",
    "GLOB ",
    "ANY(ARRAY",
    "WITHOUT ROWID",
    "GROUP_CONCAT",
    "STRING_AGG",
];

struct Source {
    path: PathBuf,
    /// The path below the package, with `/`.
    name: String,
    text: String,
}

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&package().join(folder), &mut found);
    }
    assert!(!found.is_empty(), "no source below {folders:?}");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8 source");
            let name = path.strip_prefix(package()).expect("below the package").to_string_lossy().replace('\\', "/");
            found.push(Source { path, name, text });
        }
    }
}

/// The layer a file of `src` belongs to: its folder, or its own name at the top.
fn layer(name: &str) -> Option<&str> {
    let below = name.strip_prefix("src/")?;
    let first = below.split('/').next()?;
    let layer = first.strip_suffix(".rs").unwrap_or(first);
    (layer != "lib" && layer != "main").then_some(layer)
}

/// Every `crate::x` that a text names, `use crate::{a, b}` included.
fn imported(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let list = rest.strip_prefix('{').unwrap_or(rest);
            let names = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
            for name in names {
                let word: String = name
                    .trim()
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_' || c.is_ascii_digit())
                    .collect();
                if !word.is_empty() {
                    found.push(word);
                }
            }
        }
    }
    found
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn layers_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        let Some(layer) = layer(&source.name) else { continue };
        let Some(allowed) = table.get(layer) else {
            faults.push(format!("{}: the layer {layer} is not in the table of imports", source.name));
            continue;
        };
        for name in imported(&source.text) {
            if name != layer && table.contains_key(name.as_str()) && !allowed.contains(&name.as_str()) {
                faults.push(format!("{}: {layer} may not import {name}", source.name));
            }
        }
        let worker =
            matches!(source.name.as_str(), "src/server/worker.rs") || source.name.starts_with("src/server/worker/");
        if layer == "server" && !worker {
            let scans = imported(&source.text).into_iter().filter(|name| name == "scan" || name == "sandbox");
            faults.extend(scans.map(|name| format!("{}: only the worker may import {name}", source.name)));
        }
    }
    report(faults);
}

#[test]
fn the_synchronous_layers_never_wait() {
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        let in_tests = source.name.contains("/tests/");
        if in_tests || !layer(&source.name).is_some_and(|layer| SYNCHRONOUS.contains(&layer)) {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if code.contains(".await") || code.contains("async fn") || code.contains("tokio::") {
                faults.push(format!("{}:{}: {}", source.name, number + 1, line.trim()));
            }
        }
    }
    report(faults);
}

#[test]
fn the_domain_reads_no_clock_and_no_files() {
    let mut faults = Vec::new();
    for source in sources(&["src/domain"]) {
        for word in
            ["std::fs", "std::net", "std::env", "SystemTime::now", "Instant::now", "Timestamp::now", "getrandom"]
        {
            if source.text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word)) {
                faults.push(format!("{}: the domain may not use {word}", source.name));
            }
        }
    }
    report(faults);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources(&["src", "tests", "benches"]).into_iter().filter(|source| !source.text.starts_with("//!"));
    report(silent.map(|source| format!("{}: starts without a //! line", source.name)).collect());
}

#[test]
fn files_and_functions_are_short() {
    let mut faults = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        let lines = source.text.lines().count();
        if lines > 600 {
            faults.push(format!("{}: {lines} lines; 600 is the bound", source.name));
        }
        for (name, first, length) in functions(&source.text) {
            if length > 80 {
                faults.push(format!(
                    "{}:{first}: {name} has {length} lines; 80 with its signature is the bound",
                    source.name
                ));
            }
        }
    }
    report(faults);
}

/// Name, first line and length of each function, told by indentation (the format is checked elsewhere).
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let Some(at) = code.find("fn ") else { continue };
        let before = &code[..at];
        let is_item = before.split_whitespace().all(|word| {
            word.starts_with("pub") || ["const", "async", "extern", "unsafe", "crate)", "super)"].contains(&word)
        });
        if !is_item || !before.is_empty() && !before.ends_with(' ') {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let end = lines[number..].iter().position(|line| {
            *line == closing
                || (line.len() - line.trim_start().len() == indent
                    && line.ends_with([';', '}'])
                    && line.trim_end().len() > indent)
        });
        if let Some(end) = end {
            let name = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push((name, number + 1, end + 1));
        }
    }
    found
}

#[test]
fn no_room_is_named_after_nothing() {
    let banned = ["util", "utils", "helper", "helpers", "common", "misc", "manager"];
    let mut faults = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        for part in source.name.split('/') {
            if banned.contains(&part.trim_end_matches(".rs")) {
                faults.push(format!("{}: {part} says nothing about what is in it", source.name));
            }
        }
    }
    report(faults);
}

#[test]
fn sql_is_only_in_the_store_and_runs_on_both_databases() {
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        let in_store = layer(&source.name) == Some("store");
        for (number, line) in source.text.lines().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            let upper = code.to_uppercase();
            let statement =
                ["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM"].iter().any(|word| code.contains(word));
            let in_tests = source.name.contains("/tests");
            if statement && !in_store && !in_tests {
                faults.push(format!("{}:{}: SQL outside the store", source.name, number + 1));
            }
            let engine_files = ["dialect", "sqlite", "open", "migrations", "backup", "scratch", "tests"];
            let engine_files = engine_files.map(|file| format!("src/store/{file}"));
            if in_store && !engine_files.iter().any(|file| source.name.starts_with(file.as_str())) && code.contains('"')
            {
                let words = ONE_SIDED_SQL.iter().filter(|word| upper.contains(*word));
                faults.extend(
                    words.map(|word| format!("{}:{}: {word} is not in both databases", source.name, number + 1)),
                );
            }
        }
    }
    for path in
        fs::read_dir(package().join("src/store/migrations")).into_iter().flatten().flatten().map(|entry| entry.path())
    {
        if path.extension().is_some_and(|extension| extension == "sql") {
            let text = fs::read_to_string(&path).expect("a readable migration").to_uppercase();
            let words = ONE_SIDED_SQL.iter().filter(|word| text.contains(*word));
            faults.extend(words.map(|word| format!("{}: {word} is not in both databases", path.display())));
        }
    }
    report(faults);
}

#[test]
fn every_route_is_in_the_readme_and_in_the_client() {
    let readme = fs::read_to_string(package().join("README.md")).expect("a README");
    let client: String = sources(&["src/client"]).into_iter().map(|source| source.text).collect();
    let mut faults = Vec::new();
    for route in skydeck::server::ROUTES {
        if !readme.contains(&format!("| `{} {}` |", route.method, route.path)) {
            faults.push(format!("{} {} is not in the README's table", route.method, route.path));
        }
        if !client.contains(&format!("\"{}\"", route.path)) && route.path != "/docs" {
            faults.push(format!("{} {} is not in the client", route.method, route.path));
        }
    }
    report(faults);
}

#[test]
fn every_theme_parses() {
    use skydeck::console::profile::ColourDepth;
    use skydeck::console::theme::Theme;

    let mut themes = 0;
    for entry in fs::read_dir(package().join("themes")).expect("the folder of themes") {
        let path = entry.expect("a readable folder").path();
        let text = fs::read_to_string(&path).expect("a readable theme");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let parsed = Theme::parse(&text, &path.display().to_string(), &name, ColourDepth::True);
        assert!(parsed.is_ok(), "{}: {:?}", path.display(), parsed.err());
        themes += 1;
    }
    assert!(themes >= 3, "{themes} themes");
}

#[test]
fn nothing_is_left_for_later_and_no_lint_is_silenced_without_a_reason() {
    let stubs = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("#[", "ignore"),
        concat!("FIX", "ME"),
    ];
    let mut faults = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        for (number, line) in source.text.lines().enumerate() {
            if stubs.iter().any(|stub| line.contains(stub)) {
                faults.push(format!("{}:{}: {}", source.name, number + 1, line.trim()));
            }
            let silences = line.contains(concat!("#[", "allow(")) || line.contains(concat!("#![", "allow("));
            if silences && !line.contains("reason") {
                faults.push(format!("{}:{}: a silenced lint without a reason", source.name, number + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn the_table_itself_catches_what_it_is_for() {
    assert_eq!(imported("use crate::{store, market::x};\nlet a = crate::server::y();"), ["store", "market", "server"]);
    assert_eq!(layer("src/domain/id.rs"), Some("domain"));
    assert_eq!(layer("src/lib.rs"), None);
    let long = format!("impl X {{\n    pub fn long(&self) {{\n{}    }}\n}}\n", "        a();\n".repeat(90));
    assert_eq!(functions(&long), [("long".to_owned(), 2, 92)]);
    let short = "fn one() -> u8 {\n    1\n}\n\nfn two() {}\n";
    assert_eq!(functions(short).len(), 2);
    assert!(sources(&["tests"]).iter().any(|source| source.path.ends_with("tests/it/tidy.rs")));
}
