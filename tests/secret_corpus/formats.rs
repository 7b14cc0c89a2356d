//! The formats of files: each writes settings as its programs read them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::item::{File, Item};

/// A format: its name, the path of its files, and how it writes settings.
pub struct Format {
    pub name: &'static str,
    pub path: &'static str,
    pub write: fn(&[Item]) -> File,
}

/// Writes a head, each item by `each`, and a tail.
fn file(head: &str, items: &[Item], each: impl Fn(&mut File, &Item), tail: &str) -> File {
    let mut file = File::default();
    file.push(head);
    for item in items {
        each(&mut file, item);
    }
    file.push(tail);
    file
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

const POD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      containers:\n        - name: api\n          image: acme/api:1.2.3\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\ntype: Opaque\n";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: api}\ndata:\n";

macro_rules! format {
    ($name:literal, $path:literal, $head:expr, $each:expr, $tail:literal) => {
        Format { name: $name, path: $path, write: |items| file(&$head, items, $each, $tail) }
    };
}

/// A quoted value between `before` and `after`, which may hold the name.
fn line(file: &mut File, before: &str, item: &Item, after: &str) {
    file.push(before).value_as(item, quoted).push(after);
}

pub const FORMATS: &[Format] = &[
    format!(
        "k8s_env",
        "deploy/api.yaml",
        POD.to_owned() + "          env:\n",
        |f, i| {
            line(f, &std::format!("            - name: {}\n              value: \"", i.constant()), i, "\"\n");
        },
        ""
    ),
    format!(
        "k8s_args",
        "deploy/worker.yaml",
        POD.to_owned() + "          args:\n",
        |f, i| {
            line(f, &std::format!("            - \"--{}=", i.kebab()), i, "\"\n");
        },
        ""
    ),
    format!(
        "k8s_secret_string",
        "deploy/secret.yaml",
        SECRET.to_owned() + "stringData:\n",
        |f, i| line(f, &std::format!("  {}: \"", i.kebab()), i, "\"\n"),
        ""
    ),
    format!(
        "k8s_secret_data",
        "deploy/secret-data.yaml",
        SECRET.to_owned() + "data:\n",
        |f, i| {
            f.push(&std::format!("  {}: ", i.kebab())).encoded(&STANDARD.encode(i.value())).push("\n");
        },
        ""
    ),
    format!(
        "k8s_configmap",
        "deploy/config.yaml",
        CONFIG,
        |f, i| line(f, &std::format!("  {}: \"", i.constant()), i, "\"\n"),
        ""
    ),
    format!(
        "configmap_properties",
        "deploy/config-file.yaml",
        CONFIG.to_owned() + "  app.properties: |\n    server.port=8080\n",
        |f, i| {
            f.push(&std::format!("    {}=", i.dotted())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "configmap_env",
        "deploy/config-env.yaml",
        CONFIG.to_owned() + "  .env: |-\n",
        |f, i| {
            f.push(&std::format!("    {}=", i.constant())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "configmap_json",
        "deploy/config-json.yaml",
        CONFIG.to_owned() + "  app.json: |\n    {\n",
        |f, i| line(f, &std::format!("      \"{}\": \"", i.camel()), i, "\",\n"),
        "      \"port\": 8080\n    }\n"
    ),
    format!(
        "configmap_yaml",
        "deploy/config-yaml.yaml",
        CONFIG.to_owned() + "  app.yaml: |\n    server:\n",
        |f, i| line(f, &std::format!("      {}: \"", i.camel()), i, "\"\n"),
        ""
    ),
    format!(
        "secret_dotenv",
        "deploy/secret-env.yaml",
        "",
        |f, i| {
            let text = STANDARD.encode(std::format!("PORT=8080\n{}={}\n", i.constant(), i.value()));
            f.push(SECRET).push("data:\n  .env: ").encoded(&text).push("\n---\n");
        },
        ""
    ),
    format!(
        "argocd_parameters",
        "apps/api.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: api}\nspec:\n  source:\n    helm:\n      parameters:\n",
        |f, i| {
            line(f, &std::format!("        - name: auth.{}\n          value: \"", i.camel()), i, "\"\n");
        },
        ""
    ),
    format!(
        "tekton_params",
        "ci/run.yaml",
        "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: run}\nspec:\n  params:\n",
        |f, i| {
            line(f, &std::format!("    - name: {}\n      value: \"", i.kebab()), i, "\"\n");
        },
        ""
    ),
    format!(
        "helm_values",
        "chart/values.yaml",
        "image: {repository: acme/api, tag: 1.2.3}\nauth:\n",
        |f, i| line(f, &std::format!("  {}: \"", i.camel()), i, "\"\n"),
        ""
    ),
    format!(
        "compose_map",
        "compose.yaml",
        "services:\n  api:\n    image: acme/api:1.2.3\n    environment:\n",
        |f, i| line(f, &std::format!("      {}: \"", i.constant()), i, "\"\n"),
        ""
    ),
    format!(
        "compose_list",
        "docker-compose.yml",
        "services:\n  api:\n    image: acme/api:1.2.3\n    environment:\n",
        |f, i| line(f, &std::format!("      - \"{}=", i.constant()), i, "\"\n"),
        ""
    ),
    format!(
        "kustomize_literals",
        "kustomization.yaml",
        "secretGenerator:\n  - name: api\n    literals:\n",
        |f, i| line(f, &std::format!("      - \"{}=", i.kebab()), i, "\"\n"),
        ""
    ),
    format!(
        "dotenv",
        ".env",
        "PORT=8080\n",
        |f, i| {
            f.push(&std::format!("{}=", i.constant())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "dotenv_quoted",
        "config/production.env",
        "PORT=8080\n",
        |f, i| line(f, &std::format!("{}=\"", i.constant()), i, "\"\n"),
        ""
    ),
    format!(
        "shell",
        "deploy.sh",
        "#!/bin/sh\nset -eu\n",
        |f, i| {
            f.push(&std::format!("export {}='", i.constant())).value(i).push("'\n");
        },
        ""
    ),
    format!(
        "batch",
        "setup.bat",
        "@echo off\n",
        |f, i| {
            f.push(&std::format!("set {}=", i.constant())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "properties",
        "application.properties",
        "server.port=8080\n",
        |f, i| {
            f.push(&std::format!("app.{}=", i.dotted())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "ini",
        "app.ini",
        "[server]\nport = 8080\n",
        |f, i| {
            f.push(&std::format!("{} = ", i.snake())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "toml",
        "config.toml",
        "[server]\nport = 8080\n",
        |f, i| line(f, &std::format!("{} = \"", i.snake()), i, "\"\n"),
        ""
    ),
    format!(
        "json",
        "config.json",
        "{\n",
        |f, i| line(f, &std::format!("  \"{}\": \"", i.snake()), i, "\",\n"),
        "  \"port\": 8080\n}\n"
    ),
    format!(
        "appsettings",
        "appsettings.json",
        "{\n  \"App\": {\n",
        |f, i| line(f, &std::format!("    \"{}\": \"", i.pascal()), i, "\",\n"),
        "    \"Port\": 8080\n  }\n}\n"
    ),
    format!(
        "ecs_task",
        "task-definition.json",
        "{\"containerDefinitions\": [{\"name\": \"api\", \"environment\": [\n",
        |f, i| {
            line(f, &std::format!("  {{\"name\": \"{}\", \"value\": \"", i.constant()), i, "\"},\n");
        },
        "  {\"name\": \"PORT\", \"value\": \"8080\"}]}]}\n"
    ),
    format!(
        "xml",
        "settings.xml",
        "<?xml version=\"1.0\"?>\n<settings>\n",
        |f, i| {
            f.push(&std::format!("  <{0}>", i.camel())).value_as(i, xml).push(&std::format!("</{}>\n", i.camel()));
        },
        "</settings>\n"
    ),
    format!(
        "web_config",
        "web.config",
        "<configuration>\n  <appSettings>\n",
        |f, i| {
            f.push(&std::format!("    <add key=\"{}\" value=\"", i.pascal())).value_as(i, xml).push("\" />\n");
        },
        "  </appSettings>\n</configuration>\n"
    ),
    format!(
        "tfvars",
        "terraform.tfvars",
        "region = \"eu-west-1\"\n",
        |f, i| line(f, &std::format!("{} = \"", i.snake()), i, "\"\n"),
        ""
    ),
    format!(
        "tf_variable",
        "variables.tf",
        "",
        |f, i| line(
            f,
            &std::format!("variable \"{}\" {{\n  type    = string\n  default = \"", i.snake()),
            i,
            "\"\n}\n\n"
        ),
        ""
    ),
    format!(
        "tf_helm_set",
        "main.tf",
        "resource \"helm_release\" \"api\" {\n  name = \"api\"\n",
        |f, i| {
            line(f, &std::format!("  set {{\n    name  = \"auth.{}\"\n    value = \"", i.camel()), i, "\"\n  }\n");
        },
        "}\n"
    ),
    format!(
        "github_workflow",
        ".github/workflows/deploy.yml",
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    env:\n",
        |f, i| line(f, &std::format!("      {}: \"", i.constant()), i, "\"\n"),
        "    steps:\n      - run: make deploy\n"
    ),
    format!(
        "gitlab_ci",
        ".gitlab-ci.yml",
        "variables:\n",
        |f, i| line(f, &std::format!("  {}: \"", i.constant()), i, "\"\n"),
        "build:\n  script: [make]\n"
    ),
    format!(
        "dockerfile_env",
        "Dockerfile",
        "FROM alpine:3.21.0\n",
        |f, i| line(f, &std::format!("ENV {}=\"", i.constant()), i, "\"\n"),
        "USER 1000\n"
    ),
    format!(
        "dockerfile_arg",
        "build/Dockerfile",
        "FROM alpine:3.21.0\n",
        |f, i| line(f, &std::format!("ARG {}=\"", i.constant()), i, "\"\n"),
        "USER 1000\n"
    ),
    format!(
        "dockerfile_run",
        "tools/Dockerfile",
        "FROM alpine:3.21.0\n",
        |f, i| {
            f.push(&std::format!("RUN export {}='", i.constant())).value(i).push("' && make\n");
        },
        "USER 1000\n"
    ),
    format!(
        "ansible",
        "group_vars/all.yml",
        "---\n",
        |f, i| line(f, &std::format!("app_{}: \"", i.snake()), i, "\"\n"),
        ""
    ),
    format!(
        "spring",
        "application.yml",
        "spring:\n  application: {name: api}\n  custom:\n",
        |f, i| line(f, &std::format!("    {}: \"", i.kebab()), i, "\"\n"),
        ""
    ),
    format!(
        "systemd",
        "api.service",
        "[Service]\nExecStart=/usr/bin/api\n",
        |f, i| line(f, &std::format!("Environment=\"{}=", i.constant()), i, "\"\n"),
        ""
    ),
    format!(
        "wp_config",
        "wp-config.php",
        "<?php\n",
        |f, i| {
            f.push(&std::format!("define( '{}', '", i.constant())).value(i).push("' );\n");
        },
        ""
    ),
    format!(
        "python_settings",
        "settings.py",
        "DEBUG = False\n",
        |f, i| line(f, &std::format!("{} = \"", i.constant()), i, "\"\n"),
        ""
    ),
    format!(
        "jenkinsfile",
        "Jenkinsfile",
        "pipeline {\n  agent any\n  environment {\n",
        |f, i| {
            f.push(&std::format!("    {} = '", i.constant())).value(i).push("'\n");
        },
        "  }\n}\n"
    ),
    format!(
        "cloud_init",
        "user-data.yaml",
        "#cloud-config\nwrite_files:\n  - path: /etc/app.env\n    content: |\n",
        |f, i| {
            f.push(&std::format!("      {}=", i.constant())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "cloudformation",
        "template.yaml",
        "Parameters:\n",
        |f, i| line(f, &std::format!("  {}:\n    Type: String\n    Default: \"", i.pascal()), i, "\"\n"),
        ""
    ),
    format!(
        "helm_set",
        "install.sh",
        "#!/bin/sh\n",
        |f, i| {
            f.push(&std::format!("helm upgrade api ./chart --set 'auth.{}=", i.camel())).value(i).push("'\n");
        },
        ""
    ),
    format!(
        "gradle",
        "build.gradle",
        "ext {\n",
        |f, i| line(f, &std::format!("    {} = \"", i.camel()), i, "\"\n"),
        "}\n"
    ),
    format!(
        "elixir_config",
        "config/prod.exs",
        "import Config\nconfig :api, Api.Endpoint,\n",
        |f, i| line(f, &std::format!("  {}: \"", i.snake()), i, "\",\n"),
        "  port: 4000\n"
    ),
    format!(
        "php_array",
        "config/services.php",
        "<?php\nreturn [\n",
        |f, i| {
            f.push(&std::format!("    '{}' => '", i.snake())).value(i).push("',\n");
        },
        "];\n"
    ),
    format!(
        "ldif",
        "users.ldif",
        "dn: cn=api,dc=acme,dc=io\n",
        |f, i| {
            f.push(&std::format!("{}: ", i.camel())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "robot_variables",
        "tests/settings.robot",
        "*** Variables ***\n",
        |f, i| {
            f.push(&std::format!("${{{}}}    ", i.constant())).value(i).push("\n");
        },
        ""
    ),
    format!(
        "dhall_record",
        "config/api.dhall",
        "{ port = 4000\n",
        |f, i| line(f, &std::format!(", {} = \"", i.camel()), i, "\"\n"),
        "}\n"
    ),
    format!(
        "nix_set",
        "hosts/api.nix",
        "{ config, ... }:\n{\n  services.api = {\n",
        |f, i| line(f, &std::format!("    {} = \"", i.camel()), i, "\";\n"),
        "  };\n}\n"
    ),
    format!(
        "hocon",
        "conf/application.conf",
        "api {\n",
        |f, i| line(f, &std::format!("  {} = \"", i.kebab()), i, "\"\n"),
        "}\n"
    ),
    format!(
        "escaped_lines",
        "deploy/escaped.yaml",
        CONFIG,
        |f, i| {
            f.push(&std::format!("  {}.env: \"", i.kebab()))
                .push(&std::format!("A=1\\n{}=", i.constant()))
                .value(i)
                .push("\\n\"\n");
        },
        ""
    ),
    format!(
        "proxy_headers",
        "nginx.conf",
        "server {\n  location / {\n",
        |f, i| line(f, &std::format!("    proxy_set_header X-{} \"", i.kebab()), i, "\";\n"),
        "  }\n}\n"
    ),
];
