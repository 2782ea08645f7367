//! The form that prints: its inputs, of what the chosen machine and template take, with what was typed so far.

use super::{
    answer::PageError,
    errors::Errors,
    input::{Choice, Input},
};
use crate::{
    access::Caller,
    jobs::Intake,
    model::{DriverError, Fields, MachineId, MachineState, OptionSpec, Role, StoredTemplate, media::millimetres},
    registry::{Entry, Registry, templates::read},
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

/// How long a page waits for a driver to say what it takes.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was typed, by the names of inputs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Typed(HashMap<String, String>);

impl Typed {
    /// What is in an input; nothing when it was not sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What is in an input; nothing when that is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Takes in what an input has. Lines end as they do here, and not as forms send them.
    pub fn insert(&mut self, name: String, value: &str) {
        self.0.insert(name, value.replace("\r\n", "\n"));
    }

    /// With a value for an input that was not sent.
    #[must_use]
    pub fn or(mut self, name: &str, value: String) -> Self {
        self.0.entry(name.to_owned()).or_insert(value);
        self
    }

    /// Whether a template is to be printed, and not a file.
    pub fn by_template(&self) -> bool {
        match self.get("what") {
            Some(what) => what == "template",
            None => self.filled("template").is_some(),
        }
    }

    /// What is in the inputs whose names begin so, by the rest of their names, as far as something is in them.
    pub fn group(&self, beginning: &str) -> BTreeMap<String, String> {
        let of_group = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(beginning)?, value)));
        of_group.filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }
}

/// The form.
pub struct PrintForm {
    /// The machines that print.
    pub machines: Vec<Choice>,
    /// The chosen one's name.
    pub machine_name: String,
    /// What keeps it from printing at once, if something does.
    pub waits: Option<String>,
    /// What is loaded in it, if it can tell.
    pub media: Option<String>,
    /// Whether a template is to be printed, and not a file.
    pub by_template: bool,
    /// The templates.
    pub templates: Vec<Choice>,
    /// What is known of the chosen one: for what, and how large.
    pub template: Option<Chosen>,
    /// How often each label is printed.
    pub copies: String,
    /// The options of the chosen machine.
    pub options: Vec<Input>,
    /// Why there are none.
    pub no_options: Option<String>,
    /// Whether the options are unfolded.
    pub unfolded: bool,
    /// The label that is previewed.
    pub label: String,
    /// The name of this request: sent twice, it is the same job.
    pub key: String,
    /// What is wrong with what was typed.
    pub errors: Errors,
}

/// The template that was chosen.
pub struct Chosen {
    /// What it is for; may be empty.
    pub description: String,
    /// `50.8 × 25.4 mm`.
    pub size: String,
    /// Rows that are kept with it; empty when there are none.
    pub rows: Vec<Choice>,
    /// Of which template and row the values in the inputs are.
    pub filled: String,
    /// Its fields.
    pub fields: Vec<Input>,
}

impl PrintForm {
    /// The form for somebody who may print; nothing while there is no machine that prints.
    pub async fn offered(registry: &Registry, caller: &Caller, typed: Typed) -> Result<Option<Self>, PageError> {
        if caller.reaches(Role::Operate) {
            Self::new(registry, caller, &typed, Errors::default()).await
        } else {
            Ok(None)
        }
    }

    /// The form with what was typed, and what is wrong with that; nothing while there is no machine that prints.
    pub async fn new(
        registry: &Registry,
        caller: &Caller,
        typed: &Typed,
        errors: Errors,
    ) -> Result<Option<Self>, PageError> {
        let printers = printers(registry, caller);
        let Some(chosen) = chosen_machine(&printers, typed) else { return Ok(None) };
        let id = chosen.machine.id.to_string();
        let machines =
            printers.iter().map(|entry| Choice::new(entry.machine.id.to_string(), entry.machine.name(), &id)).collect();
        let intake = registry.intake(chosen);
        let (options, media) = tokio::join!(options(&intake), tokio::time::timeout(PATIENCE, intake.media()));
        let (specs, no_options) = match options {
            Ok(specs) => (specs, None),
            Err(why) => (Arc::default(), Some(why)),
        };
        let options: Vec<_> = specs
            .iter()
            .filter(|spec| spec.constraint("hidden") != Some("true"))
            .map(|spec| Input::of_option(spec, typed.get(&format!("option.{}", spec.key)), &errors))
            .collect();
        let (templates, template) = chosen_template(registry, typed, &errors).await?;
        let key = typed.filled("key").filter(|_| !errors.key_is_used).map(str::to_owned);
        Ok(Some(Self {
            machines,
            machine_name: chosen.machine.name(),
            waits: waits(chosen),
            media: media.ok().flatten().map(|media| media.describe()),
            by_template: typed.by_template(),
            templates,
            template,
            copies: typed.filled("copies").unwrap_or("1").to_owned(),
            unfolded: errors.any_of("option") || options.iter().any(|option| !option.value.is_empty()),
            options,
            no_options,
            label: typed.filled("label").unwrap_or("1").to_owned(),
            key: key.unwrap_or_else(|| format!("page-{}", uuid::Uuid::now_v7())),
            errors,
        }))
    }
}

