use super::super::sample;
use super::*;
use serde_json::Value;

fn written(files: &[&str], least: Severity, events: &[Event]) -> String {
    let mut out = Vec::new();
    let files: Vec<_> = files.iter().map(ToString::to_string).collect();
    let mut sarif = Sarif::new(&mut out, &files, least);
    for event in events {
        sarif.event(event).unwrap();
    }
    sarif.finish(&Summary::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_log_of_hostile_traffic() {
    let log = written(&["den/fox tail.pcap"], Severity::Medium, &sample::hostile_events());
    read(&log);
    insta::assert_snapshot!(log.replace(",\"", ",\n\""), @r#"
    {"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    "version":"2.1.0",
    "runs":[{"results":[{"ruleId":"canary",
    "ruleIndex":0,
    "level":"error",
    "message":{"text":"Canary, in response.body of GET 127.0.0.1:5683/, packet 6. Serve it over HTTPS only."},
    "locations":[{"physicalLocation":{"artifactLocation":{"uri":"den/fox%20tail.pcap",
    "index":0},
    "region":{"startLine":6,
    "startColumn":222,
    "endLine":6,
    "endColumn":233,
    "snippet":{"text":"fluffy tail"}}},
    "logicalLocations":[{"fullyQualifiedName":"GET 127.0.0.1:5683/ response.body",
    "kind":"member"}]}],
    "partialFingerprints":{"plainsight/v1":"0123456789abcdef",
    "primaryLocationLineHash":"0123456789abcdef:1"},
    "properties":{"severity":"critical",
    "where":"response.body",
    "offset":0,
    "length":11,
    "stream":0,
    "exchange":1,
    "client":"127.0.0.1:44082",
    "server":"127.0.0.1:5683",
    "time":"2026-11-23T20:49:53.001259Z"}},{"ruleId":"=evil,\"rule\"",
    "ruleIndex":1,
    "level":"error",
    "message":{"text":"A [title](http://evil) with \\x1b[31m, in request.header:x-\"\\u{202e} of POST evil\"><x>/=cmd, packet 6. user\\n: -2+3. Serve it over HTTPS only."},
    "locations":[{"physicalLocation":{"artifactLocation":{"uri":"den/fox%20tail.pcap",
    "index":0},
    "region":{"startLine":6,
    "startColumn":222,
    "endLine":6,
    "endColumn":233,
    "snippet":{"text":"=HYPERLINK(\"http://evil\",\"\\xff\\r\\n\")"}}},
    "logicalLocations":[{"fullyQualifiedName":"POST evil\"><x>/=cmd request.header:x-\"\\u{202e}",
    "kind":"member"}]}],
    "partialFingerprints":{"plainsight/v1":"00000000feed0001",
    "primaryLocationLineHash":"00000000feed0001:1"},
    "properties":{"severity":"high",
    "where":"request.header:x-\"\u202e",
    "offset":0,
    "length":11,
    "stream":0,
    "exchange":2,
    "client":"127.0.0.1:44082",
    "server":"127.0.0.1:5683",
    "time":"2026-11-23T20:49:53.001259Z",
    "via":"gzip > json .a\"b"}},{"ruleId":"canary",
    "ruleIndex":0,
    "level":"error",
    "message":{"text":"Canary, in response.body of POST evil\"><x>/=cmd, packet 7. Serve it over HTTPS only."},
    "locations":[{"physicalLocation":{"artifactLocation":{"uri":"den/fox%20tail.pcap",
    "index":0},
    "region":{"startLine":7,
    "startColumn":1,
    "endLine":7,
    "endColumn":12,
    "snippet":{"text":"@\\tother"}}},
    "logicalLocations":[{"fullyQualifiedName":"POST evil\"><x>/=cmd response.body",
    "kind":"member"}]}],
    "partialFingerprints":{"plainsight/v1":"00000000feed0001",
    "primaryLocationLineHash":"00000000feed0001:2"},
    "properties":{"severity":"critical",
    "where":"response.body",
    "offset":0,
    "length":11,
    "stream":0,
    "exchange":2,
    "client":"127.0.0.1:44082",
    "server":"127.0.0.1:5683",
    "time":"2026-11-23T20:49:53.001259Z",
    "redacted":true}}],
    "artifacts":[{"location":{"uri":"den/fox%20tail.pcap"},
    "roles":["analysisTarget"]}],
    "columnKind":"utf16CodeUnits",
    "properties":{"packets":0,
    "streams":0,
    "exchanges":0},
    "tool":{"driver":{"name":"plainsight",
    "version":"0.1.0",
    "semanticVersion":"0.1.0",
    "rules":[{"id":"canary",
    "shortDescription":{"text":"Canary."},
    "fullDescription":{"text":"Canary. It was read from captured network traffic, where anyone on the way could."},
    "help":{"text":"How to stop it: Serve it over HTTPS only.",
    "markdown":"**How to stop it:** Serve it over HTTPS only."},
    "defaultConfiguration":{"level":"error"},
    "properties":{"security-severity":"9.5",
    "precision":"high",
    "tags":["security",
    "secret",
    "cleartext"]}},{"id":"=evil,\"rule\"",
    "name":"EvilRule",
    "shortDescription":{"text":"A [title](http://evil) with \\x1b[31m."},
    "fullDescription":{"text":"A [title](http://evil) with \\x1b[31m. It was read from captured network traffic, where anyone on the way could."},
    "help":{"text":"How to stop it: Serve it over HTTPS only.",
    "markdown":"**How to stop it:** Serve it over HTTPS only."},
    "defaultConfiguration":{"level":"error"},
    "properties":{"security-severity":"8.0",
    "precision":"high",
    "tags":["security",
    "secret",
    "cleartext"]}}]}}}]}
    "#);
}

#[test]
fn nothing_found_is_a_whole_log_too() {
    let log = read(&written(&[], Severity::Medium, &[]));
    assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], Value::Array(Vec::new()));
    assert_eq!(log["runs"][0]["artifacts"][0]["location"]["uri"], "live-capture");
}

#[test]
fn every_result_has_a_relative_location_and_its_rule() {
    let mut events = sample::hostile_events();
    events.extend(sample::hostile_events());
    let log = read(&written(&["/abs/fox.pcap"], Severity::Info, &events));
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let once = read(&written(&["/abs/fox.pcap"], Severity::Info, &sample::hostile_events()));
    assert_eq!(results, once["runs"][0]["results"].as_array().unwrap(), "repeats are told once");
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "abs/fox.pcap");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
}

#[test]
fn paths_become_relative_references() {
    for (path, want) in [
        ("fox.pcap", "fox.pcap"),
        ("den/fox tail.pcap", "den/fox%20tail.pcap"),
        ("c:fox", "c%3Afox"),
        ("/fox", "fox"),
        ("f\u{fc}chse?#%.pcap", "f%C3%BCchse%3F%23%25.pcap"),
        ("", "capture"),
    ] {
        assert_eq!(uri(path), want);
    }
}
