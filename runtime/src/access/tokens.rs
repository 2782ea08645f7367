//! All tokens and sessions, and whose a secret is.
//!
//! There are few, and every request asks: so they are held in memory, and the store has them first.

use super::{Caller, secret::Secret};
use crate::{
    model::{NewToken, Role, SessionRecord, Timestamp, TokenId, TokenRecord},
    store::{SecretHash, Store, StoreError},
};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use thiserror::Error;

/// What a token begins with.
const TOKEN: &str = "ostler";
/// What the secret of a session begins with.
const SESSION: &str = "session";
/// What the secret of the one-time link begins with.
const LINK: &str = "link";
/// How long a session lasts.
pub const SESSION_TIME: Duration = Duration::from_hours(12);
/// How long the one-time link works.
pub const LINK_TIME: Duration = Duration::from_mins(15);
/// How exactly it is written down when a token was used.
const USED: Duration = Duration::from_mins(1);

/// Why a secret opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denied {
    /// There is no such token or session.
    #[error("this token is not known: `ostler token list` shows those that are, `ostler token create` makes one")]
    Unknown,
    /// It has ended.
    #[error("this token has expired: make another one with `ostler token create`")]
    Expired,
    /// Somebody ended it.
    #[error("this token was revoked: make another one with `ostler token create`")]
    Revoked,
}

/// All tokens and sessions.
pub struct Tokens {
    store: Store,
    held: RwLock<HashMap<TokenId, (TokenRecord, SecretHash)>>,
    sessions: RwLock<HashMap<i64, (SessionRecord, SecretHash)>>,
    /// The link that logs in once without a token: its hash, its token and until when.
    link: Mutex<Option<(SecretHash, TokenId, Instant)>>,
}

impl Tokens {
    /// Those of a store.
    pub async fn load(store: Store) -> Result<Self, StoreError> {
        let held = store.tokens().await?.into_iter().map(|(token, hash)| (token.pk, (token, hash)));
        let sessions = store.sessions().await?.into_iter().map(|(session, hash)| (session.id, (session, hash)));
        Ok(Self {
            held: RwLock::new(held.collect()),
            sessions: RwLock::new(sessions.collect()),
            link: Mutex::default(),
            store,
        })
    }

    /// All of them, oldest first; revoked ones too.
    pub fn list(&self) -> Vec<TokenRecord> {
        let mut all: Vec<_> = self.held.read().values().map(|(token, _)| token.clone()).collect();
        all.sort_by_key(|token| token.pk);
        all
    }

    /// Whether somebody can log in with a token.
    pub fn is_empty(&self) -> bool {
        self.held.read().values().all(|(token, _)| usable(token).is_err())
    }

    /// The oldest token with this role for all machines that opens something.
    pub fn oldest(&self, role: Role) -> Option<TokenId> {
        let fits = |token: &TokenRecord| token.role == role && token.machines.is_none() && usable(token).is_ok();
        self.held.read().values().map(|(token, _)| token).filter(|token| fits(token)).map(|token| token.pk).min()
    }

    /// Makes a token. The text is shown this once.
    pub async fn create(&self, new: NewToken, by: &str) -> Result<(TokenRecord, String), StoreError> {
        let secret = Secret::generate();
        let token = self.store.insert_token(new, secret.hash(), by).await?;
        self.held.write().insert(token.pk, (token.clone(), secret.hash()));
        let text = secret.write(TOKEN, token.pk.0);
        Ok((token, text))
    }

    /// Revokes a token and ends its sessions.
    pub async fn revoke(&self, id: TokenId, by: &str) -> Result<TokenRecord, StoreError> {
        let revoked = self.store.revoke_token(id, by).await?;
        if let Some((token, _)) = self.held.write().get_mut(&id) {
            token.revoked_at = revoked.revoked_at;
        }
        self.sessions.write().retain(|_, (session, _)| session.token != id);
        Ok(revoked)
    }

