//! The verbs of `weft gateway`: what they ask of the library.

use anyhow::Context as _;

use super::args::{
    CreateArgs, DeleteArgs, ListArgs, StatusArgs, UpdateArgs, UpgradeArgs, ValidateArgs,
};
use super::flags;
use super::{ChartArgs, Where};
use crate::cli::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::gateway::spec::MeshGateway;
use crate::gateway::verbs::{Deletion, Gateways, Manner};
use crate::mesh::spec::mistake::Mistakes;
use crate::mesh::spec::read::Setting;
use crate::mesh::spec::schema::schema_of;
use crate::output::ProgressChoice;

pub(super) async fn create(args: CreateArgs, context: &Context) -> Outcome {
    let settings = args.wish.settings(context)?;
    let said = args.place.namespace.as_deref();
    let wish = wish(
        args.name.as_deref(),
        args.file.as_deref(),
        said,
        settings,
        context,
    )??;
    let progress = args.write.progress.progress;
    let gateways = args.place.open(&args.chart, progress, context).await?;
    let home = gateways.home(&args.place.asked(&args.chart)).await?;
    let wish = placed(wish, &args.place, &gateways);
    gateways.create(&home, wish, args.write.manner()).await
}

pub(super) async fn validate(args: ValidateArgs, context: &Context) -> Outcome {
    let settings = args.wish.settings(context)?;
    let said = args.place.namespace.as_deref();
    let wish = wish(
        args.name.as_deref(),
        args.file.as_deref(),
        said,
        settings,
        context,
    )??;
    if args.offline {
        context.output.say("it has no mistakes");
        context.output.raw(wish.to_yaml()?.as_bytes())?;
        return Ok(Exit::Ok);
    }
    let progress = ProgressChoice::default();
    let gateways = args.place.open(&args.chart, progress, context).await?;
    let home = gateways.home(&args.place.asked(&args.chart)).await?;
    let wish = placed(wish, &args.place, &gateways);
    gateways.validate(&home, &wish).await
}

pub(super) async fn list(args: ListArgs, context: &Context) -> Outcome {
    let gateways = plain(&args.place.place(), context).await?;
    gateways.list(args.place.namespace.as_deref()).await
}

pub(super) async fn status(args: StatusArgs, context: &Context) -> Outcome {
    let asked = args.place.place();
    let gateways = plain(&asked, context).await?;
    let place = asked.place(&gateways);
    let namespace = match &args.name {
        Some(_) if !args.place.all_namespaces => Some(place.as_str()),
        Some(_) | None => args.place.namespace.as_deref(),
    };
    gateways.status(args.name.as_deref(), namespace).await
}

pub(super) async fn update(args: UpdateArgs, context: &Context) -> Outcome {
    let settings = args.wish.settings(context)?;
    let progress = args.write.progress.progress;
    let gateways = args.place.open(&args.chart, progress, context).await?;
    let home = gateways.home(&args.place.asked(&args.chart)).await?;
    let said = args.place.namespace.as_deref();
    let (before, wish) = if let Some(file) = &args.file {
        let file = Some(file.as_str());
        let wish = wish(args.name.as_deref(), file, said, settings, context)??;
        let mut wish = placed(wish, &args.place, &gateways);
        let place = wish.metadata.namespace.clone().unwrap_or_default();
        let before = gateways.known(&home, &place, &wish.metadata.name).await?;
        keep_labels(&mut wish, &before.wish, context);
        (before, wish)
    } else {
        let name = args.name.as_deref().ok_or_else(nameless)?;
        let place = args.place.place(&gateways);
        let before = gateways.known(&home, &place, name).await?;
        if args.wish.has_labels() {
            let text = "the labels of a gateway cannot be changed: create another one, and delete this one";
            return Err(Failure::text(Exit::Usage, text));
        }
        let wish = changed(&before.wish, &args.unset, settings)?;
        (before, wish)
    };
    let updated = gateways.update(&home, wish, before, args.write.manner());
    Box::pin(updated).await
}

pub(super) async fn upgrade(args: UpgradeArgs, context: &Context) -> Outcome {
    let progress = args.write.progress.progress;
    let gateways = args.place.open(&args.chart, progress, context).await?;
    let home = gateways.home(&args.place.asked(&args.chart)).await?;
    let place = args.place.place(&gateways);
    gateways
        .upgrade(&home, &place, &args.names, args.write.manner())
        .await
}

