//! Would Envoy load this module? Every reason why not, at once.

use super::{ABI_MARK, ModuleError, abi, magic};
use wasmparser::{
    ExternalKind, FuncType, Import, Parser, Payload, TypeRef, ValidPayload, Validator, WasmFeatures,
};

/// The ABI that Weft's plugins speak, and the one that the table of offered functions is for.
const ABI: &str = "proxy_abi_version_0_2_1";

/// Checks that a module is valid Wasm and that Envoy can link it.
///
/// # Errors
/// With everything that is wrong.
pub fn check(module: &[u8]) -> Result<(), ModuleError> {
    magic(module)?;
    validate(module)?;
    let mistakes = [imports(module)?, exports(module)?].concat();
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(ModuleError::Unfit(mistakes))
    }
}

/// The second version of Wasm is what every supported Envoy's engine runs without a flag.
fn validate(module: &[u8]) -> Result<(), ModuleError> {
    let mut validator = Validator::new_with_features(WasmFeatures::WASM2);
    for payload in Parser::new(0).parse_all(module) {
        if let ValidPayload::Func(body, code) = validator.payload(&payload?)? {
            body.into_validator(wasmparser::FuncValidatorAllocations::default())
                .validate(&code)?;
        }
    }
    Ok(())
}

fn imports(module: &[u8]) -> Result<Vec<String>, ModuleError> {
    let mut types = Vec::new();
    let mut mistakes = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::TypeSection(section) = payload {
            types = section
                .into_iter_err_on_gc_types()
                .collect::<Result<Vec<_>, _>>()?;
        } else if let Payload::ImportSection(section) = payload {
            for import in section.into_imports() {
                mistakes.extend(refuses(&import?, &types));
            }
        }
    }
    Ok(mistakes)
}

fn refuses(import: &Import<'_>, types: &[FuncType]) -> Option<String> {
    let function = match import.ty {
        TypeRef::Func(index) | TypeRef::FuncExact(index) => {
            usize::try_from(index).ok().and_then(|at| types.get(at))
        }
        TypeRef::Table(_) | TypeRef::Memory(_) | TypeRef::Global(_) | TypeRef::Tag(_) => None,
    };
    let Import { module, name, .. } = import;
    match function {
        Some(ty) => abi::refuses(module, name, ty),
        None => Some(format!(
            "it imports {module}.{name}, which is no function: link the module so that it brings its own memory and tables"
        )),
    }
}

fn exports(module: &[u8]) -> Result<Vec<String>, ModuleError> {
    let mut functions = Vec::new();
    let mut memory = false;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                let export = export?;
                memory |= export.kind == ExternalKind::Memory && export.name == "memory";
                if export.kind == ExternalKind::Func {
                    functions.push(export.name);
                }
            }
        }
    }
    Ok(missing(&functions, memory))
}

fn missing(functions: &[&str], memory: bool) -> Vec<String> {
    let has = |name: &str| functions.contains(&name);
    let mut mistakes = Vec::new();
    if !memory {
        mistakes.push("it exports no memory".to_owned());
    }
    if !has("malloc") && !has("proxy_on_memory_allocate") {
        mistakes.push("it exports neither malloc nor proxy_on_memory_allocate, so Envoy cannot hand it any data".to_owned());
    }
    if !has(ABI) {
        mistakes.push(match functions.iter().find(|name| name.starts_with(ABI_MARK)) {
            Some(other) => format!("it exports {other} instead of {ABI}: build it with an SDK for ABI 0.2.1"),
            None => format!("it exports no {ABI}: was it built with a proxy-wasm SDK, and with the feature `proxy`?"),
        });
    }
    if !functions.iter().any(|name| abi::is_callback(name)) {
        mistakes.push(
            "it exports no callback, so it would never run: was it built with the feature `proxy`?"
                .to_owned(),
        );
    }
    mistakes
}
