//! From a configuration to rules.

use super::file::{Excuses, File, Written};
use super::syntax;
use crate::leak::active::Rules;
use crate::leak::finding::Severity;
use crate::leak::http_rules::{BUILTINS, Builtin};
use crate::leak::rule::{self, Excuse, Required, Rule, Target};
use regex::bytes::{Regex, RegexBuilder};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

/// What is wrong with a rules file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {}{reason}", rule.as_ref().map(|rule| format!("rule {rule}: ")).unwrap_or_default())]
pub struct RulesError {
    /// The file.
    pub file: String,
    /// Where in it, counted from 1.
    pub line: usize,
    /// Where in the line, in letters counted from 1.
    pub column: usize,
    /// The rule, where it is in one.
    pub rule: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// All that is wrong with a rules file, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(RulesError::to_string).collect::<Vec<_>>().join("\n"))]
pub struct RulesErrors(pub Vec<RulesError>);

/// Files that extend each other deeper than this do so in a circle (gitleaks: `maxExtendDepth`).
const DEEPEST: usize = 2;

/// The most memory that one expression of an excuse may take, compiled.
const COMPILED_LIMIT: usize = 10 << 20;

/// Reads the configuration `text` of the file `name`; `read` reads the file that it extends, by
/// the path that it gives.
///
/// # Errors
/// All that is wrong with it.
pub fn load(name: &str, text: &str, mut read: impl FnMut(&str) -> io::Result<String>) -> Result<Rules, RulesErrors> {
    let mut errors = Vec::new();
    let set = Loader { name, text, errors: &mut errors }.load(&mut read, 0);
    match set {
        Some(set) if errors.is_empty() => Ok(Rules::new(set.rules, set.builtins)),
        _ => Err(RulesErrors(errors)),
    }
}

/// Rules that belong together.
#[derive(Debug, Default)]
struct Set {
    rules: Vec<Rule>,
    builtins: Vec<&'static Builtin>,
}

/// Reads one file.
struct Loader<'a> {
    name: &'a str,
    text: &'a str,
    errors: &'a mut Vec<RulesError>,
}

type Read<'a> = &'a mut dyn FnMut(&str) -> io::Result<String>;

