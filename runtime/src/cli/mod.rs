//! The command line: one file a command group. Client commands talk to the daemon over its Unix socket, or
//! over the network with a token.
//!
//! Exit status: 0 done, 1 failed, 2 wrong use, 3 not found, 4 denied; where a job is waited for, also 5 cancelled and 6 unknown.
//!
//! * [`client`], [`route`]: HTTP to the daemon, and the way there
//! * [`output`]: tables for people, JSON for programs; [`progress`]: what people see meanwhile
//! * [`config`]: what is configured, and where it comes from
//! * [`doctor`]: whether all is as it should be, and what to do
//! * [`backup`]: the whole state in a file, and back
//! * [`serve`], [`demo`]: the daemon, and a tour of it
//! * [`apart`]: a daemon for one command alone; [`sample`]: a label to try printers with
//! * [`wait`]: waiting for a job
//! * [`offer`]: what a machine offers: actions, functions, options
//! * [`document`]: a document to print, as a form
//! * [`dry_run`]: what a driver would send; [`capture`]: what it does send
//! * [`machine`], [`driver`], [`plugin`], [`job`], [`template`], [`types`], [`token`], [`events`]: the client's groups

mod apart;
pub mod backup;
pub mod capture;
pub mod client;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod document;
pub mod driver;
pub mod dry_run;
pub mod events;
pub mod job;
pub mod machine;
pub mod offer;
pub mod output;
pub mod plugin;
pub mod progress;
pub mod route;
mod sample;
pub mod serve;
pub mod template;
pub mod token;
pub mod types;
pub mod wait;

use clap::{CommandFactory as _, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// What scripts want to know.
const EXIT_STATUS: &str = "\
Exit status: 0 done, 1 failed, 2 wrong use, 3 not found, 4 denied; where a job is waited for, 5 cancelled and 6 unknown.
`ostler doctor` looks for what is wrong. NO_COLOR switches colours off.";

/// Which daemon is meant: apart from what a command itself takes.
const DAEMON: &str = "Which daemon";

/// Runs other people's device drivers without trusting them.
#[derive(Debug, Parser)]
#[command(name = "ostler", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
struct Arguments {
    /// The data folder of the daemon.
    #[arg(long, global = true, env = "OSTLER_DATA", default_value = "ostler-data", value_name = "DIR", help_heading = DAEMON)]
    data: PathBuf,
    /// The configuration of the daemon; `ostler.toml` in the data folder, if it is there, unless given.
    #[arg(long, global = true, env = "OSTLER_CONFIG", value_name = "FILE", help_heading = DAEMON)]
    config: Option<PathBuf>,
    /// The address of a daemon elsewhere, such as `https://workshop:7420/`; the socket in the data folder unless given.
    #[arg(long, global = true, env = "OSTLER_URL", value_name = "URL", help_heading = DAEMON)]
    url: Option<url::Url>,
    /// The token to show there.
    #[arg(long, global = true, env = "OSTLER_TOKEN", value_name = "TOKEN", hide_env_values = true, help_heading = DAEMON)]
    token: Option<String>,
    /// A file with the certificate that is trusted there, in place of those that the system trusts.
    #[arg(long, global = true, env = "OSTLER_CA", value_name = "FILE", help_heading = DAEMON)]
    ca: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon.
    Serve(serve::Arguments),
    /// See it work: a daemon with simulated printers, drivers, machines and a printed label.
    Demo(demo::Arguments),
    /// Machines: add, list, show, set, activate, deactivate, pause, resume, restart, remove; their
    /// options and actions, and what goes over their wire.
    #[command(subcommand)]
    Machine(machine::Command),
    /// Drivers: install, enable, disable, roll back, isolate, approve, remove, list, show, log; for those who write them: new,
    /// build, check, dev, test.
    #[command(subcommand)]
    Driver(driver::Command),
    /// Plugins, which bring machine types and drivers: install, enable, disable, remove, list, show.
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Print a document.
    #[command(
        after_help = "Examples:\n  ostler print dock label.pdf --wait\n  ostler print dock photo.jpg -o halftone=diffusion --copies 3\n  ostler print dock --template part -f number=M4x12\n  ostler print dock --template shipping --rows parcels.csv\n  ostler print dock label.pdf --dry-run --to what-would-be-sent"
    )]
    Print(job::Print),
    /// Write the dots that a machine would print for a document.
    Preview(job::Preview),
    /// Jobs: list, queue, show, result, where, wait, cancel, hold, release, move, retry, reprint.
    #[command(subcommand)]
    Job(job::Command),
    /// Label templates: list, add, show, preview, remove; rows that are kept for them.
    #[command(subcommand)]
    Template(template::Command),
    /// Machine types: list, show.
    #[command(subcommand)]
    Type(types::Command),
    /// The configuration: show where each value comes from, check a file, write an example.
    #[command(subcommand)]
    Config(config::Command),
    /// Take a backup of the whole state while the daemon runs.
    Backup(backup::Take),
    /// Make a data folder of a backup, without a daemon.
    Restore(backup::Restore),
    /// Look whether everything is as a daemon needs it, and say what to do where it is not.
    Doctor,
    /// Write the completions of a shell to stdout.
    #[command(
        after_help = "For bash, for instance:\n  ostler completions bash > ~/.local/share/bash-completion/completions/ostler"
    )]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Tokens, which say who may do what over the network: create, list, revoke, link.
    #[command(subcommand)]
    Token(token::Command),
    /// Print the OpenAPI document of the API.
    Schema,
    /// What happens, as it happens.
    Events(events::Arguments),
    /// Renders documents for the daemon.
    #[command(hide = true)]
    RenderWorker,
    /// Compiles components for the daemon.
    #[command(hide = true)]
    CompileWorker {
        /// The most address space that it may use, in bytes.
        memory_bytes: u64,
    },
}

