//! Build tools and compilers: what the files say that they go by, where the same script wrote those.

use super::super::syntax::Span;
use super::expand::Argument;
use super::{Stream, Walker};

/// How many lines of a file are looked at.
const LINES: usize = 200;

/// Tools, and the files that they go by without being told.
const TOOLS: &[(&str, &[&str])] = &[
    ("just", &["justfile", "Justfile", ".justfile"]),
    ("task|go-task", &["Taskfile.yml", "Taskfile.yaml", "taskfile.yml"]),
    ("rake", &["Rakefile", "rakefile", "Rakefile.rb"]),
    ("ant", &["build.xml"]),
    ("ninja|samu", &["build.ninja"]),
    ("npm|pnpm|yarn|bun|npx", &["package.json"]),
    ("cargo", &["build.rs", "Cargo.toml"]),
    ("pip|pip3|pipx|uv", &["setup.py"]),
    ("gradle|gradlew", &["build.gradle", "build.gradle.kts"]),
    ("mvn", &["pom.xml"]),
    ("invoke|inv", &["tasks.py"]),
    ("fab", &["fabfile.py"]),
    ("nox", &["noxfile.py"]),
    ("tox", &["tox.ini"]),
    ("scons", &["SConstruct"]),
    ("bundle|gem", &["Gemfile"]),
    ("composer", &["composer.json"]),
    ("cmake", &["CMakeLists.txt"]),
    ("meson", &["meson.build"]),
    ("vagrant", &["Vagrantfile"]),
    ("pre-commit", &[".pre-commit-config.yaml"]),
    ("ansible-playbook", &["site.yml"]),
    ("foreman|overmind|honcho|hivemind", &["Procfile"]),
    ("earthly", &["Earthfile"]),
    ("dagger|act|gitlab-runner", &[".gitlab-ci.yml"]),
    ("packer|terraform|tofu", &["main.tf"]),
    ("pm2|supervisord|monit", &["ecosystem.config.js"]),
];

/// Compilers and what runs a source at once.
const COMPILERS: &[(&str, &str)] = &[
    ("gcc|cc|clang|g++|c++|clang++|tcc|c99", "c"),
    ("go", "go"),
    ("rustc", "rust"),
    ("javac|java|kotlinc|scala", "java"),
    ("ghc|runghc|runhaskell", "haskell"),
    ("crystal|nim|zig|dmd|v|ocaml|swift|dotnet|csc|mcs|fpc", "other"),
];

fn listed<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table
        .iter()
        .find(|(names, _)| names.split('|').any(|n| n == name))
        .map(|(_, value)| *value)
}

impl Walker<'_> {
    /// Looks into the files that a tool goes by; `false`: it is no such tool, or none of them is known.
    pub(super) fn recipes(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) -> bool {
        if let Some(language) = listed(COMPILERS, name) {
            return self.compiled(language, rest, stdin, span);
        }
        let Some(names) = listed(TOOLS, name) else {
            return false;
        };
        if self.files.is_empty() {
            return false;
        }
        let mut folders = vec![String::new()];
        folders.extend(super::shells::after_option(
            rest,
            &["-C", "--prefix", "--cwd", "-d"],
        ));
        let mut paths: Vec<String> = rest.iter().map(|a| a.text.clone()).collect();
        for folder in &folders {
            let start = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            paths.extend(names.iter().map(|file| format!("{start}{file}")));
        }
        let mut seen = false;
        for path in paths {
            let Some(recipe) = self
                .files
                .get(&self.path(&path))
                .and_then(|file| file.text.clone())
            else {
                continue;
            };
            seen = true;
            let language = match path.rsplit('.').next().unwrap_or_default() {
                "py" => "python",
                "rs" => "rust",
                "rb" | "gradle" => "ruby",
                "js" => "node",
                _ if path.ends_with("Rakefile")
                    || path.ends_with("Vagrantfile")
                    || path.ends_with("Gemfile") =>
                {
                    "ruby"
                }
                _ => "",
            };
            if language.is_empty() {
                self.recipe_lines(&recipe, name, span);
            } else {
                self.code(language, &recipe, span);
            }
        }
        seen
    }

    fn compiled(&mut self, language: &str, rest: &[Argument], stdin: &Stream, span: Span) -> bool {
        let mut sources: Vec<String> = rest
            .iter()
            .filter(|a| !a.text.starts_with('-'))
            .filter_map(|a| {
                self.files
                    .get(&self.path(&a.text))
                    .and_then(|file| file.text.clone())
            })
            .collect();
        if rest.iter().any(|a| matches!(a.text.as_str(), "-" | "/dev/stdin")) {
            sources.extend(stdin.text.clone());
        }
        let seen = !sources.is_empty();
        for source in sources {
            self.code(language, &source, span);
        }
        seen
    }

    /// The commands of a recipe whose format is not read: its lines and values, each as far as it is one.
    fn recipe_lines(&mut self, recipe: &str, name: &str, span: Span) {
        self.chain.push(name.to_owned());
        for line in recipe.lines().take(LINES) {
            let literals = super::literals::literals(line);
            let bare = line
                .trim()
                .trim_start_matches("- ")
                .trim_start_matches(['@', '-']);
            let mut texts = vec![bare.to_owned(), literals.join(" ")];
            for sign in [": ", " = ", "=", "[", "<"] {
                if let Some((_, value)) = bare.split_once(sign) {
                    texts.push(
                        value
                            .trim_matches(['"', '\'', ' ', ',', ']', '[', '}', '{'])
                            .to_owned(),
                    );
                }
            }
            texts.extend(literals);
            // `<delete dir="/x"/>`, `<exec executable="x"><arg line="y"/>`
            let literals = super::literals::literals(line);
            if line.contains("<delete ")
                && let Some(path) = literals.iter().find(|literal| literal.starts_with('/'))
            {
                self.words_called(&["rm", "-rf", path], span);
            }
            if let Some((_, tail)) = line.split_once("executable=") {
                self.command_literal(&super::literals::literals(tail).join(" "), span);
            }
            for text in texts {
                self.command_literal(&text, span);
            }
        }
        self.chain.pop();
    }
}
