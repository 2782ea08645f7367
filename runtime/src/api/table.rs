//! Every route, declared once: its path, the role that it needs, and what answers it.

use super::{
    Context, actions, audit, backup, capture, config, drivers, events, health, jobs, labels, machines, metrics,
    openapi, outputs, plugins, rehearsals,
    routes::{Routes, anybody, delete, get, on_all, on_machines, options, patch, post, put},
    settings, statuses, templates, tokens,
};
use crate::{
    model::Role::{Admin, Configure, Operate, View},
    registry::templates::MOST_BYTES as MOST_TEMPLATE,
};

/// The largest parameters of a call, in bytes.
const MAX_CALL: usize = 2 << 20;
/// The largest document that may be printed, in bytes.
const MAX_DOCUMENT: usize = 64 << 20;
/// The largest plugin that may be installed, in bytes.
const MAX_PLUGIN: usize = 256 << 20;
/// The largest component that may be installed, in bytes; `limits.component_bytes` is lower.
const MAX_COMPONENT: usize = 256 << 20;
/// What a job may be made of.
const DOCUMENTS: &[&str] = &["application/pdf", "image/png", "image/jpeg", "image/svg+xml", ANY, "multipart/form-data"];
/// A file of a type that is not told.
const ANY: &str = "application/octet-stream";
/// Rows of values.
const ROWS: &[&str] = &["application/json", "text/csv"];

/// Parameters of whatever takes a document.
const OF_A_DOCUMENT: &[(&str, &str)] = &[
    ("title", "What the job is called."),
    ("copies", "How often each label is printed: 1 to 999."),
    ("options", "A JSON object with the driver's options."),
    ("fields", "A JSON object with values for the places of a template, or a list with one for each label."),
    ("template", "The name or number of a stored template, in place of a document."),
    ("version", "Which version of the template; the latest unless it says otherwise."),
    ("row", "Numbers of rows that are kept with the template, separated by commas."),
    ("idempotency_key", "As the header Idempotency-Key, for forms."),
];

/// Every route, with the role that it needs.
pub fn all_routes(context: Option<&Context>) -> Routes {
    let routes = Routes::new(context)
        .at("/healthz", anybody(), get(health, "Whether the process answers").sends(&["text/plain"]))
        .at("/readyz", anybody(), get(metrics::ready, "Whether work is taken; 503 with the reason if not"))
        .at(
            "/metrics",
            on_all(View),
            get(metrics::page, "What is counted, for Prometheus").sends(&["application/openmetrics-text"]),
        )
        .at("/api/schema/", on_machines(View), get(openapi::show, "This document").sends(&["application/json"]));
    let parts: [fn(Routes) -> Routes; 6] = [of_machines, of_drivers, of_jobs, of_upstream, of_templates, of_the_daemon];
    parts.into_iter().fold(routes, |routes, part| part(routes))
}