/// Reads the arguments, does what they say, and answers with the exit status.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // Workers come first: they want a process without threads.
    match arguments.command {
        Command::RenderWorker => return ostler_render::worker::main(),
        Command::CompileWorker { memory_bytes } => {
            return match crate::instance::code::compile_worker(memory_bytes) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
            };
        }
        _ => {}
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ostler: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(dispatch(arguments));
    // Nothing that is still going on may hold the end of the process.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ostler: {error:#}");
            ExitCode::from(exit_status(&error))
        }
    }
}

fn exit_status(error: &anyhow::Error) -> u8 {
    let refused = error.downcast_ref::<client::Refused>().map(client::Refused::exit_status);
    let ended = error.downcast_ref::<wait::EndedOtherwise>().map(wait::EndedOtherwise::exit_status);
    refused.or(ended).unwrap_or(1)
}

/// The command line without what is not for people.
fn for_people() -> clap::Command {
    let all = Arguments::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set());
    clap::Command::new("ostler").args(all.get_arguments()).subcommands(shown)
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { data, config, url, token, ca, json, command } = arguments;
    let client = match url {
        Some(url) => client::Client::at(url, token, ca),
        None => client::Client::new(&data),
    };
    let out = output::Output::new(json);
    match command {
        Command::Serve(arguments) => serve::run(&data, config, arguments).await,
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Machine(command) => machine::run(&client, out, command).await,
        Command::Driver(command) => driver::run(&client, out, command).await,
        Command::Plugin(command) => plugin::run(&client, out, command).await,
        Command::Print(print) => job::print(&client, out, print).await,
        Command::Preview(preview) => job::preview(&client, out, preview).await,
        Command::Job(command) => job::run(&client, out, command).await,
        Command::Template(command) => template::run(&client, out, command).await,
        Command::Type(command) => types::run(&client, out, command).await,
        Command::Config(command) => config::run(&client, out, &data, config, command).await,
        Command::Backup(take) => backup::take(&client, out, take).await,
        Command::Restore(restore) => backup::restore(out, &data, &restore),
        Command::Doctor => doctor::run(&client, out, &data, config).await,
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut for_people(), "ostler", &mut text);
            output::line(String::from_utf8_lossy(&text).trim_end())
        }
        Command::Token(command) => token::run(&client, out, command).await,
        Command::Schema => {
            let document = crate::api::openapi::document(&crate::registry::Catalog::build(&[], None)?);
            output::line(&serde_json::to_string_pretty(&document)?)
        }
        Command::Events(arguments) => events::run(&client, out, arguments).await,
        // Answered before the runtime was started.
        Command::RenderWorker | Command::CompileWorker { .. } => Ok(()),
    }
}