/// The machines that print, by name.
fn printers(registry: &Registry, caller: &Caller) -> Vec<Entry> {
    let mut printers = caller.machines_of(registry);
    printers.retain(|entry| entry.machine.machine_type.prints());
    printers.sort_by_key(|entry| entry.machine.name().to_lowercase());
    printers
}

/// The machine that was chosen; else the first one that is ready.
fn chosen_machine<'a>(printers: &'a [Entry], typed: &Typed) -> Option<&'a Entry> {
    let wanted: Option<MachineId> = typed.get("machine").and_then(|id| id.parse().ok());
    let is_ready = |entry: &&Entry| waits(entry).is_none();
    let chosen = printers.iter().find(|entry| Some(entry.machine.id) == wanted);
    chosen.or_else(|| printers.iter().find(is_ready)).or(printers.first())
}

/// Why a job would wait, beside other jobs.
fn waits(entry: &Entry) -> Option<String> {
    let machine = &entry.machine;
    let why = match &entry.state.borrow().0 {
        MachineState::Ready if machine.is_paused() => "It is paused: jobs wait until it is resumed.",
        MachineState::Ready if *machine.board.fault().borrow() => "It wants attention: jobs wait until it is well.",
        MachineState::Ready => return None,
        MachineState::Inactive => "It is switched off: jobs wait until it is switched on.",
        _ => "It is not ready: jobs wait until it is.",
    };
    Some(why.to_owned())
}

/// The options of a machine, or why they are not known. A driver that takes its time does not hold up the page.
async fn options(intake: &Intake) -> Result<Arc<[OptionSpec]>, String> {
    let known = || intake.machine().known_options();
    let answer = tokio::time::timeout(PATIENCE, intake.options()).await.unwrap_or_else(|_| Ok(known()));
    match answer {
        Ok(Some(specs)) => Ok(specs),
        Ok(None) => Err("Which options it takes is not known before its driver has run.".to_owned()),
        Err(DriverError { message, .. }) => Err(format!("The driver did not say which options there are: {message}")),
    }
}

/// All templates, and the one that was chosen.
async fn chosen_template(
    registry: &Registry,
    typed: &Typed,
    errors: &Errors,
) -> Result<(Vec<Choice>, Option<Chosen>), PageError> {
    let all = registry.services.store.templates().await?;
    let wanted = typed.get("template");
    let chosen = all.iter().find(|template| Some(template.name.as_str()) == wanted).or(all.first());
    let name = chosen.map(|template| template.name.to_string()).unwrap_or_default();
    let choice = |template: &StoredTemplate| {
        let title = read(&template.source).map_or_else(|_| template.name.to_string(), |said| said.title);
        Choice::new(template.name.as_str(), title, &name)
    };
    let choices = all.iter().map(choice).collect();
    let Some(template) = chosen else { return Ok((choices, None)) };
    // One that cannot be read any more is told when it is to be printed.
    let Ok(said) = read(&template.source) else { return Ok((choices, None)) };
    let rows = registry.services.store.template_rows(template.id).await?;
    let row = typed.filled("row").and_then(|row| rows.iter().find(|kept| kept.pk.to_string() == row));
    let filled = filling(&name, row.map(|row| row.pk));
    // What was typed is of this template and row; else it is filled anew.
    let values = if typed.get("filled") == Some(&filled) {
        typed.group("field.")
    } else {
        row.map_or_else(|| said.sample_row(), |row| row.fields.clone())
    };
    let input = |field| Input::of_field(field, values.get(&field.name).cloned().unwrap_or_default(), errors);
    let chosen_row = row.map(|row| row.pk.to_string()).unwrap_or_default();
    Ok((
        choices,
        Some(Chosen {
            size: format!("{} × {} mm", millimetres(said.width_um), millimetres(said.height_um)),
            rows: row_choices(&said, &rows, &chosen_row),
            fields: said.fields.iter().map(input).collect(),
            description: said.description,
            filled,
        }),
    ))
}

fn row_choices(
    template: &ostler_render::template::Template,
    rows: &[crate::model::TemplateRow],
    chosen: &str,
) -> Vec<Choice> {
    /// How many values of a row name it.
    const NAMING: usize = 2;
    if rows.is_empty() {
        return Vec::new();
    }
    let name = |fields: &Fields| {
        let values = template.fields.iter().filter_map(|field| fields.get(&field.name));
        values.take(NAMING).map(|value| value.replace('\n', " ")).collect::<Vec<_>>().join(", ")
    };
    let kept =
        rows.iter().map(|row| Choice::new(row.pk.to_string(), format!("{}: {}", row.pk, name(&row.fields)), chosen));
    std::iter::once(Choice::new("", "the sample", chosen)).chain(kept).collect()
}

/// Names a template and a row, to tell of which the values in the inputs are.
pub fn filling(template: &str, row: Option<i64>) -> String {
    format!("{template}/{}", row.map(|row| row.to_string()).unwrap_or_default())
}