/// Machines, their settings, and what can be done with them.
fn of_machines(routes: Routes) -> Routes {
    routes
        .at("/api/machine/", on_machines(View), get(machines::list, "Machines"))
        .at("/api/machine/", on_all(Configure), post(machines::create, "Add a machine").once())
        .at("/api/machine/types/", on_machines(View), get(machines::types, "Machine types"))
        .at("/api/machine/drivers/", on_machines(View), get(drivers::available, "Drivers that are enabled"))
        .at(
            "/api/machine/status/",
            on_machines(View),
            get(machines::registry_status, "What is wrong beyond single machines"),
        )
        .at("/api/machine/{id}/", on_machines(View), get(machines::show, "A machine"))
        .at("/api/machine/{id}/", on_machines(Configure), patch(machines::update, "Change a machine"))
        .at(
            "/api/machine/{id}/",
            on_machines(Configure),
            put(machines::update, "Change a machine").named("machines_replace"),
        )
        .at("/api/machine/{id}/", on_all(Configure), delete(machines::remove, "Remove a machine"))
        .at(
            "/api/machine/{id}/restart/",
            on_machines(Operate),
            post(machines::restart, "Stop a machine and initialise it again"),
        )
        .at("/api/machine/{id}/pause/", on_machines(Operate), post(machines::pause, "Keep a machine's jobs waiting"))
        .at("/api/machine/{id}/resume/", on_machines(Operate), post(machines::resume, "Let a machine's jobs go on"))
        .at("/api/machine/{id}/log/", on_machines(View), get(machines::log, "What its driver logged, the latest lines"))
        .at(
            "/api/machine/{id}/history/",
            on_machines(View),
            get(machines::history, "Its states with their reasons, the newest first"),
        )
        .at("/api/machine/{id}/actions/", on_machines(View), get(actions::list, "The buttons that its driver declares"))
        .at(
            "/api/machine/{id}/actions/{key}/",
            on_machines(Operate),
            post(actions::run, "Press a button; answers when it is over").once(),
        )
        .at(
            "/api/machine/{id}/call/{function}/",
            on_machines(Operate),
            post(actions::call, "Call a function of its type; the body is an object with the parameters")
                .takes(&["application/json"], MAX_CALL)
                .sends(&["application/json"]),
        )
        .at(
            "/api/machine/{id}/options/",
            on_machines(View),
            get(actions::options, "What a job may set, and what is loaded"),
        )
        .at(
            "/api/machine/{id}/preview/",
            on_machines(Operate),
            post(rehearsals::preview, "The dots that it would print, of one label")
                .takes(DOCUMENTS, MAX_DOCUMENT)
                .reads(OF_A_DOCUMENT)
                .sends(&["image/png"]),
        )
        .at(
            "/api/machine/{id}/dry-run/",
            on_machines(Operate),
            post(rehearsals::dry_run, "All that its driver would send; nothing is printed")
                .takes(DOCUMENTS, MAX_DOCUMENT)
                .reads(OF_A_DOCUMENT),
        )
        .at(
            "/api/machine/{id}/capture/",
            on_machines(Configure),
            get(capture::read, "What went over its wire, as JSON Lines").sends(&["application/x-ndjson"]),
        )
        .at(
            "/api/machine/{id}/capture/",
            on_machines(Configure),
            post(capture::begin, "Begin to capture what goes over its wire"),
        )
        .at(
            "/api/machine/{id}/capture/",
            on_machines(Configure),
            delete(capture::end, "End the capture; what was captured stays"),
        )
        .at("/api/machine/{id}/settings/", on_machines(View), get(settings::list, "Its settings; secrets are ***"))
        .at(
            "/api/machine/{id}/settings/",
            on_machines(Configure),
            patch(settings::update, "Write several settings, checked together"),
        )
        .at("/api/machine/{id}/settings/{scope}/{key}/", on_machines(View), get(settings::show, "A setting"))
        .at("/api/machine/{id}/settings/{scope}/{key}/", on_machines(Configure), put(settings::set, "Write a setting"))
        .at(
            "/api/machine/{id}/settings/{scope}/{key}/",
            on_machines(Configure),
            patch(settings::set, "Write a setting").named("settings_patch"),
        )
        .at(
            "/api/machine/{id}/settings/{scope}/{key}/choices/",
            on_machines(View),
            get(settings::choices, "The allowed values of a choice"),
        )
}

/// Drivers and plugins.
fn of_drivers(routes: Routes) -> Routes {
    routes
        .at("/api/driver/", on_all(View), get(drivers::list, "Installed components"))
        .at(
            "/api/driver/",
            on_all(Admin),
            post(drivers::install, "Install a component").takes(&["application/wasm", ANY], MAX_COMPONENT),
        )
        .at("/api/driver/{slug}/", on_all(View), get(drivers::show, "A driver's components, the newest first"))
        .at("/api/driver/{slug}/", on_all(Admin), patch(drivers::update, "How many machines an instance serves"))
        .at("/api/driver/{slug}/", on_all(Admin), delete(drivers::remove, "Remove a component that is not enabled"))
        .at("/api/driver/{slug}/enable/", on_all(Admin), post(drivers::enable, "Enable a component"))
        .at("/api/driver/{slug}/disable/", on_all(Admin), post(drivers::disable, "Disable a driver; its machines stop"))
        .at("/api/driver/{slug}/rollback/", on_all(Admin), post(drivers::roll_back, "Back to the component before"))
        .at("/api/driver/{slug}/grants/", on_all(View), get(drivers::grants, "What a driver asks for beyond settings"))
        .at(
            "/api/driver/{slug}/grants/{grant}/",
            on_all(Admin),
            put(drivers::approve, "Approve a grant; the driver's machines start again"),
        )
        .at(
            "/api/driver/{slug}/grants/{grant}/",
            on_all(Admin),
            delete(drivers::revoke, "Take an approval back; the driver's machines start again"),
        )
        .at("/api/driver/{slug}/log/", on_all(View), get(drivers::log, "What a driver logged for no machine"))
        .at("/api/plugin/", on_all(View), get(plugins::list, "Plugins"))
        .at(
            "/api/plugin/",
            on_all(Admin),
            post(plugins::install, "Install a plugin")
                .takes(&["application/x-tar", "application/zstd", ANY], MAX_PLUGIN),
        )
        .at("/api/plugin/{slug}/", on_all(View), get(plugins::show, "A plugin"))
        .at("/api/plugin/{slug}/", on_all(Admin), delete(plugins::remove, "Remove a plugin"))
        .at("/api/plugin/{slug}/enable/", on_all(Admin), post(plugins::enable, "Enable a plugin"))
        .at("/api/plugin/{slug}/disable/", on_all(Admin), post(plugins::disable, "Disable a plugin"))
}

