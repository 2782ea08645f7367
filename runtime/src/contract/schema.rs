//! What the JSON of a function looks like: a JSON Schema for its parameters and its result, from its WIT. [`super::json`] reads and
//! writes such values.

use serde_json::{Map, Value as Json, json};
use wit_parser::{Docs, Function, Resolve, Type, TypeDefKind, TypeId};

/// How deep a schema goes; what is deeper may be anything. Types are bounded before, so this is never met by one that is registered.
const DEEPEST: usize = 32;

/// The schema of an object with a function's parameters, without the machine, which is the first.
pub fn parameters(resolve: &Resolve, function: &Function) -> Json {
    // Parameters have no docs of their own in WIT.
    object(resolve, function.params.iter().skip(1).map(|param| (param.name.as_str(), &param.ty, None)), 0)
}

/// The schema of what a function returns when it succeeds; null for one that returns nothing then.
pub fn result(resolve: &Resolve, function: &Function) -> Json {
    let nothing = || json!({ "type": "null" });
    let Some(ty) = &function.result else { return nothing() };
    if let Type::Id(id) = ty
        && let Some(TypeDefKind::Result(result)) = resolve.types.get(*id).map(|definition| &definition.kind)
    {
        return result.ok.as_ref().map_or_else(nothing, |ty| of(resolve, ty, 0));
    }
    of(resolve, ty, 0)
}

fn of(resolve: &Resolve, ty: &Type, depth: usize) -> Json {
    let whole = |least: i64, most: i64| json!({ "type": "integer", "minimum": least, "maximum": most });
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::S8 => whole(i8::MIN.into(), i8::MAX.into()),
        Type::U8 => whole(0, u8::MAX.into()),
        Type::S16 => whole(i16::MIN.into(), i16::MAX.into()),
        Type::U16 => whole(0, u16::MAX.into()),
        Type::S32 => whole(i32::MIN.into(), i32::MAX.into()),
        Type::U32 => whole(0, u32::MAX.into()),
        // From 2^53 on as text, which every reader keeps exactly.
        Type::S64 => json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^-?[0-9]+$" }] }),
        Type::U64 => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^[0-9]+$" }] })
        }
        Type::F32 | Type::F64 => json!({ "type": "number" }),
        Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Type::String => json!({ "type": "string" }),
        Type::Id(id) => defined(resolve, *id, depth + 1),
        Type::ErrorContext => json!(true),
    }
}

fn defined(resolve: &Resolve, id: TypeId, depth: usize) -> Json {
    let Some(definition) = resolve.types.get(id).filter(|_| depth < DEEPEST) else { return json!(true) };
    let one_of = |name: &str, ty: Option<&Type>| match ty {
        Some(ty) => json!({
            "type": "object", "properties": { (name): of(resolve, ty, depth) }, "required": [name],
            "additionalProperties": false,
        }),
        None => json!({ "anyOf": [
            { "const": name },
            { "type": "object", "properties": { (name): { "type": "null" } }, "required": [name], "additionalProperties": false },
        ] }),
    };
    let mut schema = match &definition.kind {
        TypeDefKind::Type(ty) => of(resolve, ty, depth),
        TypeDefKind::Record(record) => object(
            resolve,
            record.fields.iter().map(|field| (field.name.as_str(), &field.ty, Some(&field.docs))),
            depth,
        ),
        TypeDefKind::Enum(cases) => {
            json!({ "type": "string", "enum": cases.cases.iter().map(|case| &case.name).collect::<Vec<_>>() })
        }
        TypeDefKind::Flags(flags) => {
            let names: Vec<_> = flags.flags.iter().map(|flag| &flag.name).collect();
            json!({ "type": "array", "items": { "enum": names }, "uniqueItems": true })
        }
        TypeDefKind::Variant(variant) => {
            let cases: Vec<_> = variant.cases.iter().map(|case| one_of(&case.name, case.ty.as_ref())).collect();
            json!({ "oneOf": cases })
        }
        TypeDefKind::Option(ty) => json!({ "anyOf": [of(resolve, ty, depth), { "type": "null" }] }),
        TypeDefKind::Result(result) => {
            let side = |name: &str, ty: Option<&Type>| {
                let value = ty.map_or(json!({ "type": "null" }), |ty| of(resolve, ty, depth));
                json!({ "type": "object", "properties": { (name): value }, "required": [name] })
            };
            json!({ "oneOf": [side("ok", result.ok.as_ref()), side("err", result.err.as_ref())] })
        }
        TypeDefKind::Tuple(tuple) => {
            let items: Vec<_> = tuple.types.iter().map(|ty| of(resolve, ty, depth)).collect();
            json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
        }
        TypeDefKind::List(Type::U8) => json!({ "type": "string", "contentEncoding": "base64" }),
        TypeDefKind::List(ty) => json!({ "type": "array", "items": of(resolve, ty, depth) }),
        // Functions with these are not called from outside.
        _ => json!(true),
    };
    describe(&mut schema, &definition.docs);
    schema
}

/// An object with these fields; those that are options may be left out.
fn object<'a>(
    resolve: &Resolve,
    fields: impl Iterator<Item = (&'a str, &'a Type, Option<&'a Docs>)>,
    depth: usize,
) -> Json {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, ty, docs) in fields {
        let mut schema = of(resolve, ty, depth);
        if let Some(docs) = docs {
            describe(&mut schema, docs);
        }
        properties.insert(name.to_owned(), schema);
        if !is_option(resolve, ty) {
            required.push(name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn is_option(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    match resolve.types.get(*id).map(|definition| &definition.kind) {
        Some(TypeDefKind::Option(_)) => true,
        Some(TypeDefKind::Type(ty)) => is_option(resolve, ty),
        _ => false,
    }
}

fn describe(schema: &mut Json, docs: &Docs) {
    if let (Some(object), Some(text)) = (schema.as_object_mut(), docs.contents.as_deref()) {
        object.insert("description".to_owned(), json!(text.trim()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_schema_says_what_json_a_function_takes_and_returns() {
        let mut resolve = Resolve::default();
        let wit = "package a:b;
            interface weigh {
                /// A weight.
                record reading { grams: s32, note: option<string>, raw: list<u8> }
                variant unit { gram, other(string) }
                weigh: func(machine: string, unit: unit, tries: option<u8>) -> result<reading, string>;
                tare: func(machine: string) -> result<_, string>;
            }";
        let package = resolve.push_str("a.wit", wit).unwrap();
        let interface = resolve.packages[package].interfaces["weigh"];
        let function = |name: &str| resolve.interfaces[interface].functions[name].clone();
        let weigh = function("weigh");
        let taken = parameters(&resolve, &weigh);
        assert_eq!(taken["required"], json!(["unit"]), "{taken}");
        assert_eq!(taken["properties"]["unit"]["oneOf"][0]["anyOf"][0], json!({ "const": "gram" }), "{taken}");
        assert_eq!(taken["properties"]["tries"]["anyOf"][0]["maximum"], 255, "{taken}");
        let returned = result(&resolve, &weigh);
        assert_eq!(returned["description"], "A weight.");
        assert_eq!(returned["required"], json!(["grams", "raw"]));
        assert_eq!(returned["properties"]["raw"]["contentEncoding"], "base64");
        assert_eq!(result(&resolve, &function("tare")), json!({ "type": "null" }));
        assert_eq!(parameters(&resolve, &function("tare"))["properties"], json!({}));
    }
}
