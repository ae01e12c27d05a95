//! Findings that are known already: the fingerprints of an earlier report.
//!
//! It reads our own JSON Lines and SARIF reports. It refuses to guess what any other file
//! might mean.

use super::finding::Finding;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Read;

/// The key of our fingerprint in a SARIF result's `partialFingerprints` (SARIF 2.1.0 §3.27.17).
pub(crate) const SARIF_FINGERPRINT: &str = "plainsight/v1";

/// The key there of the identifier of a result's secret.
pub(crate) const SARIF_SECRET_ID: &str = "plainsight/secretId/v1";

/// What an earlier report found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The fingerprints of entries without an identifier of their secret.
    any_secret: HashSet<String>,
    /// The fingerprints of the others, each with those identifiers.
    secrets: HashMap<String, HashSet<String>>,
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
                    for Outcome { fingerprints: Partial { plainsight, secret_id } } in results {
                        self.insert(plainsight, secret_id);
                    }
                }
            }
            Document { kind: Some(_), fingerprint, secret_id, findings, .. } => {
                self.insert(fingerprint, secret_id);
                for Known { fingerprint, secret_id } in findings.0 {
                    self.insert(Some(fingerprint), secret_id);
                }
            }
            Document { log: Some(_), .. } => return kind("an HTTP archive (HAR)"),
            _ => return kind("JSON of another kind"),
        }
        Ok(())
    }

    fn insert(&mut self, fingerprint: Option<String>, secret_id: Option<String>) {
        match (fingerprint, secret_id) {
            (Some(fingerprint), Some(id)) => _ = self.secrets.entry(fingerprint).or_default().insert(id),
            (Some(fingerprint), None) => _ = self.any_secret.insert(fingerprint),
            (None, _) => {}
        }
    }

    /// Whether a finding was in the report: an entry has its fingerprint and, where the entry has an
    /// identifier of the secret, that too.
    pub fn knows(&self, finding: &Finding) -> bool {
        let same = |ids: &HashSet<String>| finding.secret_id.as_ref().is_some_and(|id| ids.contains(id));
        self.any_secret.contains(&finding.fingerprint) || self.secrets.get(&finding.fingerprint).is_some_and(same)
    }

    /// How many different findings are known.
    pub fn len(&self) -> usize {
        self.any_secret.len() + self.secrets.values().map(HashSet::len).sum::<usize>()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.any_secret.is_empty() && self.secrets.is_empty()
    }

    /// Whether an entry has an identifier of its secret.
    pub fn has_secret_ids(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// How many different entries have none, and match any secret at their place.
    pub fn without_secret_ids(&self) -> u64 {
        self.any_secret.len() as u64
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
    secret_id: Option<String>,
    #[serde(default)]
    findings: Findings,
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
    #[serde(rename = "plainsight/secretId/v1")]
    secret_id: Option<String>,
}

/// Those of an exchange's findings. The summary has their numbers under the same key.
#[derive(Default)]
struct Findings(Vec<Known>);

#[derive(Deserialize)]
struct Known {
    fingerprint: String,
    secret_id: Option<String>,
}

impl<'de> Deserialize<'de> for Findings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Findings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("findings or their numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut findings: A) -> Result<Findings, A::Error> {
                let mut all = Vec::new();
                while let Some(known) = findings.next_element()? {
                    all.push(known);
                }
                Ok(Findings(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut numbers: A) -> Result<Findings, A::Error> {
                while numbers.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Findings::default())
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
        let mut all: Vec<_> = baseline.any_secret.into_iter().collect();
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
    fn an_entry_with_a_secret_id_matches_that_secret_alone() {
        let report = "{\"type\":\"finding\",\"fingerprint\":\"a\",\"secret_id\":\"1\"}\n\
                      {\"type\":\"exchange\",\"findings\":[{\"fingerprint\":\"a\",\"secret_id\":\"2\"},{\"fingerprint\":\"b\"}]}\n\
                      {\"runs\":[{\"tool\":{\"driver\":{\"name\":\"plainsight\"}},\"results\":[{\"partialFingerprints\":\
                      {\"plainsight/v1\":\"c\",\"plainsight/secretId/v1\":\"3\"}}]}]}";
        let baseline = Baseline::read(report.as_bytes()).unwrap();
        assert_eq!((baseline.len(), baseline.without_secret_ids(), baseline.has_secret_ids()), (4, 1, true));
        for (fingerprint, id, want) in [
            ("a", Some("1"), true),
            ("a", Some("2"), true),
            ("a", Some("3"), false),
            ("a", None, false),
            ("b", Some("1"), true),
            ("b", None, true),
            ("c", Some("3"), true),
            ("c", Some("1"), false),
            ("d", Some("1"), false),
        ] {
            let mut finding = crate::leak::allow::tests::finding("x", "", fingerprint);
            finding.secret_id = id.map(str::to_owned);
            assert_eq!(baseline.knows(&finding), want, "{fingerprint} {id:?}");
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
