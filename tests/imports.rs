//! The shape of the source: which module may import which, no cycles, one meaning for each type name, short files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use regex::Regex;

/// The modules of the library in layers: a module imports only from the layers above its own, or from its own.
const LAYERS: &[&[&str]] = &[
    BASE,
    &["keystore"],
    &["dpop", "key_services"],
    &["grant"],
    &["client"],
    &["altinn"],
    &["cache"],
    &["tokens"],
    &["inspect"],
    &["login", "admin", "business_register"],
    &["sessions"],
    &["check"],
    &["printer"],
    &["profile"],
    &["server"],
    &["simulator"],
];

const BASE: &[&str] = &[
    "explain",
    "clock",
    "language",
    "text",
    "organisation",
    "environment",
    "http",
    "connections",
    "file",
    "json",
    "pem",
    "secret_store",
];

/// Modules that import from the base layer alone. The simulator is one of them so that a mistake in reading keys or in
/// making grants cannot pass its validation.
const ON_THE_BASE_ALONE: &[&str] = &["keystore", "simulator"];

/// Files whose types replace those of a file beside them, on other systems or without a feature.
const STAND_INS: &[&str] = &["absent", "elsewhere", "non_unix"];

#[test]
fn a_module_imports_only_from_the_layers_above_it() {
    let layer = |module: &str| {
        let found = LAYERS.iter().position(|layer| layer.contains(&module));
        found.unwrap_or_else(|| panic!("the module {module} is in no layer"))
    };
    let modules = Modules::read();
    for (module, imports) in &modules.siblings()[&vec![]] {
        for import in imports.iter().filter(|_| module != "cli") {
            let may = layer(import) <= layer(module)
                && (!ON_THE_BASE_ALONE.contains(&module.as_str()) || BASE.contains(&import.as_str()));
            assert!(may, "{module} may not import {import}");
        }
    }
    let top: BTreeSet<&str> = modules.files.iter().filter_map(|file| Some(file.module.first()?.as_str())).collect();
    for module in top.iter().filter(|module| **module != "cli") {
        layer(module);
    }
    for module in LAYERS.concat() {
        assert!(top.contains(&module), "there is no module {module}");
    }
}

#[test]
fn the_children_of_a_module_do_not_import_each_other_in_a_circle() {
    let mut circles = BTreeMap::new();
    for (parent, imports) in Modules::read().siblings() {
        let circle: Vec<&str> = imports.keys().filter(|name| reaches(&imports, name)).map(String::as_str).collect();
        if !circle.is_empty() {
            circles.insert(parent.join("::"), circle.join(", "));
        }
    }

    assert!(circles.is_empty(), "these modules import each other in a circle: {circles:#?}");
}

#[test]
fn a_type_name_has_one_meaning_in_the_whole_crate() {
    let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let stands_in = |file: &SourceFile| file.module.last().is_some_and(|name| STAND_INS.contains(&name.as_str()));
    for file in Modules::read().files.iter().filter(|file| !stands_in(file)) {
        for name in file.types() {
            // A file may declare a type once for each operating system.
            declared.entry(name).or_default().insert(file.module.join("::"));
        }
    }
    declared.retain(|_, modules| modules.len() > 1);

    assert!(declared.is_empty(), "these types are declared more than once: {declared:#?}");
}

