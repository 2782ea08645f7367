//! File, environment and flags, one over the other, with the place that each value comes from.

use super::{
    Config, ConfigError, FILE, Problem,
    error::all_paths,
    key::Applies,
    sections::{DRIVER, SECTIONS, Spec},
};
use crate::{instance::LimitTable, model::Slug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
#[schemars(rename = "ValueOrigin")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file.
    File {
        /// Which one.
        file: PathBuf,
        /// Where in it, counted from 1.
        line: usize,
    },
    /// The environment.
    Environment {
        /// The variable.
        variable: String,
    },
    /// The command line.
    Flag {
        /// As it is written there.
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// A value from the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// As it is written there.
    pub flag: String,
    /// The whole name of the key.
    pub path: String,
    /// Its value.
    pub value: FlagValue,
}

/// How a flag's value was given.
#[derive(Debug, Clone)]
pub enum FlagValue {
    /// With its type.
    Typed(Value),
    /// As a text, like that of an environment variable.
    Text(String),
}

/// Where values are looked for.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that was asked for; it must be there.
    pub file: Option<PathBuf>,
    /// The data folder, whose file is taken when it is there and no other was asked for.
    pub data: PathBuf,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What the command line says.
    pub flags: Vec<Flag>,
}

/// A configuration with the origin of each value.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// What was set, by whole name.
    values: BTreeMap<String, (Value, Origin)>,
}

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The whole name of the key.
    pub key: String,
    /// Its value.
    #[schemars(with = "serde_json::Value")]
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// When a change of it applies.
    pub applies: Applies,
}

impl Sources {
    /// The file that is read, if there is one.
    pub fn file(&self) -> Option<PathBuf> {
        let own = || Some(self.data.join(FILE)).filter(|file| file.exists());
        self.file.clone().or_else(own)
    }

    /// Reads everything. Every problem is told, not only the first.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let mut layers = Layers::default();
        let file = self.file();
        if let Some(file) = &file {
            layers.read_file(file)?;
        }
        layers.read_environment(&self.environment);
        for flag in &self.flags {
            layers.read_flag(flag);
        }
        layers.finish(file)
    }
}

impl Loaded {
    /// Every value, in the order of the file; then those of single drivers.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for section in SECTIONS {
            let defaults = (section.defaults)();
            for key in section.keys {
                let path = section.path(key.name);
                let (value, origin) = match self.values.get(&path) {
                    Some(set) => set.clone(),
                    None => (defaults.get(key.name).cloned().unwrap_or(Value::Boolean(false)), Origin::Default),
                };
                entries.push(Entry { key: path, value, origin, applies: key.applies });
            }
        }
        let common: BTreeSet<String> = all_paths().collect();
        for (path, (value, origin)) in self.values.iter().filter(|(path, _)| !common.contains(*path)) {
            let (value, origin) = (value.clone(), origin.clone());
            entries.push(Entry { key: path.clone(), value, origin, applies: Applies::NextInstance });
        }
        entries
    }
}

#[derive(Default)]
struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
    problems: Vec<Problem>,
}

/// A place in a file.
struct InFile<'a> {
    file: &'a Path,
    text: &'a str,
}

impl InFile<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    fn origin(&self, at: &Spanned<impl Sized>) -> Origin {
        Origin::File { file: self.file.to_owned(), line: self.line(at.span().start) }
    }
}

