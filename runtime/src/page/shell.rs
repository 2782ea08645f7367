//! What stands around every page: its head, the way to the other pages, and what is wrong with ostler as a whole.

use super::{
    State,
    answer::{Page, PageError},
    assets,
    words::Moment,
};
use crate::{access::Caller, registry::Registry, store::Trouble};
use askama::Template;

/// The frame of a page.
pub struct Shell {
    /// The last event before the page was rendered: the page follows the feed from here.
    pub after: i64,
    /// What is wrong with ostler as a whole.
    pub notices: Vec<Notice>,
    /// The time in seconds after which a page without JavaScript is to be loaded again.
    pub again: Option<u32>,
    /// Who looks at it.
    pub who: String,
    /// Whether they have logged in, and can log out.
    pub session: bool,
    /// The path of the stylesheet.
    pub style: &'static str,
    /// The path of the script.
    pub script: &'static str,
    /// The path of the icon.
    pub icon: &'static str,
    /// This program's version.
    pub version: &'static str,
}

/// Something that is wrong with ostler as a whole.
pub struct Notice {
    /// Where.
    pub source: String,
    /// What, and what to do.
    pub message: String,
    /// Since when.
    pub since: Moment,
    /// Whether nothing can be stored because of it.
    pub grave: bool,
}

impl Shell {
    /// To be made before anything else of a page is asked for, so that no event falls between.
    pub async fn new(registry: &Registry, caller: &Caller) -> Result<Self, PageError> {
        let after = registry.services.store.last_event_id().await?;
        Ok(Self {
            after,
            notices: all_notices(registry),
            who: caller.name().to_owned(),
            session: caller.token().is_some(),
            ..Self::alone()
        })
    }

    /// The frame of a page about which nothing is known.
    pub fn alone() -> Self {
        Self {
            after: -1,
            notices: Vec::new(),
            again: None,
            who: String::new(),
            session: false,
            style: assets::STYLE.path(),
            script: assets::SCRIPT.path(),
            icon: assets::ICON.path(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The same page, loaded again every few seconds where no script keeps it up to date.
    #[must_use]
    pub fn loaded_again(mut self, seconds: u32) -> Self {
        self.again = Some(seconds);
        self
    }
}

fn all_notices(registry: &Registry) -> Vec<Notice> {
    let trouble = registry.services.store.trouble().map(|Trouble { since, error }| Notice {
        source: "Nothing can be stored".to_owned(),
        message: error.to_string(),
        since: since.into(),
        grave: true,
    });
    let errors = registry.errors().into_iter().map(|error| Notice {
        source: error.source,
        message: error.message,
        since: error.at.into(),
        grave: false,
    });
    trouble.into_iter().chain(errors).collect()
}

#[derive(Template)]
#[template(path = "parts/notices.html")]
struct Notices {
    notices: Vec<Notice>,
}

/// `GET /parts/notices`.
pub async fn notices(registry: State) -> Page<impl Template> {
    Page(Notices { notices: all_notices(&registry) })
}

#[derive(Template)]
#[template(path = "help.html")]
struct Help {
    shell: Shell,
}

/// `GET /help`: how to begin.
pub async fn help(registry: State, caller: Caller) -> Result<Page<impl Template>, PageError> {
    Ok(Page(Help { shell: Shell::new(&registry, &caller).await? }))
}
