//! Kinds of pairs, which policies name.
//!
//! Invariant: where a pair stands, what its name asks for and the step that decided make its kind.

use serde::Deserialize;

use super::super::value::Step;
use super::Form;
use super::key::Nature;

/// What a pair turned out to be. Policies name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairKind {
    /// A password.
    Password,
    /// A password that everybody tries first.
    DefaultPassword,
    /// A token or an API key.
    Token,
    /// A key that signs or encrypts, or a secret that two parties share.
    SecretKey,
    /// A password in a connection string, or in the parameters of a URL.
    ConnectionStringPassword,
    /// A secret among the arguments of a command.
    CommandLinePassword,
    /// The credential of an `Authorization` header.
    AuthorizationHeader,
    /// A value in the data of a Kubernetes Secret.
    KubernetesSecretValue,
    /// A credential of a kubeconfig.
    KubeconfigCredential,
    /// A login of a registry, `user:password` in base64.
    RegistryLogin,
    /// The hash of a password.
    PasswordHash,
}

impl PairKind {
    /// Whether a pair of this kind says more than that a setting's name is that of a secret.
    pub(in crate::scan::secret) fn is_exact(self) -> bool {
        !matches!(self, Self::Password | Self::DefaultPassword | Self::Token | Self::SecretKey)
    }
}

/// The kind of a pair.
pub(super) fn kind(form: Form, nature: Nature, step: Step) -> PairKind {
    match (form, step, nature) {
        (_, Step::PasswordHash, _) => PairKind::PasswordHash,
        (Form::CommandLine, _, _) => PairKind::CommandLinePassword,
        (Form::ConnectionString, _, _) => PairKind::ConnectionStringPassword,
        (Form::KubernetesSecret, _, _) => PairKind::KubernetesSecretValue,
        (Form::Kubeconfig, _, _) => PairKind::KubeconfigCredential,
        (Form::Setting | Form::Compared, Step::Default, _) => PairKind::DefaultPassword,
        (Form::Setting | Form::Compared, _, Nature::Password) => PairKind::Password,
        (Form::Setting | Form::Compared, _, Nature::Token) => PairKind::Token,
        (Form::Setting | Form::Compared, _, Nature::Key | Nature::Vague) => PairKind::SecretKey,
    }
}