impl Loader<'_> {
    fn fail(&mut self, at: usize, rule: Option<&str>, reason: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let (file, line) = (self.name.to_owned(), before.matches('\n').count() + 1);
        self.errors.push(RulesError { file, line, column, rule: rule.map(str::to_owned), reason: reason.into() });
    }

    fn load(&mut self, read: Read<'_>, depth: usize) -> Option<Set> {
        let file: File = match toml::from_str(self.text) {
            Ok(file) => file,
            Err(error) => {
                self.fail(error.span().map_or(0, |span| span.start), None, error.message().trim_end());
                return None;
            }
        };
        let mut set = self.base(&file, read, depth).unwrap_or_default();
        for written in &file.rules {
            self.add(&mut set, written);
        }
        for excuses in file.allowlists.iter().chain(&file.allowlist) {
            if let Some(excuse) = self.excuse(excuses, None) {
                let excuse = Arc::new(excuse);
                for id in excuses.target_rules.iter().filter(|id| !set.rules.iter().any(|rule| rule.id == **id)) {
                    self.fail(0, None, format!("an allowlist is for the rule {id:?}, which there is not"));
                }
                let meant =
                    |rule: &&mut Rule| excuses.target_rules.is_empty() || excuses.target_rules.contains(&rule.id);
                for rule in set.rules.iter_mut().filter(meant) {
                    rule.outside.excuses.push(Arc::clone(&excuse));
                }
            }
        }
        self.check_required(&set, &file);
        let disabled = |id: &str| file.extend.disabled_rules.iter().any(|rule| rule == id);
        set.rules.retain(|rule| !disabled(&rule.id));
        set.builtins.retain(|builtin| !disabled(builtin.id));
        Some(set)
    }

    /// The rules that the file extends.
    fn base(&mut self, file: &File, read: Read<'_>, depth: usize) -> Option<Set> {
        let extend = &file.extend;
        if let Some(url) = &extend.url {
            self.fail(url.span().start, None, "extending a URL is not supported: save the file and give its path");
            return None;
        }
        if extend.use_default {
            if let Some(path) = &extend.path {
                self.fail(path.span().start, None, "extends both a path and the default rules; one of them is wanted");
            }
            let rules = rule::defaults().unwrap_or_default();
            return Some(Set { rules, builtins: BUILTINS.to_vec() });
        }
        let path = extend.path.as_ref()?;
        if depth >= DEEPEST {
            self.fail(path.span().start, None, "files extend each other too deeply");
            return None;
        }
        match read(path.get_ref()) {
            Ok(text) => {
                let mut errors = Vec::new();
                let set = Loader { name: path.get_ref(), text: &text, errors: &mut errors }.load(read, depth + 1);
                self.errors.append(&mut errors);
                set
            }
            Err(error) => {
                let reason = format!("cannot read {}: {error}", path.get_ref());
                self.fail(path.span().start, None, reason);
                None
            }
        }
    }

    /// Adds a rule, or changes one of those that are extended.
    fn add(&mut self, set: &mut Set, written: &Spanned<Written>) {
        let start = written.span().start;
        let written = written.get_ref();
        let id = written.id.as_str();
        if id.is_empty() {
            return self.fail(start, None, "a rule has no id");
        }
        let known = set.rules.iter().position(|rule| rule.id == id);
        let expression = written.regex.as_ref().map(|regex| self.expression(regex, id));
        let path = written.path.as_ref().map(|path| self.regex(path, Some(id)));
        if matches!(expression, Some(None)) || matches!(path, Some(None)) {
            return;
        }
        let (expression, path) = (expression.flatten(), path.flatten());
        if known.is_none() && expression.is_none() && path.is_none() {
            return self.fail(start, Some(id), "has neither a regex nor a path, and changes no rule that is extended");
        }
        let mut rule = match known {
            Some(at) => set.rules.swap_remove(at),
            None => new_rule(id),
        };
        if let Some(description) = &written.description {
            rule.title.clone_from(description);
        }
        if let Some((expression, groups)) = expression {
            if written.secret_group.is_some_and(|group| group > groups) {
                let reason =
                    format!("secretGroup is {}, but the regex has {groups}", written.secret_group.unwrap_or(0));
                return self.fail(start, Some(id), reason);
            }
            rule.replace_expression(expression, true);
        }
        // What was known of it was known of the rule as it stood.
        rule.holds_token = None;
        rule.secret_group = written.secret_group.unwrap_or(rule.secret_group);
        rule.entropy = written.entropy.unwrap_or(rule.entropy);
        for keyword in written.keywords.iter().map(|keyword| keyword.to_lowercase()) {
            if !rule.keywords.contains(&keyword) && !keyword.is_empty() {
                rule.keywords.push(keyword);
            }
        }
        rule.outside.path = path.or(rule.outside.path);
        rule.outside.unreported |= written.skip_report;
        for excuses in written.allowlists.iter().chain(&written.allowlist) {
            rule.outside.excuses.extend(self.excuse(excuses, Some(id)).map(Arc::new));
        }
        rule.outside.required.extend(written.required.iter().map(|required| Required {
            id: required.id.clone(),
            within_lines: required.within_lines,
            within_columns: required.within_columns,
        }));
        set.rules.push(rule);
    }

    fn check_required(&mut self, set: &Set, file: &File) {
        for written in &file.rules {
            for required in &written.get_ref().required {
                if !set.rules.iter().any(|rule| rule.id == required.id) {
                    let reason = format!("requires the rule {:?}, which there is not", required.id);
                    self.fail(written.span().start, Some(&written.get_ref().id), reason);
                }
            }
        }
    }

    fn excuse(&mut self, excuses: &Excuses, rule: Option<&str>) -> Option<Excuse> {
        let before = self.errors.len();
        let all = match excuses.condition.as_ref().map(|condition| condition.get_ref().to_ascii_uppercase()).as_deref()
        {
            None | Some("" | "OR" | "||") => false,
            Some("AND" | "&&") => true,
            Some(other) => {
                let at = excuses.condition.as_ref().map_or(0, |condition| condition.span().start);
                self.fail(at, rule, format!("no condition is called {other}: it is OR or AND"));
                false
            }
        };
        let target = match excuses.regex_target.as_ref().map(|target| target.get_ref().as_str()) {
            None | Some("" | "secret") => Target::Secret,
            Some("match") => Target::Match,
            Some("line") => Target::Line,
            Some(other) => {
                let at = excuses.regex_target.as_ref().map_or(0, |target| target.span().start);
                self.fail(at, rule, format!("no regexTarget is called {other}: it is secret, match or line"));
                Target::Secret
            }
        };
        let paths = excuses.paths.iter().filter_map(|path| self.regex(path, rule)).collect();
        let regexes = excuses.regexes.iter().filter_map(|regex| self.regex(regex, rule)).collect();
        let stopwords: Vec<_> = excuses.stopwords.iter().map(|word| word.to_lowercase()).collect();
        let commits = !excuses.commits.is_empty();
        let excuse = Excuse { all, commits, paths, regexes, target, stopwords };
        if !commits && excuse.paths.is_empty() && excuse.regexes.is_empty() && excuse.stopwords.is_empty() {
            if self.errors.len() == before {
                self.fail(0, rule, "an allowlist has no commits, paths, regexes or stopwords");
            }
            return None;
        }
        Some(excuse)
    }

    /// An expression as our engine reads it, and how many groups it has.
    fn expression(&mut self, written: &Spanned<String>, rule: &str) -> Option<(String, usize)> {
        match syntax::translate(written.get_ref()) {
            Ok(translated) => {
                let groups = translated.groups;
                Some((translated.expression, groups))
            }
            Err(broken) => {
                let at = self.within(&written.span(), written.get_ref(), broken.at);
                self.fail(at, Some(rule), format!("the regex is broken here: {}", broken.reason));
                None
            }
        }
    }

    fn regex(&mut self, written: &Spanned<String>, rule: Option<&str>) -> Option<Regex> {
        let compiled = syntax::translate(written.get_ref()).and_then(|translated| {
            let mut builder = RegexBuilder::new(&translated.expression);
            let built = builder.unicode(false).size_limit(COMPILED_LIMIT).build();
            built.map_err(|error| syntax::Broken { at: 0, reason: error.to_string() })
        });
        match compiled {
            Ok(regex) => Some(regex),
            Err(broken) => {
                let at = self.within(&written.span(), written.get_ref(), broken.at);
                self.fail(at, rule, format!("the regex is broken here: {}", broken.reason));
                None
            }
        }
    }

    /// Where in the file byte `at` of a string stands: exact where the string has no escapes.
    fn within(&self, span: &Range<usize>, value: &str, at: usize) -> usize {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        match raw.find(value) {
            Some(start) => span.start + start + at,
            None => span.start,
        }
    }
}

fn new_rule(id: &str) -> Rule {
    let generic = id.starts_with("generic");
    Rule::from_outside(
        id,
        if generic { "generic" } else { "outside" },
        if generic { Severity::Medium } else { Severity::High },
    )
}

#[cfg(test)]
mod tests;
