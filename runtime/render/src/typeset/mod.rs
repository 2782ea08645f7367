//! How does a template with a row become a page?
//!
//! In a worker only. [`engine`] gives Typst all that it may see: the source, the row, the embedded fonts, and the functions of
//! [`functions`], which draw codes. [`explain`] says what Typst found wrong in the words of this crate. [`draw`] goes through
//! the page that came out and makes dots of it on a [`canvas`], with the outlines of [`outline`]: text and lines on whole dots,
//! [`codes`] last and dot by dot, unless that hides something ([`hidden`]).

mod canvas;
mod codes;
mod draw;
mod engine;
mod explain;
mod functions;
mod hidden;
mod image;
mod ink;
mod outline;
mod position;

pub(crate) use draw::draw;
pub(crate) use engine::{Engine, Label};
