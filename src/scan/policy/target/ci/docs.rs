//! The facts of the targets of pipelines, in words.
//!
//! **Invariant**: every fact that a subject gives has its line here, and the other way round; a test compares them.

use super::super::table::facts;
use super::super::{FactDoc, FactKind, image};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

const KIND: FactDoc = doc("workflow.kind", FactKind::String, "`workflow` or `action`", "workflow");
const NAME: FactDoc = doc("workflow.name", FactKind::String, "its name; `null` when absent", "build");
const TRIGGERS: FactDoc =
    doc("workflow.triggers", FactKind::StringList, "the events that start it", "[push, pull_request_target]");
const JOB_ID: FactDoc = doc("job.id", FactKind::String, "the key of the job; empty in an action", "test");
const JOB_CONDITION: FactDoc =
    doc("job.condition", FactKind::String, "`if` of the job as written; `null` when absent", "github.ref == 'x'");
const SELF_HOSTED: FactDoc = doc(
    "job.self_hosted",
    FactKind::Bool,
    "whether the job runs on a machine of one's own: no label names one of GitHub's",
    "false",
);
const PERMISSIONS: FactDoc =
    doc("job.permissions", FactKind::Tree, "`permissions` of the job; `null` when absent", "{contents: read}");
const ENVIRONMENT: FactDoc =
    doc("job.environment", FactKind::Tree, "`environment` of the job; `null` when absent", "production");

/// Facts of `github.workflow`.
pub(super) const WORKFLOW: &[FactDoc] = &[
    KIND,
    NAME,
    TRIGGERS,
    doc("workflow.inputs", FactKind::StringList, "the inputs of who starts it by hand", "[version]"),
    doc(
        "workflow.write_all",
        FactKind::StringList,
        "where `permissions` are `write-all`, of it and of its jobs",
        "[write-all]",
    ),
    doc(
        "workflow.unsecure_commands",
        FactKind::StringList,
        "where `ACTIONS_ALLOW_UNSECURE_COMMANDS` is switched on",
        "[ACTIONS_ALLOW_UNSECURE_COMMANDS]",
    ),
    doc(
        "workflow.always_true",
        FactKind::StringList,
        "conditions that hold whatever their expression says, as there is text around it",
        "[${{ a }} && ${{ b }}]",
    ),
    doc(
        "workflow.trusts_actor",
        FactKind::StringList,
        "conditions that ask whether a bot acted last",
        "[github.actor == 'renovate[bot]']",
    ),
    doc("workflow.pushes_image", FactKind::Bool, "whether a step pushes an image", "true"),
    doc("workflow.signs", FactKind::Bool, "whether a step signs something or attests how it was made", "false"),
    doc("workflow.spec", FactKind::Tree, "the whole workflow or action", "{jobs: {}}"),
];

/// Facts of `github.container`.
pub(super) const CONTAINER: &[FactDoc] = facts![
    &[
        KIND,
        NAME,
        TRIGGERS,
        JOB_ID,
        JOB_CONDITION,
        SELF_HOSTED,
        PERMISSIONS,
        ENVIRONMENT,
        doc("container.role", FactKind::String, "`job`: steps run in it; `service`: it runs beside them", "job"),
        doc("container.name", FactKind::String, "the key of a service; empty for the container of the job", "db"),
        doc("container.privileged", FactKind::Bool, "whether its options give it all privileges", "true"),
        doc(
            "container.runtime_socket",
            FactKind::String,
            "the mount that gives access to a container runtime's socket; `null` when there is none",
            "/var/run/docker.sock:/var/run/docker.sock",
        ),
        doc(
            "container.password",
            FactKind::String,
            "the password of the registry when it is written; else `null`",
            "…"
        ),
        doc("container.options", FactKind::StringList, "the words of `options`", "[--privileged]"),
        doc("container.volumes", FactKind::StringList, "`volumes`; `null` when absent", "[/data:/data]"),
        doc("container.spec", FactKind::Tree, "the container", "{image: node:22.12.0}"),
    ],
    &image::FACTS
];

/// Facts of `github.step`.
pub(super) const STEP: &[FactDoc] = facts![
    &[
        KIND,
        NAME,
        TRIGGERS,
        JOB_ID,
        JOB_CONDITION,
        SELF_HOSTED,
        PERMISSIONS,
        ENVIRONMENT,
        doc(
            "step.role",
            FactKind::String,
            "`step`; `call` for a job that calls a workflow; `action` for an action that is an image",
            "step",
        ),
        doc("step.name", FactKind::String, "the name; `null` when absent", "Build"),
        doc("step.uses", FactKind::String, "`uses` as written; `null` when absent", "actions/checkout@v4"),
        doc(
            "step.action",
            FactKind::String,
            "what it uses, without the version; `null` when nothing",
            "actions/checkout"
        ),
        doc("step.version", FactKind::String, "what stands after `@`; `null` when nothing does", "v4"),
        doc(
            "step.version_kind",
            FactKind::String,
            "`commit`, `tag`, `branch`, `none`, `local` or `docker`; `null` when it uses nothing",
            "tag",
        ),
        doc("step.run", FactKind::String, "the script as written; `null` when there is none", "make"),
        doc("step.condition", FactKind::String, "`if` as written; `null` when absent", "always()"),
        doc(
            "step.injections",
            FactKind::StringList,
            "the expressions in its script that hold what an outsider wrote, such as a title or the name of a branch",
            "[github.event.issue.title]",
        ),
        doc(
            "step.fetches_head",
            FactKind::String,
            "what it names to fetch the code of a pull request; `null` when it does not",
            "${{ github.event.pull_request.head.sha }}",
        ),
        doc(
            "step.runs_after",
            FactKind::Bool,
            "whether a later step of the job runs a script or a local action, or its own script what it has fetched",
            "true"
        ),
        doc(
            "step.sends_secret",
            FactKind::String,
            "the program that its script gives a secret to send over the network; `null` when none",
            "curl",
        ),
        doc(
            "step.runs_download",
            FactKind::String,
            "the program of its script that executes what a download gives it; `null` when none",
            "bash",
        ),
        doc(
            "step.all_secrets",
            FactKind::StringList,
            "what of the step is given all secrets at once: `run`, a variable or an input",
            "[run]",
        ),
        doc("step.spec", FactKind::Tree, "the step", "{run: make}"),
    ],
    &image::FACTS
];

/// Facts of `gitlab.job`.
pub(super) const GITLAB_JOB: &[FactDoc] = &[
    doc("job.name", FactKind::String, "the name", "build"),
    doc("job.conditions", FactKind::StringList, "`if` of each of its rules as written", "[$CI_COMMIT_TAG]"),
    doc("job.has_workflow_rules", FactKind::Bool, "whether the file says when a pipeline runs at all", "true"),
    doc(
        "job.sends_variable",
        FactKind::String,
        "the program that its script gives a token or password of the pipeline to send over the network; `null` when \
         none",
        "curl",
    ),
    doc(
        "job.runs_download",
        FactKind::String,
        "the program that executes what a download gives it; `null` when none does",
        "bash",
    ),
    doc("job.spec", FactKind::Tree, "the job", "{script: [make]}"),
];

/// Facts of `gitlab.image`.
pub(super) const GITLAB_IMAGE: &[FactDoc] = facts![
    &[
        doc("job.name", FactKind::String, "the job; `default` or empty when it is for all of them", "build"),
        doc("job.title", FactKind::String, "what people call that", "job build"),
        doc("job.role", FactKind::String, "`image` or `service`", "image"),
    ],
    &image::FACTS
];