pub(super) async fn delete(args: DeleteArgs, context: &Context) -> Outcome {
    let chart = ChartArgs::default();
    let progress = args.progress.progress;
    let gateways = args.place.open(&chart, progress, context).await?;
    let place = args.place.place(&gateways);
    let names = if args.ignore_not_found {
        gateways.there(&place, args.names).await?
    } else {
        args.names
    };
    if names.is_empty() {
        return Ok(Exit::Ok);
    }
    let asked = args.place.asked(&chart);
    let home = gateways.home_of(&asked, &place, &names).await?;
    let asked = Deletion {
        force: args.force,
        yes: args.yes,
        // Nobody owns a field of what goes.
        manner: Manner {
            mode: args.rehearse.mode(),
            force_conflicts: false,
            timeout: args.wait.timeout(),
        },
    };
    gateways.delete(&home, &place, &names, asked).await
}

pub(super) fn schema(context: &Context) -> Outcome {
    let text = serde_json::to_string_pretty(&schema_of::<MeshGateway>())
        .context("cannot write the schema as JSON")?;
    context.output.raw((text + "\n").as_bytes())?;
    Ok(Exit::Ok)
}

async fn plain(place: &Where, context: &Context) -> Result<Gateways, Failure> {
    let chart = ChartArgs::default();
    place.open(&chart, ProgressChoice::default(), context).await
}

/// What file and flags say together.
///
/// # Errors
/// The outer one when the file cannot be read, the inner one with every mistake.
fn wish(
    name: Option<&str>,
    file: Option<&str>,
    namespace: Option<&str>,
    settings: Vec<Setting>,
    context: &Context,
) -> Result<Result<MeshGateway, Mistakes>, Failure> {
    let document = flags::document(file, context)?;
    Ok(document.and_then(|document| flags::read(document, name, namespace, settings)))
}

fn placed(mut wish: MeshGateway, place: &Where, gateways: &Gateways) -> MeshGateway {
    let namespace = wish.metadata.namespace.take();
    wish.metadata.namespace = Some(namespace.unwrap_or_else(|| place.place(gateways)));
    wish
}

/// A wish with these changes. One way to say how many instances there are takes the place of the other.
fn changed(
    before: &MeshGateway,
    unset: &[String],
    settings: Vec<Setting>,
) -> Result<MeshGateway, Failure> {
    let mut document = flags::as_document(before)?;
    let sets = |pointer: &str| settings.iter().any(|setting| setting.pointer == pointer);
    let mut gone: Vec<String> = Vec::new();
    for (one, other) in [("replicas", "autoscaling"), ("autoscaling", "replicas")] {
        if sets(&format!("/spec/{one}")) {
            gone.push(other.to_owned());
        }
    }
    let unknown: Vec<_> = unset
        .iter()
        .chain(&gone)
        .filter(|field| !remove(&mut document.value, field))
        .filter(|field| unset.contains(field))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        let text = format!(
            "--unset {}: the gateway was not made with it; `weft gateway schema` has all fields",
            unknown.join(", --unset ")
        );
        return Err(Failure::text(Exit::Usage, text));
    }
    Ok(flags::read(document, None, None, settings)?)
}

/// Takes a field of spec away, `service.annotations`; false when there is none, or when it may not go.
fn remove(document: &mut serde_json::Value, field: &str) -> bool {
    if field == "labels" || field.starts_with("labels.") {
        return false;
    }
    let pointer = format!("/spec/{}", field.replace('.', "/"));
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return false;
    };
    document
        .pointer_mut(parent)
        .and_then(serde_json::Value::as_object_mut)
        .is_some_and(|fields| fields.remove(name).is_some())
}

/// Labels stay: a selector is made of them.
fn keep_labels(wish: &mut MeshGateway, before: &MeshGateway, context: &Context) {
    if wish.spec.labels != before.spec.labels {
        context
            .output
            .warn("the labels in the file are other ones, and those of a gateway stay as they are");
        wish.spec.labels.clone_from(&before.spec.labels);
    }
}

fn nameless() -> Failure {
    Failure::text(Exit::Usage, "which gateway? give NAME, or a file with -f")
}
