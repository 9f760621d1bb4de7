//! `maskinporten scope export` and `import`: scopes as files, those of the original's scripts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    admin::{
        AdminOperation, AdminRequest, imported, members_without_column, scope_from_json, scope_json, scope_path,
        scopes_csv_file, scopes_from_csv, with_name, without_times,
    },
    file,
    text::{printable, shown_path},
};
use serde_json::{Map, Value};

use super::{
    change::Plan,
    scope::{difference, name, own_scopes, read, unreadable},
    session::AdminSession,
};
use crate::cli::{
    args::{ScopeExportArguments, ScopeImportArguments},
    report::{Exit, Failure, Report},
    signals,
};

/// Maximum number of files in the folders that are imported.
const MAXIMUM_FILES: usize = 10_000;
/// Maximum depth of these folders; a subscope with a slash is a folder too.
const MAXIMUM_DEPTH: usize = 32;

pub(super) async fn export(
    arguments: ScopeExportArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let session = AdminSession::open(arguments.settings, &[AdminOperation::ListScopes], config, report)?;
    let scopes = own_scopes(&session, arguments.inactive, arguments.prefix.as_deref()).await?;
    if scopes.is_empty() {
        let message = "there is no scope to export".to_owned();
        let hint = "`scope list --inactive` shows what there is";
        return Err(Failure::plain(Exit::Other, "no_scope", message, Some(hint.to_owned())));
    }
    if let Some(file) = &arguments.csv {
        let lost = members_without_column(&scopes);
        if !lost.is_empty() {
            let lost = printable(&lost.into_iter().collect::<Vec<_>>().join(", "));
            report.warning(&format!("the CSV file has the columns of the first scope, so it is without {lost}"));
        }
        write(file, &scopes_csv_file(&scopes))?;
        report.note(&format!("scopes written to {}: {}", shown_path(file), scopes.len()));
    }
    if let Some(folder) = &arguments.dir {
        let mut written = 0;
        for scope in &scopes {
            let Some(path) = scope_path(scope) else {
                report.warning(&format!("{} cannot be the name of a file, so it is left out", printable(name(scope))));
                continue;
            };
            write(&folder.join(path), scope_json(scope).as_bytes())?;
            written += 1;
        }
        report.note(&format!("scopes written to {}: {written}", shown_path(folder)));
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = folder.map_or(Ok(()), fs::create_dir_all).and_then(|()| file::write_public(path, content));
    written.map_err(|error| {
        let message = format!("could not write `{}`: {error}", shown_path(path));
        Failure::plain(Exit::Other, "file", message, Some("choose a file in a folder that you can write to".to_owned()))
    })
}

pub(super) async fn import(
    arguments: ScopeImportArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let files = arguments.files;
    let wanted = signals::blocking(move || read_all(&files)).await?;
    let operations = [AdminOperation::ListScopes, AdminOperation::CreateScope, AdminOperation::UpdateScope];
    let session = AdminSession::open(arguments.admin.settings, &operations, config, report)?;
    let current = own_scopes(&session, true, None).await?;
    let mut plan = Plan { difference: Vec::new(), requests: Vec::new() };
    for (wanted, scope) in &wanted {
        let current = current.iter().find(|scope| name(scope) == wanted);
        let part = match current {
            Some(current) => Plan::of_update(wanted, current, &imported(current, scope)),
            None => Plan {
                difference: difference('+', wanted, &Map::new(), scope),
                requests: vec![AdminRequest::create_scope(Value::Object(scope.clone()))],
            },
        };
        plan.difference.extend(part.difference);
        plan.requests.extend(part.requests);
    }
    let Some(plan) = plan.confirmed(arguments.change, arguments.admin.format, report).await? else { return Ok(()) };
    session.send_each(&plan.requests).await?;
    report.note(&format!("scopes created or changed: {}", plan.requests.len()));
    Ok(())
}

/// Reads the scopes in files and folders, by their names.
fn read_all(paths: &[PathBuf]) -> Result<BTreeMap<String, Map<String, Value>>, Failure> {
    let mut scopes = BTreeMap::new();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, 0, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() {
        let message = "there is no JSON file in the folder".to_owned();
        let hint = "name the folder that scope export --dir wrote to, or a CSV file";
        return Err(Failure::plain(Exit::Configuration, "no_scope", message, Some(hint.to_owned())));
    }
    for path in files {
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let of_file = read(&path, |bytes| {
            if is_json { scope_from_json(bytes).map(|scope| vec![scope]) } else { scopes_from_csv(bytes) }
        })?;
        for scope in of_file {
            let (name, scope) = with_name(without_times(scope), None).map_err(|error| unreadable(&path, &error))?;
            if scopes.insert(name.clone(), scope).is_some() {
                let message = format!("the files have the scope {} twice", printable(&name));
                let hint = "remove one of them".to_owned();
                return Err(Failure::plain(Exit::Configuration, "scope_file", message, Some(hint)));
            }
        }
    }
    Ok(scopes)
}

/// Collects the JSON files below a folder; links to folders are not followed.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |why: String| {
        let message = format!("could not read the folder `{}`: {why}", shown_path(folder));
        Failure::plain(Exit::Configuration, "file", message, Some("name the files that are to be imported".to_owned()))
    };
    let entries = fs::read_dir(folder).map_err(|error| failed(error.to_string()))?;
    for entry in entries {
        let entry = entry.map_err(|error| failed(error.to_string()))?;
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth < MAXIMUM_DEPTH {
            collect(&path, depth + 1, files)?;
        } else if !is_folder && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            files.push(path);
        }
        if files.len() > MAXIMUM_FILES {
            return Err(failed(format!("it has more than {MAXIMUM_FILES} files")));
        }
    }
    Ok(())
}