/// Jobs.
fn of_jobs(routes: Routes) -> Routes {
    routes
        .at("/api/job/", on_machines(View), get(jobs::list, "Jobs, the newest first"))
        .at(
            "/api/job/",
            on_machines(Operate),
            post(jobs::submit, "Print a document").takes(DOCUMENTS, MAX_DOCUMENT).reads(OF_A_DOCUMENT),
        )
        .at(
            "/api/job/candidates/",
            on_machines(Operate),
            post(jobs::candidates, "Which machines would take a document, and why the others would not")
                .takes(DOCUMENTS, MAX_DOCUMENT)
                .reads(OF_A_DOCUMENT),
        )
        .at(
            "/api/machine/{id}/queue/",
            on_machines(View),
            get(jobs::queue, "Its jobs that are not over, in the order of their turns"),
        )
        .at("/api/job/{id}/", on_machines(View), get(jobs::show, "A job"))
        .at("/api/job/{id}/result/", on_machines(View), get(jobs::result, "What a function that ran as a job returned"))
        .at("/api/job/{id}/cancel/", on_machines(Operate), post(jobs::cancel, "Cancel a job"))
        .at("/api/job/{id}/hold/", on_machines(Operate), post(jobs::hold, "Keep a job from running, in its place"))
        .at("/api/job/{id}/release/", on_machines(Operate), post(jobs::release, "Let a held job go on"))
        .at(
            "/api/job/{id}/move/",
            on_machines(Operate),
            post(jobs::move_elsewhere, "Change a job's turn, or move it to another machine"),
        )
        .at("/api/job/{id}/retry/", on_machines(Operate), post(jobs::retry, "Go on with a job that is over"))
        .at(
            "/api/job/{id}/reprint/",
            on_machines(Operate),
            post(jobs::reprint, "Print all of a job again, as another job").once(),
        )
}

/// What upstream's clients print with.
fn of_upstream(routes: Routes) -> Routes {
    routes
        .at("/api/label/print/", on_machines(Operate), post(labels::print, "Print rows of a template on a machine"))
        .at(
            "/api/label/print/",
            on_machines(View),
            options(labels::describe, "The fields of a print request, with the options of a machine"),
        )
        .at(
            "/api/label/template/",
            on_machines(View),
            get(labels::templates, "Label templates, as upstream lists them"),
        )
        .at("/api/data-output/", on_machines(View), get(outputs::list, "Print jobs, the newest first"))
        .at("/api/data-output/{id}/", on_machines(View), get(outputs::show, "A print job"))
        .at("/api/generic/status/", on_machines(View), get(statuses::list, "What statuses mean, by machine type"))
        .at("/api/generic/status/{model}/", on_machines(View), get(statuses::show, "What the statuses of a type mean"))
}

/// Label templates.
fn of_templates(routes: Routes) -> Routes {
    routes
        .at("/api/template/", on_machines(View), get(templates::list, "Label templates"))
        .at(
            "/api/template/",
            on_all(Configure),
            post(templates::create, "Store a template, or the next version of one")
                .takes(&["text/plain"], MOST_TEMPLATE + 1),
        )
        .at("/api/template/{which}/", on_machines(View), get(templates::show, "A template with its source"))
        .at("/api/template/{which}/", on_all(Configure), delete(templates::remove, "Remove a template"))
        .at(
            "/api/template/{which}/versions/",
            on_machines(View),
            get(templates::versions, "All versions of a template"),
        )
        .at(
            "/api/template/{which}/row/",
            on_machines(View),
            get(templates::list_rows, "Rows that are kept with a template"),
        )
        .at(
            "/api/template/{which}/row/",
            on_all(Operate),
            post(templates::add_rows, "Keep rows with a template").takes(ROWS, MAX_DOCUMENT).once(),
        )
        .at("/api/template/{which}/row/{row}/", on_all(Operate), delete(templates::remove_row, "Remove a kept row"))
        .at(
            "/api/template/{which}/preview/",
            on_machines(View),
            post(templates::preview, "How one label looks")
                .takes(ROWS, MAX_DOCUMENT)
                .sends(&["image/png", "application/pdf"]),
        )
}

/// The daemon.
fn of_the_daemon(routes: Routes) -> Routes {
    routes
        .at("/api/token/", on_all(Admin), get(tokens::list, "Tokens, without their secrets"))
        .at("/api/token/", on_all(Admin), post(tokens::create, "Make a token; its text is shown this once"))
        .at("/api/token/link/", on_all(Admin), post(tokens::link, "A link that logs in to the page once"))
        .at("/api/token/{id}/", on_all(Admin), delete(tokens::revoke, "Revoke a token"))
        .at("/api/user/me/", on_machines(View), get(tokens::me, "Who asks, and what they may do"))
        .at("/api/audit/", on_all(Admin), get(audit::list, "Who decided what, the newest first"))
        .at("/api/config/", on_all(Admin), get(config::show, "The configuration, with the origin of each value"))
        .at("/api/backup/", on_all(Admin), post(backup::take, "All of the state").sends(&["application/x-tar"]))
        .at(
            "/api/events/",
            on_machines(View),
            get(events::stream, "What happens, as it happens").sends(&["text/event-stream"]),
        )
}
