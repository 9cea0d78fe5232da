//! The template engine: built once, with the two quoting filters and nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use super::{Refused, quote};

pub(super) static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(engine);

/// Every template, and every piece that several share.
pub(super) const TEMPLATES: [(&str, &str); 27] = [
    ("exchange-start.ps1", include_str!("exchange-start.ps1")),
    ("exchange-organization.ps1", include_str!("exchange-organization.ps1")),
    ("exchange-connect.ps1", include_str!("exchange-connect.ps1")),
    ("exchange-common.ps1", include_str!("exchange-common.ps1")),
    ("exchange-head.ps1", include_str!("exchange-head.ps1")),
    ("exchange-object-id.ps1", include_str!("exchange-object-id.ps1")),
    ("exchange-registration.ps1", include_str!("exchange-registration.ps1")),
    ("exchange-prior.ps1", include_str!("exchange-prior.ps1")),
    ("prior.ps1", include_str!("prior.ps1")),
    ("exchange-setup.ps1", include_str!("exchange-setup.ps1")),
    ("exchange-verify.ps1", include_str!("exchange-verify.ps1")),
    ("exchange-undo.ps1", include_str!("exchange-undo.ps1")),
    ("relay-setup.ps1", include_str!("relay-setup.ps1")),
    ("relay-undo.ps1", include_str!("relay-undo.ps1")),
    ("hve-setup.ps1", include_str!("hve-setup.ps1")),
    ("hve-undo.ps1", include_str!("hve-undo.ps1")),
    ("policy-setup.ps1", include_str!("policy-setup.ps1")),
    ("policy-undo.ps1", include_str!("policy-undo.ps1")),
    ("entra-values.ps1", include_str!("entra-values.ps1")),
    ("graph-common.ps1", include_str!("graph-common.ps1")),
    ("graph-setup.ps1", include_str!("graph-setup.ps1")),
    ("graph-verify.ps1", include_str!("graph-verify.ps1")),
    ("graph-undo.ps1", include_str!("graph-undo.ps1")),
    ("az-common.sh", include_str!("az-common.sh")),
    ("az-setup.sh", include_str!("az-setup.sh")),
    ("az-verify.sh", include_str!("az-verify.sh")),
    ("az-undo.sh", include_str!("az-undo.sh")),
];

/// Fills a repair of the knowledge base: `{{ mailbox | ps }}` in PowerShell, `{{ mailbox | sh }}`
/// in a POSIX shell, `{{ mailbox }}` in prose.
///
/// A name without a value is shown as `<name>`, quoted like any other value.
///
/// # Errors
///
/// [`Refused::Character`] when a value that the template uses can not be shown, and
/// [`Refused::Template`] when the template is wrong.
pub fn fill(template: &str, values: &BTreeMap<String, String>) -> Result<String, Refused> {
    let template = ENGINE.template_from_str(template)?;
    let shown = |name: String| {
        let value = match values.get(&name) {
            Some(value) => Value::from(value.as_str()),
            None => Value::from(format!("<{name}>")),
        };
        (name, value)
    };
    let named: BTreeMap<String, Value> = template.undeclared_variables(false).into_iter().map(shown).collect();
    Ok(template.render(Value::from(named))?)
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // A line that holds only a tag of the template leaves no line behind.
    let whole_lines = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("only the treatment of white space differs from the default");
    engine.set_syntax(whole_lines);
    engine.add_filter("ps", |value: Cow<'_, str>| Ok(quote::ps(&value)?));
    engine.add_filter("sh", |value: Cow<'_, str>| Ok(quote::sh(&value)?));
    // Prose has no quoting, so here is the one place where a value could slip by unread.
    engine.set_formatter(|out, _, value| {
        let shown = value.to_string();
        quote::plain(&shown)?;
        Ok(out.write_str(&shown)?)
    });
    for (name, source) in TEMPLATES {
        engine.add_template(name, source).expect("the templates are part of the program, and a test renders each");
    }
    engine
}

/// The way of a refusal through the engine.
impl From<Refused> for minijinja::Error {
    fn from(refused: Refused) -> Self {
        Self::new(ErrorKind::InvalidOperation, refused.to_string()).with_source(refused)
    }
}

/// A refusal that came back out of the engine, or the engine's own words.
impl From<minijinja::Error> for Refused {
    fn from(error: minijinja::Error) -> Self {
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<Refused>() {
                return refused.clone();
            }
            cause = inner.source();
        }
        Self::Template(error.to_string())
    }
}