/// A file that no module declares is neither compiled nor run, and nothing else says so.
#[test]
fn every_file_is_part_of_the_program_or_its_tests() {
    for folder in [source(), Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")] {
        for file in rust_files(&folder) {
            let is_root = ["lib", "main"].iter().any(|root| file == folder.join(root).with_extension("rs"));
            let (name, parent) = match file.file_stem().unwrap().to_str().unwrap() {
                "mod" => (file.parent().unwrap(), file.parent().unwrap().parent().unwrap()),
                _ => (file.as_path(), file.parent().unwrap()),
            };
            let declaration = format!("mod {};", name.file_stem().unwrap().to_str().unwrap());
            let parents =
                [parent.join("mod.rs"), parent.join("lib.rs"), parent.join("main.rs"), parent.with_extension("rs")];
            let texts = parents.iter().filter_map(|parent| fs::read_to_string(parent).ok());
            // One for another system is named by its path.
            let path = format!("path = \"{}\"", file.file_name().unwrap().to_str().unwrap());
            let is_declared = texts.into_iter().any(|text| text.contains(&declaration) || text.contains(&path));
            assert!(is_root || is_declared, "no module declares {}", file.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_three_hundred_lines_without_its_tests() {
    for file in rust_files(&source()) {
        let lines = without_tests(&fs::read_to_string(&file).unwrap()).lines().count();
        let tests = file.components().any(|part| part.as_os_str() == "tests");
        assert!(lines <= 300 || tests, "{} has {lines} lines", file.display());
    }
}

/// `json` escapes what a terminal or a page would show deceptively. What the base and the simulator write is for programs.
#[test]
fn json_for_people_is_written_only_by_the_module_json() {
    let writes = Regex::new(r"serde_json::to_|json!\(.*\)\.to_string\(\)|\{:#?\}.{0,8}json!\(").unwrap();
    for folder in ["cli", "printer", "server", "check", "inspect"] {
        for file in rust_files(&source().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let found = without_tests(&text).lines().find(|line| writes.is_match(line));
            assert_eq!(found, None, "{}", file.display());
        }
    }
}

/// Whether a module imports itself through others.
fn reaches(imports: &Imports, start: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        for next in imports.get(name).into_iter().flatten() {
            if next == start {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

/// The children of one module, and which of the others each imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// A path such as `crate::grant::Assertion`, without `crate`.
type ModulePath = Vec<String>;

/// A source file: the module that it is, and its code without comments, literals and tests.
struct SourceFile {
    module: ModulePath,
    code: String,
}

/// Every file of the library and of the binary.
struct Modules {
    files: Vec<SourceFile>,
    known: BTreeSet<ModulePath>,
    /// The names that modules re-export for others.
    names: BTreeMap<ModulePath, ModulePath>,
}

impl Modules {
    fn read() -> Self {
        let files: Vec<SourceFile> = rust_files(&source()).iter().filter_map(|path| SourceFile::read(path)).collect();
        let known = files.iter().map(|file| file.module.clone()).collect();
        let mut modules = Self { files, known, names: BTreeMap::new() };
        for file in &modules.files {
            for path in file.uses() {
                let target = modules.absolute(&file.module, &path);
                let own = [file.module.as_slice(), &path[path.len() - 1..]].concat();
                if let Some(target) = target.filter(|target| *target != own) {
                    modules.names.insert(own, target);
                }
            }
        }
        modules
    }

    /// For each module, what its children import from each other.
    ///
    /// A parent may import from its children, and children what the parent's own file declares.
    fn siblings(&self) -> BTreeMap<ModulePath, Imports> {
        let mut siblings: BTreeMap<ModulePath, Imports> = BTreeMap::new();
        for file in &self.files {
            let paths = file.uses().into_iter().chain(file.qualified_paths());
            for target in paths.filter_map(|path| self.module_of(self.absolute(&file.module, &path)?)) {
                let common = file.module.iter().zip(&target).take_while(|(own, other)| own == other).count();
                let (Some(from), Some(to)) = (file.module.get(common), target.get(common)) else { continue };
                let imports = siblings.entry(target[..common].to_vec()).or_default();
                imports.entry(from.clone()).or_default().insert(to.clone());
            }
        }
        siblings
    }

    /// Resolves a path as it is written in a module; another crate's has none.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let mut base = match path[0].as_str() {
            "crate" => vec![],
            "self" | "super" => module.to_vec(),
            child => {
                return self.known.contains(&[module, &[child.to_owned()]].concat()).then(|| [module, path].concat());
            }
        };
        let supers = path.iter().take_while(|part| *part == "super").count();
        base.truncate(base.len().checked_sub(supers)?);
        base.extend_from_slice(&path[supers.max(1)..]);
        Some(base)
    }

    /// The module that declares what a path names, also when another module re-exports it.
    fn module_of(&self, mut path: ModulePath) -> Option<ModulePath> {
        for _ in 0..8 {
            let reexported = (1..=path.len()).find_map(|end| Some((end, self.names.get(&path[..end])?)));
            match reexported {
                Some((end, target)) => path = [target, &path[end..]].concat(),
                None => break,
            }
        }
        (0..=path.len()).rev().map(|end| path[..end].to_vec()).find(|module| self.known.contains(module))
    }
}

impl SourceFile {
    /// `None` for a file of tests.
    fn read(path: &Path) -> Option<Self> {
        let mut module: ModulePath = path
            .strip_prefix(source())
            .unwrap()
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if module.iter().any(|part| part == "tests") {
            return None;
        }
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        Some(Self { module, code: code_of(&fs::read_to_string(path).unwrap()) })
    }

    /// The paths of its `use` declarations, one for each name.
    fn uses(&self) -> Vec<ModulePath> {
        USE.captures_iter(&self.code).flat_map(|found| flattened(&found[1])).collect()
    }

    /// The paths that it names in place.
    fn qualified_paths(&self) -> Vec<ModulePath> {
        let code = USE.replace_all(&self.code, "");
        QUALIFIED.find_iter(&code).map(|path| parts(path.as_str())).collect()
    }

    /// The types that it declares.
    fn types(&self) -> Vec<String> {
        TYPE.captures_iter(&self.code).map(|found| found[1].to_owned()).collect()
    }
}

static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);").unwrap());
static QUALIFIED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").unwrap());
static TYPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^(?:\s*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|trait|union)|(?:pub(?:\([^)]*\))?\s+)?type)\s+(\w+)",
    )
    .unwrap()
});