impl Layers {
    fn read_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text =
            std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable { file: file.to_owned(), error })?;
        let place = InFile { file, text: &text };
        let not_toml = |error: &toml::de::Error| ConfigError::NotToml {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| place.line(span.start)),
            message: error.message().to_owned(),
        };
        let values: Table = toml::from_str(&text).map_err(|error| not_toml(&error))?;
        let spans = DeTable::parse(&text).map_err(|error| not_toml(&error))?;
        for (name, spanned) in spans.get_ref() {
            let Some(value) = values.get(name.get_ref().as_ref()) else { continue };
            let section = SECTIONS.iter().find(|section| !section.name.is_empty() && section.name == *name.get_ref());
            match (section, spanned.get_ref(), value) {
                (Some(section), DeValue::Table(spans), Value::Table(values)) => {
                    self.read_section(&place, section, spans, values);
                }
                (Some(section), ..) => {
                    let message = format!("'{}' is a section: write its keys below [{0}]", section.name);
                    self.problems.push(Problem { origin: place.origin(name), message });
                }
                (None, ..) => {
                    self.set(place.origin(name), name.get_ref(), value.clone());
                }
            }
        }
        Ok(())
    }

    fn read_section(&mut self, place: &InFile<'_>, section: &Spec, spans: &DeTable<'_>, values: &Table) {
        for (name, spanned) in spans {
            let Some(value) = values.get(name.get_ref().as_ref()) else { continue };
            let path = section.path(name.get_ref());
            match (spanned.get_ref(), value) {
                (DeValue::Table(spans), Value::Table(values)) if section.by_driver && name.get_ref() == DRIVER => {
                    for (slug, spanned) in spans {
                        let path = format!("{path}.{}", slug.get_ref());
                        let values = values.get(slug.get_ref().as_ref()).and_then(Value::as_table);
                        let (Some(spans), Some(values)) = (spanned.get_ref().as_table(), values) else {
                            let message = format!("'{path}' is a table: write its limits below [{path}]");
                            self.problems.push(Problem { origin: place.origin(slug), message });
                            continue;
                        };
                        for name in spans.keys() {
                            if let Some(value) = values.get(name.get_ref().as_ref()) {
                                let path = format!("{path}.{}", name.get_ref());
                                self.set(place.origin(name), &path, value.clone());
                            }
                        }
                    }
                }
                _ => self.set(place.origin(name), &path, value.clone()),
            }
        }
    }

    fn read_environment(&mut self, environment: &[(OsString, OsString)]) {
        for (variable, text) in environment {
            let Some(variable) = variable.to_str() else { continue };
            let known = SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section, key)));
            let found = known.clone().find(|(section, key)| section.variable(key.name) == variable);
            let origin = Origin::Environment { variable: variable.to_owned() };
            if let Some((section, key)) = found {
                let path = section.path(key.name);
                match text.to_str() {
                    Some(text) => self.set_text(origin, &path, text),
                    None => self.problems.push(Problem::value(origin, &path, "it is not written in UTF-8")),
                }
                continue;
            }
            // Others at the top may belong to anybody, or to the client.
            let prefixes = SECTIONS.iter().filter(|section| !section.name.is_empty()).map(Spec::variable_prefix);
            if prefixes.into_iter().any(|prefix| variable.starts_with(&prefix)) {
                let known = known.map(|(section, key)| section.variable(key.name));
                self.problems.push(Problem::unknown(origin, variable, known));
            }
        }
    }

    fn read_flag(&mut self, flag: &Flag) {
        let origin = Origin::Flag { flag: flag.flag.clone() };
        match &flag.value {
            FlagValue::Typed(value) => self.set(origin, &flag.path, value.clone()),
            FlagValue::Text(text) => self.set_text(origin, &flag.path, text),
        }
    }

    /// Sets a value that was written as a text: the type of the default says how to read it.
    fn set_text(&mut self, origin: Origin, path: &str, text: &str) {
        let default = find(path).and_then(|(section, key)| (section.defaults)().get(key).cloned());
        let value = match default {
            Some(Value::String(_)) | None => Value::String(text.to_owned()),
            Some(Value::Array(_)) => {
                // Like PATH.
                let parts = text.split(':').filter(|part| !part.is_empty());
                Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
            }
            // What is no value stays a text, and is refused as one.
            Some(_) => toml::from_str::<Table>(&format!("value = {text}"))
                .ok()
                .and_then(|mut table| table.remove("value"))
                .unwrap_or_else(|| Value::String(text.to_owned())),
        };
        self.set(origin, path, value);
    }

    fn set(&mut self, origin: Origin, path: &str, value: Value) {
        let Some((section, key)) = find(path) else {
            let sections = SECTIONS.iter().map(|section| section.name.to_owned()).filter(|name| !name.is_empty());
            let known = match driver_of(path) {
                Some((section, slug)) => {
                    let path = |key: &str| format!("{}.{DRIVER}.{slug}.{key}", section.name);
                    section.keys.iter().map(|key| path(key.name)).collect()
                }
                None => sections.chain(all_paths()).collect::<Vec<_>>(),
            };
            self.problems.push(Problem::unknown(origin, path, known));
            return;
        };
        if let Some((_, slug)) = driver_of(path)
            && let Err(error) = slug.parse::<Slug>()
        {
            self.problems.push(Problem { origin, message: format!("'{slug}' is not a driver's slug: {error}") });
            return;
        }
        match (section.check)(key, &value) {
            Ok(()) => drop(self.values.insert(path.to_owned(), (value, origin))),
            Err(message) => self.problems.push(Problem::value(origin, path, &message)),
        }
    }

    fn finish(self, file: Option<PathBuf>) -> Result<Loaded, ConfigError> {
        if !self.problems.is_empty() {
            return Err(ConfigError::Problems(self.problems));
        }
        let mut config = Config { general: self.section("")?, http: self.section("http")?, limits: self.limits()? };
        if let Some((_, Origin::File { file, .. })) = self.values.get("drivers") {
            let folder = file.parent().unwrap_or(Path::new(""));
            config.general.drivers = config.general.drivers.iter().map(|path| folder.join(path)).collect();
        }
        for (path, key) in
            [("http.tls_certificate", &mut config.http.tls_certificate), ("http.tls_key", &mut config.http.tls_key)]
        {
            // An empty one names no file.
            if let Some((_, Origin::File { file, .. })) = self.values.get(path)
                && !key.as_os_str().is_empty()
            {
                *key = file.parent().unwrap_or(Path::new("")).join(&*key);
            }
        }
        Ok(Loaded { config, file, values: self.values })
    }

    /// The values of a section, as they stand below a prefix.
    fn below(&self, prefix: &str) -> Table {
        let of = |path: &str| {
            let key = if prefix.is_empty() { Some(path) } else { path.strip_prefix(prefix)?.strip_prefix('.') };
            key.filter(|key| !key.contains('.')).map(str::to_owned)
        };
        self.values.iter().filter_map(|(path, (value, _))| Some((of(path)?, value.clone()))).collect()
    }

    fn section<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, ConfigError> {
        read(self.below(name))
    }

    fn limits(&self) -> Result<LimitTable, ConfigError> {
        let common = self.below("limits");
        let slugs: BTreeSet<&str> = self.values.keys().filter_map(|path| Some(driver_of(path)?.1)).collect();
        let mut drivers = BTreeMap::new();
        for slug in slugs {
            let mut all = common.clone();
            all.extend(self.below(&format!("limits.{DRIVER}.{slug}")));
            // Looked at when the value was set.
            if let Ok(parsed) = slug.parse() {
                drivers.insert(parsed, read(all)?);
            }
        }
        Ok(LimitTable::new(read(common)?, drivers))
    }
}

/// Reads a section of values that were checked one by one.
fn read<T: serde::de::DeserializeOwned>(table: Table) -> Result<T, ConfigError> {
    table.try_into().map_err(|error| {
        let message = error.message().to_owned();
        ConfigError::Problems(vec![Problem { origin: Origin::Default, message }])
    })
}

/// The section and the key of a whole name.
fn find(path: &str) -> Option<(&'static Spec, &'static str)> {
    let (section, key) = match (driver_of(path), path.split_once('.')) {
        (Some((section, _)), _) => (section, path.rsplit('.').next()?),
        (None, Some((section, key))) => (SECTIONS.iter().find(|known| known.name == section)?, key),
        (None, None) => (SECTIONS.iter().find(|known| known.name.is_empty())?, path),
    };
    section.key(key).map(|key| (section, key.name))
}

/// The section and the driver of a whole name, if it has one.
fn driver_of(path: &str) -> Option<(&'static Spec, &str)> {
    let mut parts = path.split('.');
    let (section, driver, slug, _key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let section = SECTIONS.iter().find(|known| known.by_driver && known.name == section)?;
    (driver == DRIVER && parts.next().is_none()).then_some((section, slug))
}