    /// Whose token this is.
    pub fn authenticate(&self, text: &str) -> Result<Caller, Denied> {
        let (number, secret) = Secret::read(TOKEN, text).ok_or(Denied::Unknown)?;
        let held = self.held.read();
        let (token, hash) = held.get(&TokenId(number)).ok_or(Denied::Unknown)?;
        if !secret.is(hash) {
            return Err(Denied::Unknown);
        }
        usable(token)?;
        let (caller, id, used) = (Caller::of(token), token.pk, token.last_used_at);
        drop(held);
        self.used(id, used);
        Ok(caller)
    }

    /// Begins a session of somebody who showed a token. The text is for a cookie.
    pub async fn begin_session(&self, token: TokenId) -> Result<String, StoreError> {
        let secret = Secret::generate();
        let expires_at = Timestamp::now().after(SESSION_TIME);
        let session = self.store.insert_session(token, secret.hash(), expires_at).await?;
        let mut sessions = self.sessions.write();
        sessions.retain(|_, (session, _)| session.expires_at > Timestamp::now());
        sessions.insert(session.id, (session, secret.hash()));
        Ok(secret.write(SESSION, session.id))
    }

    /// Whose session this is.
    pub fn resume_session(&self, text: &str) -> Result<Caller, Denied> {
        let (token, _) = self.session(text)?;
        let held = self.held.read();
        let (token, _) = held.get(&token).ok_or(Denied::Unknown)?;
        usable(token)?;
        Ok(Caller::of(token))
    }

    /// Ends a session. A text that is none ends nothing.
    pub async fn end_session(&self, text: &str) -> Result<(), StoreError> {
        let Ok((_, id)) = self.session(text) else { return Ok(()) };
        self.sessions.write().remove(&id);
        self.store.remove_session(id).await
    }

    fn session(&self, text: &str) -> Result<(TokenId, i64), Denied> {
        let (number, secret) = Secret::read(SESSION, text).ok_or(Denied::Unknown)?;
        let sessions = self.sessions.read();
        let (session, hash) = sessions.get(&number).ok_or(Denied::Unknown)?;
        if !secret.is(hash) {
            return Err(Denied::Unknown);
        }
        if session.expires_at <= Timestamp::now() {
            return Err(Denied::Expired);
        }
        Ok((session.token, session.id))
    }

    /// A text that logs in once, as whoever has this token; the one before works no more.
    pub fn offer_link(&self, token: TokenId) -> String {
        let secret = Secret::generate();
        *self.link.lock() = Some((secret.hash(), token, Instant::now() + LINK_TIME));
        secret.write(LINK, token.0)
    }

    /// The token of a link that was offered. It works once.
    pub fn take_link(&self, text: &str) -> Result<TokenId, Denied> {
        let (_, secret) = Secret::read(LINK, text).ok_or(Denied::Unknown)?;
        let mut link = self.link.lock();
        let (hash, token, until) = link.as_ref().ok_or(Denied::Unknown)?;
        if !secret.is(hash) {
            return Err(Denied::Unknown);
        }
        let (token, ended) = (*token, *until <= Instant::now());
        *link = None;
        drop(link);
        let held = self.held.read();
        let (record, _) = held.get(&token).ok_or(Denied::Unknown)?;
        usable(record)?;
        if ended { Err(Denied::Expired) } else { Ok(token) }
    }

    /// Takes note that a token was used; at most once a minute, so that reading costs no writing.
    fn used(&self, id: TokenId, last: Option<Timestamp>) {
        let now = Timestamp::now();
        if last.is_some_and(|last| last.after(USED) > now) {
            return;
        }
        if let Some((token, _)) = self.held.write().get_mut(&id) {
            token.last_used_at = Some(now);
        }
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.tokens_used(vec![(id, now)]).await {
                tracing::warn!(%error, token = %id, "it could not be written down that a token was used");
            }
        });
    }
}

fn usable(token: &TokenRecord) -> Result<(), Denied> {
    if token.revoked_at.is_some() {
        return Err(Denied::Revoked);
    }
    match token.expires_at {
        Some(at) if at <= Timestamp::now() => Err(Denied::Expired),
        _ => Ok(()),
    }
}