/// The paths in a tree of `use`; a name given by `as` counts as nothing.
fn flattened(tree: &str) -> Vec<ModulePath> {
    let tree = tree.trim();
    let Some((before, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        return if path.is_empty() { vec![] } else { vec![parts(path)] };
    };
    let mut depth = 0;
    let list = &rest[..rest.rfind('}').unwrap()];
    let separated = list.split(|character| {
        depth += i32::from(character == '{') - i32::from(character == '}');
        character == ',' && depth == 0
    });
    let each = separated.flat_map(flattened).map(|path| {
        let own = if path == ["self"] { vec![] } else { path };
        [parts(before), own].concat()
    });
    each.collect()
}

fn parts(path: &str) -> ModulePath {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}

fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap()
}

/// The code of a file without comments, literals and tests.
fn code_of(text: &str) -> String {
    static LITERALS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r##"(?s)r#".*?"#|"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^'\\])'"##).unwrap());
    static COMMENTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^\s*//.*$|\s//.*$").unwrap());
    COMMENTS.replace_all(&LITERALS.replace_all(&COMMENTS.replace_all(without_tests(text), ""), "\"\""), "").into_owned()
}

#[test]
fn imports_are_read_alone_in_nested_braces_and_in_place() {
    let code = "use crate::{clock::Clock, grant::{self, Assertion as A}, http};\nfn f() { super::g(\"crate::no\") } // self::no\n";
    let file = SourceFile { module: vec![], code: code_of(code) };

    let uses: Vec<_> = file.uses().iter().map(|path| path.join("::")).collect();
    let paths: Vec<_> = file.qualified_paths().iter().map(|path| path.join("::")).collect();

    assert_eq!(uses, ["crate::clock::Clock", "crate::grant", "crate::grant::Assertion", "crate::http"]);
    assert_eq!(paths, ["super::g"]);
}
