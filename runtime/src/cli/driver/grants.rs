//! `ostler driver grants|approve|revoke`: what drivers may do beyond the settings of their machines.

use crate::{
    cli::{
        client::{Client, encode},
        output::Output,
    },
    model::GrantState,
    registry::view::DriverView,
};
use anyhow::Result;
use std::collections::BTreeSet;

/// Which grant of which driver.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The driver's slug.
    slug: String,
    /// The grant's name, as `ostler driver grants` shows it.
    grant: String,
}

/// Lists what a driver asks for, or what all of them do.
pub async fn list(client: &Client, out: Output, slug: Option<String>) -> Result<()> {
    let slugs = match slug {
        Some(slug) => [slug].into(),
        None => {
            let all: Vec<DriverView> = client.get("/api/driver/").await?;
            all.into_iter().map(|driver| driver.slug.to_string()).collect::<BTreeSet<_>>()
        }
    };
    let mut grants: Vec<GrantState> = Vec::new();
    for slug in slugs {
        grants.extend(client.get::<Vec<_>>(&format!("/api/driver/{}/grants/", encode(&slug))).await?);
    }
    show(out, &grants)
}

/// Approves one.
pub async fn approve(client: &Client, out: Output, which: &Which) -> Result<()> {
    let grants: Vec<GrantState> = client.put(&path(which)).await?;
    out.say(&grants, &format!("{} may: {}", which.slug, opens(&grants, which)))
}

/// Takes an approval back.
pub async fn revoke(client: &Client, out: Output, which: &Which) -> Result<()> {
    let grants: Vec<GrantState> = client.remove(&path(which)).await?;
    out.say(&grants, &format!("{} may no longer: {}", which.slug, opens(&grants, which)))
}

fn path(Which { slug, grant }: &Which) -> String {
    format!("/api/driver/{}/grants/{}/", encode(slug), encode(grant))
}

fn opens(grants: &[GrantState], Which { grant, .. }: &Which) -> String {
    let found = grants.iter().find(|state| state.grant == *grant);
    found.and_then(|state| state.opens.clone()).unwrap_or_else(|| grant.clone())
}

fn show(out: Output, grants: &[GrantState]) -> Result<()> {
    out.rows(grants, ["DRIVER", "GRANT", "APPROVED", "WHAT IT OPENS", "WHY"], |state| {
        [
            state.driver.to_string(),
            state.grant.clone(),
            state
                .approved
                .as_ref()
                .map_or("no".to_owned(), |approval| format!("by {} at {}", approval.by, approval.at)),
            state.opens.clone().unwrap_or_else(|| "nothing: this ostler does not know it".to_owned()),
            state.reason.clone(),
        ]
    })
}
