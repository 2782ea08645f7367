//! Who makes a request.

use crate::model::{MachineId, Role, TokenId, TokenRecord};
use std::{collections::BTreeSet, sync::Arc};

/// Who acts on the Unix socket, for the audit.
const OPERATOR: &str = "operator";

/// Somebody, and what they may do.
#[derive(Debug, Clone)]
pub struct Caller {
    name: Arc<str>,
    role: Role,
    /// None for all machines.
    machines: Option<Arc<BTreeSet<MachineId>>>,
    token: Option<TokenId>,
}

impl Caller {
    /// Whoever opened the Unix socket: it is the operator's own, and may do everything.
    pub fn local() -> Self {
        Self { name: OPERATOR.into(), role: Role::Admin, machines: None, token: None }
    }

    /// Whoever shows a token.
    pub fn of(token: &TokenRecord) -> Self {
        Self {
            // So that no token can call itself `operator` in the audit.
            name: format!("token:{}", token.name).into(),
            role: token.role,
            machines: token.machines.clone().map(Arc::new),
            token: Some(token.pk),
        }
    }

    /// Their name in the audit: `operator`, or `token:` and its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The token that they showed.
    pub fn token(&self) -> Option<TokenId> {
        self.token
    }

    /// Whether they may do what this role may.
    pub fn reaches(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Whether they may see a machine, and do to it what their role allows.
    pub fn sees(&self, machine: MachineId) -> bool {
        self.machines.as_ref().is_none_or(|machines| machines.contains(&machine))
    }

    /// The machines that they may see; none for all.
    pub fn machines(&self) -> Option<&BTreeSet<MachineId>> {
        self.machines.as_deref()
    }
}
