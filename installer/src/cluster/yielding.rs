//! Fields that are somebody else's trade once they have taken them: the server behind a webhook writes its own certificate
//! and decides when refusals count, so that what a chart says about both is only where it starts from.

use serde_json::Value;

use super::object::ObjectId;
use super::ownership::OwnedField;

/// Of each webhook of a configuration.
const LEFT: [&str; 2] = [".clientConfig.caBundle", ".failurePolicy"];

/// The object without those of the contested fields that are left to others; nothing when there are none.
pub(crate) fn without(id: &ObjectId, object: &Value, contested: &[OwnedField]) -> Option<Value> {
    let is_webhooks =
        id.group == "admissionregistration.k8s.io" && id.kind.ends_with("WebhookConfiguration");
    let mut less = object.clone();
    let mut found = false;
    for field in contested.iter().filter(|_| is_webhooks) {
        found |= drop_field(&mut less, &field.field);
    }
    found.then_some(less)
}

/// `.webhooks[name="a.b.c"].failurePolicy`, as the API server writes it.
fn drop_field(object: &mut Value, field: &str) -> bool {
    let Some((name, rest)) = field
        .strip_prefix(".webhooks[name=\"")
        .and_then(|rest| rest.split_once("\"]"))
    else {
        return false;
    };
    let webhooks = object.get_mut("webhooks").and_then(Value::as_array_mut);
    let Some(webhook) = webhooks
        .into_iter()
        .flatten()
        .find(|webhook| webhook.get("name").and_then(Value::as_str) == Some(name))
    else {
        return false;
    };
    if !LEFT.contains(&rest) {
        return false;
    }
    let (parent, key) = match rest.rsplit_once('.') {
        Some(("", key)) => (Some(webhook), key),
        Some((parent, key)) => (webhook.get_mut(parent.trim_start_matches('.')), key),
        None => return false,
    };
    parent
        .and_then(Value::as_object_mut)
        .is_some_and(|fields| fields.remove(key).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_their_trade_is_left_to_them() {
        let object = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "v"},
            "webhooks": [
                {"name": "a.b.c", "failurePolicy": "Ignore", "clientConfig": {"caBundle": "", "url": "x"}},
                {"name": "d", "failurePolicy": "Ignore", "timeoutSeconds": 3},
            ],
        });
        let field = |field: &str| OwnedField {
            field: field.to_owned(),
            manager: "pilot-discovery".to_owned(),
        };
        let contested = [
            field(".webhooks[name=\"a.b.c\"].failurePolicy"),
            field(".webhooks[name=\"a.b.c\"].clientConfig.caBundle"),
            field(".webhooks[name=\"d\"].timeoutSeconds"),
        ];
        let id = ObjectId::of(&object).unwrap();

        let less = without(&id, &object, &contested).unwrap();

        assert_eq!(
            less["webhooks"],
            json!([
                {"name": "a.b.c", "clientConfig": {"url": "x"}},
                {"name": "d", "failurePolicy": "Ignore", "timeoutSeconds": 3},
            ])
        );
        assert_eq!(without(&id, &object, &contested[2..]), None);
        let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "v"}, "webhooks": object["webhooks"]});
        assert_eq!(
            without(&ObjectId::of(&other).unwrap(), &other, &contested),
            None
        );
    }
}
