//! The functions of a machine type's contract, and which of them can be called from outside.

use super::{schema, signature};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_parser::{InterfaceId, Resolve};

/// A function of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeFunction {
    /// Its name.
    pub name: String,
    /// Its type in WIT; records and the like stand by their names.
    pub signature: String,
    /// Whether it can be called from outside: it takes the machine first, and no other resource.
    pub callable: bool,
    /// The JSON Schema of its parameters, if it can be called from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<serde_json::Value>,
    /// The JSON Schema of what it returns, if it can be called from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<serde_json::Value>,
}

impl TypeFunction {
    /// Those of an interface.
    pub fn all(resolve: &Resolve, interface: InterfaceId) -> Vec<Self> {
        let functions =
            resolve.interfaces.get(interface).into_iter().flat_map(|interface| interface.functions.values());
        functions
            .map(|function| {
                let mut parameters = function.params.iter().map(|param| &param.ty);
                let first = parameters.next().map(|ty| signature::ty(resolve, ty));
                let callable = function.kind.is_async()
                    && first.as_deref() == Some("own<machine>")
                    && parameters.chain(&function.result).all(|ty| signature::is_value(resolve, ty));
                Self {
                    name: function.name.clone(),
                    signature: signature::brief(resolve, function),
                    callable,
                    parameters: callable.then(|| schema::parameters(resolve, function)),
                    returns: callable.then(|| schema::result(resolve, function)),
                }
            })
            .collect()
    }
}
