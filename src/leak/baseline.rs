//! Findings that are known already: the fingerprints of an earlier report.
//!
//! It reads our own JSON Lines and SARIF reports. It refuses to guess what any other file
//! might mean.

use super::finding::Finding;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use std::collections::HashSet;
use std::fmt;
use std::io::Read;

/// The key of our fingerprint in a SARIF result's `partialFingerprints` (SARIF 2.1.0 §3.27.17).
pub(crate) const SARIF_FINGERPRINT: &str = "plainsight/v1";

/// What an earlier report found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: HashSet<String>,
}

/// Why something is no baseline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It is no JSON, or not to its end.
    #[error("line {line} is no JSON ({reason})")]
    Syntax {
        /// Where, counted from 1.
        line: usize,
        /// What the reader said.
        reason: String,
    },
    /// It is JSON of another kind.
    #[error("it is {what}")]
    Kind {
        /// What it is instead.
        what: String,
    },
    /// It cannot be read.
    #[error("{0}")]
    Read(std::io::Error),
}

impl Baseline {
    /// Reads a report in JSON Lines or SARIF.
    ///
    /// # Errors
    /// It is neither, or not by us.
    pub fn read(report: impl Read) -> Result<Self, BaselineError> {
        let mut known = Self::default();
        let documents = serde_json::Deserializer::from_reader(report).into_iter::<Document>();
        let mut empty = true;
        for document in documents {
            known.add(document.map_err(wrong)?)?;
            empty = false;
        }
        if empty {
            return Err(BaselineError::Kind { what: "empty".to_owned() });
        }
        Ok(known)
    }

    fn add(&mut self, document: Document) -> Result<(), BaselineError> {
        let kind = |what: &str| Err(BaselineError::Kind { what: what.to_owned() });
        match document {
            Document { runs: Some(runs), .. } => {
                for Run { tool: Tool { driver }, results } in runs {
                    if driver.name != env!("CARGO_PKG_NAME") {
                        return kind(&format!("a SARIF report by {:?}, not by plainsight", driver.name));
                    }
                    let fingerprints = results.into_iter().filter_map(|result| result.fingerprints.plainsight);
                    self.fingerprints.extend(fingerprints);
                }
            }
            Document { kind: Some(_), fingerprint, findings, .. } => {
                self.fingerprints.extend(fingerprint);
                self.fingerprints.extend(findings.0);
            }
            Document { log: Some(_), .. } => return kind("an HTTP archive (HAR)"),
            _ => return kind("JSON of another kind"),
        }
        Ok(())
    }

    /// Whether a finding was in the report.
    pub fn knows(&self, finding: &Finding) -> bool {
        self.fingerprints.contains(&finding.fingerprint)
    }

    /// How many different findings are known.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }
}

fn wrong(error: serde_json::Error) -> BaselineError {
    match error.classify() {
        Category::Io => BaselineError::Read(error.into()),
        Category::Data => BaselineError::Kind { what: format!("JSON of another kind ({error})") },
        Category::Syntax | Category::Eof => BaselineError::Syntax { line: error.line(), reason: error.to_string() },
    }
}

/// A line of ours, or a whole SARIF log; what else stands in it is passed over.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type")]
    kind: Option<String>,
    fingerprint: Option<String>,
    #[serde(default)]
    findings: Fingerprints,
    runs: Option<Vec<Run>>,
    log: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    #[serde(default)]
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: String,
}

/// A SARIF result.
#[derive(Deserialize)]
struct Outcome {
    #[serde(default, rename = "partialFingerprints")]
    fingerprints: Partial,
}

#[derive(Default, Deserialize)]
struct Partial {
    #[serde(rename = "plainsight/v1")]
    plainsight: Option<String>,
}

/// Those of an exchange's findings. The summary has their numbers under the same key.
#[derive(Default)]
struct Fingerprints(Vec<String>);

#[derive(Deserialize)]
struct Known {
    fingerprint: String,
}

impl<'de> Deserialize<'de> for Fingerprints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Fingerprints;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("findings or their numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut findings: A) -> Result<Fingerprints, A::Error> {
                let mut all = Vec::new();
                while let Some(Known { fingerprint }) = findings.next_element()? {
                    all.push(fingerprint);
                }
                Ok(Fingerprints(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut numbers: A) -> Result<Fingerprints, A::Error> {
                while numbers.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Fingerprints::default())
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprints(report: &str) -> Result<Vec<String>, String> {
        let baseline = Baseline::read(report.as_bytes()).map_err(|error| error.to_string())?;
        let mut all: Vec<_> = baseline.fingerprints.into_iter().collect();
        all.sort_unstable();
        Ok(all)
    }

    #[test]
    fn our_reports_are_read() {
        for (report, want) in [
            (r#"{"type":"summary","findings":{"critical":1}}"#, &[][..]),
            (
                "{\"type\":\"exchange\",\"request\":null,\"findings\":[{\"rule\":\"x\",\"fingerprint\":\"a\"}]}\n\
                 {\"type\":\"finding\",\"fingerprint\":\"b\"}\n{\"type\":\"exchange\"}\n",
                &["a", "b"],
            ),
            (
                r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"plainsight"}},"results":[
                   {"partialFingerprints":{"plainsight/v1":"c","other":"d"}},{"message":{}}]}]}"#,
                &["c"],
            ),
        ] {
            assert_eq!(fingerprints(report).unwrap(), want, "{report}");
        }
    }

    #[test]
    fn what_is_no_report_of_ours_is_told() {
        for (report, part) in [
            ("", "it is empty"),
            ("\u{a1b2}\u{c3d4}", "line 1 is no JSON"),
            ("{\"type\":\"exchange\"}\n{\"type\":", "line 2 is no JSON"),
            ("[{\"RuleID\":\"x\",\"Fingerprint\":\"y\"}]", "JSON of another kind"),
            ("{\"results\":[]}", "JSON of another kind"),
            ("7", "JSON of another kind"),
            ("{\"log\":{\"version\":\"1.2\"}}", "an HTTP archive"),
            (r#"{"runs":[{"tool":{"driver":{"name":"gitleaks"}}}]}"#, "by \"gitleaks\", not by plainsight"),
            (r#"{"type":"exchange","findings":[{"rule":"x"}]}"#, "JSON of another kind"),
        ] {
            let told = fingerprints(report).unwrap_err();
            assert!(told.contains(part), "{report}: {told}");
        }
    }
}
